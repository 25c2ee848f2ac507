/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  The strict check of JSON: what it calls good, json-c's strict mode reads as well, and
 * a walk over it gives its parts, never leaves it, and finds them good too.
 *
 * Covers: common/json_check.c common/json_walk.c common/json_key.c common/utf8.c
 */
#include <json-c/json.h>

#include "common/record.h"
#include "tests/fuzz/fuzz.h"

static void
parse_with_json_c(struct slice text)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 2);
	json_object *object;

	fuzz_assert(tokener != NULL);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text.bytes, (int)text.length);
	if (object == NULL && json_tokener_get_error(tokener) == json_tokener_continue)
		object = json_tokener_parse_ex(tokener, " ", 1);
	/* null is no object and no error. */
	fuzz_assert(object != NULL || json_tokener_get_error(tokener) == json_tokener_success);
	json_tokener_free(tokener);
	json_object_put(object);
}

/* Each part is a whole value of its own; `strict`: with nothing wrong in it either. */
static void
judge_part(struct slice part, struct slice whole, bool strict)
{
	fuzz_assert(fuzz_is_within(part, whole) && part.length > 0);
	if (strict)
		fuzz_assert(json_check(part, JSON_MAX_DEPTH) == JSON_GOOD);
	else
		fuzz_assert(json_check_structure(part, JSON_MAX_DEPTH) == JSON_GOOD);
}

static size_t
walk_object(struct slice text, bool strict)
{
	struct slice key, value, found;
	size_t at = 0, count = 0;

	for (; json_next_member(text, &at, &key, &value); count++) {
		struct arena arena _cleanup_arena_ = { 0 };
		char *name _cleanup_free_ = NULL;

		judge_part(key, text, strict);
		judge_part(value, text, strict);
		fuzz_assert(key.bytes + key.length < value.bytes);
		fuzz_assert(at <= text.length);
		if (!strict)
			continue;
		fuzz_assert(json_text(key, &arena) != NULL);
		name = fuzz_text((struct slice){ key.bytes + 1, key.length - 2 });
		fuzz_assert(json_member(text, name, &found) && found.bytes == value.bytes);
	}
	return count;
}

static size_t
walk_array(struct slice text, bool strict)
{
	struct slice value;
	size_t at = 0, count = 0;

	for (; json_next_element(text, &at, &value); count++) {
		judge_part(value, text, strict);
		fuzz_assert(at <= text.length);
	}
	return count;
}

static void
walk(struct slice text, bool strict)
{
	size_t members = walk_object(text, strict), elements = walk_array(text, strict);

	fuzz_assert(members == 0 || elements == 0);
}

/* As many parts as json-c counts. */
static void
count_parts(struct slice text)
{
	char *copy _cleanup_free_ = fuzz_text(text);
	json_object *object = json_tokener_parse(copy);

	if (json_object_is_type(object, json_type_object))
		fuzz_assert(walk_object(text, true) == (size_t)json_object_object_length(object));
	if (json_object_is_type(object, json_type_array))
		fuzz_assert(walk_array(text, true) == json_object_array_length(object));
	json_object_put(object);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);
	enum json_flaw strict = json_check(text, JSON_MAX_DEPTH);
	enum json_flaw structure = json_check_structure(text, JSON_MAX_DEPTH);

	fuzz_assert(strict < JSON_FLAW_COUNT && structure < JSON_FLAW_COUNT);
	fuzz_assert(json_flaw_texts[strict] != NULL);
	/* The structure alone is judged less strictly. */
	fuzz_assert(strict != JSON_GOOD || structure == JSON_GOOD);
	fuzz_assert(json_check(text, 2) != JSON_GOOD || strict == JSON_GOOD);
	if (structure == JSON_GOOD)
		walk(text, false);
	if (strict == JSON_GOOD) {
		parse_with_json_c(text);
		walk(text, true);
		count_parts(text);
	}
	return 0;
}
