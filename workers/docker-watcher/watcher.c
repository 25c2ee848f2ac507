/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher.  The connection to Docker: version first, then the event stream, then a list,
 * so that nothing falls between the two; all of it again after each break.
 */
#include "workers/docker-watcher/watcher.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 30000
#define RETRY_DOUBLINGS_MAX 9
/* A proxy that ends the stream at once must not be asked in a loop. */
#define STREAM_SHORT_MS 10000

static void
stop_all(struct watcher *watcher)
{
	struct worker *worker = watcher->worker;

	docker_cancel(&watcher->docker);
	http_cancel(watcher->http, watcher->stream);
	http_cancel(watcher->http, watcher->list);
	watcher->stream = NULL;
	watcher->list = NULL;
	inventory_list_abort(&watcher->inventory);
	worker_timer_stop(worker, &watcher->retry);
	worker_timer_stop(worker, &watcher->list_timer);
	worker_timer_stop(worker, &watcher->silence);
	worker_timer_stop(worker, &watcher->answer);
}

void
watcher_end(struct watcher *watcher)
{
	stop_all(watcher);
	publish_stop(watcher);
}

static void
on_retry(struct worker *worker, struct worker_timer *timer UNUSED)
{
	watcher_begin(worker_context(worker));
}

/* Doubles from 100 ms to 30 s, half of it by chance: many agents must not knock at once. */
static void
retry_later(struct watcher *watcher, unsigned failures)
{
	unsigned doublings = failures < RETRY_DOUBLINGS_MAX ? failures : RETRY_DOUBLINGS_MAX;
	int64_t delay_ms = (int64_t)RETRY_MIN_MS << doublings;

	if (delay_ms > RETRY_MAX_MS)
		delay_ms = RETRY_MAX_MS;
	delay_ms = delay_ms / 2 + clock_jitter(delay_ms / 2 + 1);
	worker_timer_set(watcher->worker, &watcher->retry, delay_ms, on_retry);
}

void
watcher_fail(struct watcher *watcher, const char *reason)
{
	bool is_new = strcmp(watcher->reason, reason) != 0;

	stop_all(watcher);
	watcher->worked_ms = clock_ms();
	if (is_new) {
		(void)snprintf(watcher->reason, sizeof(watcher->reason), "%s", reason);
		log_event(LOG_DOCKER_UNREADABLE, "Docker can't be read: %s", watcher->reason);
	}
	watcher->inventory.complete = false;
	watcher->snapshot_due = true;
	watcher->state = DOCKER_UNREADABLE;
	if (!watcher->lost || is_new)
		publish_lost(watcher);
	watcher->lost = true;
	publish_status(watcher);
	retry_later(watcher, watcher->failures++);
}

void
watcher_renew(struct watcher *watcher)
{
	bool was_short = clock_ms() - watcher->stream_ms < STREAM_SHORT_MS;

	/* Otherwise nothing would ever be known, and nobody would be told. */
	if (watcher->snapshot_due) {
		watcher_fail(watcher, "the event stream ended before the containers were listed");
		return;
	}
	stop_all(watcher);
	watcher->snapshot_due = true;
	log_debug("the event stream ended; connecting anew");
	if (was_short) {
		retry_later(watcher, watcher->short_streams++);
		return;
	}
	watcher->short_streams = 0;
	worker_timer_set(watcher->worker, &watcher->retry, 0, on_retry);
}

static void
on_connected(struct docker *docker, bool ok)
{
	struct watcher *watcher = docker->context;

	if (ok)
		stream_begin(watcher);
	else
		watcher_fail(watcher, docker->error);
}

void
watcher_begin(struct watcher *watcher)
{
	stop_all(watcher);
	docker_connect(&watcher->docker, on_connected);
}
