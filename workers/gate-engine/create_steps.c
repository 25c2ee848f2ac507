/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  Makes the tunnel's container: created from the template, then given its token's
 * file, then told.  One that could not be given its token is removed again.
 */
#include <stdio.h>

#include "common/attr.h"
#include "common/clock.h"
#include "workers/gate-engine/create.h"
#include "workers/gate-engine/gate.h"
#include "workers/gate-engine/said.h"

#define ARCHIVE_MAX_BYTES ((size_t)16 * 1024)

static void
tell(struct request *request)
{
	struct message_gate_found found = { .id = request->order.id, .object = request->made };

	request->gate->creates_count++;
	log_event(LOG_GATE_STEP, "tunnel container created (%.12s)", request->made);
	gate_tell_status(request->gate);
	if (request_send(request, MESSAGE_GATE_FOUND, &found))
		request_done(request, 201, NULL);
}

/* ---- the token's file ---- */

static void
on_removed(void *context, const struct http_answer *answer)
{
	struct request *request = context;

	request->http = NULL;
	if (answer->error != HTTP_OK || (answer->status != 204 && answer->status != 404))
		log_event(LOG_TOKEN_FAILS,
		    "the container without its token (%.12s) could not be removed", request->made);
	request_done(request, 502, "the token could not be given to the container");
}

static void
on_written(void *context, const struct http_answer *answer)
{
	static const struct step step = { .on_done = on_removed };
	struct request *request = context;

	request->http = NULL;
	if (answer->error == HTTP_OK && answer->status == 200) {
		token_remember(request->gate, request->made, request->order.token);
		tell(request);
		return;
	}
	log_event(LOG_TOKEN_FAILS, "the token could not be given to the new container: %s",
	    docker_explain(&request->gate->docker, "PUT", "/containers/ID/archive", answer));
	request_call(request, CALL_REMOVE, &step);
}

static void
write_token(struct request *request)
{
	struct buffer archive _cleanup_buffer_ = SECRET_BUFFER(ARCHIVE_MAX_BYTES);
	struct step step = { .body_type = "application/x-tar", .on_done = on_written };

	if (create_archive(&request->order, &archive) != 0)
		fatal("the token's archive can't be made");
	step.body = (struct slice){ .bytes = archive.bytes, .length = archive.length };
	request_call(request, CALL_WRITE_TOKEN, &step);
}

/* ---- the container ---- */

static void
on_created(void *context, const struct http_answer *answer)
{
	struct request *request = context;

	request->http = NULL;
	if (answer->error != HTTP_OK || answer->status != 201)
		request_pass_on(request, answer);
	else if (said_id(answer->body, request->made) != 0)
		request_unusable(request, "it has no id");
	else if (request->order.token_in_file)
		write_token(request);
	else
		tell(request);
}

/* Units of 60 ms make the bucket's seconds minutes. */
static bool
is_in_rate(struct gate *gate)
{
	return rate_allows(&gate->creates, clock_ms() / 60, gate->creates_a_minute,
	    gate->creates_a_minute);
}

void
create_begin(struct request *request)
{
	static const struct refusal too_often = { .status = 429,
		.text = "more creates than GATE_CREATES_A_MINUTE allows",
		.alarming = true };
	struct buffer body _cleanup_buffer_ = SECRET_BUFFER(CREATE_BODY_MAX_BYTES);
	struct step step = { .on_done = on_created };
	char why[RECORD_WHY_BYTES];

	if (!is_in_rate(request->gate)) {
		request_refuse(request, &too_often);
		return;
	}
	if (create_body(&request->gate->rules, &request->order, &body, why) != 0) {
		request_done(request, 500, why);
		return;
	}
	step.body = (struct slice){ .bytes = body.bytes, .length = body.length };
	request_call(request, order_first_call(&request->order), &step);
}
