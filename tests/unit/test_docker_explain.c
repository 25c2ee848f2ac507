/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which API version is spoken with an engine, and what is told where Docker or its proxy refuses. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/docker.h"

struct version_row {
	const char *what;
	const char *newest;
	const char *oldest;
	int minor;       /* 0: none */
	const char *why; /* part of the line where there is none */
};

static const struct version_row version_rows[] = {
	{ "an old engine", "1.24", NULL, 24, NULL },
	{ "between", "1.41", "1.12", 41, NULL },
	{ "the newest that is known", "1.44", "1.24", 44, NULL },
	{ "newer than is known", "1.52", "1.44", 44, NULL },
	{ "much newer", "1.100", "1.24", 44, NULL },
	{ "the least is not told", "1.44", "", 44, NULL },
	{ "the least is nonsense", "1.44", "old", 44, NULL },
	{ "too old", "1.23", NULL, 0, "too old: it speaks API 1.23, this agent needs 1.24" },
	{ "too new", "1.52", "1.45", 0, "too new: it wants API 1.45 or newer, this agent speaks" },
	{ "another major version", "2.0", NULL, 0, "none that this agent knows (\"2.0\")" },
	{ "no version", "", NULL, 0, "none that this agent knows" },
	{ "no minor version", "1.", NULL, 0, "none that this agent knows" },
	{ "no major version", "44", NULL, 0, "none that this agent knows" },
	{ "a third part", "1.44.1", NULL, 0, "none that this agent knows" },
	{ "a sign", "1.+44", NULL, 0, "none that this agent knows" },
	{ "negative", "1.-1", NULL, 0, "none that this agent knows" },
	{ "zero", "1.0", NULL, 0, "none that this agent knows" },
	{ "beyond reason", "1.99999999999999999999", NULL, 0, "(\"1.99999999999999\")" },
};

static void
versions_are_chosen(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(version_rows); at++) {
		const struct version_row *row = &version_rows[at];
		char error[HTTP_DETAIL_BYTES] = "";
		int minor = docker_choose_version(row->newest, row->oldest, error);

		if (minor != row->minor)
			fail_msg("%s: %d, \"%s\"", row->what, minor, error);
		if (row->why != NULL && strstr(error, row->why) == NULL)
			fail_msg("%s: \"%s\"", row->what, error);
		if (row->why == NULL)
			assert_string_equal(error, "");
	}
}

struct answer_row {
	const char *what;
	struct http_answer answer;
	const char *path;
	const char *line;
};

#define BODY(text)                                          \
	{                                                   \
		.bytes = (text), .length = sizeof(text) - 1 \
	}

static const struct answer_row answer_rows[] = {
	{ "the transport", { .error = HTTP_UNREACHABLE, .detail = "refused" }, "/info", "refused" },
	{ "the engine's own words",
	    { .status = 404, .body = BODY("{\"message\":\"No such container: x\"}") },
	    "/containers/x/json?size=1",
	    "Docker answered 404 to GET /v1.44/containers/x/json: No such container: x" },
	{ "more fields, and not printable",
	    { .status = 500, .body = BODY("{\"code\":1,\"message\":\"a\\n\\u001b[2Jb\\u00e9\"}") },
	    "/info", "Docker answered 500 to GET /v1.44/info: a??[2Jb??" },
	{ "the proxy denies", { .status = 403, .body = BODY("<html>denied</html>") }, "/events",
	    "the proxy denies GET /v1.44/events (403): allow it in the proxy's rules" },
	{ "the proxy denies the method", { .status = 405 }, "/events",
	    "the proxy denies GET /v1.44/events (405): allow it in the proxy's rules" },
	{ "the proxy does not reach it", { .status = 503, .body = BODY("<html>") }, "/info",
	    "the proxy does not reach Docker (503 to GET /v1.44/info)" },
	{ "a redirect", { .status = 301 }, "/info",
	    "GET /v1.44/info is answered by a redirect (301), which is not Docker" },
	{ "something else", { .status = 200, .body = BODY("hello") }, "/info",
	    "GET /v1.44/info is answered by 200 and no message of Docker" },
	{ "an empty message", { .status = 500, .body = BODY("{\"message\":\"\"}") }, "/info",
	    "GET /v1.44/info is answered by 500 and no message of Docker" },
	{ "a message that is none", { .status = 500, .body = BODY("{\"message\":[1]}") }, "/info",
	    "GET /v1.44/info is answered by 500 and no message of Docker" },
};

static void
answers_are_explained(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(answer_rows); at++) {
		const struct answer_row *row = &answer_rows[at];
		struct docker docker = { .api_minor = 44, .api_version = "1.44" };
		const char *line = docker_explain(&docker, "GET", row->path, &row->answer);

		assert_ptr_equal(line, docker.error);
		if (strcmp(line, row->line) != 0)
			fail_msg("%s: \"%s\"", row->what, line);
	}
}

static void
before_a_version_is_known_there_is_none_in_the_path(void **state)
{
	struct http_answer answer = { .status = 403 };
	struct docker docker = { 0 };

	(void)state;
	assert_string_equal(docker_explain(&docker, "GET", "/_ping", &answer),
	    "the proxy denies GET /_ping (403): allow it in the proxy's rules");
}

static void
lines_are_bounded(void **state)
{
	struct docker docker = { .api_minor = 44, .api_version = "1.44" };
	char path[2048] = "/", body[8192] = "{\"message\":\"";
	struct http_answer answer = { .status = 500, .body = { body, sizeof(body) } };
	const char *line;

	(void)state;
	memset(path + 1, 'p', sizeof(path) - 2);
	memset(body + strlen(body), 'm', sizeof(body) - strlen(body) - 2);
	memcpy(body + sizeof(body) - 2, "\"}", 2);
	line = docker_explain(&docker, "GET", path, &answer);
	assert_true(strlen(line) < HTTP_DETAIL_BYTES - 1);
	assert_non_null(strstr(line, "Docker answered 500 to GET /v1.44/ppp"));
	assert_non_null(strstr(line, "pp: mmm"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_chosen),
		cmocka_unit_test(answers_are_explained),
		cmocka_unit_test(before_a_version_is_known_there_is_none_in_the_path),
		cmocka_unit_test(lines_are_bounded),
	};

	return RUN_TESTS(tests);
}
