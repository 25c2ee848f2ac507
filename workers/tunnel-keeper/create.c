/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  The tunnel's container as Docker is asked for it: see create.h. */
#include "create.h"

#include <errno.h>
#include <stdio.h>

#include "common/message.h"
#include "observe.h"

/* With Docker's own stop time-out above it: connections that are open get five seconds. */
#define GRACE_PERIOD "TUNNEL_GRACE_PERIOD=5s"

struct restart_policy {
	const char *name;
};

struct host_config {
	const char *network;
	const struct restart_policy *restart;
	bool read_only;
	struct texts cap_drop;
	struct texts security;
};

struct body {
	const char *image;
	struct texts command;
	struct texts environment;
	struct map labels;
	const struct host_config *host;
};

#define MEMBER(type, member) .offset = offsetof(struct type, member)

static const struct field restart_fields[] = {
	{ .name = "Name", .kind = FIELD_TEXT, .min = 1, .max = 32, MEMBER(restart_policy, name) },
};
static const struct record restart_record = { .name = "RestartPolicy",
	.size_bytes = sizeof(struct restart_policy),
	.field_count = ARRAY_LEN(restart_fields),
	.fields = restart_fields };

static const struct field host_fields[] = {
	{ .name = "NetworkMode",
	    .kind = FIELD_TEXT,
	    .text = TEXT_LINE,
	    .min = 1,
	    .max = 255,
	    MEMBER(host_config, network) },
	{ .name = "RestartPolicy",
	    .kind = FIELD_RECORD,
	    .record = &restart_record,
	    MEMBER(host_config, restart) },
	{ .name = "ReadonlyRootfs", .kind = FIELD_BOOLEAN, MEMBER(host_config, read_only) },
	{ .name = "CapDrop",
	    .kind = FIELD_TEXTS,
	    .max = 4,
	    .value_max = 32,
	    MEMBER(host_config, cap_drop) },
	{ .name = "SecurityOpt",
	    .kind = FIELD_TEXTS,
	    .max = 4,
	    .value_max = 64,
	    MEMBER(host_config, security) },
};
static const struct record host_record = { .name = "HostConfig",
	.size_bytes = sizeof(struct host_config),
	.field_count = ARRAY_LEN(host_fields),
	.fields = host_fields };

static const struct field body_fields[] = {
	{ .name = "Image",
	    .kind = FIELD_TEXT,
	    .text = TEXT_VISIBLE,
	    .min = 1,
	    .max = IMAGE_MAX_BYTES,
	    MEMBER(body, image) },
	{ .name = "Cmd", .kind = FIELD_TEXTS, .max = 8, .value_max = 64, MEMBER(body, command) },
	{ .name = "Env",
	    .kind = FIELD_TEXTS,
	    .secret = true,
	    .max = 8,
	    .value_max = TOKEN_MAX_BYTES + 32,
	    MEMBER(body, environment) },
	{ .name = "Labels",
	    .kind = FIELD_MAP,
	    .max = 4,
	    .value_max = COMMAND_ID_MAX_BYTES,
	    MEMBER(body, labels) },
	{ .name = "HostConfig", .kind = FIELD_RECORD, .record = &host_record, MEMBER(body, host) },
};
static const struct record body_record = { .name = "the container",
	.size_bytes = sizeof(struct body),
	.field_count = ARRAY_LEN(body_fields),
	.fields = body_fields };

/* cloudflared needs no capability, writes no file and gains no privilege. */
static const char *no_capabilities[] = { "ALL" };
static const char *no_privileges[] = { "no-new-privileges" };
static const char *command[] = { "tunnel", "--no-autoupdate", "run" };
static const struct restart_policy unless_stopped = { .name = "unless-stopped" };

int
create_body(const struct create *create, struct buffer *out, char why[RECORD_WHY_BYTES])
{
	struct buffer token _cleanup_buffer_ = SECRET_BUFFER(TOKEN_MAX_BYTES + 32);
	char metrics[48];
	const char *environment[] = { NULL, GRACE_PERIOD, metrics };
	struct map_entry labels[] = { { OWNER_LABEL, OWNER_VALUE },
		{ COMMAND_LABEL, create->command_id } };
	struct host_config host = { .network = create->network,
		.restart = &unless_stopped,
		.read_only = true,
		.cap_drop = { ARRAY_LEN(no_capabilities), no_capabilities },
		.security = { ARRAY_LEN(no_privileges), no_privileges } };
	struct body body = { .image = create->image,
		.command = { ARRAY_LEN(command), command },
		.environment = { ARRAY_LEN(environment), environment },
		.labels = { create->command_id[0] == '\0' ? 1 : 2, labels },
		.host = &host };
	int error = buffer_add_text(&token, "TUNNEL_TOKEN=");

	if (error == 0)
		error = buffer_add_text(&token, create->token);
	if (error != 0) {
		snprintf(why, RECORD_WHY_BYTES, "the token is too long");
		return error;
	}
	environment[0] = token.bytes;
	snprintf(metrics, sizeof(metrics), "TUNNEL_METRICS=0.0.0.0:%d", (int)create->metrics_port);
	return record_encode(&body_record, &body, out, why);
}

struct created {
	const char *id;
};

static const struct field created_fields[] = {
	{ .name = "Id",
	    .kind = FIELD_TEXT,
	    .text = TEXT_HEX,
	    .min = CONTAINER_ID_BYTES,
	    .max = CONTAINER_ID_BYTES,
	    MEMBER(created, id) },
};
static const struct record created_record = { .name = "the answer",
	.size_bytes = sizeof(struct created),
	.open = true,
	.field_count = ARRAY_LEN(created_fields),
	.fields = created_fields };

int
create_read_id(struct slice answer, char *ret_id)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct created created;
	int error = record_decode(&created_record, answer, &arena, &created, why);

	if (error == 0)
		snprintf(ret_id, CONTAINER_ID_BYTES + 1, "%s", created.id);
	return error;
}
