/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz targets.  See fuzz.h. */
#include "tests/fuzz/fuzz.h"

void
fuzz_fail(const char *condition, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

char *
fuzz_text(struct slice slice)
{
	char *text = malloc(slice.length + 1);

	if (text == NULL)
		abort();
	if (slice.length > 0)
		memcpy(text, slice.bytes, slice.length);
	text[slice.length] = '\0';
	return text;
}

bool
fuzz_equal(struct slice one, struct slice other)
{
	return one.length == other.length &&
	       (one.length == 0 || memcmp(one.bytes, other.bytes, one.length) == 0);
}

bool
fuzz_is_within(struct slice inner, struct slice outer)
{
	return inner.bytes >= outer.bytes && inner.length <= outer.length &&
	       inner.bytes + inner.length <= outer.bytes + outer.length;
}

bool
fuzz_is_zero(const void *memory, size_t size_bytes)
{
	const char *bytes = memory;

	for (size_t at = 0; at < size_bytes; at++)
		if (bytes[at] != 0)
			return false;
	return true;
}

void
fuzz_judge_why(const char *why, size_t size_bytes)
{
	fuzz_assert(strnlen(why, size_bytes) < size_bytes);
	fuzz_assert(strchr(why, '\n') == NULL);
	fuzz_assert(strstr(why, FUZZ_SECRET) == NULL);
}

bool
fuzz_cut(struct slice *rest, const char *separator, struct slice *ret_part)
{
	size_t length = strlen(separator);
	const char *end;

	if (rest->length == 0)
		return false;
	end = memmem(rest->bytes, rest->length, separator, length);
	*ret_part = *rest;
	if (end == NULL) {
		rest->bytes += rest->length;
		rest->length = 0;
		return true;
	}
	ret_part->length = (size_t)(end - rest->bytes);
	rest->bytes = end + length;
	rest->length -= ret_part->length + length;
	return true;
}

struct pieces
pieces_begin(struct slice text)
{
	struct pieces pieces = { .rest = text, .state = 2166136261u };

	/* FNV-1a. */
	for (size_t at = 0; at < text.length; at++)
		pieces.state = (pieces.state ^ (unsigned char)text.bytes[at]) * 16777619u;
	pieces.state |= 1;
	return pieces;
}

/* Xorshift. */
uint32_t
pieces_number(struct pieces *pieces)
{
	pieces->state ^= pieces->state << 13;
	pieces->state ^= pieces->state >> 17;
	pieces->state ^= pieces->state << 5;
	return pieces->state;
}

bool
pieces_next(struct pieces *pieces, struct slice *ret_piece)
{
	static const size_t most[] = { 1, 2, 4, 16, 64, 256, 4096, SIZE_MAX };
	uint32_t number = pieces_number(pieces);
	size_t length = most[number % ARRAY_LEN(most)];

	free(pieces->piece);
	pieces->piece = NULL;
	if (pieces->rest.length == 0)
		return false;
	if (length > pieces->rest.length)
		length = pieces->rest.length;
	pieces->piece = malloc(length);
	if (pieces->piece == NULL)
		abort();
	memcpy(pieces->piece, pieces->rest.bytes, length);
	*ret_piece = (struct slice){ .bytes = pieces->piece, .length = length };
	pieces->rest.bytes += length;
	pieces->rest.length -= length;
	return true;
}
