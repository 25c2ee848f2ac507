/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  The state that is told: see state.h. */
#include "state.h"

#include <stdio.h>
#include <string.h>

#define TELL(...) ((void)snprintf(detail, DETAIL_MAX_BYTES + 1, __VA_ARGS__))

/* Why the container ended last: exit code, the engine's error, how often it was restarted. */
static void
tell_end(const struct account *account, char *detail)
{
	const struct observed *seen = account->observed;

	TELL("the tunnel container keeps ending: exit code %lld%s%s, restarted %lld times; see "
	     "docker logs " TUNNEL_CONTAINER_NAME,
	    (long long)seen->exit_code, seen->error[0] == '\0' ? "" : ", ", seen->error,
	    (long long)(seen->restart_count > account->crashes ? seen->restart_count :
								 account->crashes));
}

static bool
is_up(const struct observed *seen)
{
	return seen->presence == PRESENCE_OURS &&
	       (seen->state == CONTAINER_STATE_RUNNING || seen->state == CONTAINER_STATE_PAUSED ||
		   seen->state == CONTAINER_STATE_RESTARTING);
}

/* A running container with the right token, by its own account where it gives one. */
static enum tunnel_state
state_of_run(const struct account *account, char *detail)
{
	if (account->crashes >= CRASHES_TOLD && account->run_ms < HEALTHY_MS) {
		tell_end(account, detail);
		return TUNNEL_ERROR;
	}
	if (account->ready > 0)
		return TUNNEL_RUNNING;
	if (account->ready == 0) {
		TELL("cloudflared runs but has no connection to Cloudflare");
		return account->saw_start && account->run_ms < READY_GRACE_MS ? TUNNEL_STARTING :
										TUNNEL_ERROR;
	}
	if (account->saw_start && account->run_ms < READY_SILENCE_MS) {
		TELL("waiting for cloudflared to be ready");
		return TUNNEL_STARTING;
	}
	return TUNNEL_RUNNING;
}

static enum tunnel_state
state_of_wish(const struct account *account, char *detail)
{
	const struct observed *seen = account->observed;

	if (seen->presence == PRESENCE_FOREIGN) {
		TELL("a container named " TUNNEL_CONTAINER_NAME " (%.12s) is not this agent's: "
		     "remove or rename it",
		    seen->id);
		return TUNNEL_ERROR;
	}
	if (account->problem[0] != '\0') {
		TELL("%s", account->problem);
		return TUNNEL_ERROR;
	}
	if (seen->presence == PRESENCE_OURS && !account->replace) {
		if (seen->state == CONTAINER_STATE_RUNNING)
			return state_of_run(account, detail);
		if (account->crashes >= CRASHES_TOLD) {
			tell_end(account, detail);
			return TUNNEL_ERROR;
		}
	}
	TELL("%s", account->doing);
	return TUNNEL_STARTING;
}

static enum tunnel_state
state_of_rest(const struct account *account, char *detail)
{
	if (account->goal == GOAL_LEAVE) {
		if (account->observed->presence == PRESENCE_OURS &&
		    account->observed->state == CONTAINER_STATE_RUNNING)
			return state_of_run(account, detail);
		TELL("no tunnel is assigned yet");
		return TUNNEL_STOPPED;
	}
	if (is_up(account->observed)) {
		TELL("%s", account->problem[0] != '\0' ? account->problem : "stopping");
		return account->problem[0] != '\0' ? TUNNEL_ERROR : TUNNEL_RUNNING;
	}
	return TUNNEL_STOPPED;
}

enum tunnel_state
state_of(const struct account *account, char detail[DETAIL_MAX_BYTES + 1])
{
	detail[0] = '\0';
	if (account->docker_away_ms >= DOCKER_AWAY_MS ||
	    (account->docker_away_ms > 0 && account->observed->presence == PRESENCE_UNSEEN)) {
		TELL("%s", account->docker_error);
		return TUNNEL_UNKNOWN;
	}
	if (account->observed->presence == PRESENCE_UNSEEN) {
		TELL("%s", account->problem);
		return account->problem[0] != '\0' ? TUNNEL_ERROR :
		       account->goal == GOAL_RUN   ? TUNNEL_STARTING :
						     TUNNEL_UNKNOWN;
	}
	if (account->refusal[0] != '\0') {
		TELL("%s", account->refusal);
		return TUNNEL_ERROR;
	}
	return account->goal == GOAL_RUN ? state_of_wish(account, detail) :
					   state_of_rest(account, detail);
}
