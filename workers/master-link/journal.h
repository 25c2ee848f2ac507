/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  The journal of commands not yet obeyed (journal.json): the master forgets a command
 * as it hands it out, so it is written down before it is handed on, and dropped when tunnel-keeper
 * has made it its own.
 */
#ifndef MASTER_LINK_JOURNAL_H
#define MASTER_LINK_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "common/buffer.h"

/* A command makes the earlier ones pointless that it overrides, so two are the most that stay. */
#define JOURNAL_ENTRIES_MAX 4
#define JOURNAL_CONFIGURATION_MAX_BYTES 49152

struct journal_entry {
	char id[COMMAND_ID_MAX_BYTES + 1];
	enum command_action action;
	char tunnel_id[TUNNEL_ID_MAX_BYTES + 1];     /* "" for stop */
	char tunnel_name[TUNNEL_NAME_MAX_BYTES + 1]; /* "" for stop, and where none was given */
	char token[TOKEN_MAX_BYTES + 1];             /* "" for stop */
	bool settled; /* on disk, or its save failed: may be handed on */
};

/* A zeroed journal is empty and ready. */
struct journal {
	size_t count;
	struct journal_entry entries[JOURNAL_ENTRIES_MAX]; /* oldest first */
	char *configuration; /* owned; the newest tunnel configuration not yet sent, or NULL */
	char finalize[OPERATION_ID_MAX_BYTES + 1]; /* command id of a finalize that is not yet
	                                              acknowledged, "" for none */
};

/* Wipes and empties. */
void journal_free(struct journal *journal);

/* Reads the file.  0; -EBADMSG if it is none of ours, and the journal is empty. */
int journal_read(struct slice content, struct journal *ret_journal);

/*
 * Appends the file's text to `out`, a secret buffer of STATE_FILE_MAX_BYTES.  A configuration that
 * does not fit is left out, and `ret_left_out` says so.  0 or -ENOMEM.
 */
int journal_write(const struct journal *journal, struct buffer *out, bool *ret_left_out);

/* Adds a tunnel command under a new id; drops those that it overrides. */
void journal_add(struct journal *journal, const struct command *command);

/* Drops the entry of that id; false if there is none. */
bool journal_drop(struct journal *journal, const char *id);

/* Takes a copy of the newest configuration (NULL: none). */
void journal_set_configuration(struct journal *journal, const char *text);

#endif
