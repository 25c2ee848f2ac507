/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  Which request comes next: the table of what can be asked of the master, the most
 * urgent first.  A job is chosen when its request can go out, so that it tells what is true then.
 */
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "link.h"

const struct job_entry jobs[JOB_COUNT] = {
	[JOB_REGISTER] = { "registration", ROUTE_REGISTER, false, register_due, register_build,
	    register_done, register_refused, NULL },
	[JOB_ACKNOWLEDGE] = { "acknowledgement", ROUTE_AGENT, false, acknowledge_due,
	    acknowledge_build, acknowledge_done, acknowledge_refused, acknowledge_failed },
	[JOB_POLL] = { "command poll", ROUTE_AGENT, false, poll_due, poll_build, poll_done,
	    poll_refused, NULL },
	[JOB_REPORT] = { "report", ROUTE_AGENT, false, report_due, report_build, report_done,
	    report_refused, report_failed },
	[JOB_CONTAINER] = { "container event", ROUTE_AGENT, true, container_due, container_build,
	    container_done, container_refused, container_failed },
	[JOB_TUNNEL] = { "tunnel status", ROUTE_AGENT, true, tunnel_due, tunnel_build, tunnel_done,
	    tunnel_refused, NULL },
	[JOB_HEARTBEAT] = { "heartbeat", ROUTE_AGENT, true, heartbeat_due, heartbeat_build,
	    heartbeat_done, heartbeat_refused, NULL },
	[JOB_ACCOUNTS] = { "account list", ROUTE_HELPER, false, accounts_due, accounts_build,
	    accounts_done, helper_refused, NULL },
	[JOB_CONFIGURE] = { "tunnel configuration", ROUTE_HELPER, false, configure_due,
	    configure_build, configure_done, helper_refused, NULL },
};

/* When the job may go out: registration needs no session, everything else does. */
static int64_t
due_ms(const struct link *link, enum job job, int64_t now_ms)
{
	if (job != JOB_REGISTER && link->session.protocol == 0)
		return INT64_MAX;
	if (link->stopping && job != JOB_TUNNEL)
		return INT64_MAX;
	if (link->telling.resend && job == link->telling.job)
		return now_ms;
	return jobs[job].due(link, now_ms);
}

/* The job to send now, or JOB_COUNT; `ret_next_ms` is when the next one is due. */
static enum job
choose(const struct link *link, int64_t now_ms, int64_t *ret_next_ms)
{
	int64_t next = INT64_MAX;

	if (link->telling.resend && due_ms(link, link->telling.job, now_ms) <= now_ms &&
	    link->session.protocol == 2 && !retire_has_begun(link))
		return link->telling.job;
	for (enum job job = 0; job < JOB_COUNT; job++) {
		int64_t due = due_ms(link, job, now_ms);

		if (due <= now_ms)
			return job;
		if (due < next)
			next = due;
	}
	*ret_next_ms = next;
	return JOB_COUNT;
}

static void
on_wake(struct worker *worker, struct worker_timer *timer)
{
	(void)worker;
	link_schedule(container_of(timer, struct link, wake));
}

static void
on_ready(struct endpoint *endpoint, bool ok)
{
	struct link *link = container_of(endpoint, struct link, endpoint);
	int64_t next;
	enum job job;

	link->preparing = false;
	if (!ok) {
		link_is_away(link, endpoint->error, -1);
		link_status(link);
		link_schedule(link);
		return;
	}
	job = choose(link, clock_ms(), &next);
	if (job != JOB_COUNT)
		request_send(link, job);
	else
		link_schedule(link);
}

void
link_schedule(struct link *link)
{
	int64_t now = clock_ms(), next = INT64_MAX;

	if (link->request != NULL || link->preparing || retire_is_over(link))
		return;
	if (link->stopping && due_ms(link, JOB_TUNNEL, now) > now) {
		worker_exit(link->worker);
		return;
	}
	if (now < link->hold_until_ms) {
		worker_timer_set(link->worker, &link->wake, link->hold_until_ms - now, on_wake);
		return;
	}
	if (choose(link, now, &next) != JOB_COUNT) {
		worker_timer_stop(link->worker, &link->wake);
		link->preparing = true;
		link_ask_addresses(link, on_ready);
	} else if (next != INT64_MAX) {
		worker_timer_set(link->worker, &link->wake, next - now, on_wake);
	} else {
		worker_timer_stop(link->worker, &link->wake);
	}
}
