/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher.  Docker's list of containers, read element by element as it comes: after each
 * connect, every minute, for containers that have ended, and whenever an event was not understood.
 */
#include "workers/docker-watcher/watcher.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/log_event.h"

/* The slow tick: whatever else is lost is found after a minute. */
#define LIST_EVERY_MS 60000
/* Docker sends the stream's header a moment before it subscribes: looked at once more. */
#define LIST_SECOND_MS 2000
#define LIST_MIN_GAP_MS 1000
#define LIST_TIMEOUT_MS 60000
#define LIST_MAX_BYTES (256u * 1024 * 1024)
#define ELEMENT_MAX_BYTES (4 * 1024 * 1024)

static void
on_list_timer(struct worker *worker, struct worker_timer *timer UNUSED)
{
	list_begin(worker_context(worker));
}

void
list_schedule(struct watcher *watcher)
{
	int64_t now = clock_ms(), due = watcher->last_list_ms + LIST_EVERY_MS;
	int64_t check = inventory_check_due_ms(&watcher->inventory);

	if (watcher->list != NULL || watcher->stream == NULL)
		return;
	if (check != 0 && check < due)
		due = check;
	if (watcher->list_again_ms != 0 && watcher->list_again_ms < due)
		due = watcher->list_again_ms;
	worker_timer_set(watcher->worker, &watcher->list_timer, due - now, on_list_timer);
}

void
list_wanted(struct watcher *watcher)
{
	if (watcher->list_again_ms != 0)
		return;
	watcher->list_again_ms = clock_ms() + LIST_MIN_GAP_MS;
	list_schedule(watcher);
}

static bool
on_element(void *context, struct slice text)
{
	struct watcher *watcher = context;

	return inventory_list_take(&watcher->inventory, text);
}

static bool
on_oversized_element(void *context, struct slice head)
{
	struct watcher *watcher = context;

	return inventory_list_oversized(&watcher->inventory, head);
}

static const struct splitter_sink element_sink = {
	.object = on_element,
	.oversized = on_oversized_element,
};

static bool
on_data(void *context, struct slice piece)
{
	struct watcher *watcher = context;

	watcher->list_bytes += piece.length;
	return watcher->list_bytes <= LIST_MAX_BYTES &&
	       splitter_feed(&watcher->elements, piece, &element_sink, watcher) == 0;
}

/* Docker can be read: said once after each time that it could not. */
static void
recovered(struct watcher *watcher)
{
	size_t count = watcher->inventory.table.count;
	bool told = watcher->state == DOCKER_CONNECTED;

	watcher->state = DOCKER_CONNECTED;
	watcher->failures = 0;
	watcher->lost = false;
	watcher->reason[0] = '\0';
	if (!told)
		log_event(LOG_DOCKER_WATCHED, "watching Docker (API %s, %zu enabled container%s)",
		    watcher->docker.api_version, count, count == 1 ? "" : "s");
}

static void
finish(struct watcher *watcher)
{
	bool second = watcher->snapshot_due;

	inventory_list_end(&watcher->inventory);
	seen_list_end(&watcher->seen);
	notes_prune(&watcher->notes, watcher->inventory.list_number);
	watcher->last_list_ms = watcher->worked_ms = clock_ms();
	watcher->list_again_ms = second ? watcher->last_list_ms + LIST_SECOND_MS : 0;
	watcher->snapshot_due = false;
	recovered(watcher);
	publish_snapshot(watcher);
	publish_status(watcher);
	list_schedule(watcher);
}

/* The list is broken, or ended too early. */
static void
refuse(struct watcher *watcher)
{
	char reason[WATCHER_REASON_BYTES];
	const char *why = "no JSON list";

	if (watcher->inventory.failed)
		why = watcher->inventory.why;
	else if (watcher->list_bytes > LIST_MAX_BYTES)
		why = "over 256 MiB";
	(void)snprintf(reason, sizeof(reason), "the answer to GET %s is not Docker's list: %s",
	    WATCHER_LIST_PATH, why);
	watcher_fail(watcher, reason);
}

static void
on_done(void *context, const struct http_answer *answer)
{
	struct watcher *watcher = context;

	watcher->list = NULL;
	if (answer->error == HTTP_OK && answer->status != 200) {
		watcher_fail(watcher,
		    docker_explain(&watcher->docker, "GET", WATCHER_LIST_PATH, answer));
	} else if (answer->error != HTTP_OK && answer->error != HTTP_FAILED) {
		watcher_fail(watcher, answer->detail);
	} else if (answer->error != HTTP_OK || !splitter_is_whole(&watcher->elements)) {
		refuse(watcher);
	} else {
		finish(watcher);
	}
}

void
list_begin(struct watcher *watcher)
{
	struct docker_call call = {
		.method = "GET",
		.path = WATCHER_LIST_PATH,
		.timeout_ms = LIST_TIMEOUT_MS,
		.on_data = on_data,
		.on_done = on_done,
		.context = watcher,
	};

	worker_timer_stop(watcher->worker, &watcher->list_timer);
	if (watcher->list != NULL)
		return;
	watcher->list_bytes = 0;
	splitter_begin(&watcher->elements, true, ELEMENT_MAX_BYTES);
	inventory_list_begin(&watcher->inventory, clock_ms());
	seen_list_begin(&watcher->seen);
	watcher->list = docker_call(&watcher->docker, &call);
	if (watcher->list == NULL)
		watcher_fail(watcher, "GET /containers/json could not be set up");
}
