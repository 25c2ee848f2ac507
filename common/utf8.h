/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  What is UTF-8 (RFC 3629) and what is not. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Length of the well-formed sequence at `bytes`, of which `left` are there (at least 1): 1 to 4, or
 * 0 if there is none: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
size_t utf8_sequence(const char *bytes, size_t left);

/* Whether the bytes are UTF-8 without NUL. */
bool utf8_is_valid(const char *bytes, size_t length);

#endif
