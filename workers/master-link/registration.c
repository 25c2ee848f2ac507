/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  Registration: the first thing that is said to a master, and again whenever it does
 * not know this agent or its session.  The answer of an old master carries secrets and is never
 * logged.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"
#include "common/secret_memory.h"
#include "link.h"
#include "registered.h"
#include "version.h"

#define REGISTER_ANSWER_MAX_BYTES ((size_t)1024 * 1024)

int64_t
register_due(const struct link *link, int64_t now_ms UNUSED)
{
	return link->session.protocol == 0 ? link->register_at_ms : INT64_MAX;
}

void
register_build(struct link *link, struct outgoing *outgoing)
{
	struct registration registration = {
		.display_name = worker_setting(link->worker, SETTING_DISPLAY_NAME),
		.version = AGENT_VERSION,
		.agent_id = link->agent_id[0] != '\0' ? link->agent_id : NULL,
	};

	outgoing->answer_max_bytes = REGISTER_ANSWER_MAX_BYTES;
	if (buffer_add_text(&outgoing->path, "/api/v2/agents/register") != 0 ||
	    body_register(&registration, &outgoing->body) != 0)
		fatal("a registration can't be encoded");
}

/* ---- the tunnel that the master's record holds ---- */

static void
free_restore(struct link *link)
{
	struct message_restore *restore = link->restore;

	link->restore = NULL;
	if (restore == NULL)
		return;
	secret_free((char *)(uintptr_t)restore->token);
	free((char *)(uintptr_t)restore->tunnel_id);
	free((char *)(uintptr_t)restore->tunnel_name);
	free(restore);
}

void
restore_send(struct link *link)
{
	if (link->restore == NULL || retire_has_begun(link))
		return;
	if (worker_send(link->worker, PROCESS_TUNNEL_KEEPER, MESSAGE_RESTORE, link->restore) == 0)
		free_restore(link);
}

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static void
take_restore(struct link *link, const struct agent_record *agent)
{
	struct message_restore *restore;

	free_restore(link);
	if (!is_given(agent->assigned_tunnel_id) || !is_given(agent->assigned_tunnel_name) ||
	    !is_given(agent->assigned_tunnel_token))
		return;
	restore = calloc(1, sizeof(*restore));
	if (restore == NULL)
		fatal("out of memory");
	restore->tunnel_id = strdup(agent->assigned_tunnel_id);
	restore->tunnel_name = strdup(agent->assigned_tunnel_name);
	restore->token = secret_copy(agent->assigned_tunnel_token,
	    strlen(agent->assigned_tunnel_token));
	if (restore->tunnel_id == NULL || restore->tunnel_name == NULL || restore->token == NULL)
		fatal("out of memory");
	link->restore = restore;
	restore_send(link);
}

/* What is wrong in here costs only what is in here. */
static void
take_agent(struct link *link, struct slice answer)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct agent_record agent;
	int error = agent_record_read(answer, &arena, &agent, why);

	if (error == -ENOENT)
		return;
	if (error != 0) {
		log_event(LOG_RECORD_UNUSED, "the master's record of this agent is not used: %s",
		    why);
		return;
	}
	if (agent.status != NULL && strcmp(agent.status, "pending") == 0)
		link->agent_status = AGENT_PENDING;
	else if (agent.status != NULL && strcmp(agent.status, "enrolled") == 0)
		link->agent_status = AGENT_ENROLLED;
	take_restore(link, &agent);
}

/* ---- the answer ---- */

static void
take_id(struct link *link, const char *id)
{
	if (strcmp(link->agent_id, id) == 0)
		return;
	if (link->agent_id[0] != '\0')
		log_event(LOG_NEW_ID,
		    "security: the master gave this agent another id: %s, it was %s", id,
		    link->agent_id);
	(void)snprintf(link->agent_id, sizeof(link->agent_id), "%s", id);
	save_file(link, STATE_AGENT_ID);
}

static void
begin_session(struct link *link, const struct registered *answer, bool modern)
{
	link->session = (struct session){
		.protocol = answer->protocol_version == 2 ? 2 : 1,
		.modern = modern,
		.event_sequence = 1,
		.report_sequence = 1,
	};
	if (answer->agent_session_id != NULL)
		(void)snprintf(link->session.id, sizeof(link->session.id), "%s",
		    answer->agent_session_id);
	link->registered_ms = clock_ms();
	link->register_at_ms = link->registered_ms;
	link->next_heartbeat_ms = link->registered_ms + link->interval_ms;
	link->report_not_before_ms = 0;
	link->report_refused = false;
	link->report_failures = 0;
	view_forget_told(&link->view);
	link_say_all(link);
}

void
register_done(struct link *link, const struct http_answer *http)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES], reason[RECORD_WHY_BYTES + 64];
	struct registered answer;

	if (registered_read(http->body, &arena, &answer, why) != 0) {
		(void)snprintf(reason, sizeof(reason), "its registration is not understood: %s",
		    why);
		link_is_away(link, reason, -1);
		return;
	}
	telling_drop(link);
	take_id(link, answer.agent_id);
	begin_session(link, &answer, registered_is_modern(http->body, &answer));
	take_agent(link, http->body);
	link_is_back(link);
	/* A master that keeps none is told of once. */
	if (link->restless[0] == '\0')
		log_event(LOG_REGISTERED,
		    "registered with the master as agent %s (protocol %" PRId64 ")", link->agent_id,
		    link->session.protocol);
	if (link->agent_status == AGENT_PENDING)
		log_event(LOG_PENDING, "this agent is pending: enrol it in the master");
}

void
register_refused(struct link *link, const struct judgement *judgement)
{
	link_is_away(link, judgement->reason, -1);
}
