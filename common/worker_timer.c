/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every worker.  One-shot timers: a handful a worker, so an unordered list serves. */
#include <limits.h>

#include "common/clock.h"
#include "common/worker_private.h"

void
worker_timer_stop(struct worker *worker, struct worker_timer *timer)
{
	for (struct worker_timer **at = &worker->timers; *at != NULL; at = &(*at)->next) {
		if (*at == timer) {
			*at = timer->next;
			break;
		}
	}
	timer->due_ms = 0;
	timer->next = NULL;
}

void
worker_timer_set(struct worker *worker, struct worker_timer *timer, int64_t delay_ms,
    void (*fire)(struct worker *worker, struct worker_timer *timer))
{
	worker_timer_stop(worker, timer);
	timer->due_ms = clock_ms() + (delay_ms > 0 ? delay_ms : 0);
	timer->fire = fire;
	timer->next = worker->timers;
	worker->timers = timer;
}

int
timers_wait_ms(const struct worker *worker)
{
	int64_t now = clock_ms(), wait = INT64_MAX;

	for (const struct worker_timer *at = worker->timers; at != NULL; at = at->next)
		if (at->due_ms - now < wait)
			wait = at->due_ms - now;
	if (worker->timers == NULL)
		return -1;
	if (wait < 0)
		return 0;
	return wait > INT_MAX ? INT_MAX : (int)wait;
}

/* The timer that is due first, if one is. */
static struct worker_timer *
next_due(const struct worker *worker, int64_t now)
{
	struct worker_timer *found = NULL;

	for (struct worker_timer *at = worker->timers; at != NULL; at = at->next)
		if (at->due_ms <= now && (found == NULL || at->due_ms < found->due_ms))
			found = at;
	return found;
}

void
timers_fire(struct worker *worker)
{
	int64_t now = clock_ms();
	struct worker_timer *timer;

	/* A handler may set or stop any timer, so the list is looked at anew each time; what is
	   set meanwhile is due later than `now` or waits for the next turn. */
	for (int turn = 0; turn < 64; turn++) {
		timer = next_due(worker, now);
		if (timer == NULL)
			return;
		worker_timer_stop(worker, timer);
		timer->fire(worker, timer);
	}
}
