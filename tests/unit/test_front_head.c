/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The head of a request: what is refused whatever it asks for, and whether the connection goes on. */
#include "tests/unit/unit.h"

#include "head.h"

#define CREATE "POST", "/v1.41/containers/create?name=dockflare-agent-tunnel"
#define PING "GET", "/_ping"
#define START "POST", "/v1.41/containers/dockflare-agent-tunnel/start"
#define JSON "Content-Type: application/json\n"

static const struct row {
	const char *what;
	const char *method;
	const char *target;
	const char *headers; /* lines of "Name: value" */
	int status;          /* 0: allowed */
	bool close;
	const char *why;
} rows[] = {
	{ "a ping", PING, "Host: docker\nUser-Agent: curl/7.88\nAccept: */*\n", 0, false, NULL },
	{ "no body", START, "Content-Length: 0\n", 0, false, NULL },
	{ "the client's word for a body of none", START, "Content-Type: text/plain\n", 0, false,
	    NULL },
	{ "a create", CREATE, JSON "Content-Length: 10\n", 0, false, NULL },
	{ "a create with a charset", CREATE,
	    "content-type: application/json; charset=utf-8\ncontent-length: 16384\n", 0, false,
	    NULL },
	{ "kept alive", PING, "Connection: keep-alive, Close\n", 0, false, NULL },
	{ "chunked", CREATE, JSON "Transfer-Encoding: chunked\n", 400, true, "Transfer-Encoding" },
	{ "chunked in another case", CREATE, JSON "transfer-ENCODING: identity\n", 400, true,
	    "Transfer-Encoding" },
	{ "both", CREATE, JSON "Content-Length: 5\nTransfer-Encoding: chunked\n", 400, true,
	    "Transfer-Encoding" },
	{ "two lengths", CREATE, JSON "Content-Length: 5\nContent-Length: 5\n", 400, true,
	    "one number" },
	{ "a list of lengths", CREATE, JSON "Content-Length: 5, 5\n", 400, true, "one number" },
	{ "a negative length", CREATE, JSON "Content-Length: -5\n", 400, true, "one number" },
	{ "a length with a sign", CREATE, JSON "Content-Length: +5\n", 400, true, "one number" },
	{ "an empty length", CREATE, JSON "Content-Length: \n", 400, true, "one number" },
	{ "a hexadecimal length", CREATE, JSON "Content-Length: 0x5\n", 400, true, "one number" },
	{ "a huge length", CREATE, JSON "Content-Length: 18446744073709551617\n", 400, true,
	    "one number" },
	{ "a large length", CREATE, JSON "Content-Length: 16385\n", 413, true, "16384" },
	{ "a larger length", CREATE, JSON "Content-Length: 999999999999999999\n", 413, true,
	    "16384" },
	{ "gzip", CREATE, JSON "Content-Encoding: gzip\nContent-Length: 5\n", 415, true,
	    "Content-Encoding" },
	{ "an upgrade", PING, "Upgrade: tcp\nConnection: Upgrade\n", 400, true, "Upgrade" },
	{ "half an upgrade", PING, "Connection: close ,\tupGrade\n", 400, true, "upgrade" },
	{ "h2c", PING, "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\n", 400, true, "HTTP2" },
	{ "expect", CREATE, JSON "Content-Length: 5\nExpect: 100-continue\n", 417, true, "Expect" },
	{ "two hosts", PING, "Host: a\nHost: a\n", 400, true, "Host" },
	{ "a blank before the colon", START, "Content-Length : 5\n", 400, true, "well-formed" },
	{ "a control character", PING, "X: a\001b\n", 400, true, "\"X\"" },
	{ "a body for a ping", PING, "Content-Length: 1\n", 400, false, "body" },
	{ "no body for a create", CREATE, JSON, 400, false, "empty" },
	{ "a create without a type", CREATE, "Content-Length: 5\n", 415, false, "Content-Type" },
	{ "a form", CREATE, "Content-Type: application/x-www-form-urlencoded\nContent-Length: 5\n",
	    415, false, "Content-Type" },
	{ "nearly JSON", CREATE, "Content-Type: application/jsonp\nContent-Length: 5\n", 415, false,
	    "Content-Type" },
	{ "two types", CREATE, JSON JSON "Content-Length: 5\n", 415, false, "Content-Type" },
	{ "another path", "GET", "/info", "Host: a\n", 403, false, NULL },
	{ "no target", "GET", NULL, "Host: a\n", 414, true, "too long" },
};

static struct rules rules;

static void
add_lines(struct head *head, const char *lines)
{
	while (*lines != '\0') {
		const char *end = strchr(lines, '\n'), *colon = strstr(lines, ": ");

		head_add(head, (struct slice){ .bytes = lines, .length = (size_t)(colon - lines) },
		    (struct slice){ .bytes = colon + 2, .length = (size_t)(end - colon - 2) });
		lines = end + 1;
	}
}

static void
heads_are_judged(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		struct head head = { .method = row->method,
			.version = "HTTP/1.1",
			.target = row->target };
		struct refusal refusal;
		struct wish wish;

		add_lines(&head, row->headers);
		row_int_equal(row->what, head_judge(&rules, &head, &wish, &refusal),
		    row->status == 0);
		row_int_equal(row->what, refusal.status, row->status);
		row_int_equal(row->what, refusal.close, row->close);
		row_string_holds(row->what, refusal.message, row->why);
		row_int_equal(row->what, wish.kind != WISH_NONE, row->status == 0);
	}
}

static void
only_one_version_is_spoken(void **state)
{
	static const char *const versions[] = { "HTTP/1.0", "HTTP/1.2", "HTTP/2", "http/1.1", "" };
	struct refusal refusal;
	struct wish wish;

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(versions); at++) {
		struct head head = { .method = "GET", .version = versions[at], .target = "/_ping" };

		row_int_equal(versions[at], head_judge(&rules, &head, &wish, &refusal), false);
		row_int_equal(versions[at], refusal.status, 400);
		row_int_equal(versions[at], refusal.close, true);
	}
}

static void
headers_are_bounded(void **state)
{
	static char large[HEADERS_MAX_BYTES];
	struct head head = { .method = "GET", .version = "HTTP/1.1", .target = "/_ping" };
	struct refusal refusal;
	struct wish wish;

	(void)state;
	for (size_t at = 0; at < HEADERS_MAX; at++)
		add_lines(&head, "X: 1\n");
	assert_true(head_judge(&rules, &head, &wish, &refusal));
	for (size_t at = 0; at < 1000; at++)
		add_lines(&head, "X: 1\n");
	assert_false(head_judge(&rules, &head, &wish, &refusal));
	assert_int_equal(refusal.status, 431);
	head.count = head.header_bytes = 0;
	memset(large, 'x', sizeof(large));
	head_add(&head, SLICE("X"), (struct slice){ .bytes = large, .length = sizeof(large) - 1 });
	assert_true(head_judge(&rules, &head, &wish, &refusal));
	head_add(&head, SLICE("X"), SLICE(""));
	assert_false(head_judge(&rules, &head, &wish, &refusal));
	assert_int_equal(refusal.status, 431);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_judged),
		cmocka_unit_test(only_one_version_is_spoken),
		cmocka_unit_test(headers_are_bounded),
	};

	if (!rules_init(&rules, LISTENER_TUNNEL, "net-1", "a/b:1", NULL))
		return 1;
	return RUN_TESTS(tests);
}
