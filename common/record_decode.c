/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process that parses JSON.  From JSON to a plain struct: see record.h. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "common/record.h"
#include "common/record_codec.h"

struct decoding {
	struct arena *arena;
	char *why; /* RECORD_WHY_BYTES */
};

/* Fills the member at `target`.  0, -EBADMSG with a reason, -ENOMEM. */
typedef int decode_kind(const struct decoding *decoding, const struct field *field,
    json_object *value, void *target);

static int decode_object(const struct decoding *decoding, const struct record *record,
    const char *tag, json_object *object, void *target);

static int
wrong_kind(const struct decoding *decoding, const struct field *field, const char *expected)
{
	snprintf(decoding->why, RECORD_WHY_BYTES, "field \"%s\": not %s", field->name, expected);
	return -EBADMSG;
}

/* A copy of a JSON string that fits; wipes json-c's own where the field is a secret. */
static int
take_text(const struct decoding *decoding, const struct field *field, json_object *value,
    int64_t min, int64_t max, const char **ret_text)
{
	const char *bytes;
	size_t length;
	bool fits;

	if (!json_object_is_type(value, json_type_string))
		return wrong_kind(decoding, field, "a text");
	bytes = json_object_get_string(value);
	length = (size_t)json_object_get_string_len(value);
	fits = record_text_fits(field, bytes, length, min, max, decoding->why);
	if (fits)
		*ret_text = arena_copy(decoding->arena, bytes, length);
	if (field->secret)
		explicit_bzero((void *)(uintptr_t)bytes, length);
	if (!fits)
		return -EBADMSG;
	return *ret_text == NULL ? -ENOMEM : 0;
}

static int
decode_text(const struct decoding *decoding, const struct field *field, json_object *value,
    void *target)
{
	return take_text(decoding, field, value, field->min, field->max, target);
}

static int
decode_integer(const struct decoding *decoding, const struct field *field, json_object *value,
    void *target)
{
	int64_t number;

	if (!json_object_is_type(value, json_type_int))
		return wrong_kind(decoding, field, "a whole number");
	number = json_object_get_int64(value);
	if (!record_integer_fits(field, number, decoding->why))
		return -EBADMSG;
	*(int64_t *)target = number;
	return 0;
}

static int
decode_boolean(const struct decoding *decoding, const struct field *field, json_object *value,
    void *target)
{
	if (!json_object_is_type(value, json_type_boolean))
		return wrong_kind(decoding, field, "true or false");
	*(bool *)target = json_object_get_boolean(value) != 0;
	return 0;
}

static int
decode_choice(const struct decoding *decoding, const struct field *field, json_object *value,
    void *target)
{
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return wrong_kind(decoding, field, "a text");
	text = json_object_get_string(value);
	for (int choice = 0; field->choices[choice] != NULL; choice++) {
		if (strcmp(field->choices[choice], text) == 0) {
			*(int *)target = choice;
			return 0;
		}
	}
	return wrong_kind(decoding, field, "one of its choices");
}

static int
decode_map(const struct decoding *decoding, const struct field *field, json_object *value,
    void *target)
{
	struct map *map = target;
	struct json_object_iterator at, end;
	size_t count;

	if (!json_object_is_type(value, json_type_object))
		return wrong_kind(decoding, field, "an object");
	count = (size_t)json_object_object_length(value);
	if (!record_count_fits(field, count, decoding->why))
		return -EBADMSG;
	map->entries = arena_alloc(decoding->arena, count * sizeof(*map->entries));
	if (map->entries == NULL)
		return -ENOMEM;
	at = json_object_iter_begin(value);
	end = json_object_iter_end(value);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		struct map_entry *entry = &map->entries[map->count];
		const char *key = json_object_iter_peek_name(&at);
		int error;

		if (!record_text_fits(field, key, strlen(key), 1, MAP_KEY_MAX_BYTES, decoding->why))
			return -EBADMSG;
		entry->key = arena_copy(decoding->arena, key, strlen(key));
		if (entry->key == NULL)
			return -ENOMEM;
		error = take_text(decoding, field, json_object_iter_peek_value(&at), 0,
		    (int64_t)field->value_max, &entry->value);
		if (error != 0)
			return error;
		map->count++;
	}
	return 0;
}

static int
decode_texts(const struct decoding *decoding, const struct field *field, json_object *value,
    void *target)
{
	struct texts *texts = target;
	size_t count;

	if (!json_object_is_type(value, json_type_array))
		return wrong_kind(decoding, field, "a list");
	count = json_object_array_length(value);
	if (!record_count_fits(field, count, decoding->why))
		return -EBADMSG;
	texts->items = arena_alloc(decoding->arena, count * sizeof(*texts->items));
	if (texts->items == NULL)
		return -ENOMEM;
	for (; texts->count < count; texts->count++) {
		int error = take_text(decoding, field,
		    json_object_array_get_idx(value, texts->count), 0, (int64_t)field->value_max,
		    &texts->items[texts->count]);

		if (error != 0)
			return error;
	}
	return 0;
}

static int
decode_records(const struct decoding *decoding, const struct field *field, json_object *value,
    void *target)
{
	struct records *records = target;
	size_t count;

	if (!json_object_is_type(value, json_type_array))
		return wrong_kind(decoding, field, "a list");
	count = json_object_array_length(value);
	if (!record_count_fits(field, count, decoding->why))
		return -EBADMSG;
	records->items = arena_alloc(decoding->arena, count * field->record->size_bytes);
	if (records->items == NULL)
		return -ENOMEM;
	for (; records->count < count; records->count++) {
		void *item = (char *)records->items + records->count * field->record->size_bytes;
		int error = decode_object(decoding, field->record, NULL,
		    json_object_array_get_idx(value, records->count), item);

		if (error != 0)
			return error;
	}
	return 0;
}

static int
decode_record(const struct decoding *decoding, const struct field *field, json_object *value,
    void *target)
{
	void *item = arena_alloc(decoding->arena, field->record->size_bytes);

	if (item == NULL)
		return -ENOMEM;
	*(const void **)target = item;
	return decode_object(decoding, field->record, NULL, value, item);
}

static decode_kind *const decoders[] = {
	[FIELD_TEXT] = decode_text,
	[FIELD_INTEGER] = decode_integer,
	[FIELD_BOOLEAN] = decode_boolean,
	[FIELD_CHOICE] = decode_choice,
	[FIELD_MAP] = decode_map,
	[FIELD_TEXTS] = decode_texts,
	[FIELD_RECORDS] = decode_records,
	[FIELD_RECORD] = decode_record,
};

static int
absent(const struct decoding *decoding, const struct field *field, void *target)
{
	if (!field->optional) {
		snprintf(decoding->why, RECORD_WHY_BYTES, "field \"%s\" is missing", field->name);
		return -EBADMSG;
	}
	if (field->kind == FIELD_CHOICE)
		*(int *)target = -1;
	return 0;
}

static int
decode_object(const struct decoding *decoding, const struct record *record, const char *tag,
    json_object *object, void *target)
{
	int known = tag != NULL && json_object_object_get_ex(object, tag, NULL) ? 1 : 0;

	if (!json_object_is_type(object, json_type_object)) {
		snprintf(decoding->why, RECORD_WHY_BYTES, "%s is not an object", record->name);
		return -EBADMSG;
	}
	for (size_t at = 0; at < record->field_count; at++) {
		const struct field *field = &record->fields[at];
		void *member = (char *)target + field->offset;
		json_object *value = NULL;
		int error;

		known += json_object_object_get_ex(object, field->name, &value) ? 1 : 0;
		error = value == NULL ? absent(decoding, field, member) :
					decoders[field->kind](decoding, field, value, member);
		if (error != 0)
			return error;
	}
	if (record->open || known == json_object_object_length(object))
		return 0;
	snprintf(decoding->why, RECORD_WHY_BYTES, "%s has a field that is not in the table",
	    record->name);
	return -EBADMSG;
}

/* Behind json_check, so nothing that json-c lets through is left. */
static json_object *
parse(struct slice text)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 2);
	json_object *object;

	if (tokener == NULL)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text.bytes, (int)text.length);
	/* A scalar at the top ends only with the text: a blank tells json-c that it has. */
	if (object == NULL && json_tokener_get_error(tokener) == json_tokener_continue)
		object = json_tokener_parse_ex(tokener, " ", 1);
	json_tokener_free(tokener);
	return object;
}

/* Whether a field of the record, or of one below it, is a secret. */
static bool
holds_secret(const struct record *record)
{
	for (size_t at = 0; at < record->field_count; at++) {
		const struct field *field = &record->fields[at];

		if (field->secret || (field->record != NULL && holds_secret(field->record)))
			return true;
	}
	return false;
}

int
record_decode_tagged(const struct record *record, const char *tag, struct slice text,
    struct arena *arena, void *ret_struct, char why[RECORD_WHY_BYTES])
{
	struct decoding decoding = { .arena = arena, .why = why };
	enum json_flaw flaw = json_check(text, JSON_MAX_DEPTH);
	json_object *object;
	int error;

	memset(ret_struct, 0, record->size_bytes);
	arena->secret = arena->secret || holds_secret(record);
	if (flaw != JSON_GOOD) {
		snprintf(why, RECORD_WHY_BYTES, "%s: %s", record->name, json_flaw_texts[flaw]);
		return flaw == JSON_MEMORY ? -ENOMEM : -EBADMSG;
	}
	object = parse(text);
	if (object == NULL) {
		snprintf(why, RECORD_WHY_BYTES, "%s is not an object", record->name);
		return -EBADMSG;
	}
	error = decode_object(&decoding, record, tag, object, ret_struct);
	json_object_put(object);
	if (error != 0)
		memset(ret_struct, 0, record->size_bytes);
	return error;
}

int
record_decode(const struct record *record, struct slice text, struct arena *arena, void *ret_struct,
    char why[RECORD_WHY_BYTES])
{
	return record_decode_tagged(record, NULL, text, arena, ret_struct, why);
}

const char *
json_text(struct slice string, struct arena *arena)
{
	json_object *object = parse(string);
	const char *text = NULL;

	if (json_object_is_type(object, json_type_string))
		text = arena_copy(arena, json_object_get_string(object),
		    (size_t)json_object_get_string_len(object));
	json_object_put(object);
	return text;
}

const char *
json_member_text(struct slice object, const char *key, enum text_class text_class, size_t max_bytes,
    struct arena *arena)
{
	struct slice value;
	const char *text;

	if (!json_member(object, key, &value))
		return NULL;
	text = json_text(value, arena);
	if (text == NULL || strlen(text) > max_bytes || !text_is(text_class, text, strlen(text)))
		return NULL;
	return text;
}

int64_t
json_member_integer(struct slice object, const char *key)
{
	char digits[24] = "";
	struct slice value;

	if (json_member(object, key, &value) && value.length < sizeof(digits))
		memcpy(digits, value.bytes, value.length);
	return strtoll(digits, NULL, 10);
}
