/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  Carries out one step by one call to Docker, and looks again: what the call
 * answered is believed only as far as the next look confirms it.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "create.h"
#include "keeper.h"

#define ANSWER_MAX_BYTES (1024 * 1024)
#define CALL_MS 30000
/* Docker kills the process after six seconds; cloudflared ends by itself after five. */
#define STOP_QUERY "/stop?t=6"
#define PATH_BYTES 640

/* The outcome of one status, by step; a status that is not listed is a failure. */
enum outcome {
	OUTCOME_DONE,
	OUTCOME_LOOK, /* somebody else was faster: look again */
	OUTCOME_NO_NETWORK,
	OUTCOME_IMAGE_PRESENT,
	OUTCOME_IMAGE_MISSING,
	OUTCOME_DENIED, /* by the proxy; the next step tells whether it was needed */
};

struct outcome_row {
	enum step step;
	long status;
	enum outcome outcome;
};

static const struct outcome_row outcomes[] = {
	{ STEP_CHECK_NETWORK, 200, OUTCOME_DONE }, { STEP_CHECK_NETWORK, 403, OUTCOME_DENIED },
	{ STEP_CHECK_NETWORK, 404, OUTCOME_NO_NETWORK },
	{ STEP_CHECK_IMAGE, 200, OUTCOME_IMAGE_PRESENT }, { STEP_CHECK_IMAGE, 403, OUTCOME_DENIED },
	{ STEP_CHECK_IMAGE, 404, OUTCOME_IMAGE_MISSING }, { STEP_CREATE, 201, OUTCOME_DONE },
	{ STEP_CREATE, 404, OUTCOME_IMAGE_MISSING },
	{ STEP_CREATE, 409, OUTCOME_LOOK }, /* the name is taken */
	{ STEP_START, 204, OUTCOME_DONE }, { STEP_START, 304, OUTCOME_LOOK }, /* it runs already */
	{ STEP_STOP, 204, OUTCOME_DONE }, { STEP_STOP, 304, OUTCOME_LOOK },   /* it had ended */
	{ STEP_STOP, 404, OUTCOME_LOOK }, { STEP_REMOVE, 204, OUTCOME_DONE },
	{ STEP_REMOVE, 404, OUTCOME_LOOK },
	{ STEP_REMOVE, 409, OUTCOME_LOOK }, /* a removal is under way, or it runs again */
};

static const char *const methods[STEP_COUNT] = {
	[STEP_CHECK_NETWORK] = "GET",
	[STEP_CHECK_IMAGE] = "GET",
	[STEP_CREATE] = "POST",
	[STEP_START] = "POST",
	[STEP_STOP] = "POST",
	[STEP_REMOVE] = "DELETE",
};

static const char *const doing_texts[STEP_COUNT] = {
	[STEP_CHECK_NETWORK] = "looking for the network",
	[STEP_CHECK_IMAGE] = "looking for the image",
	[STEP_CREATE] = "creating the container",
	[STEP_START] = "starting the container",
	[STEP_STOP] = "stopping the container",
	[STEP_REMOVE] = "removing the container",
};

/* Writes the path of a step's call.  Ids are hexadecimal, network and image were checked. */
static void
path_of(const struct keeper *keeper, enum step step, char path[PATH_BYTES])
{
	const char *id = keeper->observed.id;
	bool dead = keeper->observed.state == CONTAINER_STATE_DEAD;

	path[0] = '\0';
	if (step == STEP_CHECK_NETWORK)
		snprintf(path, PATH_BYTES, "/networks/%s", keeper->network);
	else if (step == STEP_CHECK_IMAGE)
		snprintf(path, PATH_BYTES, "/images/%s/json", keeper->image.whole);
	else if (step == STEP_CREATE)
		snprintf(path, PATH_BYTES, "/containers/create?name=" TUNNEL_CONTAINER_NAME);
	else if (step == STEP_START)
		snprintf(path, PATH_BYTES, "/containers/%s/start", id);
	else if (step == STEP_STOP)
		snprintf(path, PATH_BYTES, "/containers/%s" STOP_QUERY, id);
	else if (step == STEP_REMOVE)
		snprintf(path, PATH_BYTES, "/containers/%s?v=1%s", id, dead ? "&force=1" : "");
}

/* ---- the end of a step ---- */

static void
note_problem(struct keeper *keeper, const char *error)
{
	char text[DETAIL_MAX_BYTES + 1];

	copy_printable(text, sizeof(text), keeper_tellable(keeper, error));
	if (strcmp(keeper->problem, text) != 0)
		log_event(LOG_TUNNEL_FAILS, "tunnel: %s", text);
	snprintf(keeper->problem, sizeof(keeper->problem), "%s", text);
}

void
keeper_step_done(struct keeper *keeper, const char *error)
{
	keeper->busy = BUSY_NO;
	keeper->request = NULL;
	keeper->doing[0] = '\0';
	if (error != NULL) {
		note_problem(keeper, error);
		keeper->network_good = false;
		keeper->image_known = IMAGE_UNKNOWN;
		keeper->steps = 0;
		keeper->repeats = 0;
		keeper->retry_ms = clock_ms() + backoff_wait_ms(&keeper->step_backoff);
	}
	keeper_look(keeper);
	keeper_tell(keeper, false);
	if (error != NULL)
		keeper_stop_failed(keeper);
}

static void
log_done(const char *what, const char *id)
{
	log_event(LOG_TUNNEL_STEP, "tunnel container %s (%.*s)", what, CONTAINER_ID_SHOWN, id);
}

/* The marks that a step leaves; the container itself is seen at the next look. */
static void
note_done(struct keeper *keeper, const struct http_answer *answer)
{
	char id[CONTAINER_ID_BYTES + 1];

	switch (keeper->step) {
	case STEP_CHECK_NETWORK:
		keeper->network_good = true;
		keeper->warned[0] = '\0';
		break;
	case STEP_CREATE:
		if (create_read_id(answer->body, id) == 0)
			log_done("created", id);
		break;
	case STEP_START:
		log_done("started", keeper->observed.id);
		snprintf(keeper->kept_id, sizeof(keeper->kept_id), "%s", keeper->observed.id);
		keeper->problem[0] = '\0';
		backoff_reset(&keeper->step_backoff);
		break;
	case STEP_STOP:
		log_done("stopped", keeper->observed.id);
		break;
	case STEP_REMOVE:
		log_done("removed", keeper->observed.id);
		break;
	case STEP_NONE:
	case STEP_WAIT:
	case STEP_CHECK_IMAGE:
	case STEP_PULL:
	case STEP_COUNT:
		break;
	}
}

/* A check that the proxy denies is done without: what comes after it will tell. */
static void
note_denied(struct keeper *keeper, const char *error)
{
	if (strcmp(keeper->warned, error) != 0)
		log_event(LOG_TUNNEL_UNCHECKED, "%s: going on without this check", error);
	snprintf(keeper->warned, sizeof(keeper->warned), "%s", error);
	if (keeper->step == STEP_CHECK_NETWORK)
		keeper->network_good = true;
	else
		keeper->image_known = IMAGE_PRESENT;
}

/* The engine's own word on this very container; a proxy's says nothing about it. */
static void
note_refused_start(struct keeper *keeper, const struct http_answer *answer)
{
	struct refused_start *refused = &keeper->refused_start;

	if (!answer->json || (answer->status >= 502 && answer->status <= 504))
		return;
	if (strcmp(refused->id, keeper->observed.id) != 0)
		*refused = (struct refused_start){ 0 };
	snprintf(refused->id, sizeof(refused->id), "%s", keeper->observed.id);
	refused->count++;
}

static void
take_outcome(struct keeper *keeper, enum outcome outcome, const char *error,
    const struct http_answer *answer)
{
	char text[DETAIL_MAX_BYTES + 1];

	switch (outcome) {
	case OUTCOME_NO_NETWORK:
		snprintf(text, sizeof(text),
		    "network %s does not exist; make it with: docker "
		    "network create %s",
		    keeper->network, keeper->network);
		keeper_step_done(keeper, text);
		return;
	case OUTCOME_DONE:
		note_done(keeper, answer);
		break;
	case OUTCOME_IMAGE_PRESENT:
		keeper->image_known = IMAGE_PRESENT;
		break;
	case OUTCOME_IMAGE_MISSING:
		keeper->image_known = IMAGE_MISSING;
		break;
	case OUTCOME_DENIED:
		note_denied(keeper, error);
		break;
	case OUTCOME_LOOK:
		log_debug("%s", error);
		break;
	}
	keeper_step_done(keeper, NULL);
}

static void
on_answer(void *context, const struct http_answer *answer)
{
	struct keeper *keeper = context;
	char path[PATH_BYTES];
	const char *error;

	keeper->request = NULL;
	if (answer->error != HTTP_OK) {
		keeper_docker_lost(keeper, answer->detail);
		return;
	}
	path_of(keeper, keeper->step, path);
	error = keeper_tellable(keeper,
	    docker_explain(&keeper->docker, methods[keeper->step], path, answer));
	for (size_t at = 0; at < ARRAY_LEN(outcomes); at++) {
		if (outcomes[at].step == keeper->step && outcomes[at].status == answer->status) {
			take_outcome(keeper, outcomes[at].outcome, error, answer);
			return;
		}
	}
	if (keeper->step == STEP_START)
		note_refused_start(keeper, answer);
	keeper_step_done(keeper, error);
}

/* ---- the beginning of a step ---- */

void
keeper_call(struct keeper *keeper, const struct docker_call *call)
{
	keeper->request = docker_call(&keeper->docker, call);
	if (keeper->request == NULL)
		fatal("out of memory");
}

static int
fill_body(const struct keeper *keeper, struct buffer *body, char why[RECORD_WHY_BYTES])
{
	struct create create = { .image = keeper->image.whole,
		.network = keeper->network,
		.token = keeper->desired.token,
		.command_id = keeper->desired.command_id,
		.metrics_port = keeper->metrics_port };

	return create_body(&create, body, why);
}

void
keeper_take_step(struct keeper *keeper, enum step step)
{
	struct buffer body _cleanup_buffer_ = SECRET_BUFFER(64 * 1024);
	char path[PATH_BYTES], why[RECORD_WHY_BYTES];
	struct docker_call call = { .method = methods[step],
		.path = path,
		.body_max_bytes = ANSWER_MAX_BYTES,
		.timeout_ms = CALL_MS,
		.on_done = on_answer,
		.context = keeper };

	keeper->busy = BUSY_STEPPING;
	keeper->step = step;
	if (step == STEP_PULL) {
		keeper_pull(keeper);
		return;
	}
	snprintf(keeper->doing, sizeof(keeper->doing), "%s", doing_texts[step]);
	if (step == STEP_CREATE && fill_body(keeper, &body, why) != 0) {
		keeper_step_done(keeper, why);
		return;
	}
	keeper->run.end_expected = keeper->run.end_expected || step == STEP_STOP;
	call.body = (struct slice){ .bytes = body.bytes, .length = body.length };
	path_of(keeper, step, path);
	keeper_call(keeper, &call);
}
