/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  The orderly stop of the agent: with TUNNEL_ON_EXIT=remove the container is
 * stopped and removed and the master told; with keep it stays.  desired_state stays "running"
 * either way, so that the next start brings the tunnel back.
 */
#include "keeper.h"

/* Docker kills the container after six seconds; the supervisor kills this worker after more. */
#define STOP_MAX_MS 6400
#define STOP_FAILURES_MAX 3

static void
end(struct keeper *keeper)
{
	worker_timer_stop(keeper->worker, &keeper->stop_timer);
	worker_timer_stop(keeper->worker, &keeper->look_timer);
	keeper_health_end(keeper);
	worker_exit(keeper->worker);
}

static void
give_up(struct keeper *keeper)
{
	log_event(LOG_TUNNEL_LEFT, "the tunnel container could not be removed in time%s%s",
	    keeper->problem[0] == '\0' ? "" : ": ", keeper->problem);
	end(keeper);
}

static void
out_of_time(struct worker *worker, struct worker_timer *timer)
{
	(void)timer;
	give_up(worker_context(worker));
}

void
keeper_stop_failed(struct keeper *keeper)
{
	if (keeper->stopping && ++keeper->stop_failures == STOP_FAILURES_MAX)
		give_up(keeper);
}

void
keeper_stop_settled(struct keeper *keeper)
{
	if (!keeper->stopping)
		return;
	keeper_tell(keeper, false);
	end(keeper);
}

void
keeper_shutdown(struct keeper *keeper)
{
	bool wanted = keeper_goal(keeper) == GOAL_RUN;

	if (keeper->stopping)
		return;
	keeper->stopping = true;
	keeper_pull_cancel(keeper);
	if (!wanted || !keeper->remove_on_exit || !keeper->connected) {
		if (wanted && keeper->remove_on_exit)
			log_event(LOG_TUNNEL_LEFT,
			    "the tunnel container is left as it is: Docker is away");
		end(keeper);
		return;
	}
	worker_timer_set(keeper->worker, &keeper->stop_timer, STOP_MAX_MS, out_of_time);
	keeper_fresh_start(keeper);
}
