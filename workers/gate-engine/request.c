/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The table of open requests: bounded for each front, known by front and id.  Each
 * ends with one `gate-done`, unless whoever asked is gone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/secret_memory.h"
#include "workers/gate-engine/gate.h"

static void (*const begin[VERB_COUNT])(struct request *request) = {
	[VERB_ABOUT] = about_begin,
	[VERB_LIST] = list_begin,
	[VERB_EVENTS] = events_begin,
	[VERB_INSPECT] = tunnel_begin,
	[VERB_START] = tunnel_begin,
	[VERB_STOP] = tunnel_begin,
	[VERB_REMOVE] = tunnel_begin,
	[VERB_NETWORK] = lookup_begin,
	[VERB_IMAGE] = lookup_begin,
	[VERB_PULL] = pull_begin,
	[VERB_CREATE] = create_begin,
};

/* ---- the table ---- */

static struct request *
places_of(struct gate *gate, enum process peer)
{
	return gate->requests[peer == PROCESS_GATE_TUNNEL ? 1 : 0];
}

static struct request *
find(struct gate *gate, enum process peer, int64_t id)
{
	struct request *places = places_of(gate, peer);

	for (size_t at = 0; at < ARRAY_LEN(gate->requests[0]); at++)
		if (places[at].gate != NULL && !places[at].deaf && places[at].order.id == id)
			return &places[at];
	return NULL;
}

/* A free place, if the front may have one more of that kind. */
static struct request *
find_place(struct gate *gate, enum process peer, bool stream)
{
	struct request *places = places_of(gate, peer), *place = NULL;
	size_t count = 0;

	for (size_t at = 0; at < ARRAY_LEN(gate->requests[0]); at++) {
		if (places[at].gate == NULL)
			place = &places[at];
		else if ((places[at].order.verb == VERB_EVENTS) == stream)
			count++;
	}
	return count < (stream ? STREAMS_MAX : REQUESTS_MAX) ? place : NULL;
}

void
request_release(struct request *request)
{
	struct gate *gate = request->gate;

	http_cancel(gate->http, request->http);
	worker_timer_stop(gate->worker, &request->timer);
	splitter_free(&request->splitter);
	rows_free(&request->rows);
	order_free(&request->order);
	secret_free(request->sight);
	*request = (struct request){ 0 };
}

/*
 * A create that has begun is carried through: half of one would be a container without its token.
 */
static void
abandon(struct request *request)
{
	if (request->order.verb == VERB_CREATE && !request->waits)
		request->deaf = true;
	else
		request_release(request);
}

void
request_cancel(struct gate *gate, enum process peer, int64_t id)
{
	struct request *request = find(gate, peer, id);

	if (request != NULL)
		abandon(request);
}

void
requests_drop(struct gate *gate, enum process peer)
{
	struct request *places = places_of(gate, peer);

	for (size_t at = 0; at < ARRAY_LEN(gate->requests[0]); at++)
		if (places[at].gate != NULL)
			abandon(&places[at]);
}

void
requests_end(struct gate *gate)
{
	for (size_t front = 0; front < FRONTS; front++)
		for (size_t at = 0; at < ARRAY_LEN(gate->requests[front]); at++)
			if (gate->requests[front][at].gate != NULL)
				request_release(&gate->requests[front][at]);
}

/* ---- calls ---- */

void
request_call(struct request *request, enum call call, const struct step *step)
{
	struct gate *gate = request->gate;
	const struct call_entry *entry = &calls[call];
	char path[CALL_PATH_BYTES];
	struct call_words words = {
		.id = request->sight != NULL ? request->sight->id : request->made,
		.seconds = request->order.seconds,
		.network = gate->rules.network,
		.image = request->order.image,
	};
	struct docker_call docker = {
		.method = entry->method,
		.path = path,
		.body = step->body,
		.body_type = step->body_type,
		.body_max_bytes = entry->max_bytes,
		.timeout_ms = call_timeout_ms(call, request->order.seconds),
		.idle_timeout_ms = entry->idle_timeout_ms,
		.on_start = step->on_start,
		.on_data = step->on_data,
		.on_done = step->on_done,
		.context = request,
	};

	request->call = call;
	if (call_path(call, &words, path) != 0) {
		request_done(request, 500, "the call can't be built from its template");
		return;
	}
	/* Between two calls the version may have been lost. */
	if (!gate->link.connected) {
		if (request->made[0] != '\0')
			log_event(LOG_NEW_LEFT, "the new container (%.12s) is left as it is",
			    request->made);
		request_done(request, 503, "the Docker engine is away");
		return;
	}
	log_debug("%s %s", entry->method, path);
	request->http = docker_call(&gate->docker, &docker);
	if (request->http == NULL)
		request_done(request, 500, "the call can't be set up");
}

/* ---- beginning ---- */

void
requests_go_on(struct gate *gate)
{
	for (size_t front = 0; front < FRONTS; front++) {
		for (size_t at = 0; at < ARRAY_LEN(gate->requests[front]); at++) {
			struct request *request = &gate->requests[front][at];

			if (request->gate == NULL || !request->waits)
				continue;
			request->waits = false;
			begin[request->order.verb](request);
		}
	}
}

void
requests_give_up(struct gate *gate, const char *error)
{
	for (size_t front = 0; front < FRONTS; front++) {
		for (size_t at = 0; at < ARRAY_LEN(gate->requests[front]); at++) {
			struct request *request = &gate->requests[front][at];

			if (request->gate != NULL && request->waits)
				request_unreachable(request, error);
		}
	}
}

static void
begin_request(struct request *request)
{
	struct gate *gate = request->gate;

	if (gate->link.connected) {
		begin[request->order.verb](request);
	} else if (link_wanted(gate)) {
		request->waits = true;
	} else {
		request_unreachable(request, gate->link.error);
	}
}

void
request_take(struct gate *gate, enum process peer, const struct message *message)
{
	struct order order;
	struct refusal refusal;
	int error = order_take(&gate->rules, message, &order, &refusal);
	struct request *request = NULL;

	if (error == -ENOMEM)
		fatal("out of memory");
	gate->requests_count++;
	if (find(gate, peer, order.id) != NULL) {
		order_free(&order);
		worker_bad_peer(gate->worker, peer, "a request's id is in use");
		return;
	}
	if (error == 0)
		request = find_place(gate, peer, order.verb == VERB_EVENTS);
	if (error == 0 && request == NULL)
		refusal = (struct refusal){ .status = 429,
			.text = "too many requests are open",
			.alarming = true };
	if (request == NULL) {
		reply_refusal(gate, peer, order.id, &refusal);
		order_free(&order);
		return;
	}
	*request = (struct request){ .gate = gate, .peer = peer, .order = order };
	begin_request(request);
}
