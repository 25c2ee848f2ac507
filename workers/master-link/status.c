/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  What dockflare-agentctl shows of the link to the master. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "link.h"

#define WARNINGS_MAX 8
#define WARNING_BYTES 512

struct warnings {
	size_t count;
	char texts[WARNINGS_MAX][WARNING_BYTES];
	const char *items[WARNINGS_MAX];
};

static void PRINTF_LIKE(2, 3) warn(struct warnings *warnings, const char *format, ...)
{
	va_list arguments;

	if (warnings->count == WARNINGS_MAX)
		return;
	va_start(arguments, format);
	(void)vsnprintf(warnings->texts[warnings->count], WARNING_BYTES, format, arguments);
	va_end(arguments);
	warnings->items[warnings->count] = warnings->texts[warnings->count];
	warnings->count++;
}

static void
warn_about_containers(const struct link *link, struct warnings *warnings)
{
	const char *name = NULL;
	size_t refused = 0;

	for (size_t at = 0; at < link->view.count; at++) {
		const struct view_entry *entry = link->view.entries[at];

		if (!entry->refused || entry->told == NULL)
			continue;
		refused++;
		name = entry->told->name;
	}
	if (refused > 0)
		warn(warnings, "the master does not take %zu containers, one is %s", refused, name);
	if (link->report_refused)
		warn(warnings,
		    "the master does not take a report of %zu containers: each is told "
		    "by itself",
		    link->view.running);
	if (link->view.overflowed)
		warn(warnings, "there are more containers or labels than this agent can hold");
}

static void
collect(const struct link *link, struct warnings *warnings)
{
	if (link->agent_status == AGENT_PENDING)
		warn(warnings, "this agent is pending: enrol it in the master");
	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++)
		if (link->savings[file].failure[0] != '\0')
			warn(warnings, "%s can't be saved: %.400s", state_file_names[file],
			    link->savings[file].failure);
	if (link->journal_left_out && link->journal.configuration != NULL)
		warn(warnings, "a tunnel configuration is kept in memory only");
	warn_about_containers(link, warnings);
}

void
link_status(struct link *link)
{
	struct warnings warnings = { 0 };
	struct message_status_link status = {
		.state = (int)link->state,
		.agent_id = link->agent_id[0] != '\0' ? link->agent_id : NULL,
		.agent_status = (int)link->agent_status,
		.protocol = link->session.protocol,
		.lifecycle = (int)link->retire.tombstone.phase,
		.last_contact_ms = link->last_contact_ms,
		.docker_heard_ms = worker_heard_ms(link->worker, PROCESS_DOCKER_WATCHER),
		.tunnel_heard_ms = worker_heard_ms(link->worker, PROCESS_TUNNEL_KEEPER),
		.detail = link->detail,
	};

	collect(link, &warnings);
	status.warnings = (struct texts){ .count = warnings.count, .items = warnings.items };
	worker_status(link->worker, MESSAGE_STATUS_LINK, &status);
}
