/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process.  The one list of processes: who there is, which program runs it, as which uid,
 * who talks to whom, which files and secrets are due to it.  Enum, names, wiring, logging and the
 * documentation follow from the table in process.c.
 */
#ifndef POLICY_PROCESS_H
#define POLICY_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

enum process {
	PROCESS_SUPERVISOR,
	PROCESS_MASTER_LINK,
	PROCESS_DOCKER_WATCHER,
	PROCESS_TUNNEL_KEEPER,
	PROCESS_NAME_RESOLVER,
	PROCESS_AGENTCTL,
	PROCESS_COUNT,
};

#define PROCESS_FIRST_WORKER PROCESS_MASTER_LINK
#define PROCESS_LAST_WORKER PROCESS_NAME_RESOLVER
#define PROCESS_BIT(process) (1u << (process))
#define PROCESS_WORKERS                                                           \
	(PROCESS_BIT(PROCESS_MASTER_LINK) | PROCESS_BIT(PROCESS_DOCKER_WATCHER) | \
	    PROCESS_BIT(PROCESS_TUNNEL_KEEPER) | PROCESS_BIT(PROCESS_NAME_RESOLVER))

/* The files that the supervisor keeps for a worker as opaque blobs. */
enum state_file {
	STATE_AGENT_ID,
	STATE_DECOMMISSION,
	STATE_JOURNAL,
	STATE_TUNNEL,
	STATE_FILE_COUNT,
};

#define STATE_FILE_BIT(file) (1u << (file))
#define STATE_FILE_MAX_BYTES 65536

/* "agent_id.txt", …; ended by a NULL. */
extern const char *const state_file_names[STATE_FILE_COUNT + 1];

enum secret {
	SECRET_API_KEY,
	SECRET_ACCESS_ID,
	SECRET_ACCESS_SECRET,
	SECRET_HTTPS_PROXY,
	SECRET_COUNT,
};

#define SECRET_BIT(secret) (1u << (secret))
#define SECRET_MAX_BYTES 4096

/* The environment variables that they come from, and their names in frames; NULL-ended. */
extern const char *const secret_names[SECRET_COUNT + 1];

/* Descriptors of a worker from exec on (dup2 in the supervisor's child). */
enum worker_fd {
	WORKER_FD_INPUT = 0,   /* /dev/null */
	WORKER_FD_OUTPUT = 1,  /* the log pipe */
	WORKER_FD_LOG = 2,     /* the log pipe */
	WORKER_FD_CONTROL = 3, /* socketpair to the supervisor */
	WORKER_FD_COUNT,
};

struct process_entry {
	const char *name;     /* also the program's file name */
	uid_t uid;            /* when started with CAP_SETUID and CAP_SETGID; gid is the same */
	unsigned peers;       /* PROCESS_BIT of each process that it has a channel with */
	unsigned secrets;     /* SECRET_BIT of each secret that is due to it */
	unsigned state_files; /* STATE_FILE_BIT of each file that is kept for it */
	const enum state_file *loss_order; /* which file is given up first when it keeps dying */
	unsigned stop_order;               /* an orderly stop ends the lowest first */
};

extern const struct process_entry processes[PROCESS_COUNT];

/* The process of that name, or PROCESS_COUNT. */
enum process process_by_name(const char *name);

#endif
