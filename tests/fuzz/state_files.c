/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  The four state files, each with its own reader: what is read is within the bounds of
 * the messages that tell it, and the same after it was written and read again.
 *
 * Covers: workers/master-link/agent_id.c workers/master-link/tombstone.c
 *  workers/master-link/journal.c workers/tunnel-keeper/desired.c
 */
#include "agent_id.h"
#include "desired.h"
#include "journal.h"
#include "tests/fuzz/fuzz.h"
#include "tombstone.h"

static struct slice
slice_of(const struct buffer *buffer)
{
	return (struct slice){ .bytes = buffer->bytes, .length = buffer->length };
}

static void
encode(enum message_id id, const void *body)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(MESSAGE_MAX_BYTES);
	char why[RECORD_WHY_BYTES] = "";

	fuzz_assert(message_encode(id, body, &out, why) == 0);
}

static const char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static void
take_agent_id(struct slice text)
{
	static const char kept[] = "-._~%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz";
	struct buffer path _cleanup_buffer_ = BUFFER(4 * AGENT_ID_MAX_BYTES);
	char id[AGENT_ID_MAX_BYTES + 1], again[AGENT_ID_MAX_BYTES + 1];
	struct message_status_link status = { .agent_id = id };
	int error = agent_id_read(text, id);

	if (id[0] == '\0')
		return;
	fuzz_assert(error == 0);
	encode(MESSAGE_STATUS_LINK, &status);
	fuzz_assert(agent_id_read((struct slice){ id, strlen(id) }, again) == 0);
	fuzz_assert(strcmp(id, again) == 0);
	fuzz_assert(url_append_segment(&path, id) == 0 && strspn(path.bytes, kept) == path.length);
	fuzz_assert(strcmp(path.bytes, ".") != 0 && strcmp(path.bytes, "..") != 0);
}

static void
take_tombstone(struct slice text)
{
	struct buffer out _cleanup_buffer_ = BUFFER(STATE_FILE_MAX_BYTES);
	struct tombstone tombstone, again;

	if (tombstone_read(text, &tombstone) != 0 || tombstone.phase == LIFECYCLE_ACTIVE) {
		fuzz_assert(tombstone.phase == LIFECYCLE_ACTIVE);
		return;
	}
	encode(MESSAGE_HALT, &(struct message_halt){ .id = tombstone.operation_id });
	fuzz_assert(tombstone_write(&tombstone, &out) == 0);
	fuzz_assert(tombstone_read(slice_of(&out), &again) == 0);
	fuzz_assert(tombstone.phase == again.phase);
	fuzz_assert(strcmp(tombstone.operation_id, again.operation_id) == 0);
	fuzz_assert(strcmp(tombstone.agent_id, again.agent_id) == 0);
	fuzz_assert(strcmp(tombstone.prepared_at, again.prepared_at) == 0);
	fuzz_assert(strcmp(tombstone.finalized_at, again.finalized_at) == 0);
}

static void
judge_entry(const struct journal_entry *one, const struct journal_entry *other)
{
	encode(MESSAGE_COMMAND, &(struct message_command){ .id = one->id,
				    .action = (int)one->action,
				    .tunnel_id = or_null(one->tunnel_id),
				    .tunnel_name = or_null(one->tunnel_name),
				    .token = or_null(one->token) });
	fuzz_assert(one->action == other->action && strcmp(one->id, other->id) == 0);
	fuzz_assert(strcmp(one->token, other->token) == 0);
	fuzz_assert(strcmp(one->tunnel_name, other->tunnel_name) == 0);
}

static void
take_journal(struct slice text)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	struct journal journal, again;
	bool left_out;

	if (journal_read(text, &journal) != 0) {
		fuzz_assert(journal.count == 0 && journal.configuration == NULL);
		return;
	}
	fuzz_assert(journal.count <= JOURNAL_ENTRIES_MAX);
	fuzz_assert(journal_write(&journal, &out, &left_out) == 0);
	fuzz_assert(journal_read(slice_of(&out), &again) == 0 && journal.count == again.count);
	fuzz_assert(strcmp(journal.finalize, again.finalize) == 0);
	fuzz_assert(left_out || (journal.configuration == NULL) == (again.configuration == NULL));
	for (size_t at = 0; at < journal.count; at++)
		judge_entry(&journal.entries[at], &again.entries[at]);
	if (again.configuration != NULL)
		fuzz_assert(strcmp(journal.configuration, again.configuration) == 0);
	while (journal.count > 0)
		fuzz_assert(journal_drop(&journal, journal.entries[0].id));
	fuzz_assert(!journal_drop(&journal, ""));
	journal_free(&journal);
	journal_free(&again);
}

static void
take_desired(struct slice text)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	struct desired desired, again;
	char why[RECORD_WHY_BYTES] = "";

	if (desired_read(text, &desired, why) != 0) {
		fuzz_assert(desired.state == WANTED_UNKNOWN && desired.token[0] == '\0');
		fuzz_judge_why(why, sizeof(why));
		return;
	}
	encode(MESSAGE_TUNNEL,
	    &(struct message_tunnel){ .id = or_null(desired.id), .name = or_null(desired.name) });
	fuzz_assert(desired.pending == (desired.command_id[0] != '\0'));
	fuzz_assert(desired_write(&desired, &out) == 0);
	fuzz_assert(desired_read(slice_of(&out), &again, why) == 0);
	fuzz_assert(desired.state == again.state && desired.pending == again.pending);
	fuzz_assert(strcmp(desired.token, again.token) == 0);
	fuzz_assert(strcmp(desired.id, again.id) == 0 && strcmp(desired.name, again.name) == 0);
	fuzz_assert(strcmp(desired.command_id, again.command_id) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);

	take_agent_id(text);
	take_tombstone(text);
	take_journal(text);
	take_desired(text);
	return 0;
}
