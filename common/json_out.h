/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  The few messages that it writes, without a JSON library: fixed texts with
 * escaped values in them.  A test decodes each with the table.
 */
#ifndef COMMON_JSON_OUT_H
#define COMMON_JSON_OUT_H

#include "common/buffer.h"

/* Appends `text` (UTF-8) as a JSON string with its quotes.  0, -EMSGSIZE, -ENOMEM. */
int json_add_text(struct buffer *out, const char *text);

/*
 * Appends a list of the lines of `lines` (each ended by a newline; NULL: none) as JSON strings,
 * without the brackets, at most `most`.
 */
int json_add_lines(struct buffer *out, const char *lines, unsigned most);

#endif
