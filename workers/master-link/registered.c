/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  See registered.h. */
#include "registered.h"

#include <errno.h>
#include <stdio.h>

#include "body.h"
#include "common/message.h"

static const struct field answer_fields[] = {
	{ .name = "agent_id",
	    .kind = FIELD_TEXT,
	    .text = TEXT_VISIBLE,
	    .offset = offsetof(struct registered, agent_id),
	    .min = 1,
	    .max = AGENT_ID_MAX_BYTES },
	{ .name = "protocol_version",
	    .kind = FIELD_INTEGER,
	    .optional = true,
	    .offset = offsetof(struct registered, protocol_version),
	    .min = 1,
	    .max = 2 },
	{ .name = "agent_session_id",
	    .kind = FIELD_TEXT,
	    .text = TEXT_LINE,
	    .optional = true,
	    .offset = offsetof(struct registered, agent_session_id),
	    .min = 1,
	    .max = SESSION_ID_MAX_BYTES },
};

static const struct record answer_record = {
	.name = "registration",
	.size_bytes = sizeof(struct registered),
	.open = true,
	.field_count = ARRAY_LEN(answer_fields),
	.fields = answer_fields,
};

#define AGENT_TEXT(member, most, class, hidden)                                                \
	{                                                                                      \
		.name = #member, .kind = FIELD_TEXT, .text = (class), .optional = true,        \
		.secret = (hidden), .offset = offsetof(struct agent_record, member), .min = 0, \
		.max = (most)                                                                  \
	}

static const struct field agent_fields[] = {
	AGENT_TEXT(status, 64, TEXT_LINE, false),
	AGENT_TEXT(assigned_tunnel_id, TUNNEL_ID_MAX_BYTES, TEXT_NAME, false),
	AGENT_TEXT(assigned_tunnel_name, TUNNEL_NAME_MAX_BYTES, TEXT_LINE, false),
	AGENT_TEXT(assigned_tunnel_token, TOKEN_MAX_BYTES, TEXT_VISIBLE, true),
};

static const struct record agent_record = {
	.name = "agent",
	.size_bytes = sizeof(struct agent_record),
	.open = true,
	.field_count = ARRAY_LEN(agent_fields),
	.fields = agent_fields,
};

int
registered_read(struct slice answer, struct arena *arena, struct registered *ret_registered,
    char why[RECORD_WHY_BYTES])
{
	int error = record_decode(&answer_record, answer, arena, ret_registered, why);

	if (error != 0)
		return error;
	if (ret_registered->protocol_version == 2 && ret_registered->agent_session_id == NULL) {
		(void)snprintf(why, RECORD_WHY_BYTES, "no session in it");
		return -EBADMSG;
	}
	return 0;
}

bool
registered_is_modern(struct slice answer, const struct registered *registered)
{
	struct slice code;

	return registered->protocol_version != 0 || json_member(answer, "code", &code);
}

int
agent_record_read(struct slice answer, struct arena *arena, struct agent_record *ret_record,
    char why[RECORD_WHY_BYTES])
{
	struct slice value;

	if (!json_member(answer, "agent", &value))
		return -ENOENT;
	return record_decode(&agent_record, value, arena, ret_record, why);
}
