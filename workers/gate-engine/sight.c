/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-engine.  Reads what Docker says of one container: see sight.h. */
#include "workers/gate-engine/sight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/gate-engine/calls.h"
#include "common/address.h"
#include "common/tunnel_container.h"
#include "common/tunnel_token.h"
#include "workers/gate-engine/tar.h"

#define TEXT_MAX_BYTES (64 * 1024)

/* What the parts of one reading share. */
struct look {
	struct slice answer;
	struct slice config;
	const struct image *image;
	const char *network;
	struct arena arena;
	struct sight *sight;
	char *why; /* RECORD_WHY_BYTES */
};

static int
refuse(struct look *look, const char *key)
{
	(void)snprintf(look->why, RECORD_WHY_BYTES, "field \"%s\" is not what Docker says there",
	    key);
	return -EBADMSG;
}

/* A text into an array of the sight; what can't be taken is left out. */
static void
take_text(struct look *look, struct slice object, const char *key, enum text_class text_class,
    char *target, size_t size_bytes)
{
	const char *text = json_member_text(object, key, text_class, size_bytes - 1, &look->arena);

	if (text != NULL)
		(void)snprintf(target, size_bytes, "%s", text);
}

static int64_t
member_integer(struct slice object, const char *key, int64_t least, int64_t most)
{
	int64_t number = json_member_integer(object, key);

	return number < least ? least : number > most ? most : number;
}

static int
read_top(struct look *look)
{
	struct sight *sight = look->sight;
	const char *name = json_member_text(look->answer, "Name", TEXT_LINE,
	    CONTAINER_NAME_MAX_BYTES + 1, &look->arena);

	take_text(look, look->answer, "Id", TEXT_HEX, sight->id, sizeof(sight->id));
	if (strlen(sight->id) != CONTAINER_ID_BYTES)
		return refuse(look, "Id");
	/* Podman leaves the "/" out. */
	if (name == NULL || strcmp(name + (name[0] == '/' ? 1 : 0), TUNNEL_CONTAINER_NAME) != 0)
		return refuse(look, "Name");
	sight->restart_count = member_integer(look->answer, "RestartCount", 0, INT32_MAX);
	return 0;
}

static int
read_state(struct look *look)
{
	struct sight *sight = look->sight;
	struct slice state;
	const char *error;

	if (!json_member(look->answer, "State", &state))
		return refuse(look, "State");
	take_text(look, state, "Status", TEXT_NAME, sight->state, sizeof(sight->state));
	if (sight->state[0] == '\0')
		return refuse(look, "Status");
	error = json_member_text(state, "Error", TEXT_ANY, TEXT_MAX_BYTES, &look->arena);
	if (error != NULL)
		copy_printable(sight->error, sizeof(sight->error), error);
	take_text(look, state, "StartedAt", TEXT_VISIBLE, sight->started_at,
	    sizeof(sight->started_at));
	take_text(look, state, "FinishedAt", TEXT_VISIBLE, sight->finished_at,
	    sizeof(sight->finished_at));
	sight->exit_code = member_integer(state, "ExitCode", INT32_MIN, UINT32_MAX);
	return 0;
}

static int
read_config(struct look *look)
{
	struct sight *sight = look->sight;
	struct slice labels;

	if (!json_member(look->answer, "Config", &look->config))
		return refuse(look, "Config");
	take_text(look, look->config, "Image", TEXT_LINE, sight->image, sizeof(sight->image));
	if (sight->image[0] == '\0')
		return refuse(look, "Image");
	if (json_member(look->config, "Labels", &labels))
		take_text(look, labels, COMMAND_LABEL, TEXT_NAME, sight->command_id,
		    sizeof(sight->command_id));
	return 0;
}

static void
take_address(struct look *look, struct slice network, const char *key, char *target)
{
	struct address address;

	take_text(look, network, key, TEXT_VISIBLE, target, ADDRESS_TEXT_MAX_BYTES + 1);
	if (target[0] != '\0' && address_parse(target, &address) != 0)
		target[0] = '\0';
}

static int
read_network(struct look *look)
{
	struct sight *sight = look->sight;
	struct slice settings, networks, network;

	if (!json_member(look->answer, "NetworkSettings", &settings) ||
	    !json_member(settings, "Networks", &networks) ||
	    !json_member(networks, look->network, &network))
		return 0;
	sight->on_network = true;
	take_address(look, network, "IPAddress", sight->address);
	take_address(look, network, "GlobalIPv6Address", sight->address6);
	return 0;
}

/* A token that could not stand in a frame is none that cloudflared could use. */
static void
take_token(struct sight *sight, struct slice token)
{
	if (token.length == 0 || token.length > TOKEN_MAX_BYTES ||
	    !text_is(TEXT_VISIBLE, token.bytes, token.length))
		return;
	memcpy(sight->token, token.bytes, token.length);
	sight->token[token.length] = '\0';
}

static int
read_owner(struct look *look)
{
	static const char variable[] = "TUNNEL_TOKEN_FILE=";
	struct sight *sight = look->sight;
	struct slice token, file;
	struct image image;
	bool has_token = container_token(look->answer, &token);
	bool same = image_split(sight->image, &image) && image_same_repository(&image, look->image);

	sight->ours = container_is_ours(look->config, has_token, same, &sight->labelled);
	if (!sight->ours)
		return 0;
	if (has_token)
		take_token(sight, token);
	else
		sight->token_in_file = sight->labelled &&
				       container_variable(look->config, variable, &file) &&
				       file.length == strlen(TOKEN_PATH) &&
				       memcmp(file.bytes, TOKEN_PATH, file.length) == 0;
	/* The engine's word on why it ended may quote an argument. */
	if (token_is_in(sight->token, sight->error))
		sight->error[0] = '\0';
	return 0;
}

int
sight_read(struct slice answer, const struct image *image, const char *network,
    struct sight *ret_sight, char why[RECORD_WHY_BYTES])
{
	static int (*const parts[])(
	    struct look * look) = { read_top, read_state, read_config, read_network, read_owner };
	struct look look = { .answer = answer,
		.image = image,
		.network = network,
		.sight = ret_sight,
		.why = why };
	enum json_flaw flaw = json_check(answer, JSON_MAX_DEPTH);
	int error = 0;

	memset(ret_sight, 0, sizeof(*ret_sight));
	if (flaw != JSON_GOOD) {
		(void)snprintf(why, RECORD_WHY_BYTES, "%s", json_flaw_texts[flaw]);
		return flaw == JSON_MEMORY ? -ENOMEM : -EBADMSG;
	}
	for (size_t at = 0; at < ARRAY_LEN(parts) && error == 0; at++)
		error = parts[at](&look);
	arena_free(&look.arena);
	if (error != 0)
		explicit_bzero(ret_sight, sizeof(*ret_sight));
	return error;
}

int
sight_take_token(struct sight *sight, struct slice archive)
{
	struct slice content;

	if (tar_read(archive, TOKEN_FILE, &content) != 0)
		return -EBADMSG;
	take_token(sight, content);
	return sight->token[0] == '\0' ? -EBADMSG : 0;
}

static const char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

void
sight_tell(const struct sight *sight, int64_t id, struct message_gate_container *ret_message)
{
	*ret_message = (struct message_gate_container){ .id = id,
		.ours = sight->ours,
		.container = sight->id,
		.image = sight->image,
		.state = sight->state };
	if (!sight->ours)
		return;
	ret_message->labelled = sight->labelled;
	ret_message->error = or_null(sight->error);
	ret_message->started_at = or_null(sight->started_at);
	ret_message->finished_at = or_null(sight->finished_at);
	ret_message->command_id = or_null(sight->command_id);
	ret_message->token = or_null(sight->token);
	ret_message->on_network = sight->on_network;
	ret_message->address = or_null(sight->address);
	ret_message->address6 = or_null(sight->address6);
	ret_message->exit_code = sight->exit_code;
	ret_message->restart_count = sight->restart_count;
}
