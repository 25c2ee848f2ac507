/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process that reads messages.  See arena.h. */
#include "common/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret_memory.h"

/* With its head a block fills one slot of the pages for secrets. */
#define BLOCK_BYTES (4096 - sizeof(struct arena_block))
#define ALIGN_BYTES _Alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t capacity;
	bool secret;
	_Alignas(max_align_t) char bytes[];
};

static struct arena_block *
add_block(struct arena *arena, size_t size_bytes)
{
	size_t capacity = size_bytes > BLOCK_BYTES ? size_bytes : BLOCK_BYTES;
	struct arena_block *block;

	if (capacity > SIZE_MAX - sizeof(*block))
		return NULL;
	block = arena->secret ? secret_alloc(sizeof(*block) + capacity) :
				calloc(1, sizeof(*block) + capacity);
	if (block == NULL)
		return NULL;
	block->secret = arena->secret;
	block->capacity = capacity;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *
arena_alloc(struct arena *arena, size_t size_bytes)
{
	struct arena_block *block = arena->blocks;
	void *memory;

	if (size_bytes > SIZE_MAX - ALIGN_BYTES)
		return NULL;
	size_bytes = (size_bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
	if (block == NULL || block->secret != arena->secret ||
	    block->capacity - block->used < size_bytes) {
		block = add_block(arena, size_bytes);
		if (block == NULL)
			return NULL;
	}
	memory = block->bytes + block->used;
	block->used += size_bytes;
	return memory;
}

char *
arena_copy(struct arena *arena, const char *bytes, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (copy != NULL && length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

void
arena_free(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block != NULL) {
		struct arena_block *next = block->next;

		explicit_bzero(block->bytes, block->used);
		if (block->secret)
			secret_free(block);
		else
			free(block);
		block = next;
	}
	arena->blocks = NULL;
}
