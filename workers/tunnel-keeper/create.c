/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  The tunnel's container as Docker is asked for it: see create.h. */
#include "create.h"

#include <errno.h>
#include <stdio.h>

#include "common/message.h"
#include "common/tunnel_body.h"
#include "observe.h"

/* With Docker's own stop time-out above it: connections that are open get five seconds. */
#define GRACE_PERIOD TUNNEL_GRACE_MARK "5s"

int
create_body(const struct create *create, struct buffer *out, char why[RECORD_WHY_BYTES])
{
	struct buffer token _cleanup_buffer_ = SECRET_BUFFER(TOKEN_MAX_BYTES + 32);
	char metrics[48];
	const char *environment[] = { NULL, GRACE_PERIOD, metrics };
	struct map_entry labels[] = { { OWNER_LABEL, OWNER_VALUE },
		{ COMMAND_LABEL, create->command_id } };
	struct tunnel_host host = { .network = create->network,
		.restart = &tunnel_unless_stopped,
		.read_only = true,
		.cap_drop = tunnel_no_capabilities,
		.security = tunnel_no_privileges };
	struct tunnel_body body = { .image = create->image,
		.command = tunnel_command,
		.environment = { ARRAY_LEN(environment), environment },
		.labels = { create->command_id[0] == '\0' ? 1 : 2, labels },
		.host = &host };
	int error = buffer_add_text(&token, TUNNEL_TOKEN_MARK);

	if (error == 0)
		error = buffer_add_text(&token, create->token);
	if (error != 0) {
		snprintf(why, RECORD_WHY_BYTES, "the token is too long");
		return error;
	}
	environment[0] = token.bytes;
	snprintf(metrics, sizeof(metrics), TUNNEL_METRICS_MARK "%d", (int)create->metrics_port);
	return record_encode(&tunnel_body_record, &body, out, why);
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
	    .offset = offsetof(struct created, id) },
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
