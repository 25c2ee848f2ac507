/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests.  What cmocka wants included before it, and small helpers. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* needs those above */

#include "common/attr.h"
#include "common/json_check.h"

/* A string literal as a slice: its NUL is not counted, one inside is. */
#define SLICE(literal) ((struct slice){ .bytes = (literal), .length = sizeof(literal) - 1 })

static inline struct slice
slice_of(const char *text)
{
	return (struct slice){ .bytes = text, .length = strlen(text) };
}

/* As assert_int_equal and assert_string_equal, for a row of a table: says which one failed. */
static inline void
row_int_equal(const char *what, int64_t actual, int64_t expected)
{
	if (actual != expected)
		print_error("row \"%s\"\n", what);
	assert_int_equal(actual, expected);
}

static inline void
row_string_equal(const char *what, const char *actual, const char *expected)
{
	if (strcmp(actual, expected) != 0)
		print_error("row \"%s\"\n", what);
	assert_string_equal(actual, expected);
}

/* Whether `part` (NULL: any text will do) is in a reason. */
static inline void
row_string_holds(const char *what, const char *actual, const char *part)
{
	if (part == NULL || strstr(actual, part) != NULL)
		return;
	print_error("row \"%s\": \"%s\" without \"%s\"\n", what, actual, part);
	assert_true(false);
}

/* A container's id of one hexadecimal digit, given as a literal: CONTAINER_ID("a"). */
#define DIGITS16(digit)                                                                           \
	digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit \
	    digit
#define CONTAINER_ID(digit) DIGITS16(digit) DIGITS16(digit) DIGITS16(digit) DIGITS16(digit)

#define RUN_TESTS(tests) cmocka_run_group_tests((tests), NULL, NULL)

#endif
