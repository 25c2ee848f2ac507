/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  What gate-engine is asked, and what becomes of its answers.  It is believed what it
 * says of Docker, and nothing else: an answer that was not asked for breaks the protocol.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "common/clock.h"
#include "common/log_event.h"
#include "events_filter.h"
#include "frame.h"
#include "front.h"

#define ENGINE PROCESS_GATE_ENGINE
/* Without any word of gate-engine's for so long, a request is given up. */
#define ANSWER_MAX_MS 60000
#define ANSWER_MAX_BYTES ((size_t)64 * 1024)
/* One list, and all lists that are being gathered. */
#define LIST_MAX_BYTES ((size_t)32 * 1024 * 1024)
#define PENDING_MAX_BYTES (48 * 1024 * 1024)
/* A stream is cut by serve.c before it gets there. */
#define STREAM_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* What may come to which kind of request beside gate-done. */
static const unsigned long long due_messages[WISH_COUNT] = {
	[WISH_PING] = 1ull << MESSAGE_GATE_ABOUT_IS,
	[WISH_VERSION] = 1ull << MESSAGE_GATE_ABOUT_IS,
	[WISH_HEALTH] = 1ull << MESSAGE_GATE_ABOUT_IS,
	[WISH_LIST] = 1ull << MESSAGE_GATE_ROWS,
	[WISH_EVENTS] = 1ull << MESSAGE_GATE_BEGUN | 1ull << MESSAGE_GATE_EVENT,
	[WISH_INSPECT] = 1ull << MESSAGE_GATE_CONTAINER,
	[WISH_CREATE] = 1ull << MESSAGE_GATE_FOUND,
	[WISH_NETWORK] = 1ull << MESSAGE_GATE_FOUND,
	[WISH_IMAGE] = 1ull << MESSAGE_GATE_FOUND,
	[WISH_PULL] = 1ull << MESSAGE_GATE_BEGUN | 1ull << MESSAGE_GATE_PROGRESS,
};

/* ---- the list of open requests ---- */

static void
forget(struct front *front, struct exchange *exchange)
{
	for (struct exchange **at = &front->open; *at != NULL; at = &(*at)->next) {
		if (*at == exchange) {
			*at = exchange->next;
			break;
		}
	}
	if (exchange->wish.kind == WISH_LIST)
		front->pending_bytes -= (int64_t)exchange->answer.length;
	exchange->next = NULL;
	exchange->id = 0;
}

static struct exchange *
find(const struct front *front, int64_t id)
{
	for (struct exchange *each = front->open; each != NULL; each = each->next)
		if (each->id == id)
			return each;
	return NULL;
}

/* Tells gate-engine that no answer is due any more. */
static void
cancel(struct front *front, struct exchange *exchange)
{
	struct message_gate_cancel message = { .id = exchange->id };

	forget(front, exchange);
	if (worker_has_peer(front->worker, ENGINE))
		(void)worker_send(front->worker, ENGINE, MESSAGE_GATE_CANCEL, &message);
}

/* Ends an open request here, with or without gate-engine. */
static void
end(struct front *front, struct exchange *exchange, int status, const char *message)
{
	forget(front, exchange);
	if (exchange->stage == EXCHANGE_STREAMS)
		exchange_end(exchange);
	else
		exchange_refuse(exchange, status, message);
}

/* ---- time ---- */

static void on_deadline(struct worker *worker, struct worker_timer *timer);

static void
schedule(struct front *front)
{
	int64_t due = 0;

	for (const struct exchange *each = front->open; each != NULL; each = each->next)
		if (each->due_ms != 0 && (due == 0 || each->due_ms < due))
			due = each->due_ms;
	if (due != 0)
		worker_timer_set(front->worker, &front->deadline, due - clock_ms(), on_deadline);
}

static void
on_deadline(struct worker *worker, struct worker_timer *timer)
{
	struct front *front = worker_context(worker);
	struct exchange *next;
	int64_t now = clock_ms();

	(void)timer;
	for (struct exchange *each = front->open; each != NULL; each = next) {
		next = each->next;
		if (each->due_ms == 0 || each->due_ms > now)
			continue;
		log_event(LOG_GATE_SILENT, "gate-engine does not answer a request");
		cancel(front, each);
		exchange_refuse(each, 504, "the gate's engine worker does not answer");
	}
	schedule(front);
}

static void
heard(struct front *front, struct exchange *exchange)
{
	bool unbounded = exchange->stage == EXCHANGE_STREAMS || exchange->wish.kind == WISH_PULL;

	exchange->due_ms = unbounded ? 0 :
				       clock_ms() + ANSWER_MAX_MS + 1000 * exchange->wish.seconds;
	if (!worker_timer_is_set(&front->deadline))
		schedule(front);
}

/* ---- asking ---- */

static size_t
bound_of(const struct wish *wish)
{
	if (wish->kind == WISH_LIST)
		return LIST_MAX_BYTES;
	return wish_is_stream(wish) ? STREAM_MAX_BYTES : ANSWER_MAX_BYTES;
}

static void
ask(struct front *front, struct exchange *exchange, const struct message *message)
{
	exchange->id = exchange->wish.id;
	exchange->next = front->open;
	front->open = exchange;
	exchange->answer = exchange->wish.kind == WISH_INSPECT ?
			       SECRET_BUFFER(bound_of(&exchange->wish)) :
			       BUFFER(bound_of(&exchange->wish));
	heard(front, exchange);
	/* Where the channel breaks at this, requests_lost answers. */
	if (worker_send(front->worker, ENGINE, message->id, &message->body) == -ENOTCONN)
		end(front, exchange, 503, "the gate's engine worker is not there");
}

static void
on_asked(void *context, struct exchange *exchange)
{
	struct front *front = context;
	struct arena arena _cleanup_arena_ = { .secret = true };
	struct slice body = { .bytes = exchange->body.bytes, .length = exchange->body.length };
	struct message message;

	exchange->wish.id = ++front->last_id;
	if (frame_make(&front->rules, &exchange->wish, body, &arena, &message,
		&exchange->refusal)) {
		ask(front, exchange, &message);
		return;
	}
	refusals_add(front, exchange, exchange->refusal.message);
	exchange_refuse(exchange, exchange->refusal.status, exchange->refusal.message);
}

static void
on_gone(void *context, struct exchange *exchange)
{
	if (exchange->id != 0)
		cancel(context, exchange);
}

static void
on_refused(void *context, const struct exchange *exchange, const char *why)
{
	refusals_add(context, exchange, why);
}

const struct server_handlers request_handlers = {
	.asked = on_asked,
	.gone = on_gone,
	.refused = on_refused,
};

/* ---- answers ---- */

/* What a writer said: an answer that does not fit ends the request. */
static void
judge_written(struct front *front, struct exchange *exchange, int error)
{
	if (error == 0)
		return;
	if (error == -ENOMEM)
		log_event(LOG_GATE_NO_MEMORY, "out of memory for an answer");
	cancel(front, exchange);
	if (exchange->stage == EXCHANGE_STREAMS)
		exchange_end(exchange);
	else
		exchange_refuse(exchange, 502, "the answer is too long");
}

static void
take_about(struct front *front, struct exchange *exchange,
    const struct message_gate_about_is *about)
{
	struct buffer *out = &exchange->answer;
	int error;

	buffer_clear(out);
	(void)snprintf(exchange->api_version, sizeof(exchange->api_version), "%s",
	    about->api_version);
	(void)snprintf(exchange->os, sizeof(exchange->os), "%s", about->os);
	if (exchange->wish.kind == WISH_PING)
		error = buffer_add_text(out, "OK");
	else if (exchange->wish.kind == WISH_HEALTH)
		error = buffer_add_text(out, "{\"status\":\"ok\"}\n");
	else
		error = answer_version(out, about);
	judge_written(front, exchange, error);
}

static void
take_rows(struct front *front, struct exchange *exchange, const struct message_gate_rows *rows)
{
	const struct container_fact *facts = rows->containers.items;
	struct buffer *out = &exchange->answer;
	size_t before = out->length;
	int error = 0;

	if (out->length == 0)
		error = buffer_add_text(out, "[");
	for (size_t at = 0; at < rows->containers.count && error == 0; at++)
		error = answer_row(out, &facts[at], out->length == 1);
	front->pending_bytes += (int64_t)(out->length - before);
	if (error == 0 && front->pending_bytes > PENDING_MAX_BYTES)
		error = -EMSGSIZE;
	judge_written(front, exchange, error);
}

static void
take_event(struct front *front, struct exchange *exchange, const struct message_gate_event *event)
{
	unsigned wanted = exchange->wish.actions;
	int error;

	if (wanted != 0 && (wanted & action_bit(event->action)) == 0)
		return;
	error = answer_event(&exchange->answer, event);
	judge_written(front, exchange, error);
	if (error == 0)
		exchange_flush(exchange);
}

static void
take_progress(struct front *front, struct exchange *exchange,
    const struct message_gate_progress *progress)
{
	int error = answer_progress(&exchange->answer, progress);

	judge_written(front, exchange, error);
	if (error == 0)
		exchange_flush(exchange);
}

static void
take_container(struct front *front, struct exchange *exchange,
    const struct message_gate_container *container)
{
	buffer_clear(&exchange->answer);
	judge_written(front, exchange,
	    answer_container(&exchange->answer, container, front->rules.network));
}

static void
take_found(struct front *front, struct exchange *exchange, const struct message_gate_found *found)
{
	struct buffer *out = &exchange->answer;
	int error;

	buffer_clear(out);
	if (exchange->wish.kind == WISH_CREATE)
		error = answer_created(out, found->object);
	else if (exchange->wish.kind == WISH_IMAGE)
		error = answer_image(out, found->object);
	else
		error = answer_network(out, found->object, front->rules.network);
	judge_written(front, exchange, error);
}

/* Whether an answer of that kind must have a body, and there is none; a list may be empty. */
static bool
lacks_body(const struct exchange *exchange)
{
	return due_messages[exchange->wish.kind] != 0 && exchange->wish.kind != WISH_LIST &&
	       exchange->answer.length == 0;
}

static void
take_good(struct front *front, struct exchange *exchange, int status)
{
	bool ping = exchange->wish.kind == WISH_PING, list = exchange->wish.kind == WISH_LIST;

	forget(front, exchange);
	if (list && (buffer_add_text(&exchange->answer,
			 exchange->answer.length == 0 ? "[]\n" : "]\n") != 0)) {
		exchange_refuse(exchange, 502, "the answer is too long");
		return;
	}
	exchange_answer(exchange, status, ping ? ANSWER_PING : ANSWER_JSON);
}

static void
take_done(struct front *front, struct exchange *exchange, const struct message_gate_done *done)
{
	int status = (int)done->status;

	if (exchange->stage == EXCHANGE_STREAMS)
		end(front, exchange, 0, NULL);
	else if (status >= 400 || (status >= 300 && status != 304))
		end(front, exchange, status < 400 ? 502 : status,
		    done->message == NULL ? "refused by the Docker engine" : done->message);
	else if (wish_is_stream(&exchange->wish) || lacks_body(exchange))
		end(front, exchange, 502, "the gate's engine worker gave no answer");
	else
		take_good(front, exchange, status);
}

static void
take_stream(struct front *front, struct exchange *exchange, const struct message *message)
{
	if (message->id == MESSAGE_GATE_BEGUN) {
		if (exchange->stage != EXCHANGE_STREAMS)
			exchange_begin(exchange);
		return;
	}
	if (exchange->stage != EXCHANGE_STREAMS)
		worker_bad_peer(front->worker, ENGINE, "a stream's part before its beginning");
	else if (message->id == MESSAGE_GATE_EVENT)
		take_event(front, exchange, &message->body.gate_event);
	else
		take_progress(front, exchange, &message->body.gate_progress);
}

static void
take(struct front *front, struct exchange *exchange, const struct message *message)
{
	if (message->id == MESSAGE_GATE_DONE)
		take_done(front, exchange, &message->body.gate_done);
	else if (message->id == MESSAGE_GATE_ABOUT_IS)
		take_about(front, exchange, &message->body.gate_about_is);
	else if (message->id == MESSAGE_GATE_ROWS)
		take_rows(front, exchange, &message->body.gate_rows);
	else if (message->id == MESSAGE_GATE_CONTAINER)
		take_container(front, exchange, &message->body.gate_container);
	else if (message->id == MESSAGE_GATE_FOUND)
		take_found(front, exchange, &message->body.gate_found);
	else
		take_stream(front, exchange, message);
}

void
requests_message(struct front *front, const struct message *message)
{
	/* Each answer begins with its id: see common/message.h. */
	struct exchange *exchange = find(front, message->body.gate_done.id);

	/* It was cancelled while the answer was on its way. */
	if (exchange == NULL)
		return;
	if (message->id != MESSAGE_GATE_DONE &&
	    (due_messages[exchange->wish.kind] & 1ull << message->id) == 0) {
		worker_bad_peer(front->worker, ENGINE, "an answer that was not asked for");
		return;
	}
	take(front, exchange, message);
	if (exchange->id != 0)
		heard(front, exchange);
}

void
requests_lost(struct front *front, const char *why)
{
	while (front->open != NULL)
		end(front, front->open, 503, why);
	worker_timer_stop(front->worker, &front->deadline);
}
