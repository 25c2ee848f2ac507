/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The strict check against everything that json-c 0.16 lets through, and against RFC 8259. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
	struct slice text;
	enum json_flaw flaw;
};

static const struct row rows[] = {
	{ SLICE("{}"), JSON_GOOD },
	{ SLICE(" [1, -2, 3.5e+2, \"x\", null, true, false, {\"a\": []}] \n"), JSON_GOOD },
	{ SLICE("\"\\u00e9\\ud83d\\ude00\\n\\\\\""), JSON_GOOD },
	{ SLICE("9223372036854775807"), JSON_GOOD },
	{ SLICE("-9223372036854775808"), JSON_GOOD },
	{ SLICE("{\"a\":1,\"A\":2}"), JSON_GOOD },
	{ SLICE(""), JSON_CUT },
	{ SLICE("  "), JSON_CUT },
	{ SLICE("{\"a\":"), JSON_CUT },
	{ SLICE("[1,"), JSON_CUT },
	{ SLICE("\"abc"), JSON_CUT },
	{ SLICE("\"abc\\"), JSON_CUT },
	{ SLICE("tru"), JSON_CUT },
	{ SLICE("-"), JSON_CUT },
	{ SLICE("1."), JSON_CUT },
	{ SLICE("{} {}"), JSON_TRAILING },
	{ SLICE("{}\0{}"), JSON_TRAILING },
	{ SLICE("01"), JSON_TRAILING },
	{ SLICE("[1,]"), JSON_SYNTAX },
	{ SLICE("{\"a\":1,}"), JSON_SYNTAX },
	{ SLICE("{a:1}"), JSON_SYNTAX },
	{ SLICE("{'a':1}"), JSON_SYNTAX },
	{ SLICE("[1 2]"), JSON_SYNTAX },
	{ SLICE("[1}"), JSON_SYNTAX },
	{ SLICE("NaN"), JSON_SYNTAX },
	{ SLICE("-Infinity"), JSON_SYNTAX },
	{ SLICE("TRUE"), JSON_SYNTAX },
	{ SLICE("/* c */ 1"), JSON_SYNTAX },
	{ SLICE("[1.]"), JSON_SYNTAX },
	{ SLICE("[.5]"), JSON_SYNTAX },
	{ SLICE("\"a\nb\""), JSON_SYNTAX },
	{ SLICE("\"\\x41\""), JSON_SYNTAX },
	{ SLICE("\"\\u12g4\""), JSON_SYNTAX },
	{ SLICE("9223372036854775808"), JSON_NUMBER },
	{ SLICE("-99999999999999999999"), JSON_NUMBER },
	{ SLICE("1e999"), JSON_NUMBER },
	{ SLICE("{\"a\":1,\"a\":2}"), JSON_DUPLICATE },
	{ SLICE("{\"a\":1,\"\\u0061\":2}"), JSON_DUPLICATE },
	{ SLICE("{\"\\ud83d\\ude00\":1,\"b\":2,\"\xf0\x9f\x98\x80\":2}"), JSON_DUPLICATE },
	{ SLICE("[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]"), JSON_DUPLICATE },
	{ SLICE("{\"a\\u0000b\":1}"), JSON_NUL },
	{ SLICE("\"safe\\u0000evil\""), JSON_NUL },
	{ SLICE("\"a\0b\""), JSON_NUL },
	{ SLICE("\0"), JSON_NUL },
	{ SLICE("\"\xc0\xaf\""), JSON_UTF8 },
	{ SLICE("\"\xed\xa0\x80\""), JSON_UTF8 },
	{ SLICE("\"\xf4\x90\x80\x80\""), JSON_UTF8 },
	{ SLICE("\"\xff\""), JSON_UTF8 },
	{ SLICE("\"\xe2\x82\""), JSON_UTF8 },
	{ SLICE("\"\\ud800\""), JSON_UTF8 },
	{ SLICE("\"\\udc00\\ud800\""), JSON_UTF8 },
	{ SLICE("\"\\ud800\\u0041\""), JSON_UTF8 },
};

static void
judges_every_row(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		/* A copy without a NUL behind it, so that a byte too far is seen by ASan. */
		char *copy _cleanup_free_ = malloc(rows[at].text.length + 1);
		char *exact = copy + 1;
		enum json_flaw flaw;

		assert_non_null(copy);
		memcpy(exact, rows[at].text.bytes, rows[at].text.length);
		flaw = json_check((struct slice){ .bytes = exact, .length = rows[at].text.length },
		    JSON_MAX_DEPTH);
		if (flaw != rows[at].flaw)
			fail_msg("row %zu: %s, expected %s", at, json_flaw_texts[flaw],
			    json_flaw_texts[rows[at].flaw]);
	}
}

static void
bounds_the_depth(void **state)
{
	char text[64];

	(void)state;
	for (unsigned depth = 1; depth <= JSON_MAX_DEPTH + 1; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		assert_int_equal(json_check((struct slice){ .bytes = text, .length = 2 * depth },
				     JSON_MAX_DEPTH),
		    depth <= JSON_MAX_DEPTH ? JSON_GOOD : JSON_DEPTH);
	}
}

static void
cuts_are_never_good(void **state)
{
	static const char whole[] = "{\"a\":[1,-2.5e3,{\"b\":\"\\u00e9\\\"x\"},null],\"c\":true}";

	(void)state;
	for (size_t length = 0; length < sizeof(whole) - 1; length++)
		assert_int_not_equal(json_check((struct slice){ .bytes = whole, .length = length },
					 16),
		    JSON_GOOD);
}

static void
many_keys_cost_little(void **state)
{
	size_t size = 900000, length = 0;
	char *text _cleanup_free_ = malloc(size + 64);

	(void)state;
	assert_non_null(text);
	text[length++] = '{';
	for (unsigned key = 0; length < size; key++)
		length += (size_t)snprintf(text + length, 64, "%s\"%u\":1", key == 0 ? "" : ",",
		    key);
	text[length++] = '}';
	assert_int_equal(json_check((struct slice){ .bytes = text, .length = length }, 16),
	    JSON_GOOD);
}

static void
structure_lets_strings_be(void **state)
{
	(void)state;
	assert_int_equal(json_check_structure(SLICE("{\"a\\u0000\":\"\xff\x01\",\"a\":1}"), 16),
	    JSON_GOOD);
	assert_int_equal(json_check_structure(SLICE("{\"a\":1"), 16), JSON_CUT);
	assert_int_equal(json_check_structure(SLICE("{\"a\" 1}"), 16), JSON_SYNTAX);
}

static void
walks_arrays_and_objects(void **state)
{
	struct slice text = SLICE(" [ {\"a\":[1,2]} , \"x,]\" ,-3,[] ] ");
	struct slice object = SLICE("{ \"k\\\"\" : [ \"}\" ] , \"n\":null,\"deep\":{\"n\":1} }");
	struct slice key, value;
	size_t at = 0;

	(void)state;
	assert_true(json_next_element(text, &at, &value));
	assert_int_equal(value.length, strlen("{\"a\":[1,2]}"));
	assert_true(json_next_element(text, &at, &value));
	assert_memory_equal(value.bytes, "\"x,]\"", 5);
	assert_true(json_next_element(text, &at, &value));
	assert_memory_equal(value.bytes, "-3", 2);
	assert_int_equal(value.length, 2);
	assert_true(json_next_element(text, &at, &value));
	assert_false(json_next_element(text, &at, &value));

	at = 0;
	assert_true(json_next_member(object, &at, &key, &value));
	assert_memory_equal(key.bytes, "\"k\\\"\"", 5);
	assert_memory_equal(value.bytes, "[ \"}\" ]", 7);
	assert_true(json_member(object, "n", &value));
	assert_memory_equal(value.bytes, "null", 4);
	assert_false(json_member(object, "x", &value));
	assert_false(json_member(SLICE("[]"), "x", &value));
	at = 0;
	assert_false(json_next_element(SLICE("[]"), &at, &value));
	at = 0;
	assert_false(json_next_member(SLICE("{ }"), &at, &key, &value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_every_row),
		cmocka_unit_test(bounds_the_depth),
		cmocka_unit_test(cuts_are_never_good),
		cmocka_unit_test(many_keys_cost_little),
		cmocka_unit_test(structure_lets_strings_be),
		cmocka_unit_test(walks_arrays_and_objects),
	};

	return RUN_TESTS(tests);
}
