/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that reads messages.  Memory that belongs to one decoded message and is released,
 * and wiped, with it: so that a plain struct of pointers has one obvious owner.
 */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

/* A zeroed arena is empty and ready.  With `secret` what is added is on pages for secrets. */
struct arena {
	struct arena_block *blocks;
	bool secret;
};

/* Zeroed memory for any type, or NULL.  `size_bytes` may be 0. */
void *arena_alloc(struct arena *arena, size_t size_bytes);

/* A copy with a NUL behind it, or NULL. */
char *arena_copy(struct arena *arena, const char *bytes, size_t length);

/* Wipes and releases everything; the arena is empty and ready again. */
void arena_free(struct arena *arena);

#define _cleanup_arena_ __attribute__((cleanup(arena_free)))

#endif
