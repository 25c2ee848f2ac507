/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  What a front is answered, and how a request ends: in order, refused, or because the
 * engine did not answer, or not as Docker does.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/tunnel_token.h"
#include "workers/gate-engine/gate.h"

#define LOGGED_BURST 20
#define LOGGED_A_SECOND 1

bool
quiet_allows(struct quiet *quiet, int64_t *ret_left_out)
{
	*ret_left_out = quiet->left_out;
	if (!rate_allows(&quiet->rate, clock_ms(), LOGGED_BURST, LOGGED_A_SECOND)) {
		quiet->left_out++;
		return false;
	}
	quiet->left_out = 0;
	return true;
}

static void
send_done(struct gate *gate, enum process peer, int64_t id, int status, const char *text)
{
	char line[GATE_TEXT_MAX_BYTES + 1];
	struct message_gate_done done = { .id = id, .status = status };

	if (text != NULL) {
		copy_printable(line, sizeof(line), text);
		done.message = line;
	}
	(void)worker_send(gate->worker, peer, MESSAGE_GATE_DONE, &done);
}

bool
request_send(struct request *request, enum message_id id, const void *body)
{
	if (request->deaf)
		return true;
	/* A front that is gone takes its requests along. */
	return worker_send(request->gate->worker, request->peer, id, body) == 0;
}

bool
request_begin(struct request *request)
{
	struct message_gate_begun begun = { .id = request->order.id };

	if (request->begun)
		return true;
	request->begun = true;
	return request_send(request, MESSAGE_GATE_BEGUN, &begun);
}

void
request_done(struct request *request, int status, const char *text)
{
	struct gate *gate = request->gate;
	enum process peer = request->peer;
	int64_t id = request->order.id;
	bool deaf = request->deaf;

	request_release(request);
	if (!deaf)
		send_done(gate, peer, id, status, text);
}

/* The refusals of a front that is in order are answers; others are worth a line. */
static void
log_refusal(struct gate *gate, enum process peer, const struct refusal *refusal)
{
	int64_t left_out;

	if (!refusal->alarming) {
		log_debug("%s is refused: %s", processes[peer].name, refusal->text);
		return;
	}
	if (!quiet_allows(&gate->refusals, &left_out))
		return;
	log_event(LOG_FRONT_REFUSED, "security: a request of %s is refused: %s",
	    processes[peer].name, refusal->text);
	if (left_out > 0)
		log_event(LOG_FRONT_REFUSED, "%lld refusals before it were not logged",
		    (long long)left_out);
}

void
reply_refusal(struct gate *gate, enum process peer, int64_t id, const struct refusal *refusal)
{
	log_refusal(gate, peer, refusal);
	send_done(gate, peer, id, refusal->status, refusal->text);
}

void
request_refuse(struct request *request, const struct refusal *refusal)
{
	log_refusal(request->gate, request->peer, refusal);
	request_done(request, refusal->status, refusal->text);
}

/* The engine's failures are many where it is ill: some of them are logged. */
static void
log_failure(const struct request *request, const char *text)
{
	const struct call_entry *entry = &calls[request->call];
	int64_t left_out;

	if (quiet_allows(&request->gate->failures, &left_out))
		log_event(LOG_ENGINE_FAILS,
		    "%s %.60s: %s (%lld failures before it were not logged)", entry->method,
		    entry->path, text, (long long)left_out);
}

void
request_unusable(struct request *request, const char *why)
{
	char text[GATE_TEXT_MAX_BYTES + 1];

	(void)snprintf(text, sizeof(text), "the Docker engine's answer can't be used: %s", why);
	log_failure(request, text);
	request_done(request, 502, text);
}

void
request_unreachable(struct request *request, const char *why)
{
	char text[GATE_TEXT_MAX_BYTES + 1];

	(void)snprintf(text, sizeof(text), "the Docker engine can't be reached: %s", why);
	request_done(request, 503, text);
}

void
request_failed(struct request *request, const struct http_answer *answer)
{
	struct gate *gate = request->gate;

	switch (answer->error) {
	case HTTP_TIMEOUT:
		log_failure(request, "the Docker engine did not answer in time");
		request_done(request, 504, "the Docker engine did not answer in time");
		break;
	case HTTP_UNREACHABLE:
		request_unreachable(request, answer->detail);
		link_lost(gate, answer->detail);
		break;
	case HTTP_TOO_LARGE:
		request_unusable(request, answer->detail);
		break;
	case HTTP_OK:
		request_unusable(request, "it has no such status");
		break;
	case HTTP_CUT:
	case HTTP_TLS:
	case HTTP_PROTOCOL:
	case HTTP_PROXY:
	case HTTP_FAILED:
		request_unusable(request, answer->detail);
		link_lost(gate, NULL);
		break;
	}
}

void
request_pass_on(struct request *request, const struct http_answer *answer)
{
	char text[GATE_TEXT_MAX_BYTES + 1];
	bool reader = request->peer == PROCESS_GATE_READ;

	if (answer->error != HTTP_OK ||
	    ((answer->status < 400 || answer->status > 599) && !reader)) {
		request_failed(request, answer);
		return;
	}
	if (reader || !docker_message(answer->body, text, sizeof(text)))
		(void)snprintf(text, sizeof(text), "the Docker engine answered HTTP %ld",
		    answer->status);
	if ((request->order.token != NULL && token_is_in(request->order.token, text)) ||
	    (request->sight != NULL && token_is_in(request->sight->token, text)))
		(void)snprintf(text, sizeof(text), "the Docker engine's reason holds the token");
	request_done(request, reader ? 502 : (int)answer->status, text);
}
