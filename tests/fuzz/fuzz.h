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

#define fuzz_assert(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

/* Says what does not hold, and ends the program. */
_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

static inline struct slice
fuzz_slice(const uint8_t *bytes, size_t length)
{
	return (struct slice){ .bytes = (const char *)bytes, .length = length };
}

/* A copy with a NUL behind it, in memory of just that size.  The caller frees it. */
char *fuzz_text(struct slice slice);

bool fuzz_equal(struct slice one, struct slice other);

/* Whether `inner` lies within `outer`. */
bool fuzz_is_within(struct slice inner, struct slice outer);

/* Whether every byte of a struct is 0: nothing is left of what was refused. */
bool fuzz_is_zero(const void *memory, size_t size_bytes);

/* A text for a person: one line, ended within its bound, without a value. */
void fuzz_judge_why(const char *why, size_t size_bytes);

/*
 * Cuts off what stands before `separator` (or all of it), which is dropped.  False if nothing is
 * left.
 */
bool fuzz_cut(struct slice *rest, const char *separator, struct slice *ret_part);

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

struct pieces pieces_begin(struct slice text);

/* The next piece, valid until the next call; false, with everything released, at the end. */
bool pieces_next(struct pieces *pieces, struct slice *ret_piece);

/* The next number of the text's own sequence. */
uint32_t pieces_number(struct pieces *pieces);

#endif
