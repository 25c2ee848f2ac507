/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams and lists of objects, cut anywhere: the same objects come out, or the same refusal. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/splitter.h"

/* What the sink was told: objects, and "!" before the head of one over the bound. */
struct heard {
	struct buffer told;
	unsigned left; /* objects until it says stop; 0: it never does */
};

#define HEARD() ((struct heard){ .told = BUFFER(65536) })

static bool
tell(struct heard *heard, const char *mark, struct slice text)
{
	assert_int_equal(buffer_add_text(&heard->told, mark), 0);
	assert_int_equal(buffer_add(&heard->told, text.bytes, text.length), 0);
	assert_int_equal(buffer_add_text(&heard->told, "\n"), 0);
	return heard->left == 0 || --heard->left > 0;
}

static bool
on_object(void *context, struct slice text)
{
	return tell(context, "", text);
}

static bool
on_oversized(void *context, struct slice head)
{
	return tell(context, "!", head);
}

static const struct splitter_sink sink = { .object = on_object, .oversized = on_oversized };

static const char *
told(const struct heard *heard)
{
	return heard->told.bytes == NULL ? "" : heard->told.bytes;
}

/* Feeds the text in three pieces; the first error, or 0. */
static int
feed(struct splitter *splitter, struct slice text, size_t one, size_t other, struct heard *heard)
{
	const size_t ends[] = { one, other, text.length };
	size_t at = 0;
	int result = 0;

	for (size_t i = 0; i < ARRAY_LEN(ends) && result == 0; i++) {
		result = splitter_feed(splitter, (struct slice){ text.bytes + at, ends[i] - at },
		    &sink, heard);
		at = ends[i];
	}
	return result;
}

struct row {
	const char *what;
	bool list;
	struct slice text;
	const char *told;
};

static const struct row rows[] = {
	{ "an empty stream", false, SLICE(""), "" },
	{ "blanks", false, SLICE(" \r\n\t"), "" },
	{ "two events", false, SLICE("{\"a\":1}\n{\"b\":2}\n"), "{\"a\":1}\n{\"b\":2}\n" },
	{ "two events, nothing between", false, SLICE("{\"a\":1}{}"), "{\"a\":1}\n{}\n" },
	{ "record separators", false, SLICE("\036{\"a\":1}\n\036{\"b\":2}\n"),
	    "{\"a\":1}\n{\"b\":2}\n" },
	{ "brackets in strings", false, SLICE("{\"a\":\"}{][\"}{\"}\":\"{\"}"),
	    "{\"a\":\"}{][\"}\n{\"}\":\"{\"}\n" },
	{ "escaped quotes", false, SLICE("{\"a\":\"\\\"}\"}{\"b\":\"\\\\\"}"),
	    "{\"a\":\"\\\"}\"}\n{\"b\":\"\\\\\"}\n" },
	{ "escapes before the end", false, SLICE("{\"a\":\"\\\\\\\"}\\\\\"}{\"\\u007d\":1}"),
	    "{\"a\":\"\\\\\\\"}\\\\\"}\n{\"\\u007d\":1}\n" },
	{ "nested", false, SLICE("{\"a\":[{\"b\":[{}]},[]]}"), "{\"a\":[{\"b\":[{}]},[]]}\n" },
	{ "bytes of no text", false, SLICE("{\"a\":\"\377\0\036\"}"), "{\"a\":\"\377" },
	{ "brackets that do not match end it all the same", false, SLICE("{\"a\":]{}"),
	    "{\"a\":]\n{}\n" },
	{ "an empty list", true, SLICE("[]"), "" },
	{ "an empty list, blanks", true, SLICE(" [ ] \n"), "" },
	{ "a list", true, SLICE("[{\"a\":1}, {\"b\":[1,{\"c\":2}]} ]\n"),
	    "{\"a\":1}\n{\"b\":[1,{\"c\":2}]}\n" },
	{ "a list of strings with brackets", true, SLICE("[{\"a\":\"]\"},{\"b\":\",[\\\"]\"}]"),
	    "{\"a\":\"]\"}\n{\"b\":\",[\\\"]\"}\n" },
};

static void
the_pieces_make_no_difference(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		size_t length = row->text.length;

		for (size_t cut = 0; cut < (length + 1) * (length + 1); cut++) {
			size_t one = cut % (length + 1), other = cut / (length + 1);
			struct splitter splitter = { 0 };
			struct heard heard = HEARD();

			if (one > other)
				continue;
			splitter_begin(&splitter, row->list, 4096);
			row_int_equal(row->what, feed(&splitter, row->text, one, other, &heard), 0);
			row_string_equal(row->what, told(&heard), row->told);
			row_int_equal(row->what, splitter_is_whole(&splitter), true);
			splitter_free(&splitter);
			buffer_free(&heard.told);
		}
	}
}

struct wrong_row {
	bool list;
	struct slice text;
};

static const struct wrong_row wrong_rows[] = {
	{ false, SLICE("[{}]") },
	{ false, SLICE("{},{}") },
	{ false, SLICE("{}]") },
	{ false, SLICE("}") },
	{ false, SLICE("null") },
	{ false, SLICE("1") },
	{ false, SLICE("\"a\"") },
	{ false, SLICE("{}\0") },
	{ false, SLICE("<html>{}</html>") },
	{ false, SLICE("\357\273\277{}") },
	{ true, SLICE("{}") },
	{ true, SLICE("[{}{}]") },
	{ true, SLICE("[,{}]") },
	{ true, SLICE("[{},]") },
	{ true, SLICE("[{},,{}]") },
	{ true, SLICE("[1]") },
	{ true, SLICE("[null]") },
	{ true, SLICE("[[]]") },
	{ true, SLICE("[{}]x") },
	{ true, SLICE("[{}][{}]") },
	{ true, SLICE("[}") },
	{ true, SLICE("]") },
	{ true, SLICE("null") },
	{ true, SLICE("<html>[]</html>") },
};

static void
other_texts_are_refused(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(wrong_rows); at++) {
		const struct wrong_row *row = &wrong_rows[at];

		for (size_t cut = 0; cut <= row->text.length; cut++) {
			struct splitter splitter = { 0 };
			struct heard heard = HEARD();

			splitter_begin(&splitter, row->list, 4096);
			row_int_equal(row->text.bytes,
			    feed(&splitter, row->text, cut, row->text.length, &heard), -EBADMSG);
			splitter_free(&splitter);
			buffer_free(&heard.told);
		}
	}
}

struct end_row {
	const char *text;
	bool list;
	bool whole;
};

static const struct end_row end_rows[] = {
	{ "", false, true },
	{ "{}", false, true },
	{ "{}\n", false, true },
	{ "{", false, false },
	{ "{}{\"a\":\"}", false, false },
	{ "", true, false },
	{ " ", true, false },
	{ "[", true, false },
	{ "[{", true, false },
	{ "[{}", true, false },
	{ "[{},", true, false },
	{ "[{},{}]", true, true },
	{ "[] ", true, true },
};

static void
a_cut_stream_is_seen(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(end_rows); at++) {
		const struct end_row *row = &end_rows[at];
		struct splitter splitter = { 0 };
		struct heard heard = HEARD();

		splitter_begin(&splitter, row->list, 4096);
		row_int_equal(row->text, feed(&splitter, slice_of(row->text), 0, 0, &heard), 0);
		row_int_equal(row->text, splitter_is_whole(&splitter), row->whole);
		/* A new one begins from nothing, whatever there was. */
		splitter_begin(&splitter, false, 4096);
		buffer_clear(&heard.told);
		row_int_equal(row->text, feed(&splitter, slice_of("{\"a\":1}"), 0, 0, &heard), 0);
		row_string_equal(row->text, told(&heard), "{\"a\":1}\n");
		splitter_free(&splitter);
		buffer_free(&heard.told);
	}
}

/* ---- the bound ---- */

#define BOUND_BYTES 700

/* [{"a":1},{"Id":"xxx…"},{"b":2}], the one in the middle of so many bytes. */
static void
make_list(struct buffer *out, size_t middle_bytes)
{
	size_t fill = middle_bytes - sizeof("{\"Id\":\"\"}") + 1;

	assert_int_equal(buffer_add_text(out, "[{\"a\":1},{\"Id\":\""), 0);
	for (size_t at = 0; at < fill; at++)
		assert_int_equal(buffer_add_text(out, "x"), 0);
	assert_int_equal(buffer_add_text(out, "\"},{\"b\":2}]"), 0);
}

static void
the_bound_is_exact(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		struct buffer text _cleanup_buffer_ = BUFFER(4096);
		struct splitter splitter = { 0 };
		struct heard heard = HEARD();

		make_list(&text, BOUND_BYTES + more);
		splitter_begin(&splitter, true, BOUND_BYTES);
		assert_int_equal(feed(&splitter, slice_of(text.bytes), 0, 0, &heard), 0);
		assert_int_equal(strchr(told(&heard), '!') != NULL, more);
		splitter_free(&splitter);
		buffer_free(&heard.told);
	}
}

/* Its head is the same whatever the pieces are: it tells whose it was. */
static void
a_huge_object_costs_no_other(void **state)
{
	struct buffer text _cleanup_buffer_ = BUFFER(4096);
	struct buffer expected _cleanup_buffer_ = BUFFER(4096);

	(void)state;
	make_list(&text, 3 * BOUND_BYTES);
	assert_int_equal(buffer_add_text(&expected, "{\"a\":1}\n!"), 0);
	assert_int_equal(buffer_add(&expected, strstr(text.bytes, "{\"Id\""), SPLITTER_HEAD_BYTES),
	    0);
	assert_int_equal(buffer_add_text(&expected, "\n{\"b\":2}\n"), 0);
	for (size_t cut = 0; cut <= text.length; cut++) {
		struct splitter splitter = { 0 };
		struct heard heard = HEARD();

		splitter_begin(&splitter, true, BOUND_BYTES);
		assert_int_equal(feed(&splitter, slice_of(text.bytes), cut / 2, cut, &heard), 0);
		assert_string_equal(told(&heard), expected.bytes);
		assert_true(splitter_is_whole(&splitter));
		splitter_free(&splitter);
		buffer_free(&heard.told);
	}
}

static void
the_head_is_within_the_bound(void **state)
{
	struct splitter splitter = { 0 };
	struct heard heard = HEARD();

	(void)state;
	splitter_begin(&splitter, false, 10);
	assert_int_equal(feed(&splitter, slice_of("{\"a\":\"0123456789\"}{}"), 0, 0, &heard), 0);
	assert_string_equal(told(&heard), "!{\"a\":\"0123\n{}\n");
	splitter_free(&splitter);
	buffer_free(&heard.told);
}

static void
the_sink_may_stop_it(void **state)
{
	struct splitter splitter = { 0 };
	struct heard heard = HEARD();

	(void)state;
	heard.left = 2;
	splitter_begin(&splitter, false, 4096);
	assert_int_equal(feed(&splitter, slice_of("{\"a\":1}{\"b\":2}{\"c\":3}"), 0, 0, &heard),
	    -ECANCELED);
	assert_string_equal(told(&heard), "{\"a\":1}\n{\"b\":2}\n");
	splitter_free(&splitter);
	buffer_free(&heard.told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pieces_make_no_difference),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(a_cut_stream_is_seen),
		cmocka_unit_test(the_bound_is_exact),
		cmocka_unit_test(a_huge_object_costs_no_other),
		cmocka_unit_test(the_head_is_within_the_bound),
		cmocka_unit_test(the_sink_may_stop_it),
	};

	return RUN_TESTS(tests);
}
