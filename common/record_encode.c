/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that writes JSON through json-c.  From a plain struct to JSON: see record.h.  The
 * sender is held to the same bounds as the receiver holds it to.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "common/record.h"
#include "common/record_codec.h"

/* The value of the member at `source`, which the caller owns; NULL with a reason in `why`. */
typedef json_object *encode_kind(const struct field *field, const void *source, char *why);

static json_object *encode_object(const struct record *record, const char *tag, const char *value,
    const void *source, char *why);

static json_object *
make_text(const struct field *field, const char *text, int64_t min, int64_t max, char *why)
{
	size_t length;

	if (text == NULL) {
		snprintf(why, RECORD_WHY_BYTES, "field \"%s\" is missing", field->name);
		return NULL;
	}
	length = strlen(text);
	if (!record_text_fits(field, text, length, min, max, why))
		return NULL;
	return json_object_new_string_len(text, (int)length);
}

static json_object *
encode_text(const struct field *field, const void *source, char *why)
{
	return make_text(field, *(const char *const *)source, field->min, field->max, why);
}

static json_object *
encode_integer(const struct field *field, const void *source, char *why)
{
	int64_t number = *(const int64_t *)source;

	return record_integer_fits(field, number, why) ? json_object_new_int64(number) : NULL;
}

static json_object *
encode_boolean(const struct field *field, const void *source, char *why)
{
	(void)field;
	(void)why;
	return json_object_new_boolean(*(const bool *)source);
}

static json_object *
encode_choice(const struct field *field, const void *source, char *why)
{
	int choice = *(const int *)source, count = 0;

	while (field->choices[count] != NULL)
		count++;
	if (choice < 0 || choice >= count) {
		snprintf(why, RECORD_WHY_BYTES, "field \"%s\": not one of its choices",
		    field->name);
		return NULL;
	}
	return json_object_new_string(field->choices[choice]);
}

static json_object *
encode_map(const struct field *field, const void *source, char *why)
{
	const struct map *map = source;
	json_object *object;

	if (!record_count_fits(field, map->count, why))
		return NULL;
	object = json_object_new_object();
	for (size_t at = 0; at < map->count && object != NULL; at++) {
		const struct map_entry *entry = &map->entries[at];
		json_object *value = NULL;

		if (record_text_fits(field, entry->key, strlen(entry->key), 1, MAP_KEY_MAX_BYTES,
			why))
			value = make_text(field, entry->value, 0, (int64_t)field->value_max, why);
		if (value == NULL || json_object_object_add(object, entry->key, value) != 0) {
			json_object_put(value);
			json_object_put(object);
			return NULL;
		}
	}
	return object;
}

static json_object *
encode_texts(const struct field *field, const void *source, char *why)
{
	const struct texts *texts = source;
	json_object *array;

	if (!record_count_fits(field, texts->count, why))
		return NULL;
	array = json_object_new_array();
	for (size_t at = 0; at < texts->count && array != NULL; at++) {
		json_object *value = make_text(field, texts->items[at], 0,
		    (int64_t)field->value_max, why);

		if (value == NULL || json_object_array_add(array, value) != 0) {
			json_object_put(value);
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}

static json_object *
encode_records(const struct field *field, const void *source, char *why)
{
	const struct records *records = source;
	json_object *array;

	if (!record_count_fits(field, records->count, why))
		return NULL;
	array = json_object_new_array();
	for (size_t at = 0; at < records->count && array != NULL; at++) {
		const void *item = (const char *)records->items + at * field->record->size_bytes;
		json_object *value = encode_object(field->record, NULL, NULL, item, why);

		if (value == NULL || json_object_array_add(array, value) != 0) {
			json_object_put(value);
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}

static json_object *
encode_record(const struct field *field, const void *source, char *why)
{
	return encode_object(field->record, NULL, NULL, *(const void *const *)source, why);
}

static encode_kind *const encoders[] = {
	[FIELD_TEXT] = encode_text,
	[FIELD_INTEGER] = encode_integer,
	[FIELD_BOOLEAN] = encode_boolean,
	[FIELD_CHOICE] = encode_choice,
	[FIELD_MAP] = encode_map,
	[FIELD_TEXTS] = encode_texts,
	[FIELD_RECORDS] = encode_records,
	[FIELD_RECORD] = encode_record,
};

/* Whether an optional member says "absent", so that the field is left out. */
static bool
is_absent(const struct field *field, const void *source)
{
	if (!field->optional)
		return false;
	if (field->kind == FIELD_CHOICE)
		return *(const int *)source == -1;
	if (field->kind == FIELD_TEXT || field->kind == FIELD_RECORD)
		return *(const void *const *)source == NULL;
	return false;
}

static int
add_members(json_object *object, const struct record *record, const void *source, char *why)
{
	for (size_t at = 0; at < record->field_count; at++) {
		const struct field *field = &record->fields[at];
		const void *member = (const char *)source + field->offset;
		json_object *value;

		if (is_absent(field, member))
			continue;
		value = encoders[field->kind](field, member, why);
		if (value == NULL || json_object_object_add(object, field->name, value) != 0) {
			json_object_put(value);
			return -1;
		}
	}
	return 0;
}

static json_object *
encode_object(const struct record *record, const char *tag, const char *value, const void *source,
    char *why)
{
	json_object *object = json_object_new_object();

	if (object == NULL)
		return NULL;
	if ((tag != NULL &&
		json_object_object_add(object, tag, json_object_new_string(value)) != 0) ||
	    add_members(object, record, source, why) != 0) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

int
record_encode_tagged(const struct record *record, const char *tag, const char *value,
    const void *source, struct buffer *out, char why[RECORD_WHY_BYTES])
{
	json_object *object;
	const char *text;
	size_t length;
	int error;

	snprintf(why, RECORD_WHY_BYTES, "%s: out of memory", record->name);
	object = encode_object(record, tag, value, source, why);
	if (object == NULL)
		return -EINVAL;
	text = json_object_to_json_string_length(object,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
	error = text == NULL ? -ENOMEM : buffer_add(out, text, length);
	/* It may hold a secret, and json-c does not wipe. */
	if (text != NULL)
		explicit_bzero((void *)(uintptr_t)text, length);
	json_object_put(object);
	return error;
}

int
record_encode(const struct record *record, const void *source, struct buffer *out,
    char why[RECORD_WHY_BYTES])
{
	return record_encode_tagged(record, NULL, NULL, source, out, why);
}
