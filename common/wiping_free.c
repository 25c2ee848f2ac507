/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link, tunnel-keeper, the gate's workers.  json-c, libcurl, OpenSSL, nghttp2 and libmicrohttpd
 * copy what they are given, and most have no hook for what is freed.  So these take the place of
 * libc's (glibc manual, "Replacing malloc"; the others stay libc's): what any library frees is
 * wiped.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own names for what is replaced here, exported since 2.0. */
extern void __libc_free(void *memory);

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's are reserved ones. */

__attribute__((visibility("default"))) void
free(void *memory)
{
	int error = errno;

	if (memory == NULL)
		return;
	explicit_bzero(memory, malloc_usable_size(memory));
	__libc_free(memory);
	errno = error;
}

/* Never moves by itself: the old place would keep a copy. */
__attribute__((visibility("default"))) void *
realloc(void *memory, size_t size_bytes)
{
	size_t held;
	void *moved;

	if (memory == NULL)
		return malloc(size_bytes);
	if (size_bytes == 0) {
		free(memory);
		return NULL;
	}
	held = malloc_usable_size(memory);
	if (size_bytes <= held && size_bytes >= held / 2)
		return memory;
	moved = malloc(size_bytes);
	if (moved == NULL)
		return NULL;
	memcpy(moved, memory, held < size_bytes ? held : size_bytes);
	free(memory);
	return moved;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
