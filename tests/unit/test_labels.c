/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A container's labels, as tenants write them: what enables it, what is kept, dropped and named. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "common/message.h"
#include "common/labels.h"

/* Room for an object of labels over every bound. */
#define OBJECT_MAX_BYTES ((size_t)4 * 1024 * 1024)

static const char *
value_of(const struct labels *labels, const char *key)
{
	for (size_t at = 0; at < labels->map.count; at++)
		if (strcmp(labels->map.entries[at].key, key) == 0)
			return labels->map.entries[at].value;
	return NULL;
}

/* ---- what enables ---- */

struct word_row {
	const char *word;
	bool enables;
};

static const struct word_row word_rows[] = {
	{ "true", true },
	{ "True", true },
	{ "TRUE", true },
	{ "tRuE", true },
	{ "1", true },
	{ "t", true },
	{ "T", true },
	{ "yes", true },
	{ "Yes", true },
	{ "YES", true },
	{ "", false },
	{ "false", false },
	{ "0", false },
	{ "f", false },
	{ "no", false },
	{ "y", false },
	{ "on", false },
	{ "2", false },
	{ "11", false },
	{ "truee", false },
	{ "tru", false },
	{ " true", false },
	{ "true ", false },
	{ "\\\"true\\\"", false },
};

static void
some_words_are_true(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(word_rows); at++) {
		struct arena arena _cleanup_arena_ = { 0 };
		struct labels labels;
		char object[128];

		snprintf(object, sizeof(object), "{\"dockflare.enable\":\"%s\"}",
		    word_rows[at].word);
		assert_int_equal(labels_read(slice_of(object), NULL, &arena, &labels), 0);
		row_int_equal(word_rows[at].word, labels.enabled, word_rows[at].enables);
	}
}

struct enable_row {
	const char *what;
	const char *prefix;
	const char *object;
	bool enabled;
	size_t kept;
};

static const struct enable_row enable_rows[] = {
	{ "nothing", NULL, "{}", false, 0 },
	{ "no labels at all", NULL, "null", false, 0 },
	{ "ours", NULL, "{\"dockflare.enable\":\"true\"}", true, 1 },
	{ "the legacy one", NULL, "{\"cloudflare.tunnel.enable\":\"true\"}", true, 1 },
	{ "ours before the legacy one", NULL,
	    "{\"cloudflare.tunnel.enable\":\"true\",\"dockflare.enable\":\"false\"}", false, 2 },
	{ "the legacy one says no", NULL,
	    "{\"cloudflare.tunnel.enable\":\"false\",\"dockflare.enable\":\"true\"}", true, 2 },
	{ "a custom prefix", "my.", "{\"my.enable\":\"true\"}", true, 1 },
	{ "the custom prefix first", "my.",
	    "{\"dockflare.enable\":\"true\",\"cloudflare.tunnel.enable\":\"1\","
	    "\"my.enable\":\"no\"}",
	    false, 3 },
	{ "the custom prefix first, on", "my.",
	    "{\"dockflare.enable\":\"false\",\"my.enable\":\"yes\"}", true, 2 },
	{ "a custom prefix, and ours alone", "my.", "{\"dockflare.enable\":\"true\"}", true, 1 },
	{ "somebody else's prefix", NULL, "{\"my.enable\":\"true\"}", false, 0 },
	{ "an empty prefix is none", "", "{\"enable\":\"true\",\"x\":\"y\"}", false, 0 },
	{ "the custom prefix is ours", "dockflare.", "{\"dockflare.enable\":\"true\"}", true, 1 },
	{ "a prefix without a dot", "my", "{\"myenable\":\"true\",\"my.x\":\"y\"}", true, 2 },
	{ "a prefix inside of ours", "dock", "{\"dockflare.enable\":\"true\"}", true, 1 },
	{ "other labels only", NULL, "{\"dockflare.hostname\":\"a.example\"}", false, 1 },
	{ "a longer name", NULL, "{\"dockflare.enabled\":\"true\"}", false, 1 },
	{ "a numbered one", NULL, "{\"dockflare.0.enable\":\"true\"}", false, 1 },
	{ "the prefix alone", NULL, "{\"dockflare.\":\"true\"}", false, 1 },
	{ "another case", NULL, "{\"Dockflare.enable\":\"true\"}", false, 0 },
	{ "inside of another name", NULL, "{\"x.dockflare.enable\":\"true\"}", false, 0 },
	{ "written with an escape", NULL, "{\"\\u0064ockflare.enabl\\u0065\":\"\\u0074rue\"}", true,
	    1 },
	{ "it is there twice: the first counts", NULL,
	    "{\"dockflare.enable\":\"false\",\"dockflare.enable\":\"true\"}", false, 1 },
	{ "no text: as if it were not there", NULL,
	    "{\"dockflare.enable\":true,\"cloudflare.tunnel.enable\":\"true\"}", true, 1 },
	{ "blanks", NULL, "{ \"dockflare.enable\" : \"true\" , \"a\" : [ 1 , { } ] }", true, 1 },
};

static void
the_first_prefix_decides(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(enable_rows); at++) {
		const struct enable_row *row = &enable_rows[at];
		struct arena arena _cleanup_arena_ = { 0 };
		struct labels labels;

		row_int_equal(row->what,
		    labels_read(slice_of(row->object), row->prefix, &arena, &labels), 0);
		row_int_equal(row->what, labels.enabled, row->enabled);
		row_int_equal(row->what, (int64_t)labels.map.count, (int64_t)row->kept);
	}
}

/* ---- what is dropped ---- */

struct drop_row {
	const char *what;
	struct slice members; /* beside "enable" */
	size_t dropped;
	const char *key; /* the first of them */
	const char *why; /* part of it */
};

static const struct drop_row drop_rows[] = {
	{ "nothing", SLICE("\"dockflare.a\":\"b\""), 0, "", NULL },
	{ "NUL escaped in a value", SLICE("\"dockflare.a\":\"b\\u0000c\""), 1, "dockflare.a",
	    "control characters" },
	{ "NUL in a value", SLICE("\"dockflare.a\":\"b\0c\""), 1, "dockflare.a",
	    "control characters" },
	{ "a newline", SLICE("\"dockflare.a\":\"b\\nc\""), 1, "dockflare.a", "control characters" },
	{ "a raw newline", SLICE("\"dockflare.a\":\"b\nc\""), 1, "dockflare.a",
	    "control characters" },
	{ "DEL", SLICE("\"dockflare.a\":\"b\x7f\""), 1, "dockflare.a", "control characters" },
	{ "bad UTF-8 in a value", SLICE("\"dockflare.a\":\"\xff\""), 1, "dockflare.a",
	    "not UTF-8" },
	{ "half a surrogate", SLICE("\"dockflare.a\":\"\\ud800\""), 1, "dockflare.a", "not UTF-8" },
	{ "NUL in a key", SLICE("\"dockflare.a\\u0000b\":\"c\""), 1, "dockflare.a\\u0000b",
	    "control characters" },
	{ "a raw NUL in a key", SLICE("\"dockflare.a\0b\":\"c\""), 1, "dockflare.a?b",
	    "control characters" },
	{ "a control character in a key", SLICE("\"dockflare.a\033b\":\"c\""), 1, "dockflare.a?b",
	    "control characters" },
	{ "bad UTF-8 in a key", SLICE("\"dockflare.a\xc3\":\"c\""), 1, "dockflare.a?",
	    "not UTF-8" },
	{ "good UTF-8 is kept", SLICE("\"dockflare.\303\244\":\"\303\244\\u00e4\""), 0, "", NULL },
	{ "a quote in a key is kept", SLICE("\"dockflare.\\\"\":\"\\\\\""), 0, "", NULL },
	{ "an escaped prefix, kept", SLICE("\"\\u0064ockflare.a\":\"b\""), 0, "", NULL },
	{ "an escaped prefix, bad value", SLICE("\"\\u0064ockflare.a\":1"), 1, "\\u0064ockflare.a",
	    "not a text" },
	{ "a key that may be anybody's", SLICE("\"\\u0064ockflare.\\u0000\":\"b\""), 0, "", NULL },
	{ "a number", SLICE("\"dockflare.a\":1"), 1, "dockflare.a", "not a text" },
	{ "null", SLICE("\"dockflare.a\":null"), 1, "dockflare.a", "not a text" },
	{ "true", SLICE("\"dockflare.a\":true"), 1, "dockflare.a", "not a text" },
	{ "an object", SLICE("\"dockflare.a\":{\"dockflare.enable\":\"false\"}"), 1, "dockflare.a",
	    "not a text" },
	{ "a list", SLICE("\"dockflare.a\":[\"x\"]"), 1, "dockflare.a", "not a text" },
	{ "twice", SLICE("\"dockflare.a\":\"b\",\"dockflare.a\":\"c\""), 1, "dockflare.a",
	    "twice" },
	{ "twice, once escaped", SLICE("\"dockflare.a\":\"b\",\"dockflare.\\u0061\":\"c\""), 1,
	    "dockflare.\\u0061", "twice" },
	{ "the legacy enable is bad", SLICE("\"cloudflare.tunnel.enable\":\"\xff\""), 1,
	    "cloudflare.tunnel.enable", "not UTF-8" },
	{ "somebody else's may be as bad", SLICE("\"x\xff\":\"\\u0000\",\"y\":null"), 0, "", NULL },
	{ "the first is named", SLICE("\"dockflare.b\":1,\"dockflare.a\":2,\"dockflare.c\":3"), 3,
	    "dockflare.b", "not a text" },
};

static void
a_bad_label_costs_that_label(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(drop_rows); at++) {
		const struct drop_row *row = &drop_rows[at];
		struct buffer object _cleanup_buffer_ = BUFFER(4096);
		struct arena arena _cleanup_arena_ = { 0 };
		struct labels labels;

		assert_int_equal(buffer_add_text(&object, "{"), 0);
		assert_int_equal(buffer_add(&object, row->members.bytes, row->members.length), 0);
		assert_int_equal(buffer_add_text(&object, ",\"dockflare.enable\":\"true\"}"), 0);
		row_int_equal(row->what,
		    labels_read((struct slice){ object.bytes, object.length }, NULL, &arena,
			&labels),
		    0);
		row_int_equal(row->what, labels.enabled, true);
		row_int_equal(row->what, (int64_t)labels.dropped, (int64_t)row->dropped);
		row_string_equal(row->what, labels.dropped_key, row->key);
		if (row->dropped > 0)
			row_string_holds(row->what, labels.dropped_why, row->why);
	}
}

static void
escapes_are_resolved(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct labels labels;

	(void)state;
	assert_int_equal(labels_read(SLICE("{\"\\u0064ockflare.\\\"a\\\\\":\"\\u00e4\\/"
					   "\\ud83d\\ude00\"}"),
			     NULL, &arena, &labels),
	    0);
	assert_int_equal(labels.map.count, 1);
	assert_string_equal(value_of(&labels, "dockflare.\"a\\"), "\303\244/\360\237\230\200");
}

static void
what_is_no_object_is_refused(void **state)
{
	static const char *const texts[] = { "", "[]", "\"x\"", "1", "true", "nul" };
	struct arena arena _cleanup_arena_ = { 0 };
	struct labels labels;

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(texts); at++)
		row_int_equal(texts[at], labels_read(slice_of(texts[at]), NULL, &arena, &labels),
		    -EBADMSG);
}

/* ---- bounds ---- */

struct bound_row {
	const char *what;
	const char *unit; /* repeated */
	size_t key_units; /* behind the prefix */
	size_t value_units;
	bool kept;
};

#define KEY_ROOM_BYTES (LABEL_KEY_MAX_BYTES - (sizeof("dockflare.") - 1))

static const struct bound_row bound_rows[] = {
	{ "the longest value", "x", 1, LABEL_VALUE_MAX_BYTES, true },
	{ "one byte more", "x", 1, LABEL_VALUE_MAX_BYTES + 1, false },
	{ "the longest value, escaped", "\\u0078", 1, LABEL_VALUE_MAX_BYTES, true },
	{ "one byte more, escaped", "\\u0078", 1, LABEL_VALUE_MAX_BYTES + 1, false },
	{ "bytes count, not characters", "\303\244", 1, LABEL_VALUE_MAX_BYTES / 2, true },
	{ "one character more", "\303\244", 1, LABEL_VALUE_MAX_BYTES / 2 + 1, false },
	{ "the longest key", "x", KEY_ROOM_BYTES, 1, true },
	{ "a key of one byte more", "x", KEY_ROOM_BYTES + 1, 1, false },
	{ "an empty value", "x", 1, 0, true },
};

static void
repeat(struct buffer *out, const char *unit, size_t times)
{
	while (times-- > 0)
		assert_int_equal(buffer_add_text(out, unit), 0);
}

static void
lengths_have_bounds(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(bound_rows); at++) {
		const struct bound_row *row = &bound_rows[at];
		struct buffer object _cleanup_buffer_ = BUFFER(OBJECT_MAX_BYTES);
		struct arena arena _cleanup_arena_ = { 0 };
		struct labels labels;

		repeat(&object, "{\"dockflare.", 1);
		repeat(&object, row->unit, row->key_units);
		repeat(&object, "\":\"", 1);
		repeat(&object, row->unit, row->value_units);
		repeat(&object, "\",\"dockflare.enable\":\"true\"}", 1);
		assert_int_equal(labels_read(slice_of(object.bytes), NULL, &arena, &labels), 0);
		row_int_equal(row->what, labels.enabled, true);
		row_int_equal(row->what, (int64_t)labels.map.count, row->kept ? 2 : 1);
		row_int_equal(row->what, (int64_t)labels.dropped, row->kept ? 0 : 1);
		if (!row->kept)
			row_string_holds(row->what, labels.dropped_why, "too long");
		assert_true(strlen(labels.dropped_key) < DROPPED_KEY_BYTES);
	}
}

/* So many labels, and "enable" behind them all. */
static void
read_many(size_t count, size_t value_bytes, struct arena *arena, struct labels *ret_labels)
{
	struct buffer object _cleanup_buffer_ = BUFFER(OBJECT_MAX_BYTES);

	repeat(&object, "{", 1);
	for (size_t at = 0; at < count; at++) {
		assert_int_equal(buffer_printf(&object, "\"dockflare.%zu\":\"", at), 0);
		repeat(&object, "x", value_bytes);
		repeat(&object, "\",", 1);
	}
	repeat(&object, "\"cloudflare.tunnel.enable\":\"true\"}", 1);
	assert_int_equal(labels_read(slice_of(object.bytes), NULL, arena, ret_labels), 0);
}

static void
many_labels_never_push_enable_out(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct labels labels;

	(void)state;
	read_many(LABELS_MAX - 1, 1, &arena, &labels);
	assert_true(labels.enabled);
	assert_int_equal(labels.map.count, LABELS_MAX);
	assert_int_equal(labels.dropped, 0);
	read_many(1000, 1, &arena, &labels);
	assert_true(labels.enabled);
	assert_int_equal(labels.map.count, LABELS_MAX);
	assert_int_equal(labels.dropped, 1000 - (LABELS_MAX - 1));
	assert_string_equal(labels.dropped_key, "dockflare.255");
	row_string_holds("many", labels.dropped_why, "too many");
	assert_non_null(value_of(&labels, "cloudflare.tunnel.enable"));
}

static void
large_labels_stay_under_the_weight(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct labels labels;

	(void)state;
	read_many(200, LABEL_VALUE_MAX_BYTES, &arena, &labels);
	assert_true(labels.enabled);
	assert_true(labels.weight_bytes <= LABELS_WEIGHT_MAX_BYTES);
	assert_true(labels.map.count > 60);
	assert_int_equal(labels.map.count + labels.dropped, 201);
}

/* Docker's frames and bodies are bounded by weights, so a weight is never too small. */
static void
a_weight_is_enough(void **state)
{
	static const char *const texts[] = { "", "a", "\"\"\"\"", "\\\\\\", "/\"/",
		"\303\244\360\237\230\200" };

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(texts); at++) {
		const struct field field = { .name = "t",
			.kind = FIELD_TEXT,
			.text = TEXT_LINE,
			.max = 64 };
		const struct record record = { .name = "r",
			.size_bytes = sizeof(char *),
			.field_count = 1,
			.fields = &field };
		struct buffer out _cleanup_buffer_ = BUFFER(256);
		char why[RECORD_WHY_BYTES];

		assert_int_equal(record_encode(&record, &texts[at], &out, why), 0);
		/* {"t":} stands around it, and one separator behind it. */
		assert_true(out.length - 6 + 1 <= labels_weight(texts[at]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_words_are_true),
		cmocka_unit_test(the_first_prefix_decides),
		cmocka_unit_test(a_bad_label_costs_that_label),
		cmocka_unit_test(escapes_are_resolved),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(lengths_have_bounds),
		cmocka_unit_test(many_labels_never_push_enable_out),
		cmocka_unit_test(large_labels_stay_under_the_weight),
		cmocka_unit_test(a_weight_is_enough),
	};

	return RUN_TESTS(tests);
}
