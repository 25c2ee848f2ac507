/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  The poll for commands.  The master has forgotten what it answers here, so each
 * command is written down, or logged and skipped, before anything else happens.
 */
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"
#include "link.h"

#define COMMANDS_MAX_BYTES ((size_t)4 * 1024 * 1024)
/* A hostile answer may hold very many; the rest of them is counted. */
#define SKIPPED_LOGGED_MAX 10

int64_t
poll_due(const struct link *link, int64_t now_ms UNUSED)
{
	return link->next_poll_ms;
}

void
poll_build(struct link *link, struct outgoing *outgoing)
{
	outgoing->method = "GET";
	outgoing->answer_max_bytes = COMMANDS_MAX_BYTES;
	link_agent_path(link, "/commands", &outgoing->path);
}

/* A tenth of the interval early: it goes along, while processor and connection are awake. */
static void
bring_forward(const struct link *link, int64_t *due_ms, int64_t now_ms)
{
	if (*due_ms > now_ms && *due_ms - now_ms <= link->interval_ms / 10)
		*due_ms = now_ms;
}

static void
set_next(struct link *link)
{
	int64_t now = clock_ms();

	/* A tenth of jitter, so that many agents do not ask in step. */
	link->next_poll_ms = now + link->poll_ms - clock_jitter(link->poll_ms / 10 + 1);
	bring_forward(link, &link->next_report_ms, now);
	bring_forward(link, &link->next_heartbeat_ms, now);
}

static void
obey(struct link *link, const struct command *command)
{
	if (command->kind == KIND_PREPARE || command->kind == KIND_FINALIZE) {
		retire_command(link, command);
		return;
	}
	log_event(LOG_COMMAND, "command %s", command_actions[command->kind]);
	if (retire_has_begun(link)) {
		log_event(LOG_COMMAND_IGNORED,
		    "command %s is ignored: this agent is being decommissioned",
		    command_actions[command->kind]);
		return;
	}
	if (command->kind == KIND_CONFIGURE) {
		helper_take(link, command);
		return;
	}
	if (command->kind != KIND_STOP)
		link->agent_status = AGENT_ENROLLED;
	journal_add(&link->journal, command);
	save_file(link, STATE_JOURNAL);
}

/* Each command has an arena of its own: the token is wiped with it. */
static bool
take(struct link *link, struct slice element, bool say)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[COMMAND_WHY_BYTES];
	struct command command;

	if (command_decode(element, &arena, &command, why) != 0) {
		if (say)
			log_event(LOG_COMMAND_SKIPPED, "a command of the master is skipped: %s",
			    why);
		return false;
	}
	obey(link, &command);
	return true;
}

void
poll_done(struct link *link, const struct http_answer *answer)
{
	struct slice list, element;
	size_t at = 0, skipped = 0;

	set_next(link);
	if (!commands_find(answer->body, &list)) {
		log_event(LOG_COMMANDS_MISSING,
		    "the master's answer to the command poll has no list of commands");
		return;
	}
	while (json_next_element(list, &at, &element))
		skipped += take(link, element, skipped < SKIPPED_LOGGED_MAX) ? 0 : 1;
	if (skipped > SKIPPED_LOGGED_MAX)
		log_event(LOG_COMMAND_SKIPPED, "%zu more commands of the master are skipped",
		    skipped - SKIPPED_LOGGED_MAX);
}

void
poll_refused(struct link *link, const struct judgement *judgement)
{
	log_event(LOG_POLL_REFUSED, "the master refuses the command poll: %s", judgement->reason);
	set_next(link);
}
