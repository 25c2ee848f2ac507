/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests.  Compares JSON by what it says: the order of members and blanks do not count. */
#ifndef TESTS_UNIT_JSON_EQUAL_H
#define TESTS_UNIT_JSON_EQUAL_H

#include <json-c/json.h>

#include "common/buffer.h"
#include "tests/unit/unit.h"

/* Reads JSON that the strict check calls good; the caller owns it. */
static inline json_object *
json_of(const char *what, const char *text)
{
	json_object *object;

	row_int_equal(what, json_check(slice_of(text), JSON_MAX_DEPTH), JSON_GOOD);
	object = json_tokener_parse(text);
	assert_non_null(object);
	return object;
}

/* Takes `object` over. */
static inline void
row_object_equal(const char *what, json_object *object, const char *expected)
{
	json_object *other = json_of(what, expected);

	if (!json_object_equal(object, other))
		row_string_equal(what, json_object_to_json_string(object), expected);
	json_object_put(other);
	json_object_put(object);
}

static inline void
row_json_equal(const char *what, const char *text, const char *expected)
{
	row_object_equal(what, json_of(what, text), expected);
}

#endif
