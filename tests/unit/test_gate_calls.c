/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls to Docker: each path to the byte, and what may not stand in one. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "workers/gate-engine/calls.h"

#define ID CONTAINER_ID("a")

struct path_row {
	enum call call;
	const char *method;
	const char *path;
};

static const struct path_row path_rows[] = {
	{ CALL_VERSION, "GET", "/version" },
	{ CALL_LIST, "GET", "/containers/json" },
	{ CALL_LIST_ALL, "GET", "/containers/json?all=1" },
	{ CALL_INSPECT, "GET", "/containers/dockflare-agent-tunnel/json" },
	{ CALL_START, "POST", "/containers/" ID "/start" },
	{ CALL_STOP, "POST", "/containers/" ID "/stop?t=7" },
	{ CALL_REMOVE, "DELETE", "/containers/" ID "?v=1&force=1" },
	{ CALL_READ_TOKEN, "GET", "/containers/" ID "/archive?path=/etc/dockflare-tunnel/token" },
	{ CALL_WRITE_TOKEN, "PUT", "/containers/" ID "/archive?path=/etc/dockflare-tunnel" },
	{ CALL_CREATE, "POST", "/containers/create?name=dockflare-agent-tunnel" },
	{ CALL_NETWORK, "GET", "/networks/cf-net" },
	{ CALL_IMAGE, "GET", "/images/reg.example:5000/cf/cloudflared:2025.9.0/json" },
	{ CALL_PULL, "POST",
	    "/images/create?fromImage=reg.example:5000/cf/cloudflared&tag=2025.9.0" },
};

static void
each_path_is_its_template(void **state)
{
	struct image image;
	struct call_words words = { .id = ID, .seconds = 7, .network = "cf-net", .image = &image };
	char path[CALL_PATH_BYTES];

	(void)state;
	assert_true(image_split("reg.example:5000/cf/cloudflared:2025.9.0", &image));
	for (size_t i = 0; i < ARRAY_LEN(path_rows); i++) {
		const struct path_row *row = &path_rows[i];

		row_int_equal(row->path, call_path(row->call, &words, path), 0);
		row_string_equal(row->path, path, row->path);
		row_string_equal(row->path, calls[row->call].method, row->method);
	}
	assert_int_equal(call_path(CALL_EVENTS, &words, path), 0);
	assert_string_equal(path, calls[CALL_EVENTS].path);
}

static void
the_longest_image_fits(void **state)
{
	char text[IMAGE_MAX_BYTES + 1], path[CALL_PATH_BYTES];
	struct image image;
	struct call_words words = { .image = &image };

	(void)state;
	memset(text, 'a', IMAGE_MAX_BYTES);
	text[IMAGE_MAX_BYTES] = '\0';
	text[IMAGE_MAX_BYTES / 2] = ':';
	assert_true(image_split(text, &image));
	assert_int_equal(call_path(CALL_PULL, &words, path), 0);
	assert_int_equal(call_path(CALL_IMAGE, &words, path), 0);
}

struct bad_row {
	const char *what;
	enum call call;
	struct call_words words;
	const char *image;
};

static const struct bad_row bad_rows[] = {
	{ "no id", CALL_START, { 0 }, NULL },
	{ "an empty id", CALL_START, { .id = "" }, NULL },
	{ "a short id", CALL_STOP, { .id = "abc" }, NULL },
	{ "a name", CALL_REMOVE, { .id = "dockflare-agent-tunnel" }, NULL },
	{ "an id in upper case", CALL_REMOVE, { .id = CONTAINER_ID("A") }, NULL },
	{ "an id and more", CALL_REMOVE, { .id = ID "a" }, NULL },
	{ "a path", CALL_READ_TOKEN, { .id = "../x" }, NULL },
	{ "negative seconds", CALL_STOP, { .id = ID, .seconds = -1 }, NULL },
	{ "many seconds", CALL_STOP, { .id = ID, .seconds = 61 }, NULL },
	{ "no network", CALL_NETWORK, { 0 }, NULL },
	{ "a network with a slash", CALL_NETWORK, { .network = "a/b" }, NULL },
	{ "a network with a query", CALL_NETWORK, { .network = "a?b" }, NULL },
	{ "a network of dots", CALL_NETWORK, { .network = ".." }, NULL },
	{ "no image", CALL_IMAGE, { 0 }, NULL },
	{ "an image with a query", CALL_IMAGE, { 0 }, "a?b:1" },
	{ "an image with an ampersand", CALL_PULL, { 0 }, "a&fromSrc=x:1" },
	{ "an image with a percent", CALL_PULL, { 0 }, "a%2f:1" },
	{ "an image with a blank", CALL_PULL, { 0 }, "a b:1" },
	{ "an image with a fragment", CALL_IMAGE, { 0 }, "a#b:1" },
	{ "an image that leads away", CALL_IMAGE, { 0 }, "a/../../containers/x:1" },
	{ "an image with an empty part", CALL_IMAGE, { 0 }, "a//b:1" },
	{ "an image that begins with a slash", CALL_IMAGE, { 0 }, "/a:1" },
	{ "an image that ends in a slash", CALL_IMAGE, { 0 }, "a/" },
};

static void
nothing_else_stands_in_a_path(void **state)
{
	char path[CALL_PATH_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++) {
		struct call_words words = bad_rows[i].words;
		struct image image;

		if (bad_rows[i].image != NULL) {
			assert_true(image_split(bad_rows[i].image, &image));
			words.image = &image;
		}
		row_int_equal(bad_rows[i].what, call_path(bad_rows[i].call, &words, path), -EINVAL);
	}
}

static void
each_call_ends(void **state)
{
	(void)state;
	for (enum call call = 0; call < CALL_COUNT; call++) {
		bool stream = call == CALL_EVENTS;

		assert_non_null(calls[call].method);
		assert_true(
		    stream || call_timeout_ms(call, 0) > 0 || calls[call].idle_timeout_ms > 0);
	}
	assert_int_equal(call_timeout_ms(CALL_STOP, 6), 16000);
	assert_int_equal(call_timeout_ms(CALL_START, 6), 30000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_is_its_template),
		cmocka_unit_test(the_longest_image_fits),
		cmocka_unit_test(nothing_else_stands_in_a_path),
		cmocka_unit_test(each_call_ends),
	};

	return RUN_TESTS(tests);
}
