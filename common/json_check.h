/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that parses JSON.  The strict check that stands before json-c, whose 0.16 accepts
 * duplicate keys, NUL in keys, bad UTF-8, NaN and clamped integers even in its strict mode.  It
 * decides and cuts into slices, but never decodes: values are read by json-c.
 */
#ifndef COMMON_JSON_CHECK_H
#define COMMON_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_MAX_DEPTH 16

enum json_flaw {
	JSON_GOOD,
	JSON_CUT,       /* ends too early */
	JSON_SYNTAX,    /* not RFC 8259 */
	JSON_TRAILING,  /* bytes behind the value */
	JSON_DEPTH,     /* nested deeper than the bound */
	JSON_UTF8,      /* not UTF-8 (RFC 3629), or a lone surrogate escape */
	JSON_NUL,       /* NUL, raw or escaped */
	JSON_DUPLICATE, /* a key twice in one object, escapes resolved */
	JSON_NUMBER,    /* an integer beyond int64_t, or a number with a fraction or exponent beyond
	                   double */
	JSON_MEMORY,    /* out of memory */
	JSON_FLAW_COUNT,
};

/* One line about a flaw, without the data: "duplicate key". */
extern const char *const json_flaw_texts[JSON_FLAW_COUNT];

/* Bytes inside a text that somebody else owns. */
struct slice {
	const char *bytes;
	size_t length;
};

/*
 * Judges one whole value: RFC 8259, at most `max_depth` levels of objects and arrays, and none of
 * the flaws above.  Never reads behind `text`, allocates at most in proportion to the keys.
 */
enum json_flaw json_check(struct slice text, unsigned max_depth);

/*
 * The same, but strings may carry bad UTF-8, escaped NUL and control characters, and keys may
 * repeat: enough structure to walk the value with the functions below and to judge each part by
 * json_check.  For Docker's lists, where a tenant's label must cost that label only.
 */
enum json_flaw json_check_structure(struct slice text, unsigned max_depth);

/*
 * Walks an array (or object) of a text that one of the two checks called good.  `*at` starts at 0
 * and belongs to the walk.  Each call gives the next element (or key, with its quotes, and value)
 * as slices without surrounding blanks; false at the end, or if the text is no array (object).
 */
bool json_next_element(struct slice array, size_t *at, struct slice *ret_value);
bool json_next_member(struct slice object, size_t *at, struct slice *ret_key,
    struct slice *ret_value);

/* Finds a member whose key is written exactly as `key`, without escapes.  False if there is none. */
bool json_member(struct slice object, const char *key, struct slice *ret_value);

#endif
