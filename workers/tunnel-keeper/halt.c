/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  Decommissioning: master-link asks for the container to be stopped and kept, and
 * is told how that went.  It asks again as long as the master does, so this may be repeated.
 */
#include <stdio.h>
#include <string.h>

#include "keeper.h"

#define HALT_MAX_MS 20000

static void
answer(struct keeper *keeper, enum halt_result result, const char *detail)
{
	struct message_halted halted = { .id = keeper->halt.id,
		.result = (int)result,
		.detail = detail };

	keeper->halt.waiting = false;
	worker_timer_stop(keeper->worker, &keeper->halt.timer);
	log_event(LOG_TUNNEL_HALTED, "the tunnel is halted for decommissioning: %s%s%s",
	    halt_result_choices[result], detail == NULL ? "" : ", ", detail == NULL ? "" : detail);
	(void)worker_send(keeper->worker, PROCESS_MASTER_LINK, MESSAGE_HALTED, &halted);
}

/* The reconciler goes on trying; only the answer can't wait. */
static void
give_up(struct worker *worker, struct worker_timer *timer)
{
	struct keeper *keeper = worker_context(worker);

	(void)timer;
	answer(keeper, HALT_FAILED,
	    keeper->away_ms != 0       ? keeper->docker_error :
	    keeper->problem[0] != '\0' ? keeper->problem :
					 "the container did not stop in time");
}

void
keeper_on_halt(struct keeper *keeper, const struct message_halt *halt)
{
	struct desired *desired = &keeper->desired;
	bool news = desired->state != WANTED_STOPPED || desired->pending ||
		    (halt->forget && desired->token[0] != '\0');

	snprintf(keeper->halt.id, sizeof(keeper->halt.id), "%s", halt->id);
	keeper->halt.waiting = true;
	worker_timer_set(keeper->worker, &keeper->halt.timer, HALT_MAX_MS, give_up);
	if (halt->forget)
		desired_set_tunnel(desired, NULL, NULL, NULL);
	desired_set_command(desired, NULL, false);
	desired->state = WANTED_STOPPED;
	keeper->refusal[0] = '\0';
	if (news)
		keeper_save(keeper, NULL);
	keeper_fresh_start(keeper);
}

void
keeper_halt_settled(struct keeper *keeper)
{
	if (!keeper->halt.waiting)
		return;
	answer(keeper, keeper->observed.presence == PRESENCE_OURS ? HALT_STOPPED : HALT_ABSENT,
	    NULL);
}
