/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  The worker's one struct and what its files offer each other.  It holds the tunnel
 * token, obeys master-link's commands within ALLOWED_TUNNELS, and talks to Docker about the one
 * container and to that container's metrics port.
 *
 * The reconciler: whatever happens (a command, a hint, a tick, the end of a step) leads to a look
 * at Docker; a look leads to one decision (decide.c), a decision to at most one step, and a step to
 * the next look.  Nothing else acts, so a crash at any point is mended by the next look.
 */
#ifndef TUNNEL_KEEPER_KEEPER_H
#define TUNNEL_KEEPER_KEEPER_H

#include "backoff.h"
#include "common/docker.h"
#include "common/http.h"
#include "common/log_event.h"
#include "common/worker.h"
#include "decide.h"
#include "desired.h"
#include "common/image.h"
#include "observe.h"
#include "progress.h"
#include "ready.h"
#include "state.h"
#include "common/tunnel_token.h"

#define COMMANDS_WAITING_MAX 128
/* A look without any occasion. */
#define SLOW_TICK_MS 30000

enum busy { BUSY_NO, BUSY_CONNECTING, BUSY_LOOKING, BUSY_STEPPING };

/* A command whose change is not on disk yet. */
struct waiting_command {
	char id[COMMAND_ID_MAX_BYTES + 1];
	int64_t generation;
};

/* save.c: desired as it is in memory, and how much of it the supervisor has answered for. */
struct saving {
	int64_t generation; /* one more with each change of `desired` */
	int64_t sent;       /* the generation of the save under way */
	int64_t settled;    /* up to here saved, or answered that it can't be */
	bool under_way;
	char error[DETAIL_MAX_BYTES + 1]; /* why the last save failed; "" if it did not */
	struct worker_timer timer;
	size_t waiting_count;
	struct waiting_command waiting[COMMANDS_WAITING_MAX];
};

/* step.c: how often in a row the engine refused to start a container; "": none. */
struct refused_start {
	char id[CONTAINER_ID_BYTES + 1];
	int count;
};

/* run.c: the present run of our container. */
struct run {
	char id[CONTAINER_ID_BYTES + 1]; /* "": none was seen */
	char started_at[STARTED_AT_BYTES];
	int64_t restart_count;
	bool up;
	bool saw_start;    /* it began while we looked */
	bool end_expected; /* our own stop */
	int64_t since_ms;
	int64_t crashes; /* ends since the last healthy run */
};

/* metrics.c: cloudflared's own account. */
struct health {
	struct http_request *request;
	struct worker_timer timer;
	int64_t ready; /* -1: no answer in this run */
	int64_t failures;
	bool asked_version;              /* in this run */
	char image[IMAGE_MAX_BYTES + 1]; /* that `version` is of */
	char version[VERSION_MAX_BYTES + 1];
};

/* pull.c */
struct pull {
	struct progress progress;
	int64_t since_ms;
	int64_t told_ms;
};

/* halt.c: decommissioning waits for the container to be down. */
struct halt {
	bool waiting;
	char id[OPERATION_ID_MAX_BYTES + 1];
	struct worker_timer timer;
};

/* tell.c: what master-link was told last. */
struct told {
	bool any;
	bool owed; /* a new channel has not been told yet */
	int state;
	char id[TUNNEL_ID_MAX_BYTES + 1];
	char name[TUNNEL_NAME_MAX_BYTES + 1];
	char version[VERSION_MAX_BYTES + 1];
	char detail[DETAIL_MAX_BYTES + 1];
};

struct keeper {
	struct worker *worker;
	struct http *http;
	struct docker docker;
	struct image image;
	const char *network;
	const char *allowed; /* ALLOWED_TUNNELS; NULL: not set */
	int64_t metrics_port;
	bool remove_on_exit;

	struct desired desired;
	char last_name[TUNNEL_NAME_MAX_BYTES + 1]; /* of the tunnel that a stop forgot */
	char refusal[DETAIL_MAX_BYTES + 1];        /* why the cached tunnel may not run */
	struct saving saving;
	struct halt halt;

	struct observed observed;
	int64_t looked_generation; /* `observed` was compared with this one of `desired` */
	struct run run;
	struct health health;

	enum busy busy;
	enum step step; /* the one under way while BUSY_STEPPING */
	struct http_request *request;
	bool seen_once;  /* Docker was looked at by this process */
	bool look_again; /* something happened while busy */
	int64_t looked_ms;
	int64_t worked_ms; /* Docker answered, or did not */
	struct worker_timer look_timer;
	int steps;        /* since what is wanted was last there */
	int repeats;      /* of the last step, in a row */
	int64_t retry_ms; /* no step before this time; 0: at once */
	bool network_good;
	int image_known;                      /* enum image_known */
	char kept_id[CONTAINER_ID_BYTES + 1]; /* started here, or adopted */
	struct refused_start refused_start;
	struct backoff docker_backoff;
	struct backoff step_backoff;
	struct backoff crash_backoff;
	bool connected;
	int64_t away_ms; /* since when the engine does not answer; 0: it does */
	char docker_error[DETAIL_MAX_BYTES + 1];
	char problem[DETAIL_MAX_BYTES + 1]; /* why the last step failed */
	char warned[DETAIL_MAX_BYTES + 1]; /* a call that the proxy denies and that can be missed */
	char doing[DETAIL_MAX_BYTES + 1];
	struct pull pull;

	struct told told;
	struct worker_timer tell_timer;

	bool stopping; /* an orderly stop is under way */
	struct worker_timer stop_timer;
	int stop_failures;
};

/* main.c: before confinement. */
void keeper_configure(struct worker *worker);

/* check.c: the handlers of `--check --online`. */
extern const struct worker_handlers keeper_check_handlers;

/* commands.c */
void keeper_on_command(struct keeper *keeper, const struct message_command *command);
void keeper_on_restore(struct keeper *keeper, const struct message_restore *restore);
/* Judges the cached tunnel at start: fills keeper->refusal where it may not run. */
void keeper_judge_cached(struct keeper *keeper);

/* save.c: reads the state file; keeps a change of `desired` (and answers `command_id`, which may
   be NULL, once that is done); the supervisor's answer to a save. */
void keeper_load(struct keeper *keeper);
void keeper_save(struct keeper *keeper, const char *command_id);
void keeper_saved(struct keeper *keeper, const char *reason);
bool keeper_is_settled(const struct keeper *keeper);
void keeper_answer(struct keeper *keeper, const char *command_id, enum command_outcome outcome,
    const char *detail);

/* halt.c */
void keeper_on_halt(struct keeper *keeper, const struct message_halt *halt);
/* What is wanted is there: answers a halt that waits. */
void keeper_halt_settled(struct keeper *keeper);

/* look.c: looks at Docker now, or as soon as what is under way has ended. */
void keeper_look(struct keeper *keeper);
/* The same for a hint of docker-watcher, which is not trusted with the rate. */
void keeper_hint(struct keeper *keeper);
/* What is wanted changed: earlier failures no longer hold anything back. */
void keeper_fresh_start(struct keeper *keeper);
enum goal keeper_goal(const struct keeper *keeper);
bool keeper_replaces(const struct keeper *keeper);
/* The engine did not answer: connects anew after a while. */
void keeper_docker_lost(struct keeper *keeper, const char *error);

/* step.c: carries out one step and looks again. */
void keeper_take_step(struct keeper *keeper, enum step step);
/* Ends the step under way; `error` is NULL if it worked. */
void keeper_step_done(struct keeper *keeper, const char *error);
/* Starts the call of a step.  `body` may be empty.  The answer goes to `on_done`. */
void keeper_call(struct keeper *keeper, const struct docker_call *call);

/* pull.c */
void keeper_pull(struct keeper *keeper);
/* Ends a pull under way, if there is one. */
void keeper_pull_cancel(struct keeper *keeper);

/* run.c: follows the container's runs after each look. */
void keeper_follow_run(struct keeper *keeper);

/* metrics.c */
void keeper_health_begin(struct keeper *keeper);
/* Asks GET /ready once; the container must have an address.  `done` gets the keeper as context. */
void keeper_ask_ready(struct keeper *keeper,
    void (*done)(void *context, const struct http_answer *answer));
void keeper_health_end(struct keeper *keeper);

/* tell.c: tells master-link and the status what changed; with `anew` even if nothing did. */
void keeper_tell(struct keeper *keeper, bool anew);
/* A text of Docker's for log and status: itself, or a constant one if it holds the token, or part
   of it. */
const char *keeper_tellable(const struct keeper *keeper, const char *text);

/* stop.c */
void keeper_shutdown(struct keeper *keeper);
/* What is wanted is there (or can't be): ends the worker if it is stopping. */
void keeper_stop_settled(struct keeper *keeper);
/* A look or a step failed: the stop does not wait for long until it works. */
void keeper_stop_failed(struct keeper *keeper);

#endif
