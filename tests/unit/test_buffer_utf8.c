/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Buffers hold to their bounds and wipe secrets; arenas and clocks; what is UTF-8 and what is not. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/utf8.h"

/* ---- buffers ---- */

static void
bounds_hold(void **state)
{
	struct buffer buffer _cleanup_buffer_ = BUFFER(8);

	(void)state;
	assert_int_equal(buffer_add(&buffer, "12345", 5), 0);
	assert_int_equal(buffer_add(&buffer, "6789", 4), -EMSGSIZE);
	assert_int_equal(buffer_add(&buffer, "", SIZE_MAX), -EMSGSIZE);
	assert_int_equal(buffer_printf(&buffer, "%d", 6789), -EMSGSIZE);
	assert_string_equal(buffer.bytes, "12345");
	assert_int_equal(buffer_printf(&buffer, "%d", 678), 0);
	assert_string_equal(buffer.bytes, "12345678");
	assert_int_equal(buffer.length, 8);
	assert_int_equal(buffer_add_text(&buffer, ""), 0);
	assert_int_equal(buffer_add_text(&buffer, "x"), -EMSGSIZE);
}

static void
a_zeroed_one_holds_nothing(void **state)
{
	struct buffer buffer _cleanup_buffer_ = { 0 };

	(void)state;
	assert_int_equal(buffer_add(&buffer, "x", 1), -EMSGSIZE);
	assert_int_equal(buffer_add(&buffer, NULL, 0), 0);
	assert_int_equal(buffer.length, 0);
	buffer_drop(&buffer, 1);
	buffer_clear(&buffer);
	buffer_free(&buffer);
	buffer_clear(&buffer);
	buffer_drop(&buffer, 0);
}

static void
what_it_holds_ends_in_a_nul(void **state)
{
	struct buffer buffer _cleanup_buffer_ = BUFFER(100000);

	(void)state;
	for (size_t length = 1; length <= 1000; length++) {
		assert_int_equal(buffer_add(&buffer, "x", 1), 0);
		assert_int_equal(buffer.length, length);
		assert_int_equal(strlen(buffer.bytes), length);
	}
	assert_int_equal(buffer_add(&buffer, "a\0b", 3), 0);
	assert_int_equal(buffer.length, 1003);
	assert_memory_equal(buffer.bytes + 1000, "a\0b", 4);
}

static void
its_start_can_be_dropped(void **state)
{
	struct buffer buffer _cleanup_buffer_ = BUFFER(16);

	(void)state;
	assert_int_equal(buffer_add_text(&buffer, "0123456789"), 0);
	buffer_drop(&buffer, 0);
	assert_string_equal(buffer.bytes, "0123456789");
	buffer_drop(&buffer, 4);
	assert_string_equal(buffer.bytes, "456789");
	assert_int_equal(buffer_add_text(&buffer, "abcdefghij"), 0);
	assert_string_equal(buffer.bytes, "456789abcdefghij");
	buffer_drop(&buffer, 17);
	assert_int_equal(buffer.length, 0);
	assert_string_equal(buffer.bytes, "");
	assert_int_equal(buffer_add_text(&buffer, "again"), 0);
	buffer_free(&buffer);
	assert_null(buffer.bytes);
	assert_int_equal(buffer_add_text(&buffer, "and again"), 0);
	assert_string_equal(buffer.bytes, "and again");
}

static void
expect_wiped(const struct buffer *buffer, size_t from)
{
	for (size_t at = from; at < buffer->capacity; at++)
		assert_int_equal(buffer->bytes[at], 0);
}

static void
secrets_are_wiped(void **state)
{
	struct buffer buffer _cleanup_buffer_ = SECRET_BUFFER(100);

	(void)state;
	assert_int_equal(buffer_add_text(&buffer, "SECRET and more"), 0);
	memset(buffer.bytes + buffer.length, 0, buffer.capacity - buffer.length);
	buffer_drop(&buffer, 7);
	assert_string_equal(buffer.bytes, "and more");
	expect_wiped(&buffer, buffer.length);
	buffer_drop(&buffer, 8);
	expect_wiped(&buffer, 0);
	assert_int_equal(buffer_add_text(&buffer, "SECRET"), 0);
	buffer_clear(&buffer);
	expect_wiped(&buffer, 0);
}

/* ---- arenas ---- */

static void
arenas_hand_out_zeroed_and_aligned_memory(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char *texts[500];

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(texts); at++) {
		char text[32];
		int length = snprintf(text, sizeof(text), "text %zu", at);
		unsigned char *memory = arena_alloc(&arena, at * 17);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
		for (size_t byte = 0; byte < at * 17; byte++)
			assert_int_equal(memory[byte], 0);
		memset(memory, 0xff, at * 17);
		texts[at] = arena_copy(&arena, text, (size_t)length);
		assert_non_null(texts[at]);
	}
	for (size_t at = 0; at < ARRAY_LEN(texts); at++) {
		char text[32];

		snprintf(text, sizeof(text), "text %zu", at);
		assert_string_equal(texts[at], text);
	}
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 16));
	arena_free(&arena);
	assert_null(arena.blocks);
	assert_non_null(arena_copy(&arena, "", 0));
}

/* ---- clocks ---- */

static void
the_wall_clock_is_written_as_rfc_3339_has_it(void **state)
{
	static const char like[] = "0000-00-00T00:00:00.000+00:00";
	char text[CLOCK_TEXT_BYTES];

	(void)state;
	clock_utc(text);
	assert_int_equal(strlen(text), strlen(like));
	for (size_t at = 0; like[at] != '\0'; at++) {
		if (like[at] == '0')
			assert_in_range(text[at], '0', '9');
		else
			assert_int_equal(text[at], like[at]);
	}
	assert_string_equal(text + 23, "+00:00");
}

static void
jitter_stays_below(void **state)
{
	int64_t before = clock_ms();

	(void)state;
	for (int64_t below = 1; below < 200; below++)
		assert_in_range(clock_jitter(below), 0, below - 1);
	assert_true(clock_ms() >= before);
}

/* ---- UTF-8 ---- */

struct row {
	const char *what;
	struct slice text;
	size_t step; /* of the first sequence */
};

static const struct row rows[] = {
	{ "NUL", SLICE("\0"), 1 },
	{ "ASCII", SLICE("z"), 1 },
	{ "the last of one byte", SLICE("\x7f"), 1 },
	{ "the first of two", SLICE("\xc2\x80"), 2 },
	{ "the last of two", SLICE("\xdf\xbf"), 2 },
	{ "the first of three", SLICE("\xe0\xa0\x80"), 3 },
	{ "below the surrogates", SLICE("\xed\x9f\xbf"), 3 },
	{ "above the surrogates", SLICE("\xee\x80\x80"), 3 },
	{ "the last of three", SLICE("\xef\xbf\xbf"), 3 },
	{ "the first of four", SLICE("\xf0\x90\x80\x80"), 4 },
	{ "the last of all", SLICE("\xf4\x8f\xbf\xbf"), 4 },
	{ "what follows does not matter", SLICE("\xc3\xa9\xff"), 2 },
	{ "a continuation alone", SLICE("\x80"), 0 },
	{ "the last continuation alone", SLICE("\xbf"), 0 },
	{ "overlong of two", SLICE("\xc0\x80"), 0 },
	{ "overlong slash", SLICE("\xc0\xaf"), 0 },
	{ "the last overlong of two", SLICE("\xc1\xbf"), 0 },
	{ "overlong of three", SLICE("\xe0\x80\x80"), 0 },
	{ "the last overlong of three", SLICE("\xe0\x9f\xbf"), 0 },
	{ "overlong of four", SLICE("\xf0\x80\x80\x80"), 0 },
	{ "the last overlong of four", SLICE("\xf0\x8f\xbf\xbf"), 0 },
	{ "the first surrogate", SLICE("\xed\xa0\x80"), 0 },
	{ "the last surrogate", SLICE("\xed\xbf\xbf"), 0 },
	{ "above U+10FFFF", SLICE("\xf4\x90\x80\x80"), 0 },
	{ "far above", SLICE("\xf5\x80\x80\x80"), 0 },
	{ "five bytes", SLICE("\xf8\x88\x80\x80\x80"), 0 },
	{ "six bytes", SLICE("\xfc\x84\x80\x80\x80\x80"), 0 },
	{ "no UTF-8 byte", SLICE("\xff"), 0 },
	{ "cut after one of two", SLICE("\xc3"), 0 },
	{ "cut after one of three", SLICE("\xe2"), 0 },
	{ "cut after two of three", SLICE("\xe2\x82"), 0 },
	{ "cut after three of four", SLICE("\xf0\x9f\x98"), 0 },
	{ "the second is none", SLICE("\xc3z"), 0 },
	{ "the third is none", SLICE("\xe2\x82z"), 0 },
	{ "the third starts another", SLICE("\xe2\x82\xc3"), 0 },
	{ "the fourth is none", SLICE("\xf0\x9f\x98z"), 0 },
};

static void
sequences_are_well_formed_or_none(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct slice *text = &rows[at].text;
		/* Without a NUL behind it, so that a byte too far is seen by ASan. */
		char *exact _cleanup_free_ = malloc(text->length);
		size_t step;

		assert_non_null(exact);
		memcpy(exact, text->bytes, text->length);
		step = utf8_sequence(exact, text->length);
		if (step != rows[at].step)
			fail_msg("%s: %zu, expected %zu", rows[at].what, step, rows[at].step);
		assert_int_equal(utf8_is_valid(exact, text->length),
		    step == text->length && exact[0] != '\0');
	}
}

/* Every code point, encoded as RFC 3629 says. */
static size_t
encode(unsigned point, char out[4])
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xc0 | (point >> 6));
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xe0 | (point >> 12));
		out[1] = (char)(0x80 | ((point >> 6) & 0x3f));
		out[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (point >> 18));
	out[1] = (char)(0x80 | ((point >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((point >> 6) & 0x3f));
	out[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

static void
every_code_point_is_judged(void **state)
{
	(void)state;
	for (unsigned point = 0; point < 0x120000; point++) {
		bool good = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
		char bytes[4];
		size_t length = encode(point, bytes);

		if (utf8_sequence(bytes, length) != (good ? length : 0))
			fail_msg("U+%04X", point);
	}
}

static void
texts_are_valid_as_a_whole(void **state)
{
	(void)state;
	assert_true(utf8_is_valid("", 0));
	assert_true(utf8_is_valid("a\xc3\xa9\xf0\x9f\x98\x80z", 8));
	assert_false(utf8_is_valid("a\xc3\xa9\xf0\x9f\x98\x80z", 6));
	assert_false(utf8_is_valid("a\0b", 3));
	assert_false(utf8_is_valid("ab\xff", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(a_zeroed_one_holds_nothing),
		cmocka_unit_test(what_it_holds_ends_in_a_nul),
		cmocka_unit_test(its_start_can_be_dropped),
		cmocka_unit_test(secrets_are_wiped),
		cmocka_unit_test(arenas_hand_out_zeroed_and_aligned_memory),
		cmocka_unit_test(the_wall_clock_is_written_as_rfc_3339_has_it),
		cmocka_unit_test(jitter_stays_below),
		cmocka_unit_test(sequences_are_well_formed_or_none),
		cmocka_unit_test(every_code_point_is_judged),
		cmocka_unit_test(texts_are_valid_as_a_whole),
	};

	return RUN_TESTS(tests);
}
