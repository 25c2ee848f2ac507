/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  Docker's events, a stream of the engine's for each of a client's: of published
 * containers, and of the tunnel's.  Never cut for its silence.  What can't be told ends the stream:
 * the client lists anew, where a gap would go unnoticed.
 */
#include <string.h>

#include "common/attr.h"
#include "common/tunnel_container.h"
#include "workers/gate-engine/gate.h"

#define EVENT_MAX_BYTES ((size_t)1024 * 1024)
#define HEADER_WAIT_MS 30000

static bool
is_shown(const struct event *event)
{
	return fact_is_published(&event->fact) ||
	       strcmp(event->old_name, TUNNEL_CONTAINER_NAME) == 0;
}

/* Whether the stream goes on. */
static bool
tell(struct request *request, const struct event *event)
{
	struct message_gate_event message = {
		.id = request->order.id,
		.action = event->action,
		.container = event->fact.id,
		.name = event->fact.name,
		.old_name = event->old_name[0] == '\0' ? NULL : event->old_name,
		.labels = event->fact.labels.map,
		.time_ns = event->time_ns,
	};

	return request_send(request, MESSAGE_GATE_EVENT, &message);
}

static bool
end_stream(struct request *request, const char *why)
{
	log_event(LOG_STREAM_CUT,
	    "an event stream is ended, so that what it could not tell is listed: %s", why);
	request_done(request, 200, NULL);
	return false;
}

static bool
on_event(void *context, struct slice text)
{
	struct request *request = context;
	struct arena arena _cleanup_arena_ = { 0 };
	char why[FACT_WHY_BYTES] = "out of memory";
	struct event event;

	if (fact_from_event(text, request->gate->prefix, &arena, &event, why) != 0)
		return end_stream(request, why);
	if (event.kind == EVENT_OTHER || !is_shown(&event))
		return true;
	notes_add_labels(&request->gate->notes, &event.fact, request->gate->list_number);
	return tell(request, &event);
}

static bool
on_oversized_event(void *context, struct slice head UNUSED)
{
	return end_stream(context, "an event is over 1 MiB");
}

/* ---- the stream ---- */

static void
on_no_header(struct worker *worker UNUSED, struct worker_timer *timer)
{
	request_done(container_of(timer, struct request, timer), 504,
	    "the Docker engine did not answer in time");
}

static void
on_start(void *context, long status)
{
	struct request *request = context;

	if (status != 200)
		return;
	worker_timer_stop(request->gate->worker, &request->timer);
	(void)request_begin(request);
}

static bool
on_data(void *context, struct slice piece)
{
	static const struct splitter_sink sink = {
		.object = on_event,
		.oversized = on_oversized_event,
	};
	struct request *request = context;
	int result = splitter_feed(&request->splitter, piece, &sink, request);

	/* Stopped by the sink: the request is gone. */
	if (result == 0 || request->gate == NULL)
		return result == 0;
	return end_stream(request, "what the engine sends is no event");
}

/* A stream that ends, in order or not, may mean that another engine answers next. */
static void
on_done(void *context, const struct http_answer *answer)
{
	struct request *request = context;
	struct gate *gate = request->gate;

	request->http = NULL;
	if (!request->begun) {
		request_pass_on(request, answer);
		return;
	}
	request_done(request, 200, NULL);
	link_lost(gate, NULL);
}

void
events_begin(struct request *request)
{
	static const struct step step = {
		.on_start = on_start,
		.on_data = on_data,
		.on_done = on_done,
	};
	struct worker *worker = request->gate->worker;

	splitter_begin(&request->splitter, false, EVENT_MAX_BYTES);
	worker_timer_set(worker, &request->timer, HEADER_WAIT_MS, on_no_header);
	request_call(request, order_first_call(&request->order), &step);
}
