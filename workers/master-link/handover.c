/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  From the journal to tunnel-keeper: an entry goes out once it is on disk (or its
 * save failed), again on each new channel, and is dropped when tunnel-keeper has made it its own.
 */
#include "common/log_event.h"
#include "link.h"

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static void
send_entry(struct link *link, const struct journal_entry *entry)
{
	struct message_command command = {
		.id = entry->id,
		.action = (int)entry->action,
		.tunnel_id = or_null(entry->tunnel_id),
		.tunnel_name = or_null(entry->tunnel_name),
		.token = or_null(entry->token),
	};

	/* Without a channel it waits for the next one. */
	(void)worker_send(link->worker, PROCESS_TUNNEL_KEEPER, MESSAGE_COMMAND, &command);
}

void
handover_saved(struct link *link)
{
	for (size_t at = 0; at < link->journal.count; at++) {
		struct journal_entry *entry = &link->journal.entries[at];

		if (entry->settled)
			continue;
		entry->settled = true;
		send_entry(link, entry);
	}
}

void
handover_send_all(struct link *link)
{
	if (retire_has_begun(link))
		return;
	for (size_t at = 0; at < link->journal.count; at++)
		if (link->journal.entries[at].settled)
			send_entry(link, &link->journal.entries[at]);
}

void
handover_done(struct link *link, const struct message_command_done *done)
{
	if (!journal_drop(&link->journal, done->id))
		return;
	if (done->outcome == COMMAND_REFUSED)
		log_event(LOG_COMMAND_REFUSED, "tunnel-keeper refuses the command: %s",
		    done->detail != NULL ? done->detail : "no reason");
	save_file(link, STATE_JOURNAL);
}
