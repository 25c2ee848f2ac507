/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that holds a secret.  Memory for it: on pages of its own, which are locked (not
 * swapped), left out of core dumps, zero in a child after fork, between pages that can't be
 * touched, and wiped before they are given back.  Not for threads.
 */
#ifndef COMMON_SECRET_MEMORY_H
#define COMMON_SECRET_MEMORY_H

#include <stddef.h>

/*
 * What is larger is not locked: no secret is (a state file has 64 KiB, and a buffer doubles), and
 * RLIMIT_MEMLOCK is to last for those that are.
 */
#define SECRET_LOCKED_MAX_BYTES ((size_t)128 * 1024)

/* Zeroed memory for any type, or NULL.  `size_bytes` may be 0. */
void *secret_alloc(size_t size_bytes);

/* A copy with a NUL behind it, or NULL. */
char *secret_copy(const char *bytes, size_t length);

/* Wipes and releases.  NULL is accepted; what secret_alloc did not give ends the process. */
void secret_free(void *memory);

/*
 * The first -errno of a page that could not be locked, left out of dumps or wiped on fork; 0 if
 * there was none.  Such a page is used all the same: whoever may log says so once.
 */
int secret_memory_error(void);

#endif
