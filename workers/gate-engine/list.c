/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The published containers.  Docker's list is read element by element; what is to be
 * told of it is kept until the list is known to be whole, so that none looks whole that is not.
 */
#include <stdio.h>

#include "common/attr.h"
#include "workers/gate-engine/gate.h"

#define LIST_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define ELEMENT_MAX_BYTES ((size_t)4 * 1024 * 1024)
/* Of all lists that are read or told at a time. */
#define ALL_ROWS_WEIGHT_MAX_BYTES ROWS_WEIGHT_MAX_BYTES
/* A front that has so much to read yet is given time. */
#define UNSENT_MAX_BYTES ((size_t)1024 * 1024)
#define PAGE_GAP_MS 1

/* What the lists under way hold together. */
static size_t
weight_of_all(const struct gate *gate)
{
	size_t weight = 0;

	for (size_t front = 0; front < FRONTS; front++)
		for (size_t at = 0; at < ARRAY_LEN(gate->requests[front]); at++)
			weight += gate->requests[front][at].rows.weight_bytes;
	return weight;
}

static bool
on_element(void *context, struct slice text)
{
	struct request *request = context;

	return rows_take(&request->rows, request->gate->prefix, text);
}

/* Its labels are too many to be read: a container that was never published.  Said, as it is odd. */
static bool
on_oversized_element(void *context, struct slice head)
{
	struct request *request = context;
	char id[CONTAINER_ID_BYTES + 1];
	int64_t left_out;

	request->rows.oversized++;
	if (quiet_allows(&request->gate->oversized, &left_out))
		log_event(LOG_CONTAINER_LEFT_OUT,
		    "container %.12s: what Docker says about it is over 4 MiB; it is left "
		    "out",
		    fact_id_of_head(head, id) ? id : "(unknown)");
	return true;
}

static bool
on_data(void *context, struct slice piece)
{
	static const struct splitter_sink sink = {
		.object = on_element,
		.oversized = on_oversized_element,
	};
	struct request *request = context;
	struct rows *rows = &request->rows;

	request->bytes += piece.length;
	if (request->bytes > LIST_MAX_BYTES)
		(void)snprintf(rows->why, sizeof(rows->why), "over 256 MiB");
	else if (splitter_feed(&request->splitter, piece, &sink, request) != 0 &&
		 rows->why[0] == '\0')
		(void)snprintf(rows->why, sizeof(rows->why), "no JSON list");
	else if (weight_of_all(request->gate) > ALL_ROWS_WEIGHT_MAX_BYTES)
		(void)snprintf(rows->why, sizeof(rows->why), "too much in all lists under way");
	return rows->why[0] == '\0';
}

/* ---- telling ---- */

static void
send_page(struct worker *worker, struct worker_timer *timer)
{
	struct request *request = container_of(timer, struct request, timer);
	struct message_gate_rows rows = { .id = request->order.id };
	struct page *page;
	bool open;

	if (worker_unsent_bytes(worker, request->peer) > UNSENT_MAX_BYTES) {
		worker_timer_set(worker, timer, PAGE_GAP_MS, send_page);
		return;
	}
	page = rows_next(&request->rows);
	if (page == NULL) {
		request_done(request, 200, NULL);
		return;
	}
	rows.containers.items = page->facts;
	rows.containers.count = page->count;
	open = request_send(request, MESSAGE_GATE_ROWS, &rows);
	if (open) {
		request->rows.weight_bytes -= page->weight_bytes;
		worker_timer_set(worker, timer, request->rows.first == NULL ? 0 : PAGE_GAP_MS,
		    send_page);
	}
	page_free(page);
}

static void
tell(struct request *request)
{
	struct gate *gate = request->gate;

	notes_prune(&gate->notes, request->rows.list_number);
	gate_tell_status(gate);
	send_page(gate->worker, &request->timer);
}

static void
on_done(void *context, const struct http_answer *answer)
{
	struct request *request = context;

	request->http = NULL;
	if (request->rows.why[0] != '\0')
		request_unusable(request, request->rows.why);
	else if (answer->error != HTTP_OK || answer->status != 200)
		request_pass_on(request, answer);
	else if (!splitter_is_whole(&request->splitter))
		request_unusable(request, "the list is cut");
	else
		tell(request);
}

void
list_begin(struct request *request)
{
	static const struct step step = { .on_data = on_data, .on_done = on_done };

	request->rows.notes = &request->gate->notes;
	request->rows.list_number = ++request->gate->list_number;
	splitter_begin(&request->splitter, true, ELEMENT_MAX_BYTES);
	request_call(request, order_first_call(&request->order), &step);
}
