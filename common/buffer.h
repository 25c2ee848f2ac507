/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  A byte buffer that grows up to a stated bound. */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

/*
 * `bytes` holds `length` bytes, followed by a NUL that is not counted (so that text can be read
 * as a string); NULL while nothing was ever stored.  `max_bytes` is the bound on `length`.  A
 * buffer with `secret` set is on pages for secrets, and wipes what it frees or moves.  A zeroed
 * buffer holds nothing and may hold nothing: set it up with BUFFER().
 */
struct buffer {
	char *bytes;
	size_t length;
	size_t capacity;
	size_t max_bytes;
	bool secret;
};

#define BUFFER(bound) ((struct buffer){ .max_bytes = (bound) })
#define SECRET_BUFFER(bound) ((struct buffer){ .max_bytes = (bound), .secret = true })

/* Appends `length` bytes.  0, -EMSGSIZE over the bound, -ENOMEM; on failure nothing changed. */
int buffer_add(struct buffer *buffer, const void *bytes, size_t length);

/*
 * Makes room for `length` more bytes, which the caller writes to `*ret_room` and then counts with
 * buffer_took().  Errors as buffer_add; on failure nothing changed.
 */
int buffer_room(struct buffer *buffer, size_t length, char **ret_room);

/* Counts the first `length` bytes that were written into the room. */
void buffer_took(struct buffer *buffer, size_t length);

/* Appends a string without its NUL.  Errors as buffer_add. */
int buffer_add_text(struct buffer *buffer, const char *text);

/* Appends formatted text.  Errors as buffer_add. */
int buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Drops the first `length` bytes (at most all). */
void buffer_drop(struct buffer *buffer, size_t length);

/* Forgets the content and keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Releases the memory; the buffer can be used again, with the same bound. */
void buffer_free(struct buffer *buffer);

#define _cleanup_buffer_ __attribute__((cleanup(buffer_free)))

#endif
