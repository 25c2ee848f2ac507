/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process that parses JSON.  See json_key.h. */
#include "common/json_key.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int
json_hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

int
json_keys_add(struct json_keys *keys, const char *bytes, size_t length)
{
	if (keys->count == keys->capacity) {
		size_t capacity = keys->capacity == 0 ? 16 : keys->capacity * 2;
		struct slice *items = reallocarray(keys->items, capacity, sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		keys->items = items;
		keys->capacity = capacity;
	}
	keys->items[keys->count++] = (struct slice){ .bytes = bytes, .length = length };
	return 0;
}

void
json_keys_free(struct json_keys *keys)
{
	free(keys->items);
	*keys = (struct json_keys){ 0 };
}

/* The UTF-16 unit of a well-formed \u escape at `at`. */
static uint32_t
unit_at(const char *at)
{
	uint32_t unit = 0;

	for (int digit = 2; digit < 6; digit++)
		unit = unit * 16 + (uint32_t)json_hex_digit(at[digit]);
	return unit;
}

/* The code point of the escape at `*at`, which moves behind it. */
static uint32_t
next_escape(const char **at)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	const char *letter;
	uint32_t unit;

	if ((*at)[1] != 'u') {
		char byte = (*at)[1];

		letter = strchr(letters, byte);
		*at += 2;
		return (unsigned char)(letter != NULL ? meanings[letter - letters] : byte);
	}
	unit = unit_at(*at);
	*at += 6;
	if (unit < 0xd800 || unit > 0xdbff)
		return unit;
	unit = 0x10000 + ((unit - 0xd800) << 10) + (unit_at(*at) - 0xdc00);
	*at += 6;
	return unit;
}

/* The code point of the well-formed UTF-8 sequence at `*at`, which moves behind it. */
static uint32_t
next_character(const char **at)
{
	unsigned char first = (unsigned char)*(*at)++;
	uint32_t point;
	int more;

	if (first < 0x80)
		return first;
	more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	point = first & (0x3fu >> more);
	while (more-- > 0)
		point = (point << 6) | ((unsigned char)*(*at)++ & 0x3f);
	return point;
}

static int
compare_keys(const void *one_pointer, const void *other_pointer)
{
	const struct slice *one = one_pointer, *other = other_pointer;
	const char *left = one->bytes, *left_end = left + one->length;
	const char *right = other->bytes, *right_end = right + other->length;

	while (left < left_end && right < right_end) {
		uint32_t a = *left == '\\' ? next_escape(&left) : next_character(&left);
		uint32_t b = *right == '\\' ? next_escape(&right) : next_character(&right);

		if (a != b)
			return a < b ? -1 : 1;
	}
	return (left < left_end) - (right < right_end);
}

bool
json_keys_repeat(struct json_keys *keys, size_t first)
{
	struct slice *items = keys->items + first;
	size_t count = keys->count - first;

	if (count < 2)
		return false;
	qsort(items, count, sizeof(*items), compare_keys);
	for (size_t at = 1; at < count; at++)
		if (compare_keys(&items[at - 1], &items[at]) == 0)
			return true;
	return false;
}
