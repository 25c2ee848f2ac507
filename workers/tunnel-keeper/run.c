/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  Follows the runs of our container from look to look: when one began, whether it
 * ended by itself, and how often in a row, so that a crash loop is seen and backed off.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "keeper.h"

static bool
is_up(const struct observed *seen)
{
	return seen->presence == PRESENCE_OURS &&
	       (seen->state == CONTAINER_STATE_RUNNING || seen->state == CONTAINER_STATE_PAUSED);
}

/* The first look of this process, or another container than the one before. */
static void
begin_container(struct keeper *keeper)
{
	const struct observed *seen = &keeper->observed;
	struct run *run = &keeper->run;
	/* What is created after the first look, by us or by anybody, starts before our eyes. */
	bool saw_start = keeper->seen_once;

	*run = (struct run){ .since_ms = clock_ms(), .saw_start = saw_start };
	snprintf(run->id, sizeof(run->id), "%s", seen->id);
	snprintf(run->started_at, sizeof(run->started_at), "%s", seen->started_at);
	run->restart_count = seen->restart_count;
	run->up = is_up(seen);
}

/* 1, 2, 4, 8, …: a crash loop is told, and does not fill the log. */
static bool
is_power_of_two(int64_t number)
{
	return number > 0 && (number & (number - 1)) == 0;
}

static void
note_end(struct keeper *keeper, int64_t ends)
{
	const struct observed *seen = &keeper->observed;
	struct run *run = &keeper->run;
	bool waits = seen->state == CONTAINER_STATE_EXITED;

	if (clock_ms() - run->since_ms >= HEALTHY_MS) {
		run->crashes = 0;
		backoff_reset(&keeper->crash_backoff);
	}
	run->crashes += ends;
	if (is_power_of_two(run->crashes))
		log_event(LOG_TUNNEL_ENDED,
		    "tunnel container ended by itself (%.*s): exit code %lld%s%s",
		    CONTAINER_ID_SHOWN, seen->id, (long long)seen->exit_code,
		    seen->error[0] == '\0' ? "" : ", ", seen->error);
	/* Once is started again at once; Docker's own policy has its own backoff. */
	if (waits && run->crashes > 1)
		keeper->retry_ms = clock_ms() + backoff_wait_ms(&keeper->crash_backoff);
}

static void
follow(struct keeper *keeper)
{
	const struct observed *seen = &keeper->observed;
	struct run *run = &keeper->run;
	int64_t restarts = seen->restart_count - run->restart_count;
	bool up = is_up(seen), new_run = strcmp(run->started_at, seen->started_at) != 0;
	/* Began and ended between two looks. */
	bool ended_unseen = new_run && seen->state == CONTAINER_STATE_EXITED;

	if (restarts > 0)
		note_end(keeper, restarts);
	else if (!run->end_expected && (run->up ? !up || new_run : ended_unseen))
		note_end(keeper, 1);
	if (new_run) {
		run->since_ms = clock_ms();
		run->saw_start = true;
		run->end_expected = false;
		snprintf(run->started_at, sizeof(run->started_at), "%s", seen->started_at);
	}
	run->restart_count = seen->restart_count;
	run->up = up;
}

/* Somebody removed it: its ends say nothing about the next one, which need not wait for them. */
static void
forget_container(struct keeper *keeper)
{
	if (keeper->run.crashes > 1 && keeper->problem[0] == '\0')
		keeper->retry_ms = 0;
	keeper->run = (struct run){ 0 };
	backoff_reset(&keeper->crash_backoff);
}

void
keeper_follow_run(struct keeper *keeper)
{
	const struct observed *seen = &keeper->observed;
	struct run *run = &keeper->run;
	bool new_container = seen->presence == PRESENCE_OURS && strcmp(run->id, seen->id) != 0;
	bool new_run = strcmp(run->started_at, seen->started_at) != 0;

	if (new_container)
		begin_container(keeper);
	else if (seen->presence == PRESENCE_OURS)
		follow(keeper);
	else if (seen->presence == PRESENCE_ABSENT)
		forget_container(keeper);
	if (seen->presence != PRESENCE_OURS || seen->state != CONTAINER_STATE_RUNNING)
		keeper_health_end(keeper);
	else if (new_container || new_run)
		keeper_health_begin(keeper);
	if (run->up && clock_ms() - run->since_ms >= HEALTHY_MS && run->crashes > 0) {
		run->crashes = 0;
		backoff_reset(&keeper->crash_backoff);
	}
	keeper->seen_once = true;
}
