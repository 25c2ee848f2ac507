/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  The state file: what is wanted is on disk before anything is done about it, or it
 * has been said that it can't be, and then it is carried out from memory and saved again later.
 */
#include <stdio.h>
#include <string.h>

#include "keeper.h"

#define SAVE_AGAIN_MS 10000

void
keeper_load(struct keeper *keeper)
{
	char why[RECORD_WHY_BYTES];
	int error = desired_read(worker_state(keeper->worker, STATE_TUNNEL), &keeper->desired, why);

	worker_state_forget(keeper->worker, STATE_TUNNEL);
	if (error == 0)
		return;
	log_event(LOG_TUNNEL_FILE_CORRUPT,
	    "tunnel_state.json can't be read (%s): it is kept as tunnel_state.json.corrupt, "
	    "and a tunnel that runs is left as it is until the master's next command",
	    why);
	worker_corrupt(keeper->worker, STATE_TUNNEL);
}

bool
keeper_is_settled(const struct keeper *keeper)
{
	return keeper->saving.settled == keeper->saving.generation;
}

void
keeper_answer(struct keeper *keeper, const char *command_id, enum command_outcome outcome,
    const char *detail)
{
	struct message_command_done done = { .id = command_id,
		.outcome = (int)outcome,
		.detail = detail };

	/* Without a channel nothing is lost: master-link sends the command again. */
	(void)worker_send(keeper->worker, PROCESS_MASTER_LINK, MESSAGE_COMMAND_DONE, &done);
}

/* Hands the newest state over, unless a save is under way: its answer leads here again. */
static void
save_now(struct keeper *keeper)
{
	struct buffer content _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	struct saving *saving = &keeper->saving;

	if (saving->under_way)
		return;
	if (desired_write(&keeper->desired, &content) != 0)
		fatal("out of memory");
	saving->under_way = true;
	saving->sent = saving->generation;
	worker_timer_stop(keeper->worker, &saving->timer);
	worker_save(keeper->worker, STATE_TUNNEL,
	    (struct slice){ .bytes = content.bytes, .length = content.length });
}

static void
save_again(struct worker *worker, struct worker_timer *timer)
{
	(void)timer;
	save_now(worker_context(worker));
}

void
keeper_save(struct keeper *keeper, const char *command_id)
{
	struct saving *saving = &keeper->saving;

	saving->generation++;
	if (command_id != NULL && saving->waiting_count < COMMANDS_WAITING_MAX) {
		struct waiting_command *waiting = &saving->waiting[saving->waiting_count++];

		snprintf(waiting->id, sizeof(waiting->id), "%s", command_id);
		waiting->generation = saving->generation;
	} else if (command_id != NULL) {
		log_event(LOG_ANSWERS_FULL,
		    "too many commands wait for their answer: command %s stays in the "
		    "journal",
		    command_id);
	}
	save_now(keeper);
}

/* Answers the commands whose change is settled; they wait in the order of their generations. */
static void
answer_waiting(struct keeper *keeper)
{
	struct saving *saving = &keeper->saving;
	size_t done = 0;

	while (done < saving->waiting_count && saving->waiting[done].generation <= saving->settled)
		keeper_answer(keeper, saving->waiting[done++].id, COMMAND_OBEYED,
		    saving->error[0] == '\0' ? NULL : saving->error);
	if (done == 0)
		return;
	saving->waiting_count -= done;
	memmove(saving->waiting, saving->waiting + done,
	    saving->waiting_count * sizeof(saving->waiting[0]));
}

static void
note_outcome(struct keeper *keeper, const char *reason)
{
	struct saving *saving = &keeper->saving;
	bool failed_before = saving->error[0] != '\0';

	if (reason == NULL) {
		if (failed_before)
			log_event(LOG_TUNNEL_FILE_SAVED, "tunnel_state.json is saved again");
		saving->error[0] = '\0';
		return;
	}
	copy_printable(saving->error, sizeof(saving->error), reason);
	if (!failed_before)
		log_event(LOG_TUNNEL_FILE_UNSAVED,
		    "tunnel_state.json could not be saved (%s): the tunnel is kept from "
		    "memory, a restart of the agent would forget the last change",
		    saving->error);
	worker_timer_set(keeper->worker, &saving->timer, SAVE_AGAIN_MS, save_again);
}

void
keeper_saved(struct keeper *keeper, const char *reason)
{
	struct saving *saving = &keeper->saving;

	saving->under_way = false;
	saving->settled = saving->sent;
	note_outcome(keeper, reason);
	answer_waiting(keeper);
	if (saving->generation != saving->settled)
		save_now(keeper);
	else
		keeper_look(keeper);
	keeper_tell(keeper, false);
}
