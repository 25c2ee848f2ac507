/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  Decommissioning: write it down, have tunnel-keeper stop the tunnel, acknowledge.
 * The master repeats a command until it is acknowledged, so each step may come again.
 *
 *   step           event                     then
 *   idle           prepare or finalize       saving: decommission.json
 *   saving         saved (or not)            halting: frame `halt`
 *   halting        halted, or no patience    acknowledging
 *   acknowledging  answered                  idle; over after a finalize
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"
#include "link.h"

/* tunnel-keeper stops a container within 6 s, and may have to be replaced first. */
#define HALT_PATIENCE_MS 30000

bool
retire_has_begun(const struct link *link)
{
	return link->retire.tombstone.phase != LIFECYCLE_ACTIVE;
}

bool
retire_is_over(const struct link *link)
{
	return link->retire.tombstone.phase == LIFECYCLE_FINALIZED &&
	       link->retire.step == RETIRE_IDLE;
}

static bool
is_final(const struct link *link)
{
	return link->retire.tombstone.phase == LIFECYCLE_FINALIZED;
}

/* Nothing more is said to the master, now and at later starts. */
static void
end(struct link *link)
{
	link->retire.step = RETIRE_IDLE;
	link->state = LINK_DECOMMISSIONED;
	(void)snprintf(link->detail, sizeof(link->detail),
	    "this agent was decommissioned in the master; clear the data folder to use it again");
	log_event(LOG_RETIRED,
	    "this agent is decommissioned and stays idle until its data folder is cleared");
}

static void
acknowledge(struct link *link)
{
	worker_timer_stop(link->worker, &link->retire.patience);
	link->retire.step = RETIRE_ACKNOWLEDGING;
	link_schedule(link);
}

static void
on_impatience(struct worker *worker, struct worker_timer *timer)
{
	struct link *link = container_of(timer, struct link, retire.patience);

	(void)worker;
	log_event(LOG_RETIRE_FAILS, "tunnel-keeper does not say that the tunnel has stopped");
	link->retire.tunnel_container = halt_result_choices[HALT_FAILED];
	link->retire.error_code = "tunnel_stop_timeout";
	acknowledge(link);
}

static void
send_halt(struct link *link)
{
	struct message_halt halt = {
		.id = link->retire.tombstone.operation_id,
		.forget = is_final(link),
	};

	/* Without a channel it waits for the next one. */
	(void)worker_send(link->worker, PROCESS_TUNNEL_KEEPER, MESSAGE_HALT, &halt);
}

static void
begin_halt(struct link *link)
{
	link->retire.step = RETIRE_HALTING;
	worker_timer_set(link->worker, &link->retire.patience, HALT_PATIENCE_MS, on_impatience);
	send_halt(link);
}

void
retire_start(struct link *link)
{
	if (!retire_has_begun(link))
		return;
	if (!is_final(link)) {
		log_event(LOG_RETIRING,
		    "this agent is being decommissioned: it waits for the master's last word");
	} else if (link->journal.finalize[0] == '\0') {
		end(link);
	} else {
		/* It was not acknowledged before the last stop. */
		(void)snprintf(link->retire.command_id, sizeof(link->retire.command_id), "%s",
		    link->journal.finalize);
		link->retire.persisted = true;
		begin_halt(link);
	}
}

static void
fill_tombstone(struct link *link, const struct command *command)
{
	struct tombstone *tombstone = &link->retire.tombstone;

	if (strcmp(tombstone->operation_id, command->operation_id) != 0)
		*tombstone = (struct tombstone){ .phase = LIFECYCLE_ACTIVE };
	(void)snprintf(tombstone->operation_id, sizeof(tombstone->operation_id), "%s",
	    command->operation_id);
	(void)snprintf(tombstone->agent_id, sizeof(tombstone->agent_id), "%s", link->agent_id);
	if (tombstone->prepared_at[0] == '\0')
		clock_utc(tombstone->prepared_at);
	tombstone->phase = LIFECYCLE_PREPARED;
	if (command->kind == KIND_FINALIZE) {
		clock_utc(tombstone->finalized_at);
		tombstone->phase = LIFECYCLE_FINALIZED;
	}
}

void
retire_command(struct link *link, const struct command *command)
{
	struct retire *retire = &link->retire;
	bool final = command->kind == KIND_FINALIZE;

	if (retire->step != RETIRE_IDLE &&
	    strcmp(retire->tombstone.operation_id, command->operation_id) == 0 &&
	    is_final(link) == final) {
		/* The master repeats itself while we are at it. */
		(void)snprintf(retire->command_id, sizeof(retire->command_id), "%s",
		    command->command_id);
		return;
	}
	log_event(LOG_RETIRE_ORDERED, "the master decommissions this agent: %s",
	    command_actions[command->kind]);
	worker_timer_stop(link->worker, &retire->patience);
	fill_tombstone(link, command);
	(void)snprintf(retire->command_id, sizeof(retire->command_id), "%s", command->command_id);
	retire->step = RETIRE_SAVING;
	retire->tunnel_container = NULL;
	retire->error_code = NULL;
	/* Tunnel commands that were not yet handed on are void. */
	journal_free(&link->journal);
	if (final)
		(void)snprintf(link->journal.finalize, sizeof(link->journal.finalize), "%s",
		    command->command_id);
	/* The journal first: a finalized agent without it would never acknowledge. */
	save_file(link, STATE_JOURNAL);
	save_file(link, STATE_DECOMMISSION);
	telling_drop(link);
}

void
retire_saved(struct link *link, bool persisted)
{
	link->retire.persisted = persisted;
	if (link->retire.step == RETIRE_SAVING)
		begin_halt(link);
}

void
retire_peer_up(struct link *link)
{
	if (link->retire.step == RETIRE_HALTING)
		send_halt(link);
}

void
retire_halted(struct link *link, const struct message_halted *halted)
{
	struct retire *retire = &link->retire;

	if (retire->step != RETIRE_HALTING ||
	    strcmp(retire->tombstone.operation_id, halted->id) != 0)
		return;
	retire->tunnel_container = halt_result_choices[halted->result];
	if (halted->result == HALT_FAILED) {
		log_event(LOG_RETIRE_FAILS, "the tunnel could not be stopped: %s",
		    halted->detail != NULL ? halted->detail : "no reason");
		retire->error_code = "tunnel_stop_failed";
	}
	acknowledge(link);
}

bool
retire_rejected(struct link *link)
{
	if (!is_final(link))
		return false;
	/* The acknowledgement had arrived: its answer was lost, and the key is revoked. */
	link->journal.finalize[0] = '\0';
	save_file(link, STATE_JOURNAL);
	end(link);
	return true;
}

/* ---- the acknowledgement ---- */

int64_t
acknowledge_due(const struct link *link, int64_t now_ms)
{
	return link->retire.step == RETIRE_ACKNOWLEDGING ? now_ms : INT64_MAX;
}

static const char *
image_of(const struct link *link)
{
	if (link->tunnel.image[0] != '\0')
		return link->tunnel.image;
	return worker_setting(link->worker, SETTING_IMAGE);
}

void
acknowledge_build(struct link *link, struct outgoing *outgoing)
{
	const struct retire *retire = &link->retire;
	struct buffer tail _cleanup_buffer_ = BUFFER(1024);
	struct acknowledgement acknowledgement = {
		.operation_id = retire->tombstone.operation_id,
		.command_id = retire->command_id,
		.phase = is_final(link) ? "shutdown_scheduled" : "prepared",
		.tombstone_persisted = retire->persisted,
		.tunnel_container = retire->tunnel_container,
		.cloudflared_image = image_of(link),
		.error_code = retire->persisted ? retire->error_code : "persistence_failed",
	};

	if (buffer_add_text(&tail, "/decommission/") != 0 ||
	    url_append_segment(&tail, retire->tombstone.operation_id) != 0 ||
	    buffer_add_text(&tail, "/ack") != 0 ||
	    body_acknowledge(&link->session, &acknowledgement, &outgoing->body) != 0)
		fatal("an acknowledgement can't be made");
	link_agent_path(link, tail.bytes, &outgoing->path);
}

void
acknowledge_done(struct link *link, const struct http_answer *answer UNUSED)
{
	log_event(LOG_RETIRE_ACKNOWLEDGED, "decommissioning acknowledged (%s)",
	    is_final(link) ? "finalized" : "prepared");
	if (!is_final(link)) {
		link->retire.step = RETIRE_IDLE;
		return;
	}
	link->journal.finalize[0] = '\0';
	save_file(link, STATE_JOURNAL);
	end(link);
}

/* The master gives the command again as long as it wants it. */
void
acknowledge_refused(struct link *link, const struct judgement *judgement)
{
	log_event(LOG_RETIRE_FAILS, "the master does not take the acknowledgement: %s",
	    judgement->reason);
	link->retire.step = RETIRE_IDLE;
	if (is_final(link))
		link->retire.tombstone.phase = LIFECYCLE_PREPARED;
}

void
acknowledge_failed(struct link *link, const struct judgement *judgement)
{
	if (judgement->verdict == VERDICT_UNKEPT && strncmp(judgement->reason, "HTTP 5", 6) != 0)
		acknowledge_refused(link, judgement);
}
