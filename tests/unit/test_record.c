/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records: each kind of field both ways, what is optional, open and closed ones, and the bounds. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/record.h"

/* ---- a record with a field of each kind ---- */

struct inner {
	const char *name;
};

struct whole {
	const char *text;
	int64_t integer;
	bool boolean;
	int choice;
	struct map map;
	struct texts texts;
	struct records records;
	const struct inner *record;
};

static const char *const choices[] = { "one", "two", NULL };

static const struct field inner_fields[] = {
	{ .name = "name",
	    .kind = FIELD_TEXT,
	    .text = TEXT_NAME,
	    .min = 1,
	    .max = 8,
	    .offset = offsetof(struct inner, name) },
};

static const struct record inner_record = {
	.name = "inner",
	.size_bytes = sizeof(struct inner),
	.open = true,
	.field_count = ARRAY_LEN(inner_fields),
	.fields = inner_fields,
};

#define FIELDS(is_optional)                                              \
	{                                                                \
		{ .name = "text",                                        \
			.kind = FIELD_TEXT,                              \
			.text = TEXT_ANY,                                \
			.optional = (is_optional),                       \
			.secret = true,                                  \
			.min = 2,                                        \
			.max = 6,                                        \
			.offset = offsetof(struct whole, text) },        \
		    { .name = "integer",                                 \
			    .kind = FIELD_INTEGER,                       \
			    .optional = (is_optional),                   \
			    .min = -5,                                   \
			    .max = INT64_MAX,                            \
			    .offset = offsetof(struct whole, integer) }, \
		    { .name = "boolean",                                 \
			    .kind = FIELD_BOOLEAN,                       \
			    .optional = (is_optional),                   \
			    .offset = offsetof(struct whole, boolean) }, \
		    { .name = "choice",                                  \
			    .kind = FIELD_CHOICE,                        \
			    .optional = (is_optional),                   \
			    .choices = choices,                          \
			    .offset = offsetof(struct whole, choice) },  \
		    { .name = "map",                                     \
			    .kind = FIELD_MAP,                           \
			    .text = TEXT_LINE,                           \
			    .optional = (is_optional),                   \
			    .min = 0,                                    \
			    .max = 2,                                    \
			    .value_max = 4,                              \
			    .offset = offsetof(struct whole, map) },     \
		    { .name = "texts",                                   \
			    .kind = FIELD_TEXTS,                         \
			    .text = TEXT_LINE,                           \
			    .optional = (is_optional),                   \
			    .min = 0,                                    \
			    .max = 2,                                    \
			    .value_max = 4,                              \
			    .offset = offsetof(struct whole, texts) },   \
		    { .name = "records",                                 \
			    .kind = FIELD_RECORDS,                       \
			    .optional = (is_optional),                   \
			    .min = 0,                                    \
			    .max = 2,                                    \
			    .record = &inner_record,                     \
			    .offset = offsetof(struct whole, records) }, \
		    { .name = "record",                                  \
			    .kind = FIELD_RECORD,                        \
			    .optional = (is_optional),                   \
			    .record = &inner_record,                     \
			    .offset = offsetof(struct whole, record) },  \
	}

static const struct field fields[] = FIELDS(false);
static const struct field optional_fields[] = FIELDS(true);

static const struct record closed = {
	.name = "whole",
	.size_bytes = sizeof(struct whole),
	.field_count = ARRAY_LEN(fields),
	.fields = fields,
};

static const struct record optional = {
	.name = "whole",
	.size_bytes = sizeof(struct whole),
	.field_count = ARRAY_LEN(optional_fields),
	.fields = optional_fields,
};

static const struct record opened = {
	.name = "whole",
	.size_bytes = sizeof(struct whole),
	.open = true,
	.field_count = ARRAY_LEN(optional_fields),
	.fields = optional_fields,
};

/* All eight fields, with one replaced. */
static const char *const whole_fields[] = {
	"\"text\":\"ab\"",
	"\"integer\":7",
	"\"boolean\":true",
	"\"choice\":\"two\"",
	"\"map\":{\"a\":\"b\"}",
	"\"texts\":[\"a\",\"\"]",
	"\"records\":[{\"name\":\"x\"},{\"name\":\"y\"}]",
	"\"record\":{\"name\":\"z\"}",
};

static void
build(struct buffer *out, const char *replacement)
{
	size_t name = strcspn(replacement, ":");
	const char *separator = "{";

	for (size_t at = 0; at < ARRAY_LEN(whole_fields); at++) {
		bool replaced = strcspn(whole_fields[at], ":") == name &&
				strncmp(whole_fields[at], replacement, name) == 0;

		assert_int_equal(buffer_printf(out, "%s%s", separator,
				     replaced ? replacement : whole_fields[at]),
		    0);
		separator = ",";
	}
	assert_int_equal(buffer_add_text(out, "}"), 0);
}

static struct slice
slice_in(const struct buffer *buffer)
{
	return (struct slice){ .bytes = buffer->bytes, .length = buffer->length };
}

/* ---- decoding ---- */

static void
each_kind_is_decoded(void **state)
{
	struct buffer text _cleanup_buffer_ = BUFFER(4096);
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES] = "";
	const struct inner *items;
	struct whole whole;

	(void)state;
	build(&text, "");
	if (record_decode(&closed, slice_in(&text), &arena, &whole, why) != 0)
		fail_msg("%s", why);
	assert_string_equal(whole.text, "ab");
	assert_int_equal(whole.integer, 7);
	assert_true(whole.boolean);
	assert_int_equal(whole.choice, 1);
	assert_int_equal(whole.map.count, 1);
	assert_string_equal(whole.map.entries[0].key, "a");
	assert_string_equal(whole.map.entries[0].value, "b");
	assert_int_equal(whole.texts.count, 2);
	assert_string_equal(whole.texts.items[0], "a");
	assert_string_equal(whole.texts.items[1], "");
	assert_int_equal(whole.records.count, 2);
	items = whole.records.items;
	assert_string_equal(items[1].name, "y");
	assert_string_equal(whole.record->name, "z");
}

struct row {
	const char *what;
	const char *field;
	const char *why; /* part of the reason; NULL: good */
};

static const struct row rows[] = {
	{ "escapes", "\"text\":\"\\u00e9\\n\\\"\\/\\\\\"", NULL },
	{ "a pair of surrogates", "\"text\":\"\\ud83d\\ude00\"", NULL },
	{ "bytes count, not characters", "\"text\":\"\xc3\xa9\xc3\xa9\xc3\xa9\"", NULL },
	{ "too many bytes", "\"text\":\"\xc3\xa9\xc3\xa9\xc3\xa9.\"", "7 bytes, must be 2 to 6" },
	{ "too few bytes", "\"text\":\"a\"", "1 bytes, must be 2 to 6" },
	{ "a number for a text", "\"text\":12", "not a text" },
	{ "a list for a text", "\"text\":[\"ab\"]", "not a text" },
	{ "null for a text", "\"text\":null", "\"text\" is missing" },
	{ "the least integer", "\"integer\":-5", NULL },
	{ "the greatest integer", "\"integer\":9223372036854775807", NULL },
	{ "zero with a sign", "\"integer\":-0", NULL },
	{ "below the least", "\"integer\":-6", "outside -5" },
	{ "beyond an integer", "\"integer\":9223372036854775808", "number" },
	{ "a fraction", "\"integer\":1.5", "not a whole number" },
	{ "an exponent", "\"integer\":1e2", "not a whole number" },
	{ "a text for a number", "\"integer\":\"7\"", "not a whole number" },
	{ "a boolean for a number", "\"integer\":false", "not a whole number" },
	{ "false", "\"boolean\":false", NULL },
	{ "a number for a boolean", "\"boolean\":1", "not true or false" },
	{ "a text for a boolean", "\"boolean\":\"true\"", "not true or false" },
	{ "null for a boolean", "\"boolean\":null", "\"boolean\" is missing" },
	{ "an escaped choice", "\"choice\":\"\\u006fne\"", NULL },
	{ "no choice", "\"choice\":\"three\"", "not one of its choices" },
	{ "half a choice", "\"choice\":\"on\"", "not one of its choices" },
	{ "another case", "\"choice\":\"One\"", "not one of its choices" },
	{ "a number for a choice", "\"choice\":1", "not a text" },
	{ "an empty map", "\"map\":{}", NULL },
	{ "a full map", "\"map\":{\"a\":\"\",\"b\":\"1234\"}", NULL },
	{ "too many entries", "\"map\":{\"a\":\"\",\"b\":\"\",\"c\":\"\"}", "3 entries" },
	{ "an empty key", "\"map\":{\"\":\"a\"}", "0 bytes" },
	{ "a key that it may not have", "\"map\":{\"a\\n\":\"a\"}", "character" },
	{ "a long value", "\"map\":{\"a\":\"12345\"}", "5 bytes" },
	{ "a value that it may not have", "\"map\":{\"a\":\"\\u007f\"}", "character" },
	{ "null for a value", "\"map\":{\"a\":null}", "not a text" },
	{ "an object for a value", "\"map\":{\"a\":{}}", "not a text" },
	{ "a key twice", "\"map\":{\"a\":\"1\",\"\\u0061\":\"2\"}", "duplicate" },
	{ "a list for a map", "\"map\":[]", "not an object" },
	{ "an empty list", "\"texts\":[]", NULL },
	{ "too long a list", "\"texts\":[\"\",\"\",\"\"]", "3 entries, must be 0 to 2" },
	{ "a long text in a list", "\"texts\":[\"12345\"]", "5 bytes" },
	{ "null in a list", "\"texts\":[null]", "not a text" },
	{ "a control character in a list", "\"texts\":[\"\\t\"]", "character" },
	{ "an object for a list", "\"texts\":{}", "not a list" },
	{ "no records", "\"records\":[]", NULL },
	{ "an open record in a closed one", "\"records\":[{\"name\":\"x\",\"y\":1}]", NULL },
	{ "too many records", "\"records\":[{\"name\":\"x\"},{\"name\":\"x\"},{\"name\":\"x\"}]",
	    "3 entries" },
	{ "a bad record", "\"records\":[{\"name\":\"x\"},{\"name\":\"a b\"}]", "\"name\": a char" },
	{ "an incomplete record", "\"records\":[{}]", "\"name\" is missing" },
	{ "null among records", "\"records\":[null]", "inner is not an object" },
	{ "a text among records", "\"records\":[\"x\"]", "inner is not an object" },
	{ "an object for records", "\"records\":{}", "not a list" },
	{ "a bad record alone", "\"record\":{\"name\":\"\"}", "0 bytes" },
	{ "a list for a record", "\"record\":[]", "inner is not an object" },
	{ "null for a record", "\"record\":null", "\"record\" is missing" },
	{ "a surplus field", "\"record\":{\"name\":\"z\"},\"more\":1", "not in the table" },
	{ "a surplus null", "\"record\":{\"name\":\"z\"},\"more\":null", "not in the table" },
	{ "a field twice", "\"text\":\"ab\",\"text\":\"ab\"", "duplicate" },
};

static void
fields_are_held_to_the_table(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		static const struct whole zeroed;
		struct buffer text _cleanup_buffer_ = BUFFER(4096);
		struct arena arena _cleanup_arena_ = { 0 };
		char why[RECORD_WHY_BYTES] = "";
		const struct row *row = &rows[at];
		struct whole whole;
		int error;

		build(&text, row->field);
		memset(&whole, 0xff, sizeof(whole));
		error = record_decode(&closed, slice_in(&text), &arena, &whole, why);
		if (row->why == NULL && error != 0)
			fail_msg("%s: %s", row->what, why);
		if (row->why == NULL)
			continue;
		if (error != -EBADMSG || strstr(why, row->why) == NULL)
			fail_msg("%s: %d, \"%s\", expected \"%s\"", row->what, error, why,
			    row->why);
		assert_memory_equal(&whole, &zeroed, sizeof(whole));
	}
}

static void
only_an_object_is_a_record(void **state)
{
	static const char *const texts[] = { "", "null", "7", "\"text\"", "[]", "[{}]", "{", "{}x",
		"true", "{'text':1}" };
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct whole whole;

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(texts); at++) {
		why[0] = '\0';
		if (record_decode(&opened, slice_of(texts[at]), &arena, &whole, why) != -EBADMSG)
			fail_msg("%s is a record", texts[at]);
		assert_string_not_equal(why, "");
	}
}

static void
expect_absent(const struct whole *whole)
{
	assert_null(whole->text);
	assert_int_equal(whole->integer, 0);
	assert_false(whole->boolean);
	assert_int_equal(whole->choice, -1);
	assert_int_equal(whole->map.count, 0);
	assert_int_equal(whole->texts.count, 0);
	assert_int_equal(whole->records.count, 0);
	assert_null(whole->record);
}

static void
optional_fields_may_be_absent_or_null(void **state)
{
	static const char nulls[] = "{\"text\":null,\"integer\":null,\"boolean\":null,"
				    "\"choice\":null,\"map\":null,\"texts\":null,"
				    "\"records\":null,\"record\":null}";
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES] = "";
	struct whole whole;

	(void)state;
	assert_int_equal(record_decode(&optional, SLICE("{}"), &arena, &whole, why), 0);
	expect_absent(&whole);
	assert_int_equal(record_decode(&optional, SLICE(nulls), &arena, &whole, why), 0);
	expect_absent(&whole);
	/* What is there is held to its bounds all the same. */
	assert_int_equal(record_decode(&optional, SLICE("{\"text\":\"\"}"), &arena, &whole, why),
	    -EBADMSG);
}

static void
open_records_ignore_what_they_do_not_know(void **state)
{
	static const char text[] = "{\"more\":{\"deep\":[1.5e3,null]},\"integer\":3,\"x\":\"y\"}";
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES] = "";
	struct whole whole;

	(void)state;
	assert_int_equal(record_decode(&opened, SLICE(text), &arena, &whole, why), 0);
	assert_int_equal(whole.integer, 3);
	assert_int_equal(record_decode(&optional, SLICE(text), &arena, &whole, why), -EBADMSG);
	/* But the strict check is for everybody. */
	assert_int_equal(record_decode(&opened, SLICE("{\"more\":\"\\u0000\"}"), &arena, &whole,
			     why),
	    -EBADMSG);
	assert_int_equal(record_decode(&opened, SLICE("{\"x\":1,\"x\":2}"), &arena, &whole, why),
	    -EBADMSG);
}

/* ---- encoding ---- */

static void
each_kind_is_encoded(void **state)
{
	struct buffer text _cleanup_buffer_ = BUFFER(4096), again _cleanup_buffer_ = BUFFER(4096);
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES] = "";
	struct whole whole;

	(void)state;
	build(&text, "\"text\":\"/\\u0001\\\"\\\\\"");
	assert_int_equal(record_decode(&closed, slice_in(&text), &arena, &whole, why), 0);
	assert_int_equal(record_encode(&closed, &whole, &again, why), 0);
	assert_string_equal(again.bytes, text.bytes);
}

static void
absent_optional_fields_are_left_out(void **state)
{
	struct buffer out _cleanup_buffer_ = BUFFER(4096);
	struct whole whole = { .choice = -1 };
	char why[RECORD_WHY_BYTES] = "";

	(void)state;
	assert_int_equal(record_encode(&optional, &whole, &out, why), 0);
	assert_string_equal(out.bytes, "{\"integer\":0,\"boolean\":false,\"map\":{},\"texts\":[],"
				       "\"records\":[]}");
}

static struct map_entry map_entries[] = { { "a", "1" }, { "b", "2" }, { "c", "3" } };
static struct map_entry bad_keys[] = { { "", "1" } };
static struct map_entry bad_values[] = { { "a", "12345" } };
static struct map_entry no_values[] = { { "a", NULL } };
static const char *text_items[] = { "a", "b", "c" };
static const char *bad_items[] = { "a", "\n" };
static struct inner inner_items[] = { { "x" }, { "y" }, { "a b" } };
static const struct inner nameless = { NULL };

struct whole_row {
	const char *what;
	struct whole whole;
	const char *why; /* part of the reason */
};

static const struct whole_row whole_rows[] = {
	{ "a short text", { .text = "a" }, "1 bytes" },
	{ "a long text", { .text = "1234567" }, "7 bytes" },
	{ "no UTF-8", { .text = "ab\xff" }, "character" },
	{ "a small number", { .text = "ab", .integer = -6 }, "outside" },
	{ "no choice", { .text = "ab", .choice = -2 }, "choices" },
	{ "beyond the choices", { .text = "ab", .choice = 2 }, "choices" },
	{ "a large map", { .text = "ab", .map = { 3, map_entries } }, "3 entries" },
	{ "an empty key", { .text = "ab", .map = { 1, bad_keys } }, "0 bytes" },
	{ "a long value", { .text = "ab", .map = { 1, bad_values } }, "5 bytes" },
	{ "no value", { .text = "ab", .map = { 1, no_values } }, "missing" },
	{ "a long list", { .text = "ab", .texts = { 3, text_items } }, "3 entries" },
	{ "a bad entry", { .text = "ab", .texts = { 2, bad_items } }, "character" },
	{ "many records", { .text = "ab", .records = { 3, inner_items } }, "3 entries" },
	{ "a bad record", { .text = "ab", .records = { 1, &inner_items[2] } }, "character" },
	{ "an incomplete record", { .text = "ab", .record = &nameless }, "missing" },
};

static void
senders_are_held_to_the_bounds(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(whole_rows); at++) {
		struct buffer out _cleanup_buffer_ = BUFFER(4096);
		const struct whole_row *row = &whole_rows[at];
		char why[RECORD_WHY_BYTES] = "";

		assert_int_equal(buffer_add_text(&out, "before"), 0);
		if (record_encode(&optional, &row->whole, &out, why) != -EINVAL)
			fail_msg("%s is encoded", row->what);
		if (strstr(why, row->why) == NULL)
			fail_msg("%s: %s", row->what, why);
		assert_string_equal(out.bytes, "before");
	}
}

static void
what_does_not_fit_leaves_the_buffer_alone(void **state)
{
	struct buffer out _cleanup_buffer_ = BUFFER(16);
	struct whole whole = { .choice = -1 };
	char why[RECORD_WHY_BYTES] = "";

	(void)state;
	assert_int_equal(buffer_add_text(&out, "before"), 0);
	assert_int_equal(record_encode(&optional, &whole, &out, why), -EMSGSIZE);
	assert_string_equal(out.bytes, "before");
}

/* ---- texts ---- */

struct class_row {
	struct slice text;
	unsigned classes; /* a bit for each */
};

#define ANY (1u << TEXT_ANY)
#define LINE (1u << TEXT_LINE)
#define VISIBLE (1u << TEXT_VISIBLE)
#define NAME (1u << TEXT_NAME)
#define HEX (1u << TEXT_HEX)

static const struct class_row class_rows[] = {
	{ SLICE(""), ANY | LINE | VISIBLE | NAME | HEX },
	{ SLICE("09af"), ANY | LINE | VISIBLE | NAME | HEX },
	{ SLICE("09AF"), ANY | LINE | VISIBLE | NAME },
	{ SLICE("g"), ANY | LINE | VISIBLE | NAME },
	{ SLICE("Az_-.9"), ANY | LINE | VISIBLE | NAME },
	{ SLICE("a/b"), ANY | LINE | VISIBLE },
	{ SLICE("!~"), ANY | LINE | VISIBLE },
	{ SLICE("a b"), ANY | LINE },
	{ SLICE("\xc3\xa9"), ANY | LINE },
	{ SLICE("\xc2\x85"), ANY | LINE }, /* C1 is not looked at */
	{ SLICE("\n"), ANY },
	{ SLICE("a\x1f"), ANY },
	{ SLICE("a\x7f"), ANY },
	{ SLICE("\0"), 0 },
	{ SLICE("a\0"), 0 },
	{ SLICE("\xff"), 0 },
	{ SLICE("\xc3"), 0 },
};

static void
texts_have_their_classes(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(class_rows); at++)
		for (enum text_class kind = TEXT_ANY; kind <= TEXT_HEX; kind++)
			if (text_is(kind, class_rows[at].text.bytes, class_rows[at].text.length) !=
			    ((class_rows[at].classes & (1u << kind)) != 0))
				fail_msg("row %zu, class %d", at, (int)kind);
}

static void
single_texts_are_decoded(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };

	(void)state;
	assert_string_equal(json_text(SLICE("\"a\\u00e9\\n\\ud83d\\ude00\""), &arena),
	    "a\xc3\xa9\n\xf0\x9f\x98\x80");
	assert_string_equal(json_text(SLICE("\"\""), &arena), "");
	assert_null(json_text(SLICE("7"), &arena));
	assert_null(json_text(SLICE("null"), &arena));
	assert_null(json_text(SLICE("[\"a\"]"), &arena));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_decoded),
		cmocka_unit_test(fields_are_held_to_the_table),
		cmocka_unit_test(only_an_object_is_a_record),
		cmocka_unit_test(optional_fields_may_be_absent_or_null),
		cmocka_unit_test(open_records_ignore_what_they_do_not_know),
		cmocka_unit_test(each_kind_is_encoded),
		cmocka_unit_test(absent_optional_fields_are_left_out),
		cmocka_unit_test(senders_are_held_to_the_bounds),
		cmocka_unit_test(what_does_not_fit_leaves_the_buffer_alone),
		cmocka_unit_test(texts_have_their_classes),
		cmocka_unit_test(single_texts_are_decoded),
	};

	return RUN_TESTS(tests);
}
