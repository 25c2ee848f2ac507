/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process that parses JSON.  What decoding and encoding share: the judgement of values. */
#include "common/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/record_codec.h"
#include "common/utf8.h"

static bool
is_line(unsigned char byte)
{
	return byte >= 0x20 && byte != 0x7f;
}

static bool
is_visible(unsigned char byte)
{
	return byte > 0x20 && byte < 0x7f;
}

static bool
is_name(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '.';
}

static bool
is_hex(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

bool
text_is(enum text_class text_class, const char *bytes, size_t length)
{
	static bool (*const judges[])(unsigned char) = {
		[TEXT_ANY] = NULL,
		[TEXT_LINE] = is_line,
		[TEXT_VISIBLE] = is_visible,
		[TEXT_NAME] = is_name,
		[TEXT_HEX] = is_hex,
	};

	if (!utf8_is_valid(bytes, length))
		return false;
	if (judges[text_class] == NULL)
		return true;
	for (size_t at = 0; at < length; at++)
		if (!judges[text_class]((unsigned char)bytes[at]))
			return false;
	return true;
}

bool
record_text_fits(const struct field *field, const char *bytes, size_t length, int64_t min,
    int64_t max, char why[RECORD_WHY_BYTES])
{
	if ((int64_t)length < min || (int64_t)length > max) {
		snprintf(why, RECORD_WHY_BYTES,
		    "field \"%s\": %zu bytes, must be %" PRId64 " to %" PRId64, field->name, length,
		    min, max);
		return false;
	}
	if (!text_is(field->text, bytes, length)) {
		snprintf(why, RECORD_WHY_BYTES, "field \"%s\": a character that it may not have",
		    field->name);
		return false;
	}
	return true;
}

bool
record_count_fits(const struct field *field, size_t count, char why[RECORD_WHY_BYTES])
{
	if ((int64_t)count >= field->min && (int64_t)count <= field->max)
		return true;
	snprintf(why, RECORD_WHY_BYTES,
	    "field \"%s\": %zu entries, must be %" PRId64 " to %" PRId64, field->name, count,
	    field->min, field->max);
	return false;
}

bool
record_integer_fits(const struct field *field, int64_t value, char why[RECORD_WHY_BYTES])
{
	if (value >= field->min && value <= field->max)
		return true;
	snprintf(why, RECORD_WHY_BYTES, "field \"%s\": a number outside %" PRId64 " to %" PRId64,
	    field->name, field->min, field->max);
	return false;
}
