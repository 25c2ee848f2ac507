/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  Whether the one network, or one of the images, is there: nothing else of it is
 * told.
 */
#include "workers/gate-engine/gate.h"
#include "workers/gate-engine/said.h"

static void
on_done(void *context, const struct http_answer *answer)
{
	struct request *request = context;
	char id[CONTAINER_ID_BYTES + 1];
	struct message_gate_found found = { .id = request->order.id, .object = id };

	request->http = NULL;
	if (answer->error != HTTP_OK || answer->status != 200) {
		request_pass_on(request, answer);
		return;
	}
	if (said_id(answer->body, id) != 0) {
		request_unusable(request, "it has no id");
		return;
	}
	if (request_send(request, MESSAGE_GATE_FOUND, &found))
		request_done(request, 200, NULL);
}

void
lookup_begin(struct request *request)
{
	static const struct step step = { .on_done = on_done };

	request_call(request, order_first_call(&request->order), &step);
}
