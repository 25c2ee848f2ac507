/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  See command.h.  The master is believed only as far as the records say. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const command_actions[KIND_COUNT + 1] = {
	[KIND_START] = "start_tunnel",
	[KIND_RESTART] = "restart_tunnel",
	[KIND_STOP] = "stop_tunnel",
	[KIND_CONFIGURE] = "update_tunnel_config",
	[KIND_PREPARE] = "prepare_decommission",
	[KIND_FINALIZE] = "finalize_decommission",
};

/* Masters name the token differently in start and restart: both names serve for both. */
struct tunnel_fields {
	const char *tunnel_id;
	const char *tunnel_name;
	const char *token;
	const char *tunnel_token;
};

#define TUNNEL_TEXT(member, most, class, hidden)                                                \
	{                                                                                       \
		.name = #member, .kind = FIELD_TEXT, .text = (class), .optional = true,         \
		.secret = (hidden), .offset = offsetof(struct tunnel_fields, member), .min = 0, \
		.max = (most)                                                                   \
	}

static const struct field tunnel_fields[] = {
	TUNNEL_TEXT(tunnel_id, TUNNEL_ID_MAX_BYTES, TEXT_NAME, false),
	TUNNEL_TEXT(tunnel_name, TUNNEL_NAME_MAX_BYTES, TEXT_LINE, false),
	TUNNEL_TEXT(token, TOKEN_MAX_BYTES, TEXT_VISIBLE, true),
	TUNNEL_TEXT(tunnel_token, TOKEN_MAX_BYTES, TEXT_VISIBLE, true),
};

struct retire_fields {
	int64_t protocol_version;
	const char *operation_id;
	const char *command_id;
};

static const struct field retire_fields[] = {
	{ .name = "protocol_version",
	    .kind = FIELD_INTEGER,
	    .optional = true,
	    .offset = offsetof(struct retire_fields, protocol_version),
	    .min = 0,
	    .max = 1 },
	{ .name = "operation_id",
	    .kind = FIELD_TEXT,
	    .text = TEXT_NAME,
	    .offset = offsetof(struct retire_fields, operation_id),
	    .min = 1,
	    .max = OPERATION_ID_MAX_BYTES },
	{ .name = "command_id",
	    .kind = FIELD_TEXT,
	    .text = TEXT_LINE,
	    .offset = offsetof(struct retire_fields, command_id),
	    .min = 1,
	    .max = OPERATION_ID_MAX_BYTES },
};

#define OPEN_RECORD(text, type, list)                                            \
	{                                                                        \
		.name = (text), .size_bytes = sizeof(struct type), .open = true, \
		.field_count = ARRAY_LEN(list), .fields = (list)                 \
	}

static const struct record tunnel_record = OPEN_RECORD("command", tunnel_fields, tunnel_fields);
static const struct record retire_record = OPEN_RECORD("command", retire_fields, retire_fields);

bool
commands_find(struct slice answer, struct slice *ret_list)
{
	return json_member(answer, "commands", ret_list) && ret_list->length > 0 &&
	       ret_list->bytes[0] == '[';
}

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static int
decode_tunnel(struct slice element, struct arena *arena, struct command *command,
    char why[COMMAND_WHY_BYTES])
{
	struct tunnel_fields fields;
	const char *action = command_actions[command->kind];
	char reason[RECORD_WHY_BYTES];

	if (record_decode(&tunnel_record, element, arena, &fields, reason) != 0) {
		(void)snprintf(why, COMMAND_WHY_BYTES, "%s: %s", action, reason);
		return -EBADMSG;
	}
	command->token = is_given(fields.token) ? fields.token : fields.tunnel_token;
	command->tunnel_id = fields.tunnel_id;
	command->tunnel_name = is_given(fields.tunnel_name) ? fields.tunnel_name : NULL;
	if (!is_given(command->token) || !is_given(command->tunnel_id) ||
	    (command->kind == KIND_RESTART && command->tunnel_name == NULL)) {
		(void)snprintf(why, COMMAND_WHY_BYTES, "%s: token, tunnel id or name is missing",
		    action);
		return -EBADMSG;
	}
	return 0;
}

static int
decode_retire(struct slice element, struct arena *arena, struct command *command,
    char why[COMMAND_WHY_BYTES])
{
	struct retire_fields fields;
	char reason[RECORD_WHY_BYTES];

	if (record_decode(&retire_record, element, arena, &fields, reason) != 0) {
		(void)snprintf(why, COMMAND_WHY_BYTES, "%s: %s", command_actions[command->kind],
		    reason);
		return -EBADMSG;
	}
	command->operation_id = fields.operation_id;
	command->command_id = fields.command_id;
	return 0;
}

static int
decode_rules(struct slice element, struct command *command, char why[COMMAND_WHY_BYTES])
{
	if (json_member(element, "rules", &command->rules) && command->rules.length > 0 &&
	    command->rules.bytes[0] == '{')
		return 0;
	(void)snprintf(why, COMMAND_WHY_BYTES, "%s: there are no rules in it",
	    command_actions[KIND_CONFIGURE]);
	return -EBADMSG;
}

/* The kind that `action` names; KIND_COUNT with a reason if it names none. */
static enum command_kind
read_kind(struct slice element, struct arena *arena, char why[COMMAND_WHY_BYTES])
{
	struct slice value;
	const char *action;

	if (!json_member(element, "action", &value) || (action = json_text(value, arena)) == NULL) {
		(void)snprintf(why, COMMAND_WHY_BYTES, "it has no action");
		return KIND_COUNT;
	}
	for (enum command_kind kind = 0; kind < KIND_COUNT; kind++)
		if (strcmp(action, command_actions[kind]) == 0)
			return kind;
	if (strlen(action) <= 64 && text_is(TEXT_NAME, action, strlen(action)))
		(void)snprintf(why, COMMAND_WHY_BYTES, "unknown action %s", action);
	else
		(void)snprintf(why, COMMAND_WHY_BYTES, "unknown action");
	return KIND_COUNT;
}

int
command_decode(struct slice element, struct arena *arena, struct command *ret_command,
    char why[COMMAND_WHY_BYTES])
{
	enum json_flaw flaw = json_check(element, JSON_MAX_DEPTH);

	*ret_command = (struct command){ .kind = KIND_COUNT };
	if (flaw != JSON_GOOD || element.length == 0 || element.bytes[0] != '{') {
		(void)snprintf(why, COMMAND_WHY_BYTES, "%s",
		    flaw != JSON_GOOD ? json_flaw_texts[flaw] : "it is not an object");
		return -EBADMSG;
	}
	ret_command->kind = read_kind(element, arena, why);
	switch (ret_command->kind) {
	case KIND_START:
	case KIND_RESTART:
		return decode_tunnel(element, arena, ret_command, why);
	case KIND_STOP:
		return 0;
	case KIND_CONFIGURE:
		return decode_rules(element, ret_command, why);
	case KIND_PREPARE:
	case KIND_FINALIZE:
		return decode_retire(element, arena, ret_command, why);
	case KIND_COUNT:
		break;
	}
	return -EBADMSG;
}
