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

#define RUN_TESTS(tests) cmocka_run_group_tests((tests), NULL, NULL)

#endif
