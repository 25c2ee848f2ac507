/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON that the supervisor writes without a library is read by the strict check as it was. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/json_out.h"
#include "common/record.h"

#define LINE_MAX_BYTES 500

static struct slice
slice_in(const struct buffer *buffer)
{
	return (struct slice){ .bytes = buffer->bytes, .length = buffer->length };
}

static void
expect_round_trip(const char *text)
{
	struct buffer out _cleanup_buffer_ = BUFFER(4096);
	struct arena arena _cleanup_arena_ = { 0 };
	enum json_flaw flaw;

	assert_int_equal(json_add_text(&out, text), 0);
	flaw = json_check(slice_in(&out), JSON_MAX_DEPTH);
	if (flaw != JSON_GOOD)
		fail_msg("%s: %s", out.bytes, json_flaw_texts[flaw]);
	assert_string_equal(json_text(slice_in(&out), &arena), text);
}

static void
every_character_survives(void **state)
{
	char text[] = "a?z", all[128];

	(void)state;
	for (int byte = 1; byte < 128; byte++) {
		text[1] = (char)byte;
		expect_round_trip(text);
		all[byte - 1] = (char)byte;
	}
	all[127] = '\0';
	expect_round_trip(all);
	expect_round_trip("");
	expect_round_trip("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8");
	expect_round_trip("\",\"x\":\"\\");
}

static void
what_does_not_fit_is_told(void **state)
{
	(void)state;
	for (size_t bound = 0; bound < 9; bound++) {
		struct buffer out _cleanup_buffer_ = BUFFER(bound);

		/* Six bytes of an escape, and quotes. */
		assert_int_equal(json_add_text(&out, "\x01"), bound < 8 ? -EMSGSIZE : 0);
	}
}

/* The lines as a list, read back. */
static size_t
read_lines(const char *lines, unsigned most, const char **texts, struct arena *arena)
{
	struct buffer out _cleanup_buffer_ = BUFFER(65536);
	struct slice element;
	size_t at = 0, count = 0;

	assert_int_equal(buffer_add_text(&out, "["), 0);
	assert_int_equal(json_add_lines(&out, lines, most), 0);
	assert_int_equal(buffer_add_text(&out, "]"), 0);
	assert_int_equal(json_check(slice_in(&out), JSON_MAX_DEPTH), JSON_GOOD);
	while (json_next_element(slice_in(&out), &at, &element))
		texts[count++] = json_text(element, arena);
	return count;
}

static void
lines_become_a_list(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	const char *texts[8] = { NULL };

	(void)state;
	assert_int_equal(read_lines(NULL, 8, texts, &arena), 0);
	assert_int_equal(read_lines("", 8, texts, &arena), 0);
	assert_int_equal(read_lines("one\n\n\"two\"\tx\nthree", 8, texts, &arena), 4);
	assert_string_equal(texts[0], "one");
	assert_string_equal(texts[1], "");
	assert_string_equal(texts[2], "\"two\"\tx");
	assert_string_equal(texts[3], "three");
	assert_int_equal(read_lines("one\ntwo\nthree\n", 2, texts, &arena), 2);
	assert_string_equal(texts[1], "two");
}

static void
long_lines_are_cut_between_characters(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	const char *texts[8] = { NULL };

	(void)state;
	for (size_t before = LINE_MAX_BYTES - 4; before <= LINE_MAX_BYTES; before++) {
		struct buffer lines _cleanup_buffer_ = BUFFER(4096);

		for (size_t at = 0; at < before; at++)
			assert_int_equal(buffer_add_text(&lines, "a"), 0);
		assert_int_equal(buffer_add_text(&lines, "\xf0\x9f\x98\x80zzzz\nnext\n"), 0);
		assert_int_equal(read_lines(lines.bytes, 8, texts, &arena), 2);
		/* All of its four bytes or none. */
		assert_int_equal(strlen(texts[0]),
		    before + 4 <= LINE_MAX_BYTES ? LINE_MAX_BYTES : before);
		assert_string_equal(texts[1], "next");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_survives),
		cmocka_unit_test(what_does_not_fit_is_told),
		cmocka_unit_test(lines_become_a_list),
		cmocka_unit_test(long_lines_are_cut_between_characters),
	};

	return RUN_TESTS(tests);
}
