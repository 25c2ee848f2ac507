/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  Text of others as a person may see it on a terminal. */
#ifndef COMMON_PRINTABLE_H
#define COMMON_PRINTABLE_H

#include "common/buffer.h"

/*
 * Appends `text`: what is no printable UTF-8 (control characters, C1 ones included, and the marks
 * that turn the direction of what follows) as \xNN for each byte.  Ends once `bound` bytes were
 * appended or the buffer is full: a text that long is cut.
 */
void printable_add(struct buffer *out, const char *text, size_t length, size_t bound);

/* Copies as printable ASCII ("?" for the rest), cut to fit, with a NUL. */
void copy_printable(char *target, size_t size_bytes, const char *text);

#endif
