/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process that parses JSON.  The keys of the objects under check, to find one twice. */
#ifndef COMMON_JSON_KEY_H
#define COMMON_JSON_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/json_check.h"

/* A zeroed one is empty and ready. */
struct json_keys {
	struct slice *items; /* without quotes, well-formed, escapes not resolved */
	size_t count;
	size_t capacity;
};

/* 0 or -ENOMEM.  The bytes stay the caller's. */
int json_keys_add(struct json_keys *keys, const char *bytes, size_t length);

/*
 * Whether two of the keys from `first` on mean the same text, escapes resolved.  Reorders them;
 * n log n, so that a hostile object of 100,000 keys costs little.
 */
bool json_keys_repeat(struct json_keys *keys, size_t first);

void json_keys_free(struct json_keys *keys);

/* 0 to 15, or -1. */
int json_hex_digit(char byte);

#endif
