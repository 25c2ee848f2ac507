/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  Tells what the tunnel is: to master-link (and so to the master) whenever it
 * changes, and to dockflare-agentctl.  Never the token.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "keeper.h"

/* Some states change by time alone (a run that lasts, an engine that stays away); the calm ones are
   looked at with each sign of life. */
#define TELL_TICK_MS 1000

const char *
keeper_tellable(const struct keeper *keeper, const char *text)
{
	return token_is_in(keeper->desired.token, text) ? "Docker's reason holds the token" : text;
}

/* cloudflared's own word; else what the image's tag says; else what was told before. */
static void
fill_version(const struct keeper *keeper, char version[VERSION_MAX_BYTES + 1])
{
	const struct observed *seen = &keeper->observed;
	const struct health *health = &keeper->health;

	if (seen->presence != PRESENCE_OURS)
		snprintf(version, VERSION_MAX_BYTES + 1, "%s", keeper->told.version);
	else if (health->version[0] != '\0' && strcmp(health->image, seen->image.whole) == 0)
		snprintf(version, VERSION_MAX_BYTES + 1, "%s", health->version);
	else
		copy_printable(version, VERSION_MAX_BYTES + 1,
		    seen->image.digest ? "" : seen->image.tag);
}

static void
fill(const struct keeper *keeper, struct told *now)
{
	int64_t clock = clock_ms();
	struct account account = {
		.goal = (int)keeper_goal(keeper),
		.observed = &keeper->observed,
		.replace = keeper_replaces(keeper),
		.docker_away_ms = keeper->away_ms == 0 ? 0 : clock - keeper->away_ms + 1,
		.docker_error = keeper->docker_error,
		.refusal = keeper->refusal,
		.problem = keeper->problem,
		.doing = keeper->doing,
		.ready = keeper->health.ready,
		.saw_start = keeper->run.saw_start,
		.run_ms = clock - keeper->run.since_ms,
		.crashes = keeper->run.crashes,
	};
	const char *name = keeper->desired.name[0] != '\0' ? keeper->desired.name :
							     keeper->last_name;

	now->any = true;
	now->state = (int)state_of(&account, now->detail);
	snprintf(now->id, sizeof(now->id), "%s", keeper->desired.id);
	snprintf(now->name, sizeof(now->name), "%s", name);
	fill_version(keeper, now->version);
}

/* The line is news where it is a reason; elsewhere it says what takes a moment. */
static bool
is_news(const struct told *before, const struct told *now)
{
	return !before->any || before->state != now->state || strcmp(before->id, now->id) != 0 ||
	       strcmp(before->name, now->name) != 0 || strcmp(before->version, now->version) != 0 ||
	       ((now->state == TUNNEL_ERROR || now->state == TUNNEL_UNKNOWN) &&
		   strcmp(before->detail, now->detail) != 0);
}

static const char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static void
send_news(struct keeper *keeper, const struct told *now)
{
	struct message_tunnel tunnel = { .state = now->state,
		.id = or_null(now->id),
		.name = or_null(now->name),
		.version = or_null(now->version),
		.detail = or_null(now->detail),
		.image = keeper->image.whole };

	/* Without a channel: peer_up() tells it. */
	(void)worker_send(keeper->worker, PROCESS_MASTER_LINK, MESSAGE_TUNNEL, &tunnel);
}

/* Lines for the operator that change no state. */
static size_t
fill_warnings(const struct keeper *keeper, char texts[4][DETAIL_MAX_BYTES + 1])
{
	const struct observed *seen = &keeper->observed;
	size_t count = 0;

	if (keeper->saving.error[0] != '\0')
		snprintf(texts[count++], DETAIL_MAX_BYTES + 1,
		    "tunnel_state.json could not be saved: %.400s", keeper->saving.error);
	if (keeper->warned[0] != '\0')
		snprintf(texts[count++], DETAIL_MAX_BYTES + 1, "%s", keeper->warned);
	if (seen->presence == PRESENCE_OURS && !image_equal(&seen->image, &keeper->image))
		snprintf(texts[count++], DETAIL_MAX_BYTES + 1,
		    "the tunnel container runs %.150s, CLOUDFLARED_IMAGE is %.150s: it changes when "
		    "the container is replaced (restart the tunnel in the master)",
		    seen->image.whole, keeper->image.whole);
	if (seen->presence == PRESENCE_OURS && seen->state == CONTAINER_STATE_RUNNING &&
	    !seen->on_network)
		snprintf(texts[count++], DETAIL_MAX_BYTES + 1,
		    "the tunnel container is not on network %.200s: it reaches no service there",
		    keeper->network);
	return count;
}

static void
show_status(struct keeper *keeper, const struct told *now)
{
	char texts[4][DETAIL_MAX_BYTES + 1];
	const char *warnings[] = { texts[0], texts[1], texts[2], texts[3] };
	const struct observed *seen = &keeper->observed;
	struct message_status_tunnel status = { .state = now->state,
		.id = or_null(now->id),
		.name = or_null(now->name),
		.version = or_null(now->version),
		.container_id = seen->presence == PRESENCE_OURS ? seen->id : NULL,
		.ready_connections = keeper->health.ready,
		.link_heard_ms = worker_heard_ms(keeper->worker, PROCESS_MASTER_LINK),
		.detail = or_null(now->detail),
		.warnings = { fill_warnings(keeper, texts), warnings } };

	worker_status(keeper->worker, MESSAGE_STATUS_TUNNEL, &status);
}

static void
tick(struct worker *worker, struct worker_timer *timer)
{
	(void)timer;
	keeper_tell(worker_context(worker), false);
}

/* A reason that was logged when it arose is not logged again. */
static void
log_change(const struct keeper *keeper, const struct told *now)
{
	const struct told *before = &keeper->told;
	bool known = keeper->problem[0] != '\0' || keeper->refusal[0] != '\0' ||
		     keeper->away_ms != 0;

	if (before->any && before->state == now->state)
		return;
	log_event(now->state == TUNNEL_ERROR ? LOG_TUNNEL_ERROR : LOG_TUNNEL_STATE,
	    "tunnel%s%s: %s%s%s", now->name[0] == '\0' ? "" : " ", now->name,
	    tunnel_state_choices[now->state], known || now->detail[0] == '\0' ? "" : ", ",
	    known ? "" : now->detail);
}

/* Neither a restart of this worker nor a command is news before the look that follows it. */
static bool
is_blind(const struct keeper *keeper)
{
	return keeper->away_ms == 0 && keeper->problem[0] == '\0' &&
	       (keeper->observed.presence == PRESENCE_UNSEEN ||
		   keeper->looked_generation != keeper->saving.generation);
}

void
keeper_tell(struct keeper *keeper, bool anew)
{
	struct told now;

	memset(&now, 0, sizeof(now));
	fill(keeper, &now);
	if (now.state == TUNNEL_RUNNING || now.state == TUNNEL_STOPPED)
		worker_timer_stop(keeper->worker, &keeper->tell_timer);
	else
		worker_timer_set(keeper->worker, &keeper->tell_timer, TELL_TICK_MS, tick);
	show_status(keeper, &now);
	keeper->told.owed = keeper->told.owed || anew;
	if (is_blind(keeper))
		return;
	if (!keeper->told.owed && !is_news(&keeper->told, &now))
		return;
	log_change(keeper, &now);
	keeper->told = now;
	send_news(keeper, &now);
}
