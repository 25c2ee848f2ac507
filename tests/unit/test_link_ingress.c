/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the master's rules to a tunnel's configuration, and the account that it belongs to. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "ingress.h"

struct row {
	const char *what;
	const char *rules;
	const char *entries; /* before the catch-all */
	size_t skipped;
};

#define RULE(key, status, rest) "\"" key "\":{\"status\":\"" status "\"," rest "}"
#define A "\"hostname\":\"a.example\",\"service\":\"http://a:80\""
#define B "\"hostname\":\"b.example\",\"service\":\"http://b:80\""

static const struct row rows[] = {
	{ "no rules", "{}", "", 0 },
	{ "one", "{" RULE("a", "active", A) "}", "{" A "},", 0 },
	{ "in the given order",
	    "{" RULE("z", "active", B) "," RULE("a", "active", A) "," RULE("2", "active",
		B) "," RULE("1", "active", A) "}",
	    "{" B "},{" A "},{" B "},{" A "},", 0 },
	{ "members in another order",
	    "{\"a\":{\"service\":\"http://a:80\",\"id\":[7],\"hostname\":\"a.example\","
	    "\"status\":\"active\"}}",
	    "{" A "},", 0 },
	{ "a path", "{" RULE("a", "active", A ",\"path\":\"/x/.*\"") "}",
	    "{" A ",\"path\":\"/x/.*\"},", 0 },
	{ "an empty path", "{" RULE("a", "active", A ",\"path\":\"\"") "}", "{" A "},", 0 },
	{ "null for a path", "{" RULE("a", "active", A ",\"path\":null") "}", "{" A "},", 0 },
	{ "others are left out",
	    "{" RULE("a", "pending_deletion", A) "," RULE("b", "active", B) "," RULE("c", "Active",
		A) "," RULE("d", "", A) "}",
	    "{" B "},", 0 },
	{ "no status",
	    "{\"a\":{" A "},\"b\":{\"status\":null," A "},\"c\":{\"status\":true," A "}}", "", 0 },
	{ "one that is not active may be malformed", "{\"a\":{\"status\":\"deleted\"}}", "", 0 },
	{ "no host", "{" RULE("a", "active", "\"service\":\"http://a\"") "}", "", 1 },
	{ "an empty host", "{" RULE("a", "active", "\"hostname\":\"\",\"service\":\"x\"") "}", "",
	    1 },
	{ "no service", "{" RULE("a", "active", "\"hostname\":\"a\"") "}", "", 1 },
	{ "a service that is no text",
	    "{" RULE("a", "active", "\"hostname\":\"a\",\"service\":{\"url\":\"x\"}") "}", "", 1 },
	{ "a path that is no text", "{" RULE("a", "active", A ",\"path\":7") "}", "", 1 },
	{ "a host of two lines",
	    "{" RULE("a", "active", "\"hostname\":\"a\\nb\",\"service\":\"x\"") "}", "", 1 },
	{ "no objects", "{\"a\":1,\"b\":null,\"c\":\"active\",\"d\":[\"active\"]}", "", 4 },
	{ "a malformed one costs itself",
	    "{" RULE("a", "active", A) "," RULE("x", "active", "\"hostname\":1") "," RULE("b",
		"active", B) "}",
	    "{" A "},{" B "},", 1 },
	{ "texts stay texts",
	    "{" RULE("a", "active",
		"\"hostname\":\"a\\\"},{\\\"service\\\":\\\"x\",\"service\":\"\303\274\\\\\"") "}",
	    "{\"hostname\":\"a\\\"},{\\\"service\\\":\\\"x\",\"service\":\"\303\274\\\\\"},", 0 },
	{ "a rule's own catch-all is a rule",
	    "{" RULE("a", "active", "\"hostname\":\"*\",\"service\":\"http_status:503\"") "}",
	    "{\"hostname\":\"*\",\"service\":\"http_status:503\"},", 0 },
};

static void
active_rules_come_in_order(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		struct buffer out _cleanup_buffer_ = BUFFER(4096);
		struct buffer expected _cleanup_buffer_ = BUFFER(4096);
		size_t skipped = 99;

		row_int_equal(row->what, ingress_write(slice_of(row->rules), &out, &skipped), 0);
		assert_int_equal(buffer_printf(&expected,
				     "{\"config\":{\"ingress\":[%s{\"service\":"
				     "\"http_status:404\"}]}}",
				     row->entries),
		    0);
		row_string_equal(row->what, out.bytes, expected.bytes);
		row_int_equal(row->what, (int64_t)skipped, (int64_t)row->skipped);
		row_int_equal(row->what, json_check(slice_of(out.bytes), JSON_MAX_DEPTH),
		    JSON_GOOD);
	}
}

static void
too_many_rules_say_so(void **state)
{
	static const char rules[] = "{" RULE("a", "active", A) "," RULE("b", "active", B) "}";
	struct buffer whole _cleanup_buffer_ = BUFFER(4096);
	size_t skipped;

	(void)state;
	assert_int_equal(ingress_write(slice_of(rules), &whole, &skipped), 0);
	for (size_t bound = 0; bound < whole.length; bound++) {
		struct buffer out _cleanup_buffer_ = BUFFER(bound);

		assert_int_equal(ingress_write(slice_of(rules), &out, &skipped), -EMSGSIZE);
	}
}

/* ---- the account ---- */

#define ACCOUNT "0123456789abcdef0123456789abcdef"

struct account_row {
	const char *what;
	struct slice answer;
	const char *account; /* NULL: none */
};

static const struct account_row account_rows[] = {
	{ "one", SLICE("{\"success\":true,\"result\":[{\"id\":\"" ACCOUNT "\",\"name\":\"x\"}]}"),
	    ACCOUNT },
	{ "the first of two",
	    SLICE("{\"result\":[{\"name\":\"x\",\"id\":\"" ACCOUNT "\"},{\"id\":\"other\"}],"
		  "\"success\":true}"),
	    ACCOUNT },
	{ "the longest",
	    SLICE("{\"success\":true,\"result\":[{\"id\":\"" CONTAINER_ID("a") "\"}]}"),
	    CONTAINER_ID("a") },
	{ "one byte more",
	    SLICE("{\"success\":true,\"result\":[{\"id\":\"" CONTAINER_ID("a") "a\"}]}"), NULL },
	{ "no success", SLICE("{\"success\":false,\"result\":[{\"id\":\"" ACCOUNT "\"}]}"), NULL },
	{ "success is no text", SLICE("{\"success\":\"true\",\"result\":[{\"id\":\"a\"}]}"), NULL },
	{ "success is not said", SLICE("{\"result\":[{\"id\":\"" ACCOUNT "\"}]}"), NULL },
	{ "none", SLICE("{\"success\":true,\"result\":[]}"), NULL },
	{ "null", SLICE("{\"success\":true,\"result\":null}"), NULL },
	{ "no list", SLICE("{\"success\":true,\"result\":{\"id\":\"" ACCOUNT "\"}}"), NULL },
	{ "no objects", SLICE("{\"success\":true,\"result\":[\"" ACCOUNT "\"]}"), NULL },
	{ "an id that is no text", SLICE("{\"success\":true,\"result\":[{\"id\":7}]}"), NULL },
	{ "an empty id", SLICE("{\"success\":true,\"result\":[{\"id\":\"\"}]}"), NULL },
	{ "an id that is a way", SLICE("{\"success\":true,\"result\":[{\"id\":\"../x\"}]}"), NULL },
	{ "an id with NUL", SLICE("{\"success\":true,\"result\":[{\"id\":\"a\\u0000b\"}]}"), NULL },
	{ "the first is none, the second is",
	    SLICE("{\"success\":true,\"result\":[{},{\"id\":\"" ACCOUNT "\"}]}"), NULL },
	{ "a key twice", SLICE("{\"success\":false,\"success\":true,\"result\":[{\"id\":\"a\"}]}"),
	    NULL },
	{ "a page", SLICE("<html>"), NULL },
	{ "nothing", SLICE(""), NULL },
};

static void
the_first_account_is_taken(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(account_rows); at++) {
		const struct account_row *row = &account_rows[at];
		char account[ACCOUNT_ID_MAX_BYTES + 1] = "";

		row_int_equal(row->what, account_read(row->answer, account),
		    row->account == NULL ? -EBADMSG : 0);
		row_string_equal(row->what, account, row->account == NULL ? "" : row->account);
	}
}

static void
success_is_said_or_not(void **state)
{
	(void)state;
	assert_true(answer_is_success(SLICE("{\"success\":true}")));
	assert_true(answer_is_success(SLICE("{\"errors\":[], \"success\" : true }")));
	assert_false(answer_is_success(SLICE("{\"success\":false}")));
	assert_false(answer_is_success(SLICE("{\"success\":\"true\"}")));
	assert_false(answer_is_success(SLICE("{\"result\":{\"success\":true}}")));
	assert_false(answer_is_success(SLICE("{}")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(active_rules_come_in_order),
		cmocka_unit_test(too_many_rules_say_so),
		cmocka_unit_test(the_first_account_is_taken),
		cmocka_unit_test(success_is_said_or_not),
	};

	return RUN_TESTS(tests);
}
