/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  What becomes of the link: away and back, rejected, a session lost.  Each is logged
 * when it changes, not while it lasts.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"
#include "link.h"

static void
set_detail(struct link *link, const char *text)
{
	(void)snprintf(link->detail, sizeof(link->detail), "%s", text);
}

void
link_say_all(struct link *link)
{
	int64_t now = clock_ms();

	link->next_poll_ms = now;
	link->next_report_ms = now;
	link->tunnel.told = 0;
}

/* Whether the last registration has lasted; the first one had nothing to outlast. */
static bool
is_settled(const struct link *link)
{
	return link->registered_ms < 0 || clock_ms() - link->registered_ms >= LINK_SETTLED_MS;
}

void
link_is_back(struct link *link)
{
	if (link->restless[0] != '\0' && is_settled(link)) {
		log_event(LOG_REGISTRATION_LASTS, "the registration lasts again");
		link->restless[0] = '\0';
	}
	if (link->state == LINK_AWAY) {
		log_event(LOG_MASTER_BACK, "master is back after %lld s",
		    (long long)((clock_ms() - link->away_since_ms) / 1000));
		link_say_all(link);
	} else if (link->state == LINK_REJECTED) {
		log_event(LOG_KEY_TAKEN, "the master takes the key again");
	}
	if (link->state == LINK_AWAY || link->state == LINK_REJECTED)
		link->state = LINK_CONNECTING;
	if (link->session.protocol != 0)
		link->state = LINK_CONNECTED;
	link->stale = 0;
	backoff_reset(&link->backoff);
	set_detail(link, link->restless);
}

void
link_is_away(struct link *link, const char *reason, int64_t retry_after_ms)
{
	int64_t now = clock_ms();

	if (link->state != LINK_AWAY)
		link->away_since_ms = now;
	if (link->state != LINK_AWAY || strcmp(link->detail, reason) != 0)
		log_event(LOG_MASTER_AWAY, "master is away: %s", reason);
	link->state = LINK_AWAY;
	set_detail(link, reason);
	link->hold_until_ms = now + backoff_next(&link->backoff, retry_after_ms);
}

/* What the user can do about a key that is not taken. */
static const char *
advice(const struct judgement *judgement)
{
	if (strcmp(judgement->code, "agent_key_mismatch") == 0)
		return "it belongs to another agent, or to one that was deleted in the master: give "
		       "this agent a key of its own in DOCKFLARE_API_KEY";
	return "this key is revoked or wrong, or belongs to another agent: make a new one in the "
	       "master and set DOCKFLARE_API_KEY";
}

void
link_is_rejected(struct link *link, const struct judgement *judgement)
{
	char text[ANSWER_REASON_BYTES];

	if (retire_rejected(link))
		return;
	(void)snprintf(text, sizeof(text), "%.60s; %s; trying again every %d s", judgement->reason,
	    advice(judgement), LINK_REJECTED_RETRY_MS / 1000);
	if (link->state != LINK_REJECTED || strcmp(link->detail, text) != 0)
		log_event(LOG_KEY_REJECTED, "key rejected: %s", text);
	link->state = LINK_REJECTED;
	set_detail(link, text);
	link->session = (struct session){ 0 };
	telling_drop(link);
	backoff_reset(&link->backoff);
	link->hold_until_ms = 0;
	link->register_at_ms = clock_ms() + LINK_REJECTED_RETRY_MS;
}

/* Once when it begins: a master that never keeps a registration asks for one again and again. */
static void
say_lost(struct link *link, bool again, const char *reason)
{
	if (!again)
		log_event(LOG_REGISTRATION_WANTED, "the master asks for a registration: %s",
		    reason);
	else if (link->restless[0] == '\0')
		log_event(LOG_REGISTRATION_RESTLESS,
		    "the master keeps asking for a registration: %s; registering again, "
		    "at most every %d s",
		    reason, BACKOFF_LAST_MS / 1000);
	if (again)
		(void)snprintf(link->restless, sizeof(link->restless),
		    "keeps asking for a registration: %.200s", reason);
}

void
link_lost_session(struct link *link, enum loss loss, const struct judgement *judgement)
{
	int64_t now = clock_ms();
	bool settled = is_settled(link), again = !settled && link->loss != LOSS_NONE;

	if (loss == LOSS_FORBIDDEN && link->loss == LOSS_FORBIDDEN && !settled) {
		link_is_rejected(link, judgement);
		return;
	}
	say_lost(link, again, judgement->reason);
	/* The first registration comes at once; one that did not last is repeated with patience. */
	if (settled)
		backoff_reset(&link->losses);
	link->register_at_ms = now;
	if (again)
		link->register_at_ms += backoff_next(&link->losses, -1);
	link->loss = loss;
	link->session = (struct session){ 0 };
	link->stale = 0;
	link->state = link->state == LINK_AWAY ? LINK_AWAY : LINK_CONNECTING;
	telling_drop(link);
}

void
link_agent_path(const struct link *link, const char *tail, struct buffer *out)
{
	if (buffer_add_text(out, "/api/v2/agents/") != 0 ||
	    url_append_segment(out, link->agent_id) != 0 || buffer_add_text(out, tail) != 0)
		fatal("a path is too long");
}
