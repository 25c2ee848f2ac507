/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  What it knows of itself and of its workers, and the parts that its loop calls.
 * It trusts the kernel and its configuration; a worker's bytes are compared or kept, never parsed.
 */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "common/channel.h"
#include "common/config.h"
#include "common/message.h"
#include "policy/policy.h"
#include "common/log_pipe.h"
#include "common/rate.h"

#define WATCHDOG_MS 10000 /* without a sign of life for so long, a worker is replaced */
#define HEALTHY_MS 10000  /* ready for so long: restarted at once */
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 30000
#define EARLY_DEATHS_MAX 3 /* then one state file is given up */
#define STATUS_CLIENTS_MAX 8

/* What the next frame of a worker is. */
enum expected { EXPECT_TEXT, EXPECT_STATUS, EXPECT_SAVE };

/* One worker as the supervisor sees it. */
struct slot {
	enum process process;
	enum worker_phase phase;
	pid_t pid; /* 0: none runs */
	struct channel control;
	struct log_pipe log;
	enum expected expected;
	enum state_file save_file;
	struct rate saves;
	struct rate statuses;
	struct buffer status; /* the last blob, as it came */

	int64_t started_ms;
	int64_t ready_ms; /* 0: not yet */
	int64_t alive_ms; /* the last sign of life */
	int64_t stop_by_ms;
	int64_t due_ms;     /* in backoff: when it is started again */
	int64_t died_ms;    /* 0: never */
	int64_t backoff_ms; /* the next delay; 0: none needed */
	int64_t restarts;
	int seccomp_filters;
	int start_error;  /* why the last start failed, as it was said; 0: it did not */
	bool killed;      /* by us */
	bool state_given; /* since the last start */
	bool alive_seen;
	unsigned early_deaths; /* after state, before the first sign of life, in a row */
	unsigned losses;       /* how many of its files were given up */
};

struct status_client {
	int fd; /* -1: free */
	struct buffer output;
	int64_t since_ms;
};

/* Tells whether a file is still what it was. */
struct file_mark {
	dev_t device;
	ino_t inode;
	off_t bytes;
	struct timespec changed;
};

struct check; /* check.h */

struct supervisor {
	struct config *config;
	struct check *check; /* `--check --online`; NULL: the agent's own work */
	struct policy_values values;
	unsigned own_filters;
	int64_t started_ms;
	struct slot slots[PROCESS_COUNT]; /* by enum process; the workers' are used */
	int signal_fd;
	int data_fd;   /* the data folder */
	int lock_fd;   /* its lock, held for life */
	int status_fd; /* -1: no status socket */
	int listeners
	    [LISTENER_COUNT];    /* held for life, so that no client is refused between workers */
	int64_t status_again_ms; /* who asks waits until then: there was no descriptor for one */
	struct status_client clients[STATUS_CLIENTS_MAX];
	bool stopping;
	unsigned stop_order; /* the group that is being stopped */
	int exit_code;
	struct file_mark ca_mark; /* of DOCKFLARE_CA_FILE at the start */
};

/* Which program this is: agent.c or gate.c. */
extern const enum program supervisor_program;

#define for_each_worker(each) for_each_worker_of(supervisor_program, each)

/* loop.c: runs until everything has ended; the exit status. */
int supervisor_run(struct supervisor *supervisor);

/* spawn.c: forks and execs the slot's worker.  0 or -errno. */
int spawn_worker(struct supervisor *supervisor, struct slot *slot);

/* control.c: the worker's frames; what breaks the rules becomes EVENT_VIOLATION. */
void control_read(struct supervisor *supervisor, struct slot *slot);
/* Renames a state file to NAME.corrupt, and says why. */
void put_aside(const struct supervisor *supervisor, enum state_file file, const char *why);

/* hand_over.c: what is due to a worker, and new channels between workers. */
void hand_over(struct supervisor *supervisor, struct slot *slot);
void hand_out_secrets(struct supervisor *supervisor, struct slot *slot);
int send_config(struct supervisor *supervisor, struct slot *slot);
/* Sends one fixed message; a channel that fails is left to the loop to find out. */
void send_text(struct slot *slot, const char *text, int fd);

/* reload.c: SIGHUP. */
void reload(struct supervisor *supervisor);
/* Remembers how the files are that are read at a start only. */
void reload_remember(struct supervisor *supervisor);

/* stop.c */
void stop_begin(struct supervisor *supervisor);
void stop_go_on(struct supervisor *supervisor);
void stop_now(struct supervisor *supervisor);

/* status_socket.c */
void status_open(struct supervisor *supervisor);
void status_accept(struct supervisor *supervisor);
void status_write(struct supervisor *supervisor, struct status_client *client);
void status_close(struct supervisor *supervisor);

#endif
