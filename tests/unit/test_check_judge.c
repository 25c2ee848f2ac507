/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What answers of a master and of a Docker endpoint come to in a check, row by row. */
#include "tests/unit/unit.h"

#include "check_judge.h"
#include "common/docker_check.h"
#include "common/http_date.h"
#include "workers/docker-watcher/networks.h"

#define ERROR_JSON "{\"status\":\"error\",\"message\":\"Empty payload.\"}"
#define PAGE "<html>sign in</html>"

/* ---- the master ---- */

struct status_row {
	const char *what;
	long status;
	const char *body;
	bool access, known;
	enum finding finding;
};

static const struct status_row status_rows[] = {
	{ "as it should be", 400, ERROR_JSON, false, true, FINDING_KEY_GOOD },
	{ "the same without an id", 400, ERROR_JSON, false, false, FINDING_KEY_GOOD },
	{ "the session is another", 409, ERROR_JSON, false, true, FINDING_KEY_GOOD },
	{ "the key is wrong", 401, ERROR_JSON, false, true, FINDING_KEY_REJECTED },
	{ "the same without an id", 401, ERROR_JSON, true, false, FINDING_KEY_REJECTED },
	{ "another agent's key", 403, ERROR_JSON, false, true, FINDING_KEY_REJECTED },
	{ "nobody's id", 403, ERROR_JSON, false, false, FINDING_KEY_UNJUDGED },
	{ "nobody's id, an old master", 404, ERROR_JSON, false, false, FINDING_KEY_UNJUDGED },
	{ "the master was reset", 404, ERROR_JSON, false, true, FINDING_AGENT_UNKNOWN },
	{ "a login page", 302, PAGE, false, true, FINDING_ACCESS_NEEDED },
	{ "a login page for a token", 302, PAGE, true, true, FINDING_ACCESS_REFUSED },
	{ "Access says no", 403, PAGE, false, true, FINDING_ACCESS_NEEDED },
	{ "Access says no to a token", 403, PAGE, true, true, FINDING_ACCESS_REFUSED },
	{ "a web server's own login", 401, PAGE, false, true, FINDING_ACCESS_NEEDED },
	{ "another site", 404, PAGE, false, true, FINDING_NO_MASTER },
	{ "one that takes everything", 200, PAGE, false, true, FINDING_NO_MASTER },
	{ "JSON, and no master", 200, "{}", false, true, FINDING_NO_MASTER },
	{ "a list", 400, "[]", false, true, FINDING_NO_MASTER },
	{ "no such method", 405, PAGE, false, true, FINDING_NO_MASTER },
	{ "plain HTTP to a TLS port", 400, PAGE, false, true, FINDING_NO_MASTER },
	{ "down", 502, PAGE, false, true, FINDING_MASTER_FAILS },
	{ "its own failure", 500, ERROR_JSON, false, true, FINDING_MASTER_FAILS },
	{ "too many requests", 429, ERROR_JSON, false, true, FINDING_MASTER_FAILS },
};

static void
a_masters_answers_are_judged(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(status_rows); at++) {
		const struct status_row *row = &status_rows[at];
		struct http_answer answer = { .status = row->status, .body = slice_of(row->body) };

		row_int_equal(row->what, check_judge_status(&answer, row->access, row->known),
		    row->finding);
	}
}

static void
failures_are_told_apart(void **state)
{
	static const struct {
		struct http_answer answer;
		enum finding finding;
	} rows[] = {
		{ { .error = HTTP_UNREACHABLE }, FINDING_MASTER_UNREACHABLE },
		{ { .error = HTTP_TIMEOUT }, FINDING_MASTER_TIMEOUT },
		{ { .error = HTTP_TLS, .tls = HTTP_TLS_CA }, FINDING_TLS_UNKNOWN_CA },
		{ { .error = HTTP_TLS, .tls = HTTP_TLS_EXPIRED }, FINDING_TLS_EXPIRED },
		{ { .error = HTTP_TLS, .tls = HTTP_TLS_NOT_YET }, FINDING_TLS_NOT_YET },
		{ { .error = HTTP_TLS, .tls = HTTP_TLS_NAME }, FINDING_TLS_NAME },
		{ { .error = HTTP_TLS, .tls = HTTP_TLS_OTHER }, FINDING_TLS_NONE },
		{ { .error = HTTP_PROXY, .proxy_status = 407 }, FINDING_PROXY_USER },
		{ { .error = HTTP_PROXY, .proxy_status = 403 }, FINDING_PROXY_REFUSES },
		{ { .error = HTTP_PROTOCOL }, FINDING_NO_MASTER },
		{ { .error = HTTP_CUT }, FINDING_MASTER_FAILS },
		{ { .error = HTTP_FAILED }, FINDING_MASTER_FAILS },
	};

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++)
		assert_int_equal(check_judge_failure(&rows[at].answer), rows[at].finding);
}

static void
clocks_are_compared(void **state)
{
	static const struct {
		int64_t date_s;
		enum finding finding;
	} rows[] = {
		{ 100000, FINDING_CLOCK_GOOD },
		{ 100030, FINDING_CLOCK_GOOD },
		{ 99970, FINDING_CLOCK_GOOD },
		{ 100031, FINDING_CLOCK_OFF },
		{ 99969, FINDING_CLOCK_OFF },
		{ 100300, FINDING_CLOCK_OFF },
		{ 100301, FINDING_CLOCK_WRONG },
		{ 0, FINDING_CLOCK_WRONG },
		{ -1, FINDING_COUNT },
	};

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct http_answer answer = { .date_s = rows[at].date_s };

		assert_int_equal(check_judge_clock(&answer, 100000), rows[at].finding);
	}
}

/* ---- times ---- */

static void
times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199 },
		{ "Fri, 01 Mar 2024 00:00:00 GMT", 1709251200 },
		{ "Sun, 31 Dec 2000 12:00:00 GMT", 978264000 },
		{ "Mon, 01 Jan 2125 00:00:00 GMT", 4891363200 },
		{ "Nov  6 08:49:37 1994 GMT", 784111777 },
		{ "Jan  2 00:00:00 2027 GMT", 1798848000 },
		{ "", -1 },
		{ "yesterday", -1 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:37", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT+1", -1 },
		{ "Sun, 06 Foo 1994 08:49:37 GMT", -1 },
		{ "Sun, 32 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1904 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT and a text that is far too long", -1 },
	};

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++)
		row_int_equal(rows[at].text, http_date(slice_of(rows[at].text)), rows[at].seconds);
}

/* ---- Docker ---- */

#define SAYS(text) "{\"message\":\"" text "\"}"

static const struct docker_probe reads = { .kind = PROBE_READ };
static const struct docker_probe spares = { .kind = PROBE_READ, .spare = true };
static const struct docker_probe looks = { .kind = PROBE_READ, .absent_is_good = true };
static const struct docker_probe writes = { .kind = PROBE_REFUSED };
static const struct docker_probe pulls = { .kind = PROBE_REFUSED,
	.spare = true,
	.gate_refusal = "this image is not allowed" };

struct probe_row {
	const char *what;
	const struct docker_probe *probe;
	long status;
	const char *body;
	enum finding finding;
};

static const struct probe_row probe_rows[] = {
	{ "a good read", &reads, 200, "[]", FINDING_CALL_GOOD },
	{ "the proxy's page", &reads, 403, PAGE, FINDING_CALL_DENIED },
	{ "another proxy's", &reads, 405, "Method Not Allowed", FINDING_CALL_DENIED },
	{ "an authorisation plugin", &reads, 403, SAYS("authorization denied"),
	    FINDING_CALL_DENIED },
	{ "one that can be missed", &spares, 403, PAGE, FINDING_CALL_MISSED },
	{ "it is not there", &looks, 404, SAYS("No such container"), FINDING_CALL_GOOD },
	{ "it should be there", &reads, 404, SAYS("page not found"), FINDING_CALL_FAILED },
	{ "a web server", &looks, 404, PAGE, FINDING_NO_DOCKER },
	{ "a redirect", &reads, 301, PAGE, FINDING_NO_DOCKER },
	{ "the engine is away", &reads, 503, PAGE, FINDING_ENGINE_AWAY },
	{ "the gate's engine is away", &reads, 503, SAYS("away"), FINDING_ENGINE_AWAY },
	{ "the engine fails", &reads, 500, SAYS("no space left"), FINDING_CALL_FAILED },
	{ "refused as it should be", &writes, 400, SAYS("config cannot be empty"),
	    FINDING_CALL_GOOD },
	{ "nobody's id", &writes, 404, SAYS("No such container"), FINDING_CALL_GOOD },
	{ "denied by the proxy", &writes, 403, PAGE, FINDING_CALL_DENIED },
	{ "the gate's other endpoint", &writes, 403,
	    SAYS("this is not allowed at docker-gate's read endpoint"), FINDING_CALL_DENIED },
	{ "something was done", &writes, 201, "{\"Id\":\"a\"}", FINDING_NO_DOCKER },
	{ "a web server refuses", &writes, 404, PAGE, FINDING_NO_DOCKER },
	{ "no tag", &pulls, 400, SAYS("invalid tag format"), FINDING_CALL_GOOD },
	{ "no image of the gate's", &pulls, 403, SAYS("this image is not allowed"),
	    FINDING_CALL_GOOD },
	{ "no pulls", &pulls, 403, PAGE, FINDING_CALL_MISSED },
};

static void
dockers_answers_are_judged(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(probe_rows); at++) {
		const struct probe_row *row = &probe_rows[at];
		struct http_answer answer = { .status = row->status, .body = slice_of(row->body) };

		row_int_equal(row->what, docker_check_judge(row->probe, &answer), row->finding);
	}
}

static void
networks_are_read(void **state)
{
	static const struct {
		const char *element;
		enum on_network on;
	} rows[] = {
		{ "{\"NetworkSettings\":{\"Networks\":{\"net\":{}}}}", ON_NETWORK },
		{ "{\"NetworkSettings\":{\"Networks\":{\"a\":{},\"net\":{}}}}", ON_NETWORK },
		{ "{\"NetworkSettings\":{\"Networks\":{\"host\":{}}}}", ON_NETWORK },
		{ "{\"NetworkSettings\":{\"Networks\":{\"bridge\":{}}}}", OFF_NETWORK },
		{ "{\"NetworkSettings\":{\"Networks\":{\"net2\":{}}}}", OFF_NETWORK },
		{ "{\"NetworkSettings\":{\"Networks\":{}}}", OFF_NETWORK },
		{ "{\"NetworkSettings\":{\"Networks\":null}}", NOT_TOLD },
		{ "{\"NetworkSettings\":{}}", NOT_TOLD },
		{ "{\"NetworkSettings\":[]}", NOT_TOLD },
		{ "{}", NOT_TOLD },
	};

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++)
		row_int_equal(rows[at].element, list_network(slice_of(rows[at].element), "net"),
		    rows[at].on);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_masters_answers_are_judged),
		cmocka_unit_test(failures_are_told_apart),
		cmocka_unit_test(clocks_are_compared),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(dockers_answers_are_judged),
		cmocka_unit_test(networks_are_read),
	};

	return RUN_TESTS(tests);
}
