/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-engine.  The tunnel's container as Docker is asked for it: see create.h. */
#include "workers/gate-engine/create.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/message.h"
#include "common/tunnel_container.h"
#include "workers/gate-engine/tar.h"

#define PIDS_MAX 256
#define VARIABLE_BYTES (TOKEN_MAX_BYTES + 32)

struct restart_policy {
	const char *name;
};

struct log_config {
	const char *type;
	struct map options;
};

struct mount {
	const char *type;
	const char *target;
};

struct host_config {
	const char *network;
	const struct restart_policy *restart;
	bool read_only;
	bool privileged;
	struct texts cap_drop;
	struct texts security;
	int64_t memory;
	int64_t memory_and_swap;
	int64_t pids;
	const struct log_config *log;
	struct records mounts;
};

struct body {
	const char *image;
	const char *user;
	struct texts command;
	struct texts environment;
	struct map labels;
	const struct host_config *host;
};

#define WHERE(type, key, member) .name = (key), .offset = offsetof(struct type, member)
#define TEXT(type, key, member, most)                                                         \
	{                                                                                     \
		WHERE(type, key, member), .kind = FIELD_TEXT, .text = TEXT_VISIBLE, .min = 1, \
					  .max = (most)                                       \
	}
#define NUMBER(type, key, member)                                                           \
	{                                                                                   \
		WHERE(type, key, member), .kind = FIELD_INTEGER, .min = 1, .max = INT64_MAX \
	}
#define SWITCH(type, key, member)                               \
	{                                                       \
		WHERE(type, key, member), .kind = FIELD_BOOLEAN \
	}
#define TEXTS(type, key, member)                                                               \
	{                                                                                      \
		WHERE(type, key, member), .kind = FIELD_TEXTS, .text = TEXT_VISIBLE, .max = 4, \
					  .value_max = 64                                      \
	}
#define TABLE(type, key, member)                                                             \
	{                                                                                    \
		WHERE(type, key, member), .kind = FIELD_MAP, .text = TEXT_VISIBLE, .max = 4, \
					  .value_max = COMMAND_ID_MAX_BYTES                  \
	}
#define PART(type, key, member, shape)                                             \
	{                                                                          \
		WHERE(type, key, member), .kind = FIELD_RECORD, .record = &(shape) \
	}
#define CLOSED(type, list)                                                                        \
	{                                                                                         \
		.name = #type, .size_bytes = sizeof(struct type), .field_count = ARRAY_LEN(list), \
		.fields = (list)                                                                  \
	}

static const struct field restart_fields[] = { TEXT(restart_policy, "Name", name, 32) };
static const struct record restart_record = CLOSED(restart_policy, restart_fields);

static const struct field log_fields[] = {
	TEXT(log_config, "Type", type, 32),
	TABLE(log_config, "Config", options),
};
static const struct record log_record = CLOSED(log_config, log_fields);

static const struct field mount_fields[] = {
	TEXT(mount, "Type", type, 16),
	TEXT(mount, "Target", target, 64),
};
static const struct record mount_record = CLOSED(mount, mount_fields);

static const struct field host_fields[] = {
	TEXT(host_config, "NetworkMode", network, 128),
	PART(host_config, "RestartPolicy", restart, restart_record),
	SWITCH(host_config, "ReadonlyRootfs", read_only),
	SWITCH(host_config, "Privileged", privileged),
	TEXTS(host_config, "CapDrop", cap_drop),
	TEXTS(host_config, "SecurityOpt", security),
	NUMBER(host_config, "Memory", memory),
	NUMBER(host_config, "MemorySwap", memory_and_swap),
	NUMBER(host_config, "PidsLimit", pids),
	PART(host_config, "LogConfig", log, log_record),
	{ WHERE(host_config, "Mounts", mounts), .kind = FIELD_RECORDS, .max = 1,
	    .record = &mount_record },
};
static const struct record host_record = CLOSED(host_config, host_fields);

static const struct field body_fields[] = {
	TEXT(body, "Image", image, IMAGE_MAX_BYTES),
	TEXT(body, "User", user, 32),
	TEXTS(body, "Cmd", command),
	{ WHERE(body, "Env", environment), .kind = FIELD_TEXTS, .text = TEXT_VISIBLE,
	    .secret = true, .max = 3, .value_max = VARIABLE_BYTES },
	TABLE(body, "Labels", labels),
	PART(body, "HostConfig", host, host_record),
};
static const struct record body_record = CLOSED(body, body_fields);

/* What is always the same: cloudflared needs no capability, writes no file, gains no privilege. */
static const char *command[] = { "tunnel", "--no-autoupdate", "run" };
static const char user[] = "65532:65532";
static const char *no_capabilities[] = { "ALL" };
static const char *no_privileges[] = { "no-new-privileges" };
static const struct restart_policy unless_stopped = { .name = "unless-stopped" };
static struct map_entry log_options[] = { { "max-file", "3" }, { "max-size", "10m" } };
static const struct log_config log_config = {
	.type = "json-file",
	.options = { ARRAY_LEN(log_options), log_options },
};
/* Nameless, so that no other container can have it, and removed with its container. */
static struct mount token_volume = { .type = "volume", .target = TOKEN_FOLDER };

static void
fill_host(const struct gate_rules *rules, const struct order *order, struct host_config *host)
{
	*host = (struct host_config){ .network = rules->network,
		.restart = &unless_stopped,
		.read_only = true,
		.privileged = false,
		.cap_drop = { ARRAY_LEN(no_capabilities), no_capabilities },
		.security = { ARRAY_LEN(no_privileges), no_privileges },
		.memory = rules->memory_mib * 1024 * 1024,
		.memory_and_swap = rules->memory_mib * 1024 * 1024,
		.pids = PIDS_MAX,
		.log = &log_config,
		.mounts = { order->token_in_file ? 1 : 0, &token_volume } };
}

/* The variable that brings the token, or tells where it is. */
static int
add_token(const struct order *order, struct buffer *out)
{
	int error = buffer_add_text(out,
	    order->token_in_file ? "TUNNEL_TOKEN_FILE=" TOKEN_PATH : "TUNNEL_TOKEN=");

	return error == 0 && !order->token_in_file ? buffer_add_text(out, order->token) : error;
}

int
create_body(const struct gate_rules *rules, const struct order *order, struct buffer *out,
    char why[RECORD_WHY_BYTES])
{
	struct buffer token _cleanup_buffer_ = SECRET_BUFFER(VARIABLE_BYTES);
	char grace[48], metrics[48];
	const char *environment[3];
	struct map_entry labels[] = { { OWNER_LABEL, OWNER_VALUE },
		{ COMMAND_LABEL, order->command_id } };
	struct host_config host;
	struct body body = { .image = order->image->whole,
		.user = user,
		.command = { ARRAY_LEN(command), command },
		.environment = { 0, environment },
		.labels = { order->command_id[0] == '\0' ? 1 : 2, labels },
		.host = &host };
	int error = add_token(order, &token);

	if (error != 0) {
		(void)snprintf(why, RECORD_WHY_BYTES, "the token is too long");
		return error;
	}
	fill_host(rules, order, &host);
	environment[body.environment.count++] = token.bytes;
	(void)snprintf(grace, sizeof(grace), "TUNNEL_GRACE_PERIOD=%ds", (int)order->grace_s);
	(void)snprintf(metrics, sizeof(metrics), "TUNNEL_METRICS=0.0.0.0:%d",
	    (int)order->metrics_port);
	if (order->grace_s > 0)
		environment[body.environment.count++] = grace;
	if (order->metrics_port > 0)
		environment[body.environment.count++] = metrics;
	return record_encode(&body_record, &body, out, why);
}

int
create_archive(const struct order *order, struct buffer *out)
{
	struct slice token = { .bytes = order->token, .length = strlen(order->token) };

	return tar_write(out, TOKEN_FILE, TUNNEL_GID, token);
}
