/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  See journal.h.  The file may hold anything: the volume is the user's. */
#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

static const char *const action_names[] = {
	[COMMAND_START] = "start",
	[COMMAND_RESTART] = "restart",
	[COMMAND_STOP] = "stop",
	NULL,
};

/* ---- the file ---- */

struct file_entry {
	const char *id;
	int action;
	const char *tunnel_id;
	const char *tunnel_name;
	const char *token;
};

struct file {
	struct records entries;
	const char *configuration;
	const char *finalize;
};

#define ENTRY_TEXT(member, most, class, need, hidden)                                        \
	{                                                                                    \
		.name = #member, .kind = FIELD_TEXT, .text = (class), .optional = !(need),   \
		.secret = (hidden), .offset = offsetof(struct file_entry, member), .min = 1, \
		.max = (most)                                                                \
	}

static const struct field entry_fields[] = {
	ENTRY_TEXT(id, COMMAND_ID_MAX_BYTES, TEXT_NAME, true, false),
	{ .name = "action",
	    .kind = FIELD_CHOICE,
	    .offset = offsetof(struct file_entry, action),
	    .choices = action_names },
	ENTRY_TEXT(tunnel_id, TUNNEL_ID_MAX_BYTES, TEXT_NAME, false, false),
	ENTRY_TEXT(tunnel_name, TUNNEL_NAME_MAX_BYTES, TEXT_LINE, false, false),
	ENTRY_TEXT(token, TOKEN_MAX_BYTES, TEXT_VISIBLE, false, true),
};

static const struct record entry_record = {
	.name = "entry",
	.size_bytes = sizeof(struct file_entry),
	.field_count = ARRAY_LEN(entry_fields),
	.fields = entry_fields,
};

static const struct field file_fields[] = {
	{ .name = "entries",
	    .kind = FIELD_RECORDS,
	    .offset = offsetof(struct file, entries),
	    .max = JOURNAL_ENTRIES_MAX,
	    .record = &entry_record },
	{ .name = "configuration",
	    .kind = FIELD_TEXT,
	    .text = TEXT_LINE,
	    .optional = true,
	    .offset = offsetof(struct file, configuration),
	    .min = 1,
	    .max = JOURNAL_CONFIGURATION_MAX_BYTES },
	{ .name = "finalize",
	    .kind = FIELD_TEXT,
	    .text = TEXT_LINE,
	    .optional = true,
	    .offset = offsetof(struct file, finalize),
	    .min = 1,
	    .max = OPERATION_ID_MAX_BYTES },
};

static const struct record file_record = {
	.name = "journal",
	.size_bytes = sizeof(struct file),
	.field_count = ARRAY_LEN(file_fields),
	.fields = file_fields,
};

void
journal_free(struct journal *journal)
{
	free(journal->configuration);
	explicit_bzero(journal, sizeof(*journal));
}

/* ---- entries ---- */

static void
copy(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from != NULL ? from : "");
}

static void
fill(struct journal_entry *entry, const char *id, int action, const char *tunnel_id,
    const char *tunnel_name, const char *token)
{
	entry->action = (enum command_action)action;
	copy(entry->id, sizeof(entry->id), id);
	copy(entry->tunnel_id, sizeof(entry->tunnel_id), tunnel_id);
	copy(entry->tunnel_name, sizeof(entry->tunnel_name), tunnel_name);
	copy(entry->token, sizeof(entry->token), token);
	entry->settled = false;
}

static void
drop_at(struct journal *journal, size_t at)
{
	journal->count--;
	memmove(&journal->entries[at], &journal->entries[at + 1],
	    (journal->count - at) * sizeof(journal->entries[0]));
	explicit_bzero(&journal->entries[journal->count], sizeof(journal->entries[0]));
}

/* Stop and restart decide alone what the tunnel is; start overrides the starts before it. */
static bool
overrides(enum command_action newer, enum command_action older)
{
	return newer != COMMAND_START || older == COMMAND_START;
}

/* Room at the end for an entry of that action, which drops those that it overrides. */
static struct journal_entry *
append(struct journal *journal, enum command_action action)
{
	while (journal->count > 0 && overrides(action, journal->entries[journal->count - 1].action))
		drop_at(journal, journal->count - 1);
	if (journal->count == JOURNAL_ENTRIES_MAX)
		fatal("the journal is full");
	return &journal->entries[journal->count++];
}

/* ---- reading and writing ---- */

static bool
is_whole(const struct file_entry *entry)
{
	return entry->action == COMMAND_STOP || (entry->tunnel_id != NULL && entry->token != NULL);
}

int
journal_read(struct slice content, struct journal *ret_journal)
{
	struct arena arena _cleanup_arena_ = { 0 };
	const struct file_entry *entries;
	char why[RECORD_WHY_BYTES];
	struct file file;

	*ret_journal = (struct journal){ 0 };
	if (content.length == 0)
		return 0;
	if (record_decode(&file_record, content, &arena, &file, why) != 0)
		return -EBADMSG;
	entries = file.entries.items;
	for (size_t at = 0; at < file.entries.count; at++)
		if (!is_whole(&entries[at]))
			return -EBADMSG;
	/* A file of somebody else's making may hold what was overridden. */
	for (size_t at = 0; at < file.entries.count; at++) {
		struct journal_entry *entry = append(ret_journal,
		    (enum command_action)entries[at].action);

		fill(entry, entries[at].id, entries[at].action, entries[at].tunnel_id,
		    entries[at].tunnel_name, entries[at].token);
		entry->settled = true;
	}
	copy(ret_journal->finalize, sizeof(ret_journal->finalize), file.finalize);
	journal_set_configuration(ret_journal, file.configuration);
	return 0;
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

int
journal_write(const struct journal *journal, struct buffer *out, bool *ret_left_out)
{
	struct file_entry entries[JOURNAL_ENTRIES_MAX] = { 0 };
	struct file file = {
		.entries = { .count = journal->count, .items = entries },
		.configuration = journal->configuration,
		.finalize = or_null(journal->finalize),
	};
	char why[RECORD_WHY_BYTES];

	for (size_t at = 0; at < journal->count; at++) {
		const struct journal_entry *entry = &journal->entries[at];

		entries[at] = (struct file_entry){ entry->id, (int)entry->action,
			or_null(entry->tunnel_id), or_null(entry->tunnel_name),
			or_null(entry->token) };
	}
	*ret_left_out = false;
	if (record_encode(&file_record, &file, out, why) == 0)
		return 0;
	*ret_left_out = file.configuration != NULL;
	file.configuration = NULL;
	return record_encode(&file_record, &file, out, why);
}

/* ---- commands ---- */

static enum command_action
action_of(enum command_kind kind)
{
	if (kind == KIND_START)
		return COMMAND_START;
	return kind == KIND_RESTART ? COMMAND_RESTART : COMMAND_STOP;
}

void
journal_add(struct journal *journal, const struct command *command)
{
	enum command_action action = action_of(command->kind);
	char id[COMMAND_ID_MAX_BYTES + 1];

	(void)snprintf(id, sizeof(id), "%016" PRIx64 "%016" PRIx64,
	    (uint64_t)clock_jitter(INT64_MAX), (uint64_t)clock_jitter(INT64_MAX));
	fill(append(journal, action), id, (int)action, command->tunnel_id, command->tunnel_name,
	    command->token);
}

bool
journal_drop(struct journal *journal, const char *id)
{
	for (size_t at = 0; at < journal->count; at++) {
		if (strcmp(journal->entries[at].id, id) == 0) {
			drop_at(journal, at);
			return true;
		}
	}
	return false;
}

void
journal_set_configuration(struct journal *journal, const char *text)
{
	char *taken = text != NULL ? strdup(text) : NULL;

	if (text != NULL && taken == NULL)
		fatal("out of memory");
	free(journal->configuration);
	journal->configuration = taken;
}
