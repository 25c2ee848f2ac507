/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process.  Cleanup attributes and small macros: an allocation or a descriptor that is
 * declared with one of these is released on every way out of its scope.
 */
#ifndef COMMON_ATTR_H
#define COMMON_ATTR_H

#include <stdlib.h>
#include <unistd.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define UNUSED __attribute__((unused))

static inline void
cleanup_free(void *pointer_to)
{
	free(*(void **)pointer_to);
}

static inline void
cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* char *text _cleanup_free_ = NULL; */
#define _cleanup_free_ __attribute__((cleanup(cleanup_free)))
/* int fd _cleanup_close_ = -1; */
#define _cleanup_close_ __attribute__((cleanup(cleanup_close)))

/* Hands an owned descriptor on: gives its number and forgets it here. */
static inline int
steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
