/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that holds a secret.  See secret_memory.h.  A slab is a mapping that is cut into
 * slots of one size; what fits no size gets a slab of its own.  The accounts of the slabs lie
 * elsewhere, so an overflow can't reach them, and a child after fork still has them.
 */
#include "common/secret_memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/attr.h"

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(bytes, length) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(bytes, length) ((void)0)
#endif

#define SLAB_BYTES ((size_t)16 * 1024)
#define SLOTS_MAX 64
#define SIZE_MAX_BYTES ((size_t)1 << 30)

/* Rising; each fits into a slab at most SLOTS_MAX times. */
static const size_t slot_sizes[] = { 256, 1024, 4096 };

struct slab {
	struct slab *next;
	char *bytes;
	size_t mapped_bytes; /* without the guard pages */
	size_t slot_bytes;
	unsigned slots;
	uint64_t used; /* a bit a slot */
};

static struct slab *slabs;
static int first_error;

static size_t
page_bytes(void)
{
	return (size_t)getpagesize();
}

static size_t
whole_pages(size_t length)
{
	return (length + page_bytes() - 1) / page_bytes() * page_bytes();
}

static void
note(int result)
{
	if (result != 0 && first_error == 0)
		first_error = -errno;
}

/* Maps `length` bytes (whole pages) with a guard page on each side.  NULL without memory. */
static char *
map(size_t length)
{
	size_t page = page_bytes();
	char *start = mmap(NULL, length + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		return NULL;
	if (mprotect(start + page, length, PROT_READ | PROT_WRITE) != 0) {
		(void)munmap(start, length + 2 * page);
		return NULL;
	}
	note(madvise(start + page, length, MADV_DONTDUMP));
	note(madvise(start + page, length, MADV_WIPEONFORK));
	if (length <= SECRET_LOCKED_MAX_BYTES)
		note(mlock(start + page, length));
	ASAN_POISON_MEMORY_REGION(start + page, length);
	return start + page;
}

static void
unmap(struct slab *slab)
{
	size_t page = page_bytes();

	ASAN_UNPOISON_MEMORY_REGION(slab->bytes, slab->mapped_bytes);
	(void)munmap(slab->bytes - page, slab->mapped_bytes + 2 * page);
	free(slab);
}

static struct slab *
add_slab(size_t slot_bytes, unsigned slots)
{
	struct slab *slab = calloc(1, sizeof(*slab));

	if (slab == NULL)
		return NULL;
	slab->slot_bytes = slot_bytes;
	slab->slots = slots;
	slab->mapped_bytes = whole_pages(slot_bytes * slots);
	slab->bytes = map(slab->mapped_bytes);
	if (slab->bytes == NULL) {
		free(slab);
		return NULL;
	}
	slab->next = slabs;
	slabs = slab;
	return slab;
}

static bool
has_room(const struct slab *slab)
{
	return slab->used != UINT64_MAX >> (SLOTS_MAX - slab->slots);
}

/* A slab with a free slot for `size_bytes`, a new one if need be. */
static struct slab *
find_room(size_t size_bytes)
{
	for (size_t at = 0; at < ARRAY_LEN(slot_sizes); at++) {
		if (size_bytes > slot_sizes[at])
			continue;
		for (struct slab *slab = slabs; slab != NULL; slab = slab->next)
			if (slab->slot_bytes == slot_sizes[at] && has_room(slab))
				return slab;
		return add_slab(slot_sizes[at], (unsigned)(SLAB_BYTES / slot_sizes[at]));
	}
	return add_slab(whole_pages(size_bytes), 1);
}

void *
secret_alloc(size_t size_bytes)
{
	struct slab *slab = size_bytes <= SIZE_MAX_BYTES ? find_room(size_bytes) : NULL;
	unsigned slot;
	char *memory;

	if (slab == NULL)
		return NULL;
	slot = (unsigned)__builtin_ctzll(~slab->used);
	slab->used |= UINT64_C(1) << slot;
	memory = slab->bytes + slot * slab->slot_bytes;
	ASAN_UNPOISON_MEMORY_REGION(memory, size_bytes);
	return memory;
}

char *
secret_copy(const char *bytes, size_t length)
{
	char *copy = length < SIZE_MAX_BYTES ? secret_alloc(length + 1) : NULL;

	if (copy != NULL && length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

/* Wipes the slot at `memory`; whether it was one in use. */
static bool
give_back(struct slab *slab, char *memory)
{
	size_t offset = (size_t)(memory - slab->bytes);
	uint64_t bit = UINT64_C(1) << offset / slab->slot_bytes;

	if (offset % slab->slot_bytes != 0 || (slab->used & bit) == 0)
		return false;
	ASAN_UNPOISON_MEMORY_REGION(memory, slab->slot_bytes);
	explicit_bzero(memory, slab->slot_bytes);
	ASAN_POISON_MEMORY_REGION(memory, slab->slot_bytes);
	slab->used &= ~bit;
	return true;
}

void
secret_free(void *memory)
{
	struct slab **at = &slabs;
	uintptr_t where = (uintptr_t)memory;

	if (memory == NULL)
		return;
	while (*at != NULL &&
	       where - (uintptr_t)(*at)->bytes >= (*at)->slot_bytes * (size_t)(*at)->slots)
		at = &(*at)->next;
	if (*at == NULL || !give_back(*at, memory))
		abort();
	if ((*at)->used == 0) {
		struct slab *empty = *at;

		*at = empty->next;
		unmap(empty);
	}
}

int
secret_memory_error(void)
{
	return first_error;
}
