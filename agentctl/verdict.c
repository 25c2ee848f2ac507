/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  See verdict.h. */
#include "agentctl/verdict.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/attr.h"

const char *const health_names[HEALTH_COUNT] = {
	[HEALTHY] = "healthy",
	[DEGRADED] = "degraded",
	[UNHEALTHY] = "unhealthy",
	[PREPARED] = "prepared",
	[DECOMMISSIONED] = "decommissioned",
};

static const char *
or_nothing(const char *text)
{
	return text == NULL ? "" : text;
}

/* "WHAT", or "WHAT: DETAIL", behind what is there already. */
static void
add_reason(struct buffer *reasons, const char *what, const char *detail)
{
	(void)buffer_printf(reasons, "%s%s%s%s", reasons->length > 0 ? "; " : "", what,
	    or_nothing(detail)[0] == '\0' ? "" : ": ", or_nothing(detail));
}

/* The reason each state is, NULL where it is none. */
static const char *const link_reasons[] = {
	[LINK_CONNECTING] = "not registered with the master yet",
	[LINK_CONNECTED] = NULL,
	[LINK_AWAY] = "the master is away",
	[LINK_REJECTED] = "the master rejects the key",
	[LINK_DECOMMISSIONED] = NULL,
};

static const char *const docker_reasons[] = {
	[DOCKER_CONNECTING] = "Docker is not read yet",
	[DOCKER_CONNECTED] = NULL,
	[DOCKER_UNREADABLE] = "Docker can't be read",
};

static const char *const tunnel_reasons[] = {
	[TUNNEL_UNKNOWN] = "the tunnel's state is not known",
	[TUNNEL_STOPPED] = NULL,
	[TUNNEL_STARTING] = "the tunnel is starting",
	[TUNNEL_RUNNING] = NULL,
	[TUNNEL_ERROR] = "the tunnel is in error",
};

static void
judge_link(const struct account *account, struct buffer *reasons)
{
	const union message_body *body = account_of(account, PROCESS_MASTER_LINK);
	const struct message_status_link *link;

	if (body == NULL)
		return;
	link = &body->status_link;
	if (link_reasons[link->state] != NULL)
		add_reason(reasons, link_reasons[link->state], link->detail);
	else if (link->state == LINK_CONNECTED &&
		 account_age_s(account, link->last_contact_ms) >= CONTACT_OLD_S)
		add_reason(reasons, "no contact with the master for two minutes", NULL);
}

static void
judge_docker(const struct account *account, struct buffer *reasons)
{
	const union message_body *body = account_of(account, PROCESS_DOCKER_WATCHER);

	if (body != NULL && docker_reasons[body->status_docker.state] != NULL)
		add_reason(reasons, docker_reasons[body->status_docker.state],
		    body->status_docker.detail);
}

/* The gate's own link to Docker. */
static void
judge_engine(const struct account *account, struct buffer *reasons)
{
	const union message_body *body = account_of(account, PROCESS_GATE_ENGINE);

	if (body != NULL && docker_reasons[body->status_engine.state] != NULL)
		add_reason(reasons, docker_reasons[body->status_engine.state],
		    body->status_engine.detail);
}

/* Whether a worker that says that it lives is not heard of by those it works with. */
static bool
judge_silence(const struct account *account, enum process process, struct buffer *reasons)
{
	char detail[64];

	if (!account_is_stale(account, process))
		return false;
	snprintf(detail, sizeof(detail), "%s has told its peers nothing for %" PRId64 " s",
	    processes[process].name, account_silence_s(account, process));
	add_reason(reasons, "stale", detail);
	return true;
}

/* Whether the tunnel should serve and does not. */
static bool
judge_tunnel(const struct account *account, struct buffer *reasons)
{
	const union message_body *body = account_of(account, PROCESS_TUNNEL_KEEPER);

	if (body == NULL)
		return false;
	if (tunnel_reasons[body->status_tunnel.state] != NULL)
		add_reason(reasons, tunnel_reasons[body->status_tunnel.state],
		    body->status_tunnel.detail);
	return body->status_tunnel.state == TUNNEL_ERROR;
}

static void
judge_worker(const struct account *account, enum process process, struct buffer *reasons)
{
	const struct message_status_worker *worker = account_worker(account, process);
	const char *name = processes[process].name;

	if (worker == NULL || worker->phase != PHASE_RUNNING)
		add_reason(reasons, name,
		    worker == NULL ? "the supervisor says nothing of it" :
				     worker_phase_choices[worker->phase]);
	else if (account_of(account, process) == NULL)
		add_reason(reasons, name,
		    account->flaws[process][0] != '\0' ? account->flaws[process] :
							 "it has said nothing yet");
}

enum health
verdict(const struct account *account, struct buffer *reasons)
{
	const union message_body *link = account_of(account, PROCESS_MASTER_LINK);
	bool broken;

	if (link != NULL && link->status_link.lifecycle == LIFECYCLE_FINALIZED) {
		add_reason(reasons,
		    "taken out of service by the master; clear the data folder to "
		    "use it again",
		    NULL);
		return DECOMMISSIONED;
	}
	if (link != NULL && link->status_link.lifecycle == LIFECYCLE_PREPARED) {
		add_reason(reasons, "being taken out of service by the master", NULL);
		return PREPARED;
	}
	broken = judge_tunnel(account, reasons);
	broken = judge_silence(account, PROCESS_TUNNEL_KEEPER, reasons) || broken;
	broken = judge_silence(account, PROCESS_DOCKER_WATCHER, reasons) || broken;
	/* A restart would not bring the master nearer. */
	(void)judge_silence(account, PROCESS_MASTER_LINK, reasons);
	judge_link(account, reasons);
	judge_docker(account, reasons);
	judge_engine(account, reasons);
	for_each_worker_of(account->program, process)
		judge_worker(account, process, reasons);
	if (broken)
		return UNHEALTHY;
	return reasons->length > 0 ? DEGRADED : HEALTHY;
}
