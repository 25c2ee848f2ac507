/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The link to the engine: its API version is asked for when the worker starts and
 * after each loss, never assumed.  A request may hasten a connect, at most ten times a second.
 */
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"
#include "workers/gate-engine/gate.h"

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 30000

static void connect_now(struct gate *gate);

void
gate_tell_status(struct gate *gate)
{
	const struct link *link = &gate->link;
	const char *warnings[NOTES_MAX];
	struct message_status_engine status = {
		.state = link->connected    ? DOCKER_CONNECTED :
			 link->away_ms != 0 ? DOCKER_UNREADABLE :
					      DOCKER_CONNECTING,
		.api_version = link->connected ? gate->docker.api_version : NULL,
		.requests = gate->requests_count,
		.creates = gate->creates_count,
		.detail = link->away_ms != 0 ? link->error : NULL,
		.warnings = { 0, warnings },
	};

	for (size_t at = 0; at < gate->notes.count; at++)
		warnings[status.warnings.count++] = gate->notes.items[at].text;

	worker_status(gate->worker, MESSAGE_STATUS_ENGINE, &status);
}

static void
on_retry(struct worker *worker, struct worker_timer *timer UNUSED)
{
	connect_now(worker_context(worker));
}

/* Doubles from 100 ms to 30 s, less a jitter of a quarter. */
static void
retry_later(struct gate *gate)
{
	struct link *link = &gate->link;

	link->wait_ms = link->wait_ms == 0 ? RETRY_MIN_MS : 2 * link->wait_ms;
	if (link->wait_ms > RETRY_MAX_MS)
		link->wait_ms = RETRY_MAX_MS;
	worker_timer_set(gate->worker, &link->retry,
	    link->wait_ms - clock_jitter(link->wait_ms / 4 + 1), on_retry);
}

/* The engine does not answer: said once for each reason. */
static void
note_away(struct gate *gate, const char *reason)
{
	struct link *link = &gate->link;
	bool news = link->away_ms == 0 || strcmp(link->error, reason) != 0;

	if (link->away_ms == 0)
		link->away_ms = clock_ms();
	(void)snprintf(link->error, sizeof(link->error), "%s", reason);
	if (news)
		log_event(LOG_ENGINE_AWAY, "the Docker engine is away: %s", link->error);
}

static void
note_back(struct gate *gate)
{
	struct link *link = &gate->link;

	if (link->away_ms != 0)
		log_event(LOG_ENGINE_BACK, "the Docker engine is back after %.1f s (API %s)",
		    (double)(clock_ms() - link->away_ms) / 1000, gate->docker.api_version);
	link->away_ms = 0;
	link->wait_ms = 0;
	link->error[0] = '\0';
}

static void
on_connected(struct docker *docker, bool ok)
{
	struct gate *gate = docker->context;

	gate->link.connecting = false;
	gate->link.connected = ok;
	if (!ok) {
		note_away(gate, docker->error);
		retry_later(gate);
		gate_tell_status(gate);
		requests_give_up(gate, gate->link.error);
		return;
	}
	if (!gate->link.told && gate->link.away_ms == 0)
		log_event(LOG_ENGINE_SPEAKS, "the Docker engine speaks API %s",
		    docker->api_version);
	gate->link.told = true;
	note_back(gate);
	gate_tell_status(gate);
	requests_go_on(gate);
}

static void
connect_now(struct gate *gate)
{
	struct link *link = &gate->link;

	worker_timer_stop(gate->worker, &link->retry);
	if (link->connecting)
		return;
	link->connecting = true;
	link->tried_ms = clock_ms();
	docker_connect(&gate->docker, on_connected);
}

void
link_begin(struct gate *gate)
{
	gate_tell_status(gate);
	connect_now(gate);
}

bool
link_wanted(struct gate *gate)
{
	struct link *link = &gate->link;

	if (link->connecting)
		return true;
	if (link->away_ms != 0 && clock_ms() - link->tried_ms < RETRY_MIN_MS)
		return false;
	/* Not at once: who asks has not yet noted that it waits. */
	worker_timer_set(gate->worker, &link->retry, 0, on_retry);
	return true;
}

void
link_lost(struct gate *gate, const char *reason)
{
	struct link *link = &gate->link;

	if (!link->connected)
		return;
	link->connected = false;
	http_forget_connections(gate->http);
	(void)endpoint_failed(&gate->docker.endpoint);
	if (reason != NULL)
		note_away(gate, reason);
	gate_tell_status(gate);
	retry_later(gate);
}

void
link_end(struct gate *gate)
{
	worker_timer_stop(gate->worker, &gate->link.retry);
	docker_cancel(&gate->docker);
}
