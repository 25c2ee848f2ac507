/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper and gate-front.  See tunnel_body.h. */
#include "common/tunnel_body.h"

#include "common/attr.h"
#include "common/image.h"
#include "common/message.h"

#define MEMBER(type, member) .offset = offsetof(struct type, member)

static const struct field restart_fields[] = {
	{ .name = "Name", .kind = FIELD_TEXT, .max = 32, MEMBER(tunnel_restart, name) },
};
static const struct record restart_record = { .name = "RestartPolicy",
	.size_bytes = sizeof(struct tunnel_restart),
	.field_count = ARRAY_LEN(restart_fields),
	.fields = restart_fields };

static const struct field host_fields[] = {
	{ .name = "NetworkMode",
	    .kind = FIELD_TEXT,
	    .text = TEXT_LINE,
	    .max = 255,
	    MEMBER(tunnel_host, network) },
	{ .name = "RestartPolicy",
	    .kind = FIELD_RECORD,
	    .record = &restart_record,
	    MEMBER(tunnel_host, restart) },
	{ .name = "ReadonlyRootfs", .kind = FIELD_BOOLEAN, MEMBER(tunnel_host, read_only) },
	{ .name = "CapDrop",
	    .kind = FIELD_TEXTS,
	    .max = 4,
	    .value_max = 32,
	    MEMBER(tunnel_host, cap_drop) },
	{ .name = "SecurityOpt",
	    .kind = FIELD_TEXTS,
	    .max = 4,
	    .value_max = 64,
	    MEMBER(tunnel_host, security) },
};
static const struct record host_record = { .name = "HostConfig",
	.size_bytes = sizeof(struct tunnel_host),
	.field_count = ARRAY_LEN(host_fields),
	.fields = host_fields };

static const struct field body_fields[] = {
	{ .name = "Image",
	    .kind = FIELD_TEXT,
	    .text = TEXT_VISIBLE,
	    .min = 1,
	    .max = IMAGE_MAX_BYTES,
	    MEMBER(tunnel_body, image) },
	{ .name = "Cmd",
	    .kind = FIELD_TEXTS,
	    .max = 8,
	    .value_max = 64,
	    MEMBER(tunnel_body, command) },
	{ .name = "Env",
	    .kind = FIELD_TEXTS,
	    .secret = true,
	    .max = 8,
	    .value_max = TOKEN_MAX_BYTES + 32,
	    MEMBER(tunnel_body, environment) },
	{ .name = "Labels",
	    .kind = FIELD_MAP,
	    .max = 4,
	    .value_max = COMMAND_ID_MAX_BYTES,
	    MEMBER(tunnel_body, labels) },
	{ .name = "HostConfig",
	    .kind = FIELD_RECORD,
	    .record = &host_record,
	    MEMBER(tunnel_body, host) },
};
const struct record tunnel_body_record = { .name = "the container",
	.size_bytes = sizeof(struct tunnel_body),
	.field_count = ARRAY_LEN(body_fields),
	.fields = body_fields };

/* cloudflared needs no capability, writes no file and gains no privilege. */
static const char *no_capabilities[] = { "ALL" };
static const char *no_privileges[] = { "no-new-privileges" };
static const char *command[] = { "tunnel", "--no-autoupdate", "run" };

const struct texts tunnel_command = { ARRAY_LEN(command), command };
const struct texts tunnel_no_capabilities = { ARRAY_LEN(no_capabilities), no_capabilities };
const struct texts tunnel_no_privileges = { ARRAY_LEN(no_privileges), no_privileges };
const struct tunnel_restart tunnel_unless_stopped = { .name = "unless-stopped" };
