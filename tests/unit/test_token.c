/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tunnel tokens: what they say, what is none, and which ones ALLOWED_TUNNELS holds. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/tunnel_token.h"

#define ACCOUNT "0123456789abcdef0123456789abcdef"
#define TUNNEL "6ff42ae2-765d-4adf-8112-31c55c1551ef"

/* base64 of {"a":ACCOUNT,"t":TUNNEL,"s":"c2VjcmV0"} */
#define TOKEN                                                                                  \
	"eyJhIjoiMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYiLCJ0IjoiNmZmNDJhZTItNzY1ZC00YWRm" \
	"LTgxMTItMzFjNTVjMTU1MWVmIiwicyI6ImMyVmpjbVYwIn0="

static void
a_token_tells_account_and_tunnel(void **state)
{
	struct token_facts facts;

	(void)state;
	assert_int_equal(token_read(TOKEN, &facts), 0);
	assert_string_equal(facts.account, ACCOUNT);
	assert_string_equal(facts.tunnel, TUNNEL);
}

static const char *const no_tokens[] = {
	"",
	"x",
	"dummy-token",
	"====",
	"e30=",                                 /* {} */
	"bnVsbA==",                             /* null */
	"eyJhIjoiYSIsInQiOiJ0In0=",             /* no secret */
	"eyJhIjoiIiwidCI6InQiLCJzIjoicyJ9",     /* an empty account */
	"eyJhIjoxLCJ0IjoidCIsInMiOiJzIn0=",     /* a number for an account */
	"eyJhIjoiYS9iIiwidCI6InQiLCJzIjoicyJ9", /* a slash in the account */
	"eyJhIjoiYSIsInQiOiJ0IiwicyI6InMifQ",   /* without its padding */
	"eyJh=joiYSIsInQiOiJ0IiwicyI6InMifQ==", /* padding inside */
	"eyJhIjoiYSIsInQiOiJ0IiwicyI6InMifQ==eyJh",
	"eyJhIjoiYSIsInQiOiJ0IiwicyI6InMi!Q==",
	"eyJhIjoiYSIsImEiOiJiIiwidCI6InQiLCJzIjoicyJ9", /* a key twice */
	/* "A", "\u0041" and the long s, which cloudflared's reader takes for a and s */
	"eyJhIjoiYSIsInQiOiJ0IiwicyI6InMiLCJBIjoiYiJ9",
	"eyJhIjoiYSIsInQiOiJ0IiwicyI6InMiLCJcdTAwNDEiOiJiIn0=",
	"eyJhIjoiYSIsInQiOiJ0IiwicyI6InMiLCLFvyI6ImIifQ==",
};

static void
anything_else_is_none(void **state)
{
	struct token_facts facts;

	(void)state;
	assert_int_equal(token_read("eyJhIjoiYSIsInQiOiJ0IiwicyI6InMifQ==", &facts), 0);
	/* With an endpoint "e" and a key that is new: {"a":"a","t":"t","s":"s","e":"eu","new":1} */
	assert_int_equal(token_read("eyJhIjoiYSIsInQiOiJ0IiwicyI6InMiLCJlIjoiZXUiLCJuZXciOjF9",
			     &facts),
	    0);
	for (size_t at = 0; at < ARRAY_LEN(no_tokens); at++) {
		assert_int_equal(token_read(no_tokens[at], &facts), -EINVAL);
		assert_string_equal(facts.account, "");
	}
}

struct row {
	const char *allowed;
	bool holds;
};

static const struct row rows[] = {
	{ NULL, true },
	{ "", false },
	{ ACCOUNT, true },
	{ "0123456789ABCDEF0123456789ABCDEF", true },
	{ ACCOUNT "/" TUNNEL, true },
	{ ACCOUNT "/6FF42AE2-765D-4ADF-8112-31C55C1551EF", true },
	{ ACCOUNT "/00000000-0000-0000-0000-000000000000", false },
	{ ACCOUNT "/", false },
	{ ACCOUNT "0", false },
	{ "0123456789abcdef0123456789abcde", false },
	{ "/" TUNNEL, false },
	{ TUNNEL, false },
	{ "ffffffffffffffffffffffffffffffff," ACCOUNT, true },
	{ "ffffffffffffffffffffffffffffffff, " ACCOUNT "/" TUNNEL, true },
	{ "ffffffffffffffffffffffffffffffff/" TUNNEL, false },
	{ ",,", false },
};

static void
the_list_decides(void **state)
{
	struct token_facts facts = { .account = ACCOUNT, .tunnel = TUNNEL };

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++)
		assert_int_equal(token_is_allowed(rows[at].allowed, &facts), rows[at].holds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_tells_account_and_tunnel),
		cmocka_unit_test(anything_else_is_none),
		cmocka_unit_test(the_list_decides),
	};

	return RUN_TESTS(tests);
}
