/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every worker.  The runtime's own parts; a worker's code includes worker.h. */
#ifndef COMMON_WORKER_PRIVATE_H
#define COMMON_WORKER_PRIVATE_H

#include "common/channel.h"
#include "common/worker.h"

#define WORKER_ALIVE_MS 5000 /* at the most: the first comes sooner */
#define WORKER_STATUS_MS 1000
#define WORKER_EXIT_MS 1000
/* Frames taken from one channel before the others get their turn. */
#define WORKER_FRAMES_A_TURN 64

enum worker_stage {
	STAGE_NEW,      /* waits for `config` */
	STAGE_CONFINED, /* `ready` is said; waits for state and secrets */
	STAGE_STARTED,
	STAGE_STOPPING, /* the worker has asked to end */
};

/* A state file as handed over, and the save that is under way. */
struct worker_file {
	bool arrived;
	struct buffer content; /* as handed over */
	bool saving;           /* a save waits for its answer */
	int64_t saving_since_ms;
	bool slow;    /* the last one took long, which was said */
	bool waiting; /* `next` is to be saved after it */
	struct buffer next;
};

struct worker {
	const struct worker_handlers *handlers;
	const struct process_entry *entry;
	void *context;
	enum worker_stage stage;
	int64_t exit_by_ms;

	struct channel control;
	enum state_file blob_file; /* the next frame on `control` is this file's content */
	bool blob_follows;
	struct channel peers[PROCESS_COUNT];
	int64_t heard_ms[PROCESS_COUNT]; /* the last frame from it, or the channel's opening */
	int64_t said_ms[PROCESS_COUNT];  /* the last frame to it */

	char *values[SETTING_COUNT];
	struct buffer secrets[SECRET_COUNT]; /* length 0: not configured */
	unsigned secrets_arrived;            /* SECRET_BIT */
	struct worker_file files[STATE_FILE_COUNT];

	struct buffer status;      /* the newest blob */
	struct buffer status_sent; /* the last one sent */
	int64_t status_sent_ms;    /* 0: never */
	struct worker_timer status_timer;
	struct worker_timer alive_timer;
	struct worker_timer *timers; /* unordered */
};

/* worker_control.c: the channel to the supervisor; whatever goes wrong on it is fatal. */
void control_read(struct worker *worker);
void control_say(struct worker *worker, const char *text);
void control_blob(struct worker *worker, struct slice blob);
void control_answered(struct worker *worker, enum state_file file, const char *reason);

/* worker_peers.c */
void peers_read(struct worker *worker, enum process peer);
void peers_open(struct worker *worker, enum process peer, int fd);
void peers_close(struct worker *worker, enum process peer);
void peers_flush(struct worker *worker);
/* Reports peers that began a frame and do not end it. */
void peers_expire(struct worker *worker);
/* `timeout_ms` (-1: no bound), or less where peers_expire() has something to find before. */
int peers_wait_ms(const struct worker *worker, int timeout_ms);

/* worker_timer.c: the time until the next timer, -1 without one; and firing those that are due. */
int timers_wait_ms(const struct worker *worker);
void timers_fire(struct worker *worker);

#endif
