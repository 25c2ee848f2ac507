/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  What is wanted, from and to tunnel_state.json: see desired.h. */
#include "desired.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static const char *const wanted_choices[] = { "running", "stopped", "unknown", NULL };

struct desired_file {
	const char *token;
	const char *id;
	const char *name;
	int state;
	const char *command_id;
};

#define OPTIONAL(field_name, member, class, bound)                                           \
	{                                                                                    \
		.name = (field_name), .kind = FIELD_TEXT, .text = (class), .optional = true, \
		.offset = offsetof(struct desired_file, member), .max = (bound)              \
	}

static const struct field desired_fields[] = {
	{ .name = "token",
	    .kind = FIELD_TEXT,
	    .text = TEXT_VISIBLE,
	    .optional = true,
	    .secret = true,
	    .offset = offsetof(struct desired_file, token),
	    .max = TOKEN_MAX_BYTES },
	OPTIONAL("id", id, TEXT_NAME, TUNNEL_ID_MAX_BYTES),
	OPTIONAL("name", name, TEXT_LINE, TUNNEL_NAME_MAX_BYTES),
	OPTIONAL("command_id", command_id, TEXT_NAME, COMMAND_ID_MAX_BYTES),
	{ .name = "desired_state",
	    .kind = FIELD_CHOICE,
	    .optional = true,
	    .offset = offsetof(struct desired_file, state),
	    .choices = wanted_choices },
};

/* Open: an agent that is newer than this one may have added fields. */
static const struct record desired_record = {
	.name = "tunnel_state.json",
	.size_bytes = sizeof(struct desired_file),
	.open = true,
	.field_count = ARRAY_LEN(desired_fields),
	.fields = desired_fields,
};

static void
set_text(char *target, size_t size, const char *text)
{
	explicit_bzero(target, size);
	if (text != NULL)
		snprintf(target, size, "%s", text);
}

void
desired_set_tunnel(struct desired *desired, const char *token, const char *id, const char *name)
{
	set_text(desired->token, sizeof(desired->token), token);
	set_text(desired->id, sizeof(desired->id), id);
	set_text(desired->name, sizeof(desired->name), name);
}

void
desired_set_command(struct desired *desired, const char *command_id, bool pending)
{
	set_text(desired->command_id, sizeof(desired->command_id), command_id);
	desired->pending = pending && command_id != NULL && command_id[0] != '\0';
}

int
desired_read(struct slice content, struct desired *ret_desired, char why[RECORD_WHY_BYTES])
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct desired_file file;
	int error;

	explicit_bzero(ret_desired, sizeof(*ret_desired));
	ret_desired->state = WANTED_UNKNOWN;
	if (content.length == 0)
		return 0;
	error = record_decode(&desired_record, content, &arena, &file, why);
	if (error != 0)
		return error;
	desired_set_tunnel(ret_desired, file.token, file.id, file.name);
	desired_set_command(ret_desired, file.command_id, true);
	if (file.state >= 0)
		ret_desired->state = file.state;
	return 0;
}

/* Adds a text, or null where it is empty: the Python agent always writes its four fields. */
static bool
add_text(json_object *object, const char *key, const char *text)
{
	json_object *value = text[0] == '\0' ? NULL : json_object_new_string(text);

	if (text[0] != '\0' && value == NULL)
		return false;
	return json_object_object_add(object, key, value) == 0;
}

static void
wipe_member(json_object *object, const char *key)
{
	json_object *value = json_object_object_get(object, key);

	if (json_object_is_type(value, json_type_string))
		explicit_bzero((void *)(uintptr_t)json_object_get_string(value),
		    (size_t)json_object_get_string_len(value));
}

static int
serialise(json_object *object, struct buffer *out)
{
	size_t length = 0;
	const char *text = json_object_to_json_string_length(object,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
	int error = text == NULL ? -ENOMEM : buffer_add(out, text, length);

	/* json-c keeps the text with the object, and wipes neither. */
	if (text != NULL)
		explicit_bzero((void *)(uintptr_t)text, length);
	return error;
}

int
desired_write(const struct desired *desired, struct buffer *out)
{
	json_object *object = json_object_new_object();
	int error = -ENOMEM;

	if (object == NULL)
		return -ENOMEM;
	if (add_text(object, "token", desired->token) && add_text(object, "id", desired->id) &&
	    add_text(object, "name", desired->name) &&
	    add_text(object, "desired_state", wanted_choices[desired->state]) &&
	    (!desired->pending || add_text(object, "command_id", desired->command_id)))
		error = serialise(object, out);
	wipe_member(object, "token");
	json_object_put(object);
	return error;
}
