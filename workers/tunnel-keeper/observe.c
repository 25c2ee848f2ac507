/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  Reads what Docker says of one container: see observe.h. */
#include "observe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/address.h"
#include "common/record.h"
#include "observe_token.h"

const char *const container_state_names[CONTAINER_STATE_COUNT + 1] = { "created", "running",
	"paused", "restarting", "removing", "exited", "dead", NULL };

#define TEXT_MAX_BYTES (64 * 1024)

struct state {
	const char *status;
	const char *error;
	const char *started_at;
	int64_t exit_code;
};

struct attachment {
	const char *ipv4;
	const char *ipv6;
};

#define TEXT(type, field_name, member, class, least, most)                                         \
	{                                                                                          \
		.name = (field_name), .kind = FIELD_TEXT, .text = (class),                         \
		.optional = (least) == 0, .offset = offsetof(struct type, member), .min = (least), \
		.max = (most)                                                                      \
	}
#define NUMBER(type, field_name, member)                                                    \
	{                                                                                   \
		.name = (field_name), .kind = FIELD_INTEGER, .optional = true,              \
		.offset = offsetof(struct type, member), .min = INT64_MIN, .max = INT64_MAX \
	}
#define OPEN(type, list)                                                                           \
	{                                                                                          \
		.name = "the container's " #type, .size_bytes = sizeof(struct type), .open = true, \
		.field_count = ARRAY_LEN(list), .fields = (list)                                   \
	}

static const struct field state_fields[] = {
	TEXT(state, "Status", status, TEXT_NAME, 1, 32),
	TEXT(state, "Error", error, TEXT_ANY, 0, TEXT_MAX_BYTES),
	TEXT(state, "StartedAt", started_at, TEXT_VISIBLE, 0, STARTED_AT_BYTES - 1),
	NUMBER(state, "ExitCode", exit_code),
};
static const struct field attachment_fields[] = {
	TEXT(attachment, "IPAddress", ipv4, TEXT_VISIBLE, 0, ADDRESS_TEXT_MAX_BYTES),
	TEXT(attachment, "GlobalIPv6Address", ipv6, TEXT_VISIBLE, 0, ADDRESS_TEXT_MAX_BYTES),
};

static const struct record state_record = OPEN(state, state_fields);
static const struct record attachment_record = OPEN(attachment, attachment_fields);

/* What the parts of one look share. */
struct look {
	struct slice answer;
	struct slice config;
	const struct expected *expected;
	struct arena arena;
	struct observed *observed;
	char *why; /* RECORD_WHY_BYTES */
};

/* What is missing or of the wrong kind. */
static int
refuse(struct look *look, const char *key)
{
	snprintf(look->why, RECORD_WHY_BYTES, "field \"%s\" is not what Docker says there", key);
	return -EBADMSG;
}

static int
read_top(struct look *look)
{
	struct observed *observed = look->observed;
	const char *id = json_member_text(look->answer, "Id", TEXT_HEX, CONTAINER_ID_BYTES,
	    &look->arena);
	const char *name = json_member_text(look->answer, "Name", TEXT_LINE,
	    CONTAINER_NAME_MAX_BYTES + 1, &look->arena);

	if (id == NULL || strlen(id) != CONTAINER_ID_BYTES)
		return refuse(look, "Id");
	if (name == NULL || strcmp(name, "/" TUNNEL_CONTAINER_NAME) != 0)
		return refuse(look, "Name");
	snprintf(observed->id, sizeof(observed->id), "%s", id);
	observed->restart_count = json_member_integer(look->answer, "RestartCount");
	return 0;
}

static int
read_state(struct look *look)
{
	struct observed *observed = look->observed;
	struct state state;
	struct slice value;
	int error;

	if (!json_member(look->answer, "State", &value))
		return refuse(look, "State");
	error = record_decode(&state_record, value, &look->arena, &state, look->why);
	if (error != 0)
		return error;
	observed->state = CONTAINER_STATE_DEAD;
	for (int at = 0; container_state_names[at] != NULL; at++)
		if (strcmp(container_state_names[at], state.status) == 0)
			observed->state = at;
	observed->exit_code = state.exit_code;
	copy_printable(observed->error, sizeof(observed->error),
	    state.error == NULL ? "" : state.error);
	snprintf(observed->started_at, sizeof(observed->started_at), "%s",
	    state.started_at == NULL ? "" : state.started_at);
	return 0;
}

static int
read_config(struct look *look)
{
	struct observed *observed = look->observed;
	const char *image, *command_id;
	struct slice labels;

	if (!json_member(look->answer, "Config", &look->config))
		return refuse(look, "Config");
	image = json_member_text(look->config, "Image", TEXT_LINE, IMAGE_MAX_BYTES, &look->arena);
	if (image == NULL)
		return refuse(look, "Image");
	(void)image_split(image, &observed->image);
	if (!json_member(look->config, "Labels", &labels))
		return 0;
	command_id = json_member_text(labels, COMMAND_LABEL, TEXT_NAME, COMMAND_ID_MAX_BYTES,
	    &look->arena);
	if (command_id != NULL)
		snprintf(observed->command_id, sizeof(observed->command_id), "%s", command_id);
	return 0;
}

/* Takes the first of two addresses that is one; what is none counts as not there. */
static void
take_address(struct observed *observed, const char *ipv4, const char *ipv6)
{
	struct address address;

	if (ipv4 != NULL && address_parse(ipv4, &address) == 0)
		snprintf(observed->address, sizeof(observed->address), "%s", ipv4);
	else if (ipv6 != NULL && address_parse(ipv6, &address) == 0)
		snprintf(observed->address, sizeof(observed->address), "%s", ipv6);
}

static int
read_network(struct look *look)
{
	struct slice settings, networks, value;
	struct attachment attachment;
	int error;

	if (!json_member(look->answer, "NetworkSettings", &settings) ||
	    !json_member(settings, "Networks", &networks) ||
	    !json_member(networks, look->expected->network, &value))
		return 0;
	error = record_decode(&attachment_record, value, &look->arena, &attachment, look->why);
	if (error != 0)
		return error;
	look->observed->on_network = true;
	take_address(look->observed, attachment.ipv4, attachment.ipv6);
	return 0;
}

static int
read_owner(struct look *look)
{
	struct observed *observed = look->observed;
	bool same = image_same_repository(&observed->image, look->expected->image);
	bool has_token;

	observe_token(look->answer, look->expected->token, &has_token, &observed->token_matches);
	observed->presence = container_is_ours(look->config, has_token, same, &observed->labelled) ?
				 PRESENCE_OURS :
				 PRESENCE_FOREIGN;
	return 0;
}

int
observe(struct slice answer, const struct expected *expected, struct observed *ret_observed,
    char why[RECORD_WHY_BYTES])
{
	static int (*const parts[])(
	    struct look * look) = { read_top, read_state, read_config, read_network, read_owner };
	struct look look = { .answer = answer,
		.expected = expected,
		.observed = ret_observed,
		.why = why };
	enum json_flaw flaw = json_check(answer, JSON_MAX_DEPTH);
	int error = 0;

	memset(ret_observed, 0, sizeof(*ret_observed));
	if (flaw != JSON_GOOD) {
		snprintf(why, RECORD_WHY_BYTES, "%s", json_flaw_texts[flaw]);
		return flaw == JSON_MEMORY ? -ENOMEM : -EBADMSG;
	}
	for (size_t at = 0; at < ARRAY_LEN(parts) && error == 0; at++)
		error = parts[at](&look);
	arena_free(&look.arena);
	if (error != 0)
		memset(ret_observed, 0, sizeof(*ret_observed));
	return error;
}
