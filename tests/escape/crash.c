/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox.  Not escapes: a worker that crashes must end in its own signal, with
 * and without the sandbox.  A crash that ends in SIGSYS hides its reason.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/escape/attempt.h"

/* No more than a policy gives, and bounded without one. */
#define HEAP_MAX_BYTES (400L * 1024 * 1024)
#define HEAP_PIECE_BYTES (60L * 1024)

static volatile char sink;

static int
call_abort(const struct scene *scene UNUSED)
{
	abort();
}

/* By way of a pointer, or the compilers see what is meant to be found at run time. */
static void (*volatile release)(void *) = free;

static int
free_twice(const struct scene *scene UNUSED)
{
	char *volatile piece = malloc(2000);

	release(piece);
	release(piece);
	return 0;
}

/* In pieces, as a worker's own are: from the heap first, then in mappings. */
static int
exhaust_heap(const struct scene *scene UNUSED)
{
	static void **last;

	for (long used = 0; used < HEAP_MAX_BYTES; used += HEAP_PIECE_BYTES) {
		void **piece = malloc(HEAP_PIECE_BYTES);

		if (piece == NULL)
			return -errno;
		*piece = last;
		last = piece;
	}
	return 0;
}

static int
recurse(int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	sink = frame[0];
	return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

static int
overflow_stack(const struct scene *scene UNUSED)
{
	return recurse(1);
}

static volatile uintptr_t nowhere;

static int
follow_null(const struct scene *scene UNUSED)
{
	return *(volatile const char *)nowhere;
}

#define ENDS_IN(outcome) .answer = (outcome), .behind = (outcome), .control = (outcome)

static const struct attempt attempts[] = {
	{ "crash", "abort", "abort()", .act = call_abort, ENDS_IN(-SIGABRT) },
	{ "crash", "double-free", "what malloc finds", .act = free_twice, ENDS_IN(-SIGABRT) },
	{ "crash", "heap", "no more memory", .act = exhaust_heap, .answer = ENOMEM,
	    .behind = ENOMEM },
	{ "crash", "stack", "a stack that overflows", .act = overflow_stack, ENDS_IN(-SIGSEGV) },
	{ "crash", "null", "a null pointer", .act = follow_null, ENDS_IN(-SIGSEGV) },
};

const struct attempt_table attempts_crash = { attempts, ARRAY_LEN(attempts) };
