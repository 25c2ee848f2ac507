/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every worker.  What all workers do alike: take the configuration, confine themselves, say that
 * they are ready, take state, secrets and peers, give signs of life, send and judge frames, stop
 * in order.  A worker adds its handlers and its own way of waiting.
 *
 * The order: config -> configure() -> confinement -> `ready` -> the supervisor's check -> state,
 * secrets -> start() -> `alive`; peers arrive from then on, peer_up() for each.
 */
#ifndef COMMON_WORKER_H
#define COMMON_WORKER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/message.h"
#include "common/setting.h"
#include "policy/process.h"

struct worker;

struct worker_handlers {
	enum process process;
	/* Those that take the place of these ones in `--check --online`, whose process is the same.
	   NULL: the worker works as ever, and has nothing to find. */
	const struct worker_handlers *check;
	/* The configuration is here, nothing is confined yet: warm up libraries, read files. */
	void (*configure)(struct worker *worker);
	/* State and secrets are here. */
	void (*start)(struct worker *worker);
	/* The channel to `peer` is new: resynchronise.  May be NULL. */
	void (*peer_up)(struct worker *worker, enum process peer);
	/* The channel to `peer` is gone.  May be NULL. */
	void (*peer_down)(struct worker *worker, enum process peer);
	/* A judged message from a peer; it is the worker runtime's and freed after the call. */
	void (*message)(struct worker *worker, enum process from, const struct message *message);
	/* With each sign of life, every five seconds.  May be NULL. */
	void (*tick)(struct worker *worker);
	/* The answer to worker_save.  `reason` is NULL if it was saved.  May be NULL. */
	void (*saved)(struct worker *worker, enum state_file file, const char *reason);
	/* The listening socket of its endpoint, which is the worker's from now on; maybe before
	   start().  For those to whom one is due. */
	void (*listen)(struct worker *worker, int fd);
	/* Secrets were handed out anew.  May be NULL. */
	void (*reload)(struct worker *worker);
	/* An orderly stop: finish and call worker_exit.  NULL: exit at once. */
	void (*shutdown)(struct worker *worker);
	/*
	 * Waits for `fds` and whatever else the worker waits for (curl's sockets, c-ares's), at
	 * most `timeout_ms` (-1: no bound), and serves the latter.  Sets `revents`.  Returns as
	 * poll does.  NULL: poll.
	 */
	int (*wait)(struct worker *worker, struct pollfd *fds, unsigned count, int timeout_ms);
};

/* Runs the worker until it stops; the exit status.  `handlers` are constant. */
int worker_run(const struct worker_handlers *handlers, void *context);

/* Which process this worker is. */
enum process worker_process(const struct worker *worker);

/* The pointer that worker_run was given. */
void *worker_context(struct worker *worker);

/* The checked value of a setting, NULL if it is not set and has no default. */
const char *worker_setting(const struct worker *worker, enum setting setting);

/* The same for numbers (checked by the supervisor) and booleans. */
int64_t worker_setting_integer(const struct worker *worker, enum setting setting);
bool worker_setting_boolean(const struct worker *worker, enum setting setting);

/* The secret, NULL if it is not configured.  The worker runtime owns and wipes it. */
const char *worker_secret(const struct worker *worker, enum secret secret);

/* The state file as handed over at start; a zero length if there is none. */
struct slice worker_state(const struct worker *worker, enum state_file file);

/* Wipes the handed-over content once it has been read. */
void worker_state_forget(struct worker *worker, enum state_file file);

/*
 * Asks the supervisor to keep `content` (at most STATE_FILE_MAX_BYTES); the answer comes to
 * saved().  Saves of one file are answered in order; while one waits for its answer, a newer one
 * replaces any other that waits.  The content is copied.
 */
void worker_save(struct worker *worker, enum state_file file, struct slice content);

/* Tells the supervisor that the state file could not be read: it is kept aside as NAME.corrupt. */
void worker_corrupt(struct worker *worker, enum state_file file);

/*
 * Sends a message to a peer.  0; -ENOTCONN while there is no channel to it (the peer will
 * resynchronise when there is one), -ENOBUFS if it reads too slowly (the channel is then closed
 * and the peer reported).  A body outside the table's bounds is a bug here: fatal.
 */
int worker_send(struct worker *worker, enum process peer, enum message_id id, const void *body);

/* How many bytes to the peer wait to be written; whoever has much to send waits for few. */
size_t worker_unsent_bytes(const struct worker *worker, enum process peer);

/* Whether a channel to the peer is open. */
bool worker_has_peer(const struct worker *worker, enum process peer);

/*
 * CLOCK_MONOTONIC of the last frame from the peer, or of the moment at which its channel was new;
 * -1 without a channel.  It goes into the status: a worker that does nothing useful may say of
 * itself what it likes.
 */
int64_t worker_heard_ms(const struct worker *worker, enum process peer);

/*
 * For tick(): tells the peer that the worker's own work goes on, if nothing else was said to it for
 * WORKER_AT_WORK_MS, to the nearest tick.  `worked_ms` is the CLOCK_MONOTONIC time at which that work last came to
 * anything, a failure included; longer ago than any slow tick, backoff and time-out take together,
 * it has stopped, and nothing is told.
 */
#define WORKER_AT_WORK_MS 15000
#define WORKER_IDLE_MAX_MS 150000
void worker_at_work(struct worker *worker, enum process peer, int64_t worked_ms);

/* Reports a peer that broke the protocol beyond the table; both are replaced. */
void worker_bad_peer(struct worker *worker, enum process peer, const char *why);

/*
 * Gives the status blob that dockflare-agentctl shows.  Copied; sent at most once a second, and
 * only if it differs from the last one.
 */
void worker_status(struct worker *worker, enum message_id id, const void *body);

/* A one-shot timer that belongs to the caller and lives inside its struct. */
struct worker_timer {
	int64_t due_ms; /* CLOCK_MONOTONIC; 0: not set */
	void (*fire)(struct worker *worker, struct worker_timer *timer);
	struct worker_timer *next; /* the runtime's list */
};

/* Sets (or moves) a timer to `delay_ms` from now. */
void worker_timer_set(struct worker *worker, struct worker_timer *timer, int64_t delay_ms,
    void (*fire)(struct worker *worker, struct worker_timer *timer));

void worker_timer_stop(struct worker *worker, struct worker_timer *timer);

static inline bool
worker_timer_is_set(const struct worker_timer *timer)
{
	return timer->due_ms != 0;
}

/* Whether this is `--check --online`: nothing is saved, and nothing may be changed anywhere. */
bool worker_is_check(const struct worker *worker);

/* In a check: everything that there is to find was said. */
void worker_checked(struct worker *worker);

/* Ends the loop once what is queued has been written (at most 1 s). */
void worker_exit(struct worker *worker);

/* The struct that `member` lies in. */
#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
