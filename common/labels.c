/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher and gate-engine.  See labels.h.  Trusts no byte of a label. */
#include "common/labels.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/attr.h"
#include "common/message.h"

/* A text of JSON may spell one byte in six (\u0041). */
#define ESCAPED_BYTES 6

struct reading {
	const char *prefixes[LABEL_PREFIXES_MAX]; /* in the order in which "enable" is looked for */
	size_t prefix_count;
	struct arena *arena;
	struct labels *labels;
	size_t count;
	struct map_entry entries[LABELS_MAX];
	const char *enable[LABEL_PREFIXES_MAX]; /* the values found */
};

static const char too_long[] = "it is too long";
static const char not_text[] = "it is not a text";
static const char bad_bytes[] = "it holds control characters, NUL or bytes that are not UTF-8";
static const char too_many[] = "the container has too many labels";
static const char twice[] = "it is there twice";

size_t
labels_prefixes(const char *prefix, const char *ret_prefixes[LABEL_PREFIXES_MAX])
{
	size_t count = 0;

	if (prefix != NULL && prefix[0] != '\0')
		ret_prefixes[count++] = prefix;
	ret_prefixes[count++] = "dockflare.";
	ret_prefixes[count++] = "cloudflare.tunnel.";
	return count;
}

size_t
labels_weight(const char *text)
{
	/* Quotes, separator, and each byte maybe behind a backslash. */
	return 2 * strlen(text) + 4;
}

/* Keeps the first offender's name for log and status. */
static void
drop(struct reading *reading, struct slice key, const char *why)
{
	struct labels *labels = reading->labels;
	size_t i;

	if (labels->dropped++ > 0)
		return;
	labels->dropped_why = why;
	for (i = 0; i + 1 < sizeof(labels->dropped_key) && i + 2 < key.length; i++) {
		char byte = key.bytes[i + 1];

		labels->dropped_key[i] = byte > 0x20 && byte < 0x7f ? byte : '?';
	}
	labels->dropped_key[i] = '\0';
}

static bool
has_prefix(const struct reading *reading, const char *text, size_t length)
{
	for (size_t i = 0; i < reading->prefix_count; i++) {
		size_t wanted = strlen(reading->prefixes[i]);

		if (length >= wanted && memcmp(text, reading->prefixes[i], wanted) == 0)
			return true;
	}
	return false;
}

/* Which prefix the key is the "enable" label of, or -1. */
static int
enable_index(const struct reading *reading, const char *key)
{
	for (size_t i = 0; i < reading->prefix_count; i++) {
		size_t length = strlen(reading->prefixes[i]);

		if (strncmp(key, reading->prefixes[i], length) == 0 &&
		    strcmp(key + length, "enable") == 0)
			return (int)i;
	}
	return -1;
}

/* The decoded text, or NULL and why it can't be had. */
static const char *
decode(struct reading *reading, struct slice value, size_t max_bytes, const char **ret_why)
{
	const char *text;

	*ret_why = NULL;
	if (value.length == 0 || value.bytes[0] != '"')
		*ret_why = not_text;
	else if (value.length > max_bytes * ESCAPED_BYTES + 2)
		*ret_why = too_long;
	else if (json_check(value, 1) != JSON_GOOD)
		*ret_why = bad_bytes;
	if (*ret_why != NULL)
		return NULL;
	text = json_text(value, reading->arena);
	if (text == NULL)
		return NULL;
	if (strlen(text) > max_bytes)
		*ret_why = too_long;
	else if (!text_is(TEXT_LINE, text, strlen(text)))
		*ret_why = bad_bytes;
	return *ret_why == NULL ? text : NULL;
}

static bool
is_known(const struct reading *reading, const char *key)
{
	for (size_t i = 0; i < reading->count; i++)
		if (strcmp(reading->entries[i].key, key) == 0)
			return true;
	return false;
}

/* Takes one label under a prefix.  0 or -ENOMEM. */
static int
take(struct reading *reading, struct slice raw_key, const char *key, struct slice raw_value)
{
	struct labels *labels = reading->labels;
	const char *why, *value;
	size_t weight;
	int enable;

	/* A hostile container has a hundred thousand: the rest of them costs little. */
	if (reading->count == LABELS_MAX) {
		drop(reading, raw_key, too_many);
		return 0;
	}
	value = decode(reading, raw_value, LABEL_VALUE_MAX_BYTES, &why);
	if (value == NULL && why == NULL)
		return -ENOMEM;
	if (value == NULL) {
		drop(reading, raw_key, why);
		return 0;
	}
	weight = labels_weight(key) + labels_weight(value);
	if (is_known(reading, key))
		why = twice;
	else if (labels->weight_bytes + weight > LABELS_WEIGHT_MAX_BYTES)
		why = too_many;
	if (why != NULL) {
		drop(reading, raw_key, why);
		return 0;
	}
	enable = enable_index(reading, key);
	if (enable >= 0)
		reading->enable[enable] = value;
	reading->entries[reading->count++] = (struct map_entry){ key, value };
	labels->weight_bytes += weight;
	return 0;
}

/* Looks at one member; the "enable" labels are taken in a pass of their own.  0 or -ENOMEM. */
static int
consider(struct reading *reading, struct slice raw_key, struct slice value, bool enables)
{
	bool written_plain = has_prefix(reading, raw_key.bytes + 1, raw_key.length - 2);
	const char *why, *key;

	/* Most labels are somebody else's: told apart without decoding. */
	if (!written_plain && memchr(raw_key.bytes, '\\', raw_key.length) == NULL)
		return 0;
	key = decode(reading, raw_key, LABEL_KEY_MAX_BYTES, &why);
	if (key == NULL && why == NULL)
		return -ENOMEM;
	if (key == NULL) {
		if (written_plain && !enables)
			drop(reading, raw_key, why);
		return 0;
	}
	if (!has_prefix(reading, key, strlen(key)) || (enable_index(reading, key) >= 0) != enables)
		return 0;
	return take(reading, raw_key, key, value);
}

static bool
is_true(const char *value)
{
	static const char *const words[] = { "true", "1", "t", "yes" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

static bool
is_enabled(const struct reading *reading)
{
	for (size_t i = 0; i < reading->prefix_count; i++)
		if (reading->enable[i] != NULL)
			return is_true(reading->enable[i]);
	return false;
}

static int
walk(struct reading *reading, struct slice object, bool enables)
{
	struct slice key, value;
	size_t at = 0;

	while (json_next_member(object, &at, &key, &value))
		if (consider(reading, key, value, enables) < 0)
			return -ENOMEM;
	return 0;
}

/* Moves the entries from the stack to the arena. */
static int
keep(struct reading *reading)
{
	struct map *map = &reading->labels->map;
	size_t size = reading->count * sizeof(*map->entries);

	map->count = reading->count;
	map->entries = arena_alloc(reading->arena, size);
	if (map->entries == NULL)
		return -ENOMEM;
	if (size > 0)
		memcpy(map->entries, reading->entries, size);
	return 0;
}

int
labels_read(struct slice object, const char *prefix, struct arena *arena, struct labels *ret_labels)
{
	struct reading reading = { .arena = arena, .labels = ret_labels };

	*ret_labels = (struct labels){ 0 };
	if (object.length == 4 && memcmp(object.bytes, "null", 4) == 0)
		return 0;
	if (object.length == 0 || object.bytes[0] != '{')
		return -EBADMSG;
	reading.prefix_count = labels_prefixes(prefix, reading.prefixes);
	/* "enable" first: a thousand labels must not push it out. */
	if (walk(&reading, object, true) < 0 || walk(&reading, object, false) < 0 ||
	    keep(&reading) < 0)
		return -ENOMEM;
	ret_labels->enabled = is_enabled(&reading);
	return 0;
}
