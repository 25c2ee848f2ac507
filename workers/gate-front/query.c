/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See query.h. */
#include "query.h"

#include <string.h>

#include "common/json_key.h"

/*
 * Decodes the byte at `*at` and moves behind it; -1 for a bad escape or a control character.  "+" is
 * a blank, as Go's url.Values writes it.
 */
static int
next_byte(struct slice text, size_t *at)
{
	unsigned char byte = (unsigned char)text.bytes[(*at)++];
	int high, low;

	if (byte == '+')
		return ' ';
	if (byte == '%') {
		if (text.length - *at < 2)
			return -1;
		high = json_hex_digit(text.bytes[*at]);
		low = json_hex_digit(text.bytes[*at + 1]);
		if (high < 0 || low < 0)
			return -1;
		*at += 2;
		byte = (unsigned char)(high * 16 + low);
	}
	return byte < 0x20 || byte == 0x7f ? -1 : byte;
}

static bool
decode(struct slice text, char *target, size_t *ret_length)
{
	size_t at = 0, length = 0;

	while (at < text.length) {
		int byte = next_byte(text, &at);

		if (byte < 0)
			return false;
		target[length++] = (char)byte;
	}
	target[length] = '\0';
	*ret_length = length;
	return true;
}

static bool
is_repeated(const struct query *query, struct slice name)
{
	for (size_t at = 0; at < query->count; at++)
		if (query->items[at].name.length == name.length &&
		    memcmp(query->items[at].name.bytes, name.bytes, name.length) == 0)
			return true;
	return false;
}

static bool
take(struct query *query, struct slice pair, char *target, size_t *ret_used,
    struct refusal *refusal)
{
	const char *equals = memchr(pair.bytes, '=', pair.length);
	struct slice name = { .bytes = pair.bytes, .length = pair.length }, value = { 0 };
	char shown[REFUSAL_NAME_BYTES];

	if (equals != NULL) {
		name.length = (size_t)(equals - pair.bytes);
		value = (struct slice){ .bytes = equals + 1,
			.length = pair.length - name.length - 1 };
	}
	refusal_name(name, shown);
	if (equals == NULL || name.length == 0)
		return refuse(refusal, 400, "parameter \"%s\" has no value", shown);
	if (query->count == PARAMETERS_MAX)
		return refuse(refusal, 400, "there are too many parameters");
	if (is_repeated(query, name))
		return refuse(refusal, 400, "parameter \"%s\" comes twice", shown);
	if (!decode(value, target, ret_used))
		return refuse(refusal, 400, "parameter \"%s\" is not well encoded", shown);
	query->items[query->count++] = (struct parameter){ .name = name, .value = target };
	return true;
}

bool
query_read(struct slice text, struct query *ret_query, struct refusal *refusal)
{
	size_t used = 0, length = 0;

	ret_query->count = 0;
	if (text.length > QUERY_MAX_BYTES)
		return refuse(refusal, 414, "the query is longer than %d bytes", QUERY_MAX_BYTES);
	while (text.length > 0) {
		const char *end = memchr(text.bytes, '&', text.length);
		struct slice pair = { .bytes = text.bytes,
			.length = end == NULL ? text.length : (size_t)(end - text.bytes) };

		if (!take(ret_query, pair, ret_query->values + used, &length, refusal))
			return false;
		used += length + 1;
		if (end != NULL && pair.length + 1 == text.length)
			return refuse(refusal, 400, "the query ends in \"&\"");
		text.bytes += pair.length + (end != NULL);
		text.length -= pair.length + (end != NULL);
	}
	return true;
}
