/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that parses JSON.  See json_check.h.  The text may come from anybody: every step
 * compares with the end before it reads.
 */
#include "common/json_check.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_key.h"
#include "common/utf8.h"

const char *const json_flaw_texts[JSON_FLAW_COUNT] = {
	[JSON_GOOD] = "good",
	[JSON_CUT] = "ends too early",
	[JSON_SYNTAX] = "not JSON",
	[JSON_TRAILING] = "more behind the value",
	[JSON_DEPTH] = "nested too deep",
	[JSON_UTF8] = "not UTF-8",
	[JSON_NUL] = "NUL in a text",
	[JSON_DUPLICATE] = "duplicate key",
	[JSON_NUMBER] = "number out of range",
	[JSON_MEMORY] = "out of memory",
};

struct scanner {
	const char *at;
	const char *end;
	unsigned depth_left;
	bool lenient; /* structure only */
	struct json_keys keys;
};

static enum json_flaw scan_value(struct scanner *scanner);

static void
skip_blanks(struct scanner *scanner)
{
	while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\t' ||
						 *scanner->at == '\n' || *scanner->at == '\r'))
		scanner->at++;
}

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* The four digits of a \u escape whose "\u" is at `at`.  -1 if they are not there. */
static int
escape_unit(const char *at, const char *end)
{
	int unit = 0;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	for (int digit = 2; digit < 6; digit++) {
		int value = json_hex_digit(at[digit]);

		if (value < 0)
			return -1;
		unit = unit * 16 + value;
	}
	return unit;
}

/* Stands on a backslash. */
static enum json_flaw
scan_escape(struct scanner *scanner)
{
	int unit, second;

	if (scanner->end - scanner->at < 2)
		return JSON_CUT;
	if (scanner->at[1] != 'u') {
		if (memchr("\"\\/bfnrt", scanner->at[1], 8) == NULL)
			return JSON_SYNTAX;
		scanner->at += 2;
		return JSON_GOOD;
	}
	unit = escape_unit(scanner->at, scanner->end);
	if (unit < 0)
		return JSON_SYNTAX;
	scanner->at += 6;
	if (scanner->lenient)
		return JSON_GOOD;
	if (unit == 0)
		return JSON_NUL;
	if (unit < 0xd800 || unit > 0xdfff)
		return JSON_GOOD;
	second = escape_unit(scanner->at, scanner->end);
	if (unit > 0xdbff || second < 0xdc00 || second > 0xdfff)
		return JSON_UTF8;
	scanner->at += 6;
	return JSON_GOOD;
}

/* One unescaped character of a string. */
static enum json_flaw
scan_character(struct scanner *scanner)
{
	unsigned char byte = (unsigned char)*scanner->at;
	size_t length;

	if (scanner->lenient) {
		scanner->at++;
		return JSON_GOOD;
	}
	if (byte == 0)
		return JSON_NUL;
	if (byte < 0x20)
		return JSON_SYNTAX;
	length = utf8_sequence(scanner->at, (size_t)(scanner->end - scanner->at));
	if (length == 0)
		return JSON_UTF8;
	scanner->at += length;
	return JSON_GOOD;
}

/* A string, quotes included. */
static enum json_flaw
scan_string(struct scanner *scanner)
{
	if (scanner->at == scanner->end)
		return JSON_CUT;
	if (*scanner->at != '"')
		return JSON_SYNTAX;
	scanner->at++;
	while (scanner->at < scanner->end) {
		enum json_flaw flaw;

		if (*scanner->at == '"') {
			scanner->at++;
			return JSON_GOOD;
		}
		flaw = *scanner->at == '\\' ? scan_escape(scanner) : scan_character(scanner);
		if (flaw != JSON_GOOD)
			return flaw;
	}
	return JSON_CUT;
}

static enum json_flaw
scan_digits(struct scanner *scanner)
{
	const char *start = scanner->at;

	while (scanner->at < scanner->end && is_digit(*scanner->at))
		scanner->at++;
	if (scanner->at > start)
		return JSON_GOOD;
	return scanner->at == scanner->end ? JSON_CUT : JSON_SYNTAX;
}

/* Whether json-c's reading of the number would be exact enough: no clamping, no infinity. */
static enum json_flaw
judge_number(const char *start, size_t length, bool integer)
{
	char text[512];

	if (length >= sizeof(text))
		return JSON_NUMBER;
	memcpy(text, start, length);
	text[length] = '\0';
	errno = 0;
	if (integer) {
		(void)strtoll(text, NULL, 10);
		return errno == ERANGE ? JSON_NUMBER : JSON_GOOD;
	}
	return isfinite(strtod(text, NULL)) ? JSON_GOOD : JSON_NUMBER;
}

static enum json_flaw
scan_number(struct scanner *scanner)
{
	const char *start = scanner->at;
	bool integer = true;
	enum json_flaw flaw;

	if (*scanner->at == '-')
		scanner->at++;
	if (scanner->at < scanner->end && *scanner->at == '0')
		scanner->at++;
	else if ((flaw = scan_digits(scanner)) != JSON_GOOD)
		return flaw;
	if (scanner->at < scanner->end && *scanner->at == '.') {
		integer = false;
		scanner->at++;
		if ((flaw = scan_digits(scanner)) != JSON_GOOD)
			return flaw;
	}
	if (scanner->at < scanner->end && (*scanner->at == 'e' || *scanner->at == 'E')) {
		integer = false;
		scanner->at++;
		if (scanner->at < scanner->end && (*scanner->at == '+' || *scanner->at == '-'))
			scanner->at++;
		if ((flaw = scan_digits(scanner)) != JSON_GOOD)
			return flaw;
	}
	return judge_number(start, (size_t)(scanner->at - start), integer);
}

static enum json_flaw
scan_word(struct scanner *scanner, const char *word)
{
	size_t length = strlen(word), left = (size_t)(scanner->end - scanner->at);

	if (memcmp(scanner->at, word, left < length ? left : length) != 0)
		return JSON_SYNTAX;
	if (left < length)
		return JSON_CUT;
	scanner->at += length;
	return JSON_GOOD;
}

/*
 * Behind an element: a comma (more follows), or `closing` (the end).  Anything else is a flaw.
 */
static enum json_flaw
scan_separator(struct scanner *scanner, char closing, bool *ret_more)
{
	skip_blanks(scanner);
	if (scanner->at == scanner->end)
		return JSON_CUT;
	if (*scanner->at != ',' && *scanner->at != closing)
		return JSON_SYNTAX;
	*ret_more = *scanner->at == ',';
	scanner->at++;
	return JSON_GOOD;
}

/* Stands behind the opening bracket.  Whether the array or object is empty; then stands behind. */
static bool
closes_at_once(struct scanner *scanner, char closing)
{
	skip_blanks(scanner);
	if (scanner->at == scanner->end || *scanner->at != closing)
		return false;
	scanner->at++;
	return true;
}

static enum json_flaw
scan_array(struct scanner *scanner)
{
	bool more = !closes_at_once(scanner, ']');
	enum json_flaw flaw = JSON_GOOD;

	while (more && flaw == JSON_GOOD) {
		flaw = scan_value(scanner);
		if (flaw == JSON_GOOD)
			flaw = scan_separator(scanner, ']', &more);
	}
	return flaw;
}

static enum json_flaw
scan_member(struct scanner *scanner)
{
	const char *key;
	enum json_flaw flaw;

	skip_blanks(scanner);
	key = scanner->at;
	flaw = scan_string(scanner);
	if (flaw != JSON_GOOD)
		return flaw;
	if (!scanner->lenient &&
	    json_keys_add(&scanner->keys, key + 1, (size_t)(scanner->at - key) - 2) != 0)
		return JSON_MEMORY;
	skip_blanks(scanner);
	if (scanner->at == scanner->end)
		return JSON_CUT;
	if (*scanner->at != ':')
		return JSON_SYNTAX;
	scanner->at++;
	return scan_value(scanner);
}

static enum json_flaw
scan_object(struct scanner *scanner)
{
	bool more = !closes_at_once(scanner, '}');
	size_t first_key = scanner->keys.count;
	enum json_flaw flaw = JSON_GOOD;

	while (more && flaw == JSON_GOOD) {
		flaw = scan_member(scanner);
		if (flaw == JSON_GOOD)
			flaw = scan_separator(scanner, '}', &more);
	}
	if (flaw == JSON_GOOD && json_keys_repeat(&scanner->keys, first_key))
		flaw = JSON_DUPLICATE;
	scanner->keys.count = first_key;
	return flaw;
}

/* An object or array, one level deeper. */
static enum json_flaw
scan_nested(struct scanner *scanner, enum json_flaw (*scan)(struct scanner *))
{
	enum json_flaw flaw;

	if (scanner->depth_left == 0)
		return JSON_DEPTH;
	scanner->depth_left--;
	scanner->at++;
	flaw = scan(scanner);
	scanner->depth_left++;
	return flaw;
}

static enum json_flaw
scan_value(struct scanner *scanner)
{
	skip_blanks(scanner);
	if (scanner->at == scanner->end)
		return JSON_CUT;
	switch (*scanner->at) {
	case '{':
		return scan_nested(scanner, scan_object);
	case '[':
		return scan_nested(scanner, scan_array);
	case '"':
		return scan_string(scanner);
	case 't':
		return scan_word(scanner, "true");
	case 'f':
		return scan_word(scanner, "false");
	case 'n':
		return scan_word(scanner, "null");
	case '\0':
		return JSON_NUL;
	default:
		if (*scanner->at != '-' && !is_digit(*scanner->at))
			return JSON_SYNTAX;
		return scan_number(scanner);
	}
}

static enum json_flaw
check(struct slice text, unsigned max_depth, bool lenient)
{
	struct scanner scanner = {
		.at = text.bytes,
		.end = text.bytes + text.length,
		.depth_left = max_depth,
		.lenient = lenient,
	};
	enum json_flaw flaw;

	if (text.length == 0)
		return JSON_CUT;
	flaw = scan_value(&scanner);
	json_keys_free(&scanner.keys);
	if (flaw != JSON_GOOD)
		return flaw;
	skip_blanks(&scanner);
	return scanner.at == scanner.end ? JSON_GOOD : JSON_TRAILING;
}

enum json_flaw
json_check(struct slice text, unsigned max_depth)
{
	return check(text, max_depth, false);
}

enum json_flaw
json_check_structure(struct slice text, unsigned max_depth)
{
	return check(text, max_depth, true);
}
