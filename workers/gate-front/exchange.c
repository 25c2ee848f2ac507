/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  An exchange: one request and its answer, from its first byte to its last.  See serve.h. */
#include <stdlib.h>
#include <sys/socket.h>

#include "answer.h"
#include "client.h"
#include "common/log_event.h"

static void
tell_gone(struct exchange *exchange)
{
	if (exchange->gone)
		return;
	exchange->gone = true;
	exchange->server->handlers->gone(exchange->server->context, exchange);
}

static void
resume(struct exchange *exchange)
{
	struct client *client = exchange->client;

	exchange->server->run_due = true;
	if (client->phase != CLIENT_WAITING)
		return;
	client_set_phase(client, CLIENT_WRITING);
	exchange->moved_ms = client->since_ms;
	MHD_resume_connection(client->connection);
}

void
client_cut(struct server *server, struct client *client)
{
	struct exchange *exchange = client->exchange;

	if (exchange != NULL) {
		exchange->cut = true;
		tell_gone(exchange);
		resume(exchange);
	}
	(void)shutdown(client->fd, SHUT_RDWR);
	client_set_phase(client, CLIENT_ENDING);
	server->run_due = true;
}

void
exchange_free(struct exchange *exchange)
{
	if (exchange->stage == EXCHANGE_STREAMS)
		exchange->server->stream_count--;
	tell_gone(exchange);
	if (exchange->client != NULL)
		exchange->client->exchange = NULL;
	buffer_free(&exchange->body);
	buffer_free(&exchange->answer);
	free(exchange->target);
	free(exchange);
}

void
exchange_answer(struct exchange *exchange, int status, enum answer_type type)
{
	exchange->stage = EXCHANGE_ANSWERED;
	exchange->status = status;
	exchange->type = type;
	resume(exchange);
}

void
exchange_refuse(struct exchange *exchange, int status, const char *message)
{
	buffer_free(&exchange->answer);
	exchange->answer = BUFFER(4096);
	if (answer_refusal(&exchange->answer, message == NULL ? "" : message) != 0)
		fatal("out of memory");
	exchange_answer(exchange, status, ANSWER_JSON);
}

void
exchange_begin(struct exchange *exchange)
{
	exchange->stage = EXCHANGE_STREAMS;
	exchange->status = 200;
	exchange->type = ANSWER_JSON;
	exchange->server->stream_count++;
	resume(exchange);
}

void
exchange_flush(struct exchange *exchange)
{
	if (exchange->answer.length - exchange->answer_at > STREAM_QUEUE_MAX_BYTES) {
		log_event(LOG_GATE_SLOW_CLIENT, "a client reads its stream too slowly: it is cut");
		client_cut(exchange->server, exchange->client);
		return;
	}
	resume(exchange);
}

void
exchange_end(struct exchange *exchange)
{
	exchange->ended = true;
	resume(exchange);
}
