/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  One line for a person, put together from words, escaped as a whole when it
 * is written.  One word of it, a state, may have a colour.
 */
#ifndef AGENTCTL_LINE_H
#define AGENTCTL_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/buffer.h"

/* A text longer than this is cut. */
#define SHOWN_MAX_BYTES 2048
#define AGE_BYTES 32

/* Where it goes. */
struct output {
	FILE *file;
	bool colour;
};

struct line {
	struct buffer text;
	size_t word_at; /* the word that has the colour */
	size_t word_length;
};

#define LINE                                                \
	{                                                   \
		.text = BUFFER((size_t)2 * SHOWN_MAX_BYTES) \
	}

/* "WHAT     STATE         ", the state coloured. */
void line_begin(struct line *line, const char *what, const char *state);

/* Appends as it is; a text that does not fit is left out. */
void line_add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, as the word that is coloured. */
void line_add_state(struct line *line, const char *state);

/* Adds ", WORD TEXT" where there is a text; the first of a line without the comma. */
void line_add_part(struct line *line, const char *word, const char *text);

/* ", 1 WHAT", ", 2 WHATs". */
void line_add_count(struct line *line, int64_t count, const char *what);

/* Writes it, escaped (printable.h), and ends it. */
void line_write(const struct line *line, const struct output *output);

void line_free(struct line *line);
#define _cleanup_line_ __attribute__((cleanup(line_free)))

/* "12 s", "5 min", "3 h 5 min", "2 d 3 h", or "never". */
const char *age_text(int64_t seconds, char text[AGE_BYTES]);

/* "3 s ago", "never". */
const char *ago_text(int64_t seconds, char text[AGE_BYTES]);

#endif
