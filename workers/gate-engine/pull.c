/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  Pulls one of the configured images; the engine's lines are told as typed progress.
 */
#include "common/attr.h"
#include "workers/gate-engine/gate.h"
#include "workers/gate-engine/said.h"

#define LINE_MAX_BYTES ((size_t)64 * 1024)

static const char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static bool
on_line(void *context, struct slice text)
{
	struct request *request = context;
	struct said_progress said;
	struct message_gate_progress progress = { .id = request->order.id };

	/*
	 * A line that can't be read tells nothing that counts: the image is looked for afterwards.
	 */
	if (said_progress(text, &said) != 0)
		return true;
	progress.text = or_null(said.text);
	progress.layer = or_null(said.layer);
	progress.error = or_null(said.error);
	progress.current = said.current;
	progress.total = said.total;
	return request_send(request, MESSAGE_GATE_PROGRESS, &progress);
}

static bool
on_oversized_line(void *context UNUSED, struct slice head UNUSED)
{
	return true;
}

static void
on_start(void *context, long status)
{
	if (status == 200)
		(void)request_begin(context);
}

static bool
on_data(void *context, struct slice piece)
{
	static const struct splitter_sink sink = {
		.object = on_line,
		.oversized = on_oversized_line,
	};
	struct request *request = context;

	if (splitter_feed(&request->splitter, piece, &sink, request) == 0)
		return true;
	if (request->gate != NULL)
		request_unusable(request, "no progress of a pull");
	return false;
}

static void
on_done(void *context, const struct http_answer *answer)
{
	struct request *request = context;

	request->http = NULL;
	if (answer->error != HTTP_OK || answer->status != 200)
		request_pass_on(request, answer);
	else if (!splitter_is_whole(&request->splitter))
		request_unusable(request, "the progress of the pull is cut");
	else
		request_done(request, 200, NULL);
}

void
pull_begin(struct request *request)
{
	static const struct step step = {
		.on_start = on_start,
		.on_data = on_data,
		.on_done = on_done,
	};

	log_event(LOG_GATE_PULLING, "pulling %s", request->order.image->whole);
	splitter_begin(&request->splitter, false, LINE_MAX_BYTES);
	request_call(request, order_first_call(&request->order), &step);
}
