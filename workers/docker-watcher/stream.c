/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher.  Docker's event stream.  Docker joins its filters by "and", so the stream is
 * filtered by type and action there, and labels and names are chosen here.
 */
#include "workers/docker-watcher/watcher.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/tunnel_container.h"

#define EVENT_MAX_BYTES (1024 * 1024)
/* No byte for so long: the stream may be dead without a sign, so it is made anew. */
#define SILENCE_MAX_MS 300000
/* A proxy that holds the header back until the first event must not hold the list back. */
#define HEADER_WAIT_MS 5000

static bool
is_tunnel(const struct event *event)
{
	return strcmp(event->fact.name, TUNNEL_CONTAINER_NAME) == 0 ||
	       strcmp(event->old_name, TUNNEL_CONTAINER_NAME) == 0;
}

static bool
on_event(void *context, struct slice text)
{
	struct watcher *watcher = context;
	struct arena arena _cleanup_arena_ = { 0 };
	struct event event;
	int result = inventory_event(&watcher->inventory, text, clock_ms(), &arena, &event);

	if (result == -EBADMSG)
		log_debug("an event is not understood: %s", watcher->inventory.why);
	if (result < 0) {
		list_wanted(watcher);
		return true;
	}
	if (event.kind == EVENT_OTHER)
		return true;
	log_debug("event: %s %s (%.12s)", event.action, event.fact.name, event.fact.id);
	if (is_tunnel(&event))
		publish_hint(watcher, event.action);
	if (event.kind == EVENT_END)
		list_schedule(watcher);
	seen_event(&watcher->seen, watcher->inventory.prefix, &event);
	publish_status_soon(watcher);
	return true;
}

/* Its labels were too much: whatever happened, the next list shows it. */
static bool
on_oversized_event(void *context, struct slice head UNUSED)
{
	log_debug("an event is over %d bytes", EVENT_MAX_BYTES);
	list_wanted(context);
	return true;
}

static const struct splitter_sink event_sink = {
	.object = on_event,
	.oversized = on_oversized_event,
};

static void
on_silence(struct worker *worker, struct worker_timer *timer UNUSED)
{
	log_debug("the event stream was silent for %d s", SILENCE_MAX_MS / 1000);
	watcher_renew(worker_context(worker));
}

static void
heard(struct watcher *watcher)
{
	worker_timer_set(watcher->worker, &watcher->silence, SILENCE_MAX_MS, on_silence);
}

/* Subscribed, as far as one can know: now a list holds nothing that the stream misses. */
static void
subscribed(struct watcher *watcher)
{
	worker_timer_stop(watcher->worker, &watcher->answer);
	watcher->stream_ms = clock_ms();
	heard(watcher);
	list_begin(watcher);
}

static void
on_no_header(struct worker *worker, struct worker_timer *timer UNUSED)
{
	log_debug("no header of the event stream yet: listing all the same");
	subscribed(worker_context(worker));
}

static void
on_start(void *context, long status)
{
	struct watcher *watcher = context;

	if (status == 200 && worker_timer_is_set(&watcher->answer))
		subscribed(watcher);
}

static bool
on_data(void *context, struct slice piece)
{
	struct watcher *watcher = context;

	heard(watcher);
	return splitter_feed(&watcher->events, piece, &event_sink, watcher) == 0;
}

static void
on_done(void *context, const struct http_answer *answer)
{
	struct watcher *watcher = context;
	bool began = !worker_timer_is_set(&watcher->answer);

	watcher->stream = NULL;
	if (answer->error == HTTP_OK && answer->status != 200) {
		watcher_fail(watcher,
		    docker_explain(&watcher->docker, "GET", WATCHER_EVENTS_PATH, answer));
	} else if (answer->error == HTTP_FAILED && answer->status == 200) {
		watcher_fail(watcher, "what GET /events sends is not Docker's events");
	} else if (answer->status == 200 && began) {
		watcher_renew(watcher);
	} else {
		(void)endpoint_failed(&watcher->docker.endpoint);
		watcher_fail(watcher,
		    answer->error == HTTP_OK ? "the event stream ended at once" : answer->detail);
	}
}

void
stream_begin(struct watcher *watcher)
{
	struct docker_call call = {
		.method = "GET",
		.path = WATCHER_EVENTS_PATH,
		.on_start = on_start,
		.on_data = on_data,
		.on_done = on_done,
		.context = watcher,
	};

	splitter_begin(&watcher->events, false, EVENT_MAX_BYTES);
	watcher->stream = docker_call(&watcher->docker, &call);
	if (watcher->stream == NULL) {
		watcher_fail(watcher, "GET /events could not be set up");
		return;
	}
	worker_timer_set(watcher->worker, &watcher->answer, HEADER_WAIT_MS, on_no_header);
}
