/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  The status report: all containers at once.  It settles what the master knows after
 * a registration or an outage, and tells a burst of changes; it is sent only from a list that is
 * known to be complete, since what it leaves out is taken off line.
 */
#include "common/clock.h"
#include "common/log_event.h"
#include "link.h"

/* More differences than this are told by one report. */
#define BURST_MIN 9
/* How long events do alone when the master takes no report. */
#define REFUSED_MS 600000
/* So often the master may fail to process a report before events do its work for a while. */
#define FAILURES_MAX 3
#define FAILED_MS 300000

bool
report_leaves_stops(const struct link *link)
{
	/* A new master takes a report of protocol 1 for a list of what came, never of what went. */
	return link->session.protocol == 1 && link->session.modern;
}

/* Protocol 2 can be told that Docker is not readable; protocol 1 must be told nothing. */
static bool
tells_loss(const struct link *link)
{
	return link->docker_lost && link->session.protocol == 2;
}

int64_t
report_due(const struct link *link, int64_t now_ms)
{
	int64_t due = link->next_report_ms;

	if (retire_has_begun(link) || (!link->view.complete && !tells_loss(link)))
		return INT64_MAX;
	if (link->view.complete && link->view.differences >= BURST_MIN &&
	    !report_leaves_stops(link))
		due = now_ms;
	return due > link->report_not_before_ms ? due : link->report_not_before_ms;
}

void
report_build(struct link *link, struct outgoing *outgoing)
{
	struct buffer list _cleanup_buffer_ = BUFFER(BODY_MAX_BYTES);
	int error = 0;

	if (link->view.complete)
		error = view_write(&link->view, &list);
	if (error == 0)
		error = body_report(&link->session,
		    (struct slice){ .bytes = list.bytes, .length = list.length }, &outgoing->body);
	if (error != 0)
		fatal("a report can't be made");
	link_agent_path(link, "/events", &outgoing->path);
	outgoing->timeout_ms = 30000;
	link->report_complete = link->view.complete;
}

static void
report_ended(struct link *link)
{
	link->next_report_ms = clock_ms() + link->interval_ms;
	link->report_failures = 0;
}

void
report_done(struct link *link, const struct http_answer *answer UNUSED)
{
	report_ended(link);
	if (!link->report_complete)
		return;
	view_report_told(&link->view, !report_leaves_stops(link));
	if (link->report_refused)
		log_event(LOG_REPORT_TAKEN, "the master takes reports again");
	link->report_refused = false;
	log_debug("reported %zu containers", link->view.running);
}

void
report_refused(struct link *link, const struct judgement *judgement)
{
	const struct container_text *largest = view_largest(&link->view);

	if (!link->report_refused && link->report_complete)
		log_event(LOG_REPORT_REFUSED,
		    "the master does not take a report of %zu containers: %s; the largest "
		    "is %s with %zu bytes; each container is told by itself",
		    link->view.running, judgement->reason, largest != NULL ? largest->name : "none",
		    largest != NULL ? largest->length : 0);
	report_ended(link);
	link->report_refused = link->report_complete;
	if (link->report_complete)
		link->report_not_before_ms = clock_ms() + REFUSED_MS;
}

void
report_failed(struct link *link, const struct judgement *judgement)
{
	if (judgement->verdict != VERDICT_UNKEPT)
		return;
	link->report_failures++;
	if (link->report_failures == 1)
		log_event(LOG_REPORT_UNPROCESSED, "the master could not process a report: %s",
		    judgement->reason);
	if (link->report_failures < FAILURES_MAX)
		return;
	log_event(LOG_REPORT_UNPROCESSED,
	    "the master could not process a report %d times: each container is told by "
	    "itself for a while",
	    FAILURES_MAX);
	link->report_failures = 0;
	link->report_not_before_ms = clock_ms() + FAILED_MS;
}
