/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  The three state files, which the supervisor keeps: read at start, saved when they
 * change, saved again later where that failed.  Each may hold anything when it is read.
 */
#include <stdio.h>
#include <string.h>

#include "common/log_event.h"
#include "link.h"

#define SAVE_AGAIN_MS 10000

static const enum state_file files[] = { STATE_AGENT_ID, STATE_DECOMMISSION, STATE_JOURNAL };

static void
report_corrupt(struct link *link, enum state_file file, const char *consequence)
{
	log_event(LOG_LINK_FILE_CORRUPT, "%s is corrupt and is kept aside as %s.corrupt: %s",
	    state_file_names[file], state_file_names[file], consequence);
	worker_corrupt(link->worker, file);
}

void
save_load(struct link *link)
{
	struct worker *worker = link->worker;

	if (agent_id_read(worker_state(worker, STATE_AGENT_ID), link->agent_id) != 0)
		report_corrupt(link, STATE_AGENT_ID, "the master will give this agent an id anew");
	if (tombstone_read(worker_state(worker, STATE_DECOMMISSION), &link->retire.tombstone) != 0)
		report_corrupt(link, STATE_DECOMMISSION, "this agent counts as in service");
	if (journal_read(worker_state(worker, STATE_JOURNAL), &link->journal) != 0)
		report_corrupt(link, STATE_JOURNAL,
		    "commands that were not yet obeyed are lost; give them again in the master");
	for (size_t at = 0; at < ARRAY_LEN(files); at++)
		worker_state_forget(worker, files[at]);
}

/* The file's content as it should be now. */
static void
make_content(struct link *link, enum state_file file, struct buffer *out)
{
	bool left_out = link->journal_left_out;
	int error;

	if (file == STATE_AGENT_ID)
		error = buffer_add_text(out, link->agent_id);
	else if (file == STATE_DECOMMISSION)
		error = tombstone_write(&link->retire.tombstone, out);
	else
		error = journal_write(&link->journal, out, &link->journal_left_out);
	if (error != 0)
		fatal("%s can't be written down", state_file_names[file]);
	if (link->journal_left_out && !left_out)
		log_event(LOG_CONFIGURATION_SKIPPED,
		    "the tunnel's configuration is too large for the journal: it is kept "
		    "in memory only");
}

void
save_file(struct link *link, enum state_file file)
{
	struct buffer content _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);

	make_content(link, file, &content);
	worker_save(link->worker, file,
	    (struct slice){ .bytes = content.bytes, .length = content.length });
}

static void
save_failed_ones(struct worker *worker, struct worker_timer *timer)
{
	struct link *link = container_of(timer, struct link, save_again);

	(void)worker;
	for (size_t at = 0; at < ARRAY_LEN(files); at++)
		if (link->savings[files[at]].failure[0] != '\0')
			save_file(link, files[at]);
}

static void
note(struct link *link, enum state_file file, const char *reason)
{
	char *failure = link->savings[file].failure;

	if (reason == NULL) {
		if (failure[0] != '\0')
			log_event(LOG_LINK_FILE_SAVED, "%s is saved again", state_file_names[file]);
		failure[0] = '\0';
		return;
	}
	if (strcmp(failure, reason) != 0)
		log_event(LOG_LINK_FILE_UNSAVED,
		    "%s can't be saved: %s; going on from memory, and trying again every "
		    "%d s",
		    state_file_names[file], reason, SAVE_AGAIN_MS / 1000);
	(void)snprintf(failure, sizeof(link->savings[file].failure), "%s", reason);
	worker_timer_set(link->worker, &link->save_again, SAVE_AGAIN_MS, save_failed_ones);
}

void
save_answered(struct worker *worker, enum state_file file, const char *reason)
{
	struct link *link = worker_context(worker);

	note(link, file, reason);
	if (file == STATE_JOURNAL)
		handover_saved(link);
	if (file == STATE_DECOMMISSION)
		retire_saved(link, reason == NULL);
	link_status(link);
}
