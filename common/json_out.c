/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See json_out.h. */
#include "common/json_out.h"

#include <errno.h>
#include <string.h>

#define LINE_MAX_BYTES 500

/* RFC 8259, section 7: what must be escaped. */
static int
add_character(struct buffer *out, const char *at)
{
	unsigned char byte = (unsigned char)*at;

	if (byte == '"' || byte == '\\')
		return buffer_printf(out, "\\%c", byte);
	if (byte < 0x20)
		return buffer_printf(out, "\\u%04x", byte);
	return buffer_add(out, at, 1);
}

static int
add_string(struct buffer *out, const char *text, size_t length)
{
	int error = buffer_add_text(out, "\"");

	for (size_t at = 0; at < length && error == 0; at++)
		error = add_character(out, text + at);
	return error != 0 ? error : buffer_add_text(out, "\"");
}

int
json_add_text(struct buffer *out, const char *text)
{
	return add_string(out, text, strlen(text));
}

int
json_add_lines(struct buffer *out, const char *lines, unsigned most)
{
	const char *separator = "";
	int error = 0;

	for (unsigned line = 0; lines != NULL && *lines != '\0' && line < most && error == 0;
	     line++) {
		size_t whole = strcspn(lines, "\n"), length = whole;

		/* Not inside a UTF-8 sequence. */
		if (length > LINE_MAX_BYTES)
			for (length = LINE_MAX_BYTES;
			     ((unsigned char)lines[length] & 0xc0) == 0x80;)
				length--;
		error = buffer_add_text(out, separator);
		if (error == 0)
			error = add_string(out, lines, length);
		separator = ",";
		lines += whole + (lines[whole] == '\n' ? 1 : 0);
	}
	return error;
}
