/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that parses JSON.  Walks a text that one of the checks called good: see
 * json_check.h.  Still bounded by the end, so that a caller's mistake reads nothing beyond it.
 */
#include <string.h>

#include "common/json_check.h"

static size_t
skip_blanks(struct slice text, size_t at)
{
	while (at < text.length && memchr(" \t\n\r", text.bytes[at], 4) != NULL)
		at++;
	return at;
}

/* Behind the string whose opening quote is at `at`. */
static size_t
skip_string(struct slice text, size_t at)
{
	for (at++; at < text.length; at++) {
		if (text.bytes[at] == '\\')
			at++;
		else if (text.bytes[at] == '"')
			return at + 1;
	}
	return text.length;
}

/* Behind the value that begins at `at`. */
static size_t
skip_value(struct slice text, size_t at)
{
	size_t depth = 0;

	while (at < text.length) {
		char byte = text.bytes[at];

		if (byte == '"') {
			at = skip_string(text, at);
		} else if (byte == '{' || byte == '[') {
			depth++;
			at++;
		} else if (byte == '}' || byte == ']') {
			if (depth == 0)
				return at;
			depth--;
			at++;
		} else if (depth == 0 && memchr(", \t\n\r", byte, 5) != NULL) {
			return at;
		} else {
			at++;
			continue;
		}
		if (depth == 0)
			return at;
	}
	return at;
}

/*
 * Moves to the next element's first byte: behind the opening bracket at the walk's start, behind a
 * comma later.  False at the closing bracket or if `text` does not begin with `opening`.
 */
static bool
next_begin(struct slice text, size_t *at, char opening)
{
	if (*at == 0) {
		*at = skip_blanks(text, 0);
		if (*at >= text.length || text.bytes[*at] != opening)
			return false;
		*at = skip_blanks(text, *at + 1);
		return *at < text.length && text.bytes[*at] != ']' && text.bytes[*at] != '}';
	}
	*at = skip_blanks(text, *at);
	if (*at >= text.length || text.bytes[*at] != ',')
		return false;
	*at = skip_blanks(text, *at + 1);
	return *at < text.length;
}

static struct slice
cut_value(struct slice text, size_t *at)
{
	size_t start = *at;

	*at = skip_value(text, start);
	return (struct slice){ .bytes = text.bytes + start, .length = *at - start };
}

bool
json_next_element(struct slice array, size_t *at, struct slice *ret_value)
{
	if (!next_begin(array, at, '['))
		return false;
	*ret_value = cut_value(array, at);
	return true;
}

bool
json_next_member(struct slice object, size_t *at, struct slice *ret_key, struct slice *ret_value)
{
	if (!next_begin(object, at, '{') || object.bytes[*at] != '"')
		return false;
	*ret_key = cut_value(object, at);
	*at = skip_blanks(object, *at);
	if (*at >= object.length || object.bytes[*at] != ':')
		return false;
	*at = skip_blanks(object, *at + 1);
	*ret_value = cut_value(object, at);
	return true;
}

bool
json_member(struct slice object, const char *key, struct slice *ret_value)
{
	size_t length = strlen(key), at = 0;
	struct slice found, value;

	while (json_next_member(object, &at, &found, &value)) {
		if (found.length == length + 2 && memcmp(found.bytes + 1, key, length) == 0) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}
