/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  What the engine is: asked for anew each time, so that it also tells that it lives.
 */
#include <stdio.h>

#include "workers/gate-engine/gate.h"
#include "workers/gate-engine/said.h"

static void
on_done(void *context, const struct http_answer *answer)
{
	struct request *request = context;
	char minimum[8];
	struct said_about about;
	struct message_gate_about_is is = {
		.id = request->order.id,
		.version = about.version,
		.api_version = request->gate->docker.api_version,
		.minimum = minimum,
		.os = about.os,
		.arch = about.arch,
	};

	request->http = NULL;
	if (answer->error != HTTP_OK || answer->status != 200) {
		request_pass_on(request, answer);
		return;
	}
	if (said_about(answer->body, &about) != 0) {
		request_unusable(request, "it tells no version");
		return;
	}
	/* What the gate answers is the same in every version that it knows. */
	(void)snprintf(minimum, sizeof(minimum), "1.%d", DOCKER_API_MIN);
	if (request_send(request, MESSAGE_GATE_ABOUT_IS, &is))
		request_done(request, 200, NULL);
}

void
about_begin(struct request *request)
{
	static const struct step step = { .on_done = on_done };

	request_call(request, order_first_call(&request->order), &step);
}
