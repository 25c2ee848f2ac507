/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz targets.  Each has one function, which libFuzzer calls with made-up inputs, and replay.c with
 * those that are kept in corpus/.  What must hold is asserted: a crash is not the only finding.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/json_check.h"

/* Takes one input; always 0 (libFuzzer's contract). */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/*
 * A word that the dictionaries and seeds put where secrets and values stand: texts for people
 * that may never quote a value must not hold it.
 */
#define FUZZ_SECRET "Zq7Secret"

static inline void
fuzz_judge(bool good, const char *condition, const char *file, int line)
{
	if (good)
		return;
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

#define fuzz_assert(condition) fuzz_judge((condition), #condition, __FILE__, __LINE__)

static inline struct slice
fuzz_slice(const uint8_t *bytes, size_t length)
{
	return (struct slice){ .bytes = (const char *)bytes, .length = length };
}

/* A copy with a NUL behind it, in memory of just that size.  The caller frees it. */
static inline char *
fuzz_text(struct slice slice)
{
	char *text = malloc(slice.length + 1);

	fuzz_assert(text != NULL);
	if (slice.length > 0)
		memcpy(text, slice.bytes, slice.length);
	text[slice.length] = '\0';
	return text;
}

static inline bool
fuzz_equal(struct slice one, struct slice other)
{
	return one.length == other.length &&
	       (one.length == 0 || memcmp(one.bytes, other.bytes, one.length) == 0);
}

/* Whether `inner` lies within `outer`. */
static inline bool
fuzz_is_within(struct slice inner, struct slice outer)
{
	return inner.bytes >= outer.bytes && inner.length <= outer.length &&
	       inner.bytes + inner.length <= outer.bytes + outer.length;
}

/* A text for a person: one line, ended within its bound, without a value. */
static inline void
fuzz_judge_why(const char *why, size_t size_bytes)
{
	fuzz_assert(strnlen(why, size_bytes) < size_bytes);
	fuzz_assert(strchr(why, '\n') == NULL);
	fuzz_assert(strstr(why, FUZZ_SECRET) == NULL);
}

/*
 * Cuts off what stands before `separator` (or all of it), which is dropped.  False if nothing is
 * left.
 */
static inline bool
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

/*
 * Pieces of a text, as a stream brings them: cut at places that look random and follow from the
 * text, so that an input always behaves alike.  Each lies in memory of its own size, where a read
 * beyond it is noticed.
 */
struct pieces {
	struct slice rest;
	uint32_t state; /* never 0 */
	char *piece;    /* owned */
};

static inline struct pieces
pieces_begin(struct slice text)
{
	struct pieces pieces = { .rest = text, .state = 2166136261u };

	/* FNV-1a. */
	for (size_t at = 0; at < text.length; at++)
		pieces.state = (pieces.state ^ (unsigned char)text.bytes[at]) * 16777619u;
	pieces.state |= 1;
	return pieces;
}

/* The next number of the text's own sequence (xorshift). */
static inline uint32_t
pieces_number(struct pieces *pieces)
{
	pieces->state ^= pieces->state << 13;
	pieces->state ^= pieces->state >> 17;
	pieces->state ^= pieces->state << 5;
	return pieces->state;
}

/* The next piece, valid until the next call; false, with everything released, at the end. */
static inline bool
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
	fuzz_assert(pieces->piece != NULL);
	memcpy(pieces->piece, pieces->rest.bytes, length);
	*ret_piece = (struct slice){ .bytes = pieces->piece, .length = length };
	pieces->rest.bytes += length;
	pieces->rest.length -= length;
	return true;
}

#endif
