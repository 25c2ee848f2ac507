/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  The reconciler's loop: connect, look, decide, take a step, look again.  Talks to
 * the Docker endpoint, and trusts its answers only as far as observe.c checks them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "keeper.h"

#define INSPECT_PATH "/containers/" TUNNEL_CONTAINER_NAME "/json"
#define INSPECT_MAX_BYTES (1024 * 1024)
#define INSPECT_MS 10000
/* What a hostile docker-watcher can cause: so many looks a second, and no more. */
#define HINT_GAP_MS 50
/* While Docker removes a container. */
#define BUSY_WAIT_MS 500
/* More steps than any way from one state to another takes, and more of one kind in a row than one
   who interferes can explain: Docker does not do as it says. */
#define STEPS_MAX 12
#define REPEATS_MAX 2
/* Then it is taken down and made anew; fewer an engine that is about to end may give. */
#define REFUSED_STARTS_MAX 3

static void
look_timer_fired(struct worker *worker, struct worker_timer *timer)
{
	(void)timer;
	keeper_look(worker_context(worker));
}

static void
look_in(struct keeper *keeper, int64_t delay_ms)
{
	worker_timer_set(keeper->worker, &keeper->look_timer, delay_ms, look_timer_fired);
}

enum goal
keeper_goal(const struct keeper *keeper)
{
	const struct desired *desired = &keeper->desired;
	bool wanted = desired->state == WANTED_RUNNING && desired->token[0] != '\0';

	if (keeper->stopping)
		return wanted && keeper->remove_on_exit ? GOAL_REMOVE : GOAL_LEAVE;
	if (keeper->refusal[0] != '\0')
		return GOAL_STOP;
	if (desired->state == WANTED_STOPPED)
		return desired->pending ? GOAL_REMOVE : GOAL_STOP;
	return wanted ? GOAL_RUN : GOAL_LEAVE;
}

bool
keeper_replaces(const struct keeper *keeper)
{
	const struct desired *desired = &keeper->desired;

	return !keeper->observed.token_matches ||
	       (desired->pending && strcmp(desired->command_id, keeper->observed.command_id) != 0);
}

/* ---- what was ordered is there ---- */

/* A restart is carried out once the container carries its id, a stop once it is gone. */
static bool
is_carried_out(const struct keeper *keeper)
{
	const struct observed *seen = &keeper->observed;

	if (!keeper->desired.pending || keeper->stopping)
		return false;
	if (keeper->desired.state == WANTED_STOPPED)
		return seen->presence == PRESENCE_ABSENT;
	return seen->presence == PRESENCE_OURS && seen->state == CONTAINER_STATE_RUNNING &&
	       !keeper_replaces(keeper);
}

/* A command that is replayed after a restart of this worker is known by the container's label. */
static void
remember_command(struct keeper *keeper)
{
	if (keeper->desired.command_id[0] == '\0' && keeper_goal(keeper) == GOAL_RUN)
		desired_set_command(&keeper->desired, keeper->observed.command_id, false);
}

/* What runs as it should and was not started here is taken over, without a restart. */
static void
note_adoption(struct keeper *keeper)
{
	const struct observed *seen = &keeper->observed;

	if (keeper_goal(keeper) != GOAL_RUN || seen->presence != PRESENCE_OURS ||
	    seen->state != CONTAINER_STATE_RUNNING || strcmp(seen->id, keeper->kept_id) == 0)
		return;
	log_event(LOG_TUNNEL_ADOPTED, "tunnel container adopted (%.*s)", CONTAINER_ID_SHOWN,
	    seen->id);
	snprintf(keeper->kept_id, sizeof(keeper->kept_id), "%s", seen->id);
}

/* Nothing is left to do also about what is foreign, or what Docker itself starts again. */
static bool
is_as_wanted(const struct keeper *keeper)
{
	const struct observed *seen = &keeper->observed;

	return seen->presence != PRESENCE_FOREIGN &&
	       (keeper_goal(keeper) != GOAL_RUN || seen->state == CONTAINER_STATE_RUNNING);
}

static void
settle(struct keeper *keeper)
{
	keeper->steps = 0;
	keeper->repeats = 0;
	keeper->network_good = false;
	keeper->image_known = IMAGE_UNKNOWN;
	keeper->doing[0] = '\0';
	if (keeper->problem[0] != '\0' && keeper->observed.presence != PRESENCE_UNSEEN) {
		keeper->problem[0] = '\0';
		backoff_reset(&keeper->step_backoff);
		if (is_as_wanted(keeper))
			log_event(LOG_TUNNEL_RIGHT,
			    "the tunnel container is as it should be again");
	}
	note_adoption(keeper);
	remember_command(keeper);
	if (is_carried_out(keeper)) {
		keeper->desired.pending = false;
		keeper_save(keeper, NULL);
	}
	keeper_halt_settled(keeper);
	look_in(keeper, SLOW_TICK_MS);
	keeper_stop_settled(keeper);
}

/* ---- deciding ---- */

/* Starts aside: what ends as soon as it is started is a crash loop, and backed off as one. */
static bool
is_in_circles(struct keeper *keeper, enum step step)
{
	keeper->repeats = step == keeper->step && step != STEP_START ? keeper->repeats + 1 : 0;
	keeper->steps += step != STEP_START ? 1 : 0;
	return keeper->steps > STEPS_MAX || keeper->repeats > REPEATS_MAX;
}

static void
decide_step(struct keeper *keeper)
{
	const struct observed *seen = &keeper->observed;
	const struct refused_start *refused = &keeper->refused_start;
	struct situation situation = {
		.goal = (int)keeper_goal(keeper),
		.presence = seen->presence,
		.state = seen->state,
		.replace = keeper_replaces(keeper),
		.fits = seen->on_network && image_equal(&seen->image, &keeper->image),
		.network_good = keeper->network_good,
		.image = keeper->image_known,
		.start_failed = refused->count >= REFUSED_STARTS_MAX &&
				strcmp(seen->id, refused->id) == 0,
	};
	enum step step = decide(&situation);
	int64_t now = clock_ms();

	if (step == STEP_NONE)
		settle(keeper);
	else if (step == STEP_WAIT)
		look_in(keeper, BUSY_WAIT_MS);
	else if (now < keeper->retry_ms)
		look_in(keeper, keeper->retry_ms - now);
	else if (is_in_circles(keeper, step))
		keeper_step_done(keeper, "Docker confirms what it then does not do");
	else
		keeper_take_step(keeper, step);
}

/* After each look.  What is not saved is not acted on yet: the answer leads to the next look. */
static void
act(struct keeper *keeper)
{
	bool again = keeper->look_again;

	keeper->look_again = false;
	keeper_follow_run(keeper);
	if (keeper->looked_generation != keeper->saving.generation)
		keeper_look(keeper);
	else if (keeper_is_settled(keeper) || keeper->stopping)
		decide_step(keeper);
	if (again && keeper->busy == BUSY_NO)
		look_in(keeper, keeper->looked_ms + HINT_GAP_MS - clock_ms());
	keeper_tell(keeper, false);
}

/* ---- looking ---- */

/* A look that gave nothing: what was seen before still stands, and is looked at again. */
static void
look_failed(struct keeper *keeper, const char *reason)
{
	const char *error = keeper_tellable(keeper, reason);

	if (strcmp(keeper->problem, error) != 0)
		log_event(LOG_TUNNEL_UNSEEN, "the tunnel container can't be looked at: %s", error);
	copy_printable(keeper->problem, sizeof(keeper->problem), error);
	look_in(keeper, backoff_wait_ms(&keeper->step_backoff));
	keeper_tell(keeper, false);
	keeper_stop_failed(keeper);
}

static void
take_answer(struct keeper *keeper, const struct http_answer *answer)
{
	struct expected expected = { .image = &keeper->image,
		.network = keeper->network,
		.token = keeper->desired.token };
	char why[RECORD_WHY_BYTES], text[DETAIL_MAX_BYTES + 1];
	struct observed seen;
	int error = observe(answer->body, &expected, &seen, why);

	if (error == -ENOMEM)
		fatal("out of memory");
	if (error != 0) {
		snprintf(text, sizeof(text),
		    "Docker's answer to GET " INSPECT_PATH " is not what it should be: %s", why);
		look_failed(keeper, text);
		return;
	}
	/* The engine's word on why it ended; read again at each look, so it may be left out. */
	if (keeper_tellable(keeper, seen.error) != seen.error)
		seen.error[0] = '\0';
	keeper->observed = seen;
	act(keeper);
}

/* Only an answer to what is asked ends an outage: a version is easily told. */
static void
note_answer(struct keeper *keeper)
{
	backoff_reset(&keeper->docker_backoff);
	if (keeper->away_ms != 0)
		log_event(LOG_DOCKER_BACK, "Docker is back after %.1f s",
		    (double)(clock_ms() - keeper->away_ms) / 1000);
	keeper->away_ms = 0;
}

static void
on_inspect(void *context, const struct http_answer *answer)
{
	struct keeper *keeper = context;

	keeper->request = NULL;
	keeper->busy = BUSY_NO;
	keeper->worked_ms = clock_ms();
	if (answer->error != HTTP_OK && answer->error != HTTP_TOO_LARGE) {
		keeper_docker_lost(keeper, answer->detail);
		return;
	}
	note_answer(keeper);
	/* The engine is there; whoever made that container gave it labels without end. */
	if (answer->error == HTTP_TOO_LARGE) {
		look_failed(keeper,
		    "what Docker says of the container named " TUNNEL_CONTAINER_NAME
		    " is over 1 MiB: it is none of this agent's, remove or rename it");
	} else if (answer->status == 200) {
		take_answer(keeper, answer);
	} else if (answer->status == 404 && answer->json) {
		keeper->observed = (struct observed){ .presence = PRESENCE_ABSENT };
		act(keeper);
	} else {
		look_failed(keeper, docker_explain(&keeper->docker, "GET", INSPECT_PATH, answer));
	}
}

/* ---- the engine ---- */

void
keeper_docker_lost(struct keeper *keeper, const char *error)
{
	bool news = keeper->away_ms == 0 || strcmp(keeper->docker_error, error) != 0;

	/* docker_connect itself goes on to the next address. */
	if (keeper->connected)
		(void)endpoint_failed(&keeper->docker.endpoint);
	keeper->connected = false;
	/* An engine that is about to end refuses to start anything. */
	keeper->refused_start.count = 0;
	keeper->busy = BUSY_NO;
	keeper->worked_ms = clock_ms();
	keeper->doing[0] = '\0';
	copy_printable(keeper->docker_error, sizeof(keeper->docker_error), error);
	if (keeper->away_ms == 0)
		keeper->away_ms = clock_ms();
	if (news)
		log_event(LOG_DOCKER_AWAY, "Docker is away: %s", keeper->docker_error);
	look_in(keeper, backoff_wait_ms(&keeper->docker_backoff));
	keeper_tell(keeper, false);
	if (keeper->stopping) {
		log_event(LOG_TUNNEL_LEFT, "the tunnel container is left as it is: Docker is away");
		keeper_stop_settled(keeper);
	}
}

static void
on_connected(struct docker *docker, bool ok)
{
	struct keeper *keeper = docker->context;

	keeper->busy = BUSY_NO;
	if (!ok) {
		keeper_docker_lost(keeper, docker->error);
		return;
	}
	keeper->connected = true;
	keeper_look(keeper);
}

void
keeper_look(struct keeper *keeper)
{
	struct docker_call call = { .method = "GET",
		.path = INSPECT_PATH,
		.body_max_bytes = INSPECT_MAX_BYTES,
		.timeout_ms = INSPECT_MS,
		.on_done = on_inspect,
		.context = keeper };

	keeper->look_again = keeper->busy != BUSY_NO;
	if (keeper->look_again)
		return;
	worker_timer_stop(keeper->worker, &keeper->look_timer);
	if (!keeper->connected) {
		keeper->busy = BUSY_CONNECTING;
		docker_connect(&keeper->docker, on_connected);
		return;
	}
	keeper->looked_ms = clock_ms();
	keeper->looked_generation = keeper->saving.generation;
	keeper->busy = BUSY_LOOKING;
	keeper_call(keeper, &call);
}

void
keeper_hint(struct keeper *keeper)
{
	int64_t wait = keeper->looked_ms + HINT_GAP_MS - clock_ms();

	/* While the engine is away the backoff decides, not a hint. */
	if (!keeper->connected)
		return;
	if (wait <= 0 || keeper->busy != BUSY_NO)
		keeper_look(keeper);
	else
		look_in(keeper, wait);
}

void
keeper_fresh_start(struct keeper *keeper)
{
	keeper->retry_ms = 0;
	keeper->problem[0] = '\0';
	keeper->refused_start.count = 0;
	keeper->steps = 0;
	keeper->run.crashes = 0;
	backoff_reset(&keeper->step_backoff);
	backoff_reset(&keeper->crash_backoff);
	if (keeper_goal(keeper) != GOAL_RUN)
		keeper_pull_cancel(keeper);
	keeper_look(keeper);
	keeper_tell(keeper, false);
}
