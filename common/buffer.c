/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  See buffer.h. */
#include "common/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/secret_memory.h"

/* Releases the memory, wiped if it is a secret's. */
static void
release(struct buffer *buffer)
{
	if (buffer->secret)
		secret_free(buffer->bytes);
	else
		free(buffer->bytes);
}

/* Makes room for `length` more bytes and the uncounted NUL. */
static int
reserve(struct buffer *buffer, size_t length)
{
	size_t wanted, capacity;
	char *bytes;

	if (length > buffer->max_bytes || buffer->length > buffer->max_bytes - length)
		return -EMSGSIZE;
	wanted = buffer->length + length + 1;
	if (wanted <= buffer->capacity)
		return 0;
	capacity = buffer->capacity < 128 ? 128 : buffer->capacity * 2;
	if (capacity < wanted)
		capacity = wanted;
	/* Not realloc: it would leave a copy of a secret behind. */
	bytes = buffer->secret ? secret_alloc(capacity) : malloc(capacity);
	if (bytes == NULL)
		return -ENOMEM;
	if (buffer->length > 0)
		memcpy(bytes, buffer->bytes, buffer->length);
	release(buffer);
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	return 0;
}

int
buffer_room(struct buffer *buffer, size_t length, char **ret_room)
{
	int error = reserve(buffer, length);

	if (error != 0)
		return error;
	buffer_took(buffer, 0);
	*ret_room = buffer->bytes + buffer->length;
	return 0;
}

void
buffer_took(struct buffer *buffer, size_t length)
{
	buffer->length += length;
	buffer->bytes[buffer->length] = '\0';
}

int
buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
	char *room;
	int error = buffer_room(buffer, length, &room);

	if (error != 0)
		return error;
	if (length > 0)
		memcpy(room, bytes, length);
	buffer_took(buffer, length);
	return 0;
}

int
buffer_add_text(struct buffer *buffer, const char *text)
{
	return buffer_add(buffer, text, strlen(text));
}

int
buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int length, error;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return -EINVAL;
	error = reserve(buffer, (size_t)length);
	if (error != 0)
		return error;
	va_start(arguments, format);
	vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
	return 0;
}

void
buffer_drop(struct buffer *buffer, size_t length)
{
	size_t left;

	if (length >= buffer->length) {
		buffer_clear(buffer);
		return;
	}
	left = buffer->length - length;
	memmove(buffer->bytes, buffer->bytes + length, left);
	if (buffer->secret)
		explicit_bzero(buffer->bytes + left, length);
	buffer->length = left;
	buffer->bytes[left] = '\0';
}

void
buffer_clear(struct buffer *buffer)
{
	if (buffer->bytes == NULL)
		return;
	if (buffer->secret)
		explicit_bzero(buffer->bytes, buffer->capacity);
	buffer->length = 0;
	buffer->bytes[0] = '\0';
}

void
buffer_free(struct buffer *buffer)
{
	release(buffer);
	buffer->bytes = NULL;
	buffer->length = 0;
	buffer->capacity = 0;
}
