/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  The master's answer to a registration, and its record of the agent within.
 *
 * Covers: workers/master-link/registered.c
 */
#include <errno.h>

#include "common/message.h"
#include "registered.h"
#include "tests/fuzz/fuzz.h"

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* What is handed to tunnel-keeper must pass its table. */
static void
judge_record(struct slice text)
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(MESSAGE_MAX_BYTES);
	char why[RECORD_WHY_BYTES] = "";
	struct agent_record record;
	int error = agent_record_read(text, &arena, &record, why);

	fuzz_assert(error == 0 || error == -ENOENT || error == -EBADMSG);
	fuzz_judge_why(why, sizeof(why));
	if (error != 0 || !is_given(record.assigned_tunnel_id) ||
	    !is_given(record.assigned_tunnel_name) || !is_given(record.assigned_tunnel_token))
		return;
	fuzz_assert(message_encode(MESSAGE_RESTORE,
			&(struct message_restore){ record.assigned_tunnel_id,
			    record.assigned_tunnel_name, record.assigned_tunnel_token },
			&out, why) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);
	struct arena arena _cleanup_arena_ = { 0 };
	struct buffer out _cleanup_buffer_ = BUFFER(MESSAGE_MAX_BYTES);
	struct message_status_link status = { 0 };
	char why[RECORD_WHY_BYTES] = "";
	struct registered registered;

	if (registered_read(text, &arena, &registered, why) != 0) {
		fuzz_assert(why[0] != '\0');
		fuzz_judge_why(why, sizeof(why));
		return 0;
	}
	fuzz_assert(registered.protocol_version != 2 || registered.agent_session_id != NULL);
	fuzz_assert(registered.protocol_version == 0 || registered_is_modern(text, &registered));
	/* Both are shown in the status, whose table must take them. */
	status.agent_id = registered.agent_id;
	status.protocol = registered.protocol_version;
	fuzz_assert(message_encode(MESSAGE_STATUS_LINK, &status, &out, why) == 0);
	judge_record(text);
	return 0;
}
