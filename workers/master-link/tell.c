/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  What the master is told by events: containers that came and went, the tunnel, and
 * that this agent is alive.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"
#include "link.h"

/* A container that the master fails to process waits so long at first, and at most. */
#define CONTAINER_RETRY_MS 1000
#define CONTAINER_RETRY_STEPS 8

void
telling_drop(struct link *link)
{
	container_text_unref(link->telling.text);
	buffer_free(&link->telling.body);
	link->telling = (struct telling){ .job = JOB_COUNT, .body = BUFFER(BODY_MAX_BYTES) };
}

/* The body is kept: it may have to be sent again as it is. */
static void
keep_event(struct link *link, enum job job, int error, struct outgoing *outgoing)
{
	link->telling.job = job;
	if (error == 0)
		error = buffer_add(&outgoing->body, link->telling.body.bytes,
		    link->telling.body.length);
	if (error != 0)
		fatal("an event can't be encoded: %s", strerrordesc_np(-error));
	link_agent_path(link, "/events", &outgoing->path);
}

/* ---- containers ---- */

int64_t
container_due(const struct link *link, int64_t now_ms)
{
	int64_t next;

	if (retire_has_begun(link) || !link->view.current)
		return INT64_MAX;
	return view_next(&link->view, now_ms, &next) != NULL ? now_ms : next;
}

void
container_build(struct link *link, struct outgoing *outgoing)
{
	struct telling *telling = &link->telling;
	const struct view_entry *entry;
	int64_t next;

	entry = view_next(&link->view, clock_ms(), &next);
	if (entry == NULL)
		fatal("there is no container to tell");
	telling->stop = entry->wanted == NULL;
	telling->text = container_text_ref(telling->stop ? entry->told : entry->wanted);
	(void)snprintf(telling->id, sizeof(telling->id), "%s", entry->id);
	keep_event(link, JOB_CONTAINER,
	    body_event(&link->session, telling->stop ? "container_stop" : "container_start",
		telling->text, &telling->body),
	    outgoing);
}

void
container_done(struct link *link, const struct http_answer *answer UNUSED)
{
	struct telling *telling = &link->telling;

	log_event(LOG_CONTAINER_TOLD, "told the master: container %s %s", telling->text->name,
	    telling->stop ? "stopped" : "runs");
	view_told(&link->view, telling->id, telling->stop ? NULL : telling->text);
}

void
container_refused(struct link *link, const struct judgement *judgement)
{
	struct telling *telling = &link->telling;

	log_event(LOG_CONTAINER_REFUSED,
	    "the master does not take container %s: %s; its services are not published "
	    "until its labels are shorter or corrected",
	    telling->text->name, judgement->reason);
	view_refused(&link->view, telling->id, telling->stop ? NULL : telling->text);
}

void
container_failed(struct link *link, const struct judgement *judgement)
{
	const struct view_entry *entry = view_find(&link->view, link->telling.id);
	unsigned step;

	/* Without an answer the container is not to blame. */
	if (entry == NULL || strncmp(judgement->reason, "HTTP 5", 6) != 0)
		return;
	step = entry->failures < CONTAINER_RETRY_STEPS ? entry->failures : CONTAINER_RETRY_STEPS;
	if (entry->failures == 0)
		log_event(LOG_CONTAINER_UNPROCESSED,
		    "the master could not process container %s: %s; it is told again later",
		    link->telling.text->name, judgement->reason);
	view_failed(&link->view, entry->id, clock_ms() + ((int64_t)CONTAINER_RETRY_MS << step));
}

/* ---- the tunnel ---- */

static bool
same_text(const char *held, const char *given)
{
	return strcmp(held, given != NULL ? given : "") == 0;
}

static void
hold_text(char *held, size_t size, const char *given)
{
	(void)snprintf(held, size, "%s", given != NULL ? given : "");
}

void
tunnel_take(struct link *link, const struct message_tunnel *given)
{
	struct tunnel_view *tunnel = &link->tunnel;

	if (tunnel->serial == 0 || (int)tunnel->state != given->state ||
	    !same_text(tunnel->name, given->name) || !same_text(tunnel->version, given->version))
		tunnel->serial++;
	tunnel->state = (enum tunnel_state)given->state;
	hold_text(tunnel->id, sizeof(tunnel->id), given->id);
	hold_text(tunnel->name, sizeof(tunnel->name), given->name);
	hold_text(tunnel->version, sizeof(tunnel->version), given->version);
	hold_text(tunnel->image, sizeof(tunnel->image), given->image);
}

int64_t
tunnel_due(const struct link *link, int64_t now_ms)
{
	if (retire_has_begun(link) || link->tunnel.serial == link->tunnel.told ||
	    link->tunnel.state == TUNNEL_UNKNOWN)
		return INT64_MAX;
	return now_ms;
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

void
tunnel_build(struct link *link, struct outgoing *outgoing)
{
	struct tunnel_told told = {
		.name = or_null(link->tunnel.name),
		.status = tunnel_state_choices[link->tunnel.state],
		.version = or_null(link->tunnel.version),
	};

	link->telling.tunnel_serial = link->tunnel.serial;
	keep_event(link, JOB_TUNNEL, body_tunnel_status(&link->session, &told, &link->telling.body),
	    outgoing);
}

void
tunnel_done(struct link *link, const struct http_answer *answer UNUSED)
{
	link->tunnel.told = link->telling.tunnel_serial;
}

void
tunnel_refused(struct link *link, const struct judgement *judgement)
{
	log_event(LOG_TUNNEL_UNTOLD, "the master does not take the tunnel's status: %s",
	    judgement->reason);
	link->tunnel.told = link->telling.tunnel_serial;
}

/* ---- the heartbeat ---- */

int64_t
heartbeat_due(const struct link *link, int64_t now_ms UNUSED)
{
	return retire_has_begun(link) ? INT64_MAX : link->next_heartbeat_ms;
}

void
heartbeat_build(struct link *link, struct outgoing *outgoing)
{
	keep_event(link, JOB_HEARTBEAT,
	    body_event(&link->session, "heartbeat", NULL, &link->telling.body), outgoing);
}

void
heartbeat_done(struct link *link, const struct http_answer *answer UNUSED)
{
	link->next_heartbeat_ms = clock_ms() + link->interval_ms;
}

void
heartbeat_refused(struct link *link, const struct judgement *judgement)
{
	log_event(LOG_HEARTBEAT_UNTOLD, "the master does not take a heartbeat: %s",
	    judgement->reason);
	link->next_heartbeat_ms = clock_ms() + link->interval_ms;
}
