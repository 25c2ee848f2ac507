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
	PROCESS_GATE_READ,
	PROCESS_GATE_TUNNEL,
	PROCESS_GATE_ENGINE,
	PROCESS_COUNT,
};

#define PROCESS_BIT(process) (1u << (process))
#define PROCESS_AGENT_WORKERS                                                     \
	(PROCESS_BIT(PROCESS_MASTER_LINK) | PROCESS_BIT(PROCESS_DOCKER_WATCHER) | \
	    PROCESS_BIT(PROCESS_TUNNEL_KEEPER) | PROCESS_BIT(PROCESS_NAME_RESOLVER))
#define PROCESS_GATE_FRONTS (PROCESS_BIT(PROCESS_GATE_READ) | PROCESS_BIT(PROCESS_GATE_TUNNEL))
#define PROCESS_GATE_WORKERS (PROCESS_GATE_FRONTS | PROCESS_BIT(PROCESS_GATE_ENGINE))
#define PROCESS_WORKERS (PROCESS_AGENT_WORKERS | PROCESS_GATE_WORKERS)

/* The programs that a person starts: one supervisor with another table of workers. */
enum program { PROGRAM_AGENT, PROGRAM_GATE, PROGRAM_COUNT };

#define PROGRAM_BIT(program) (1u << (program))

struct program_entry {
	const char *name;          /* also the program's file name */
	const char *what;          /* for people */
	enum process first_worker; /* its workers stand together in enum process */
	enum process last_worker;
};

extern const struct program_entry programs[PROGRAM_COUNT];

#define for_each_worker_of(program, each)                        \
	for (enum process each = programs[program].first_worker; \
	     (each) <= programs[program].last_worker;            \
	     (each)++) /* NOLINT(bugprone-macro-parentheses): declares */

/* Docker endpoints that a worker connects to; where each is comes from a setting. */
enum docker_endpoint {
	ENDPOINT_NONE,
	ENDPOINT_READ,   /* docker-watcher's */
	ENDPOINT_TUNNEL, /* tunnel-keeper's */
	ENDPOINT_ENGINE, /* gate-engine's: the engine itself */
	ENDPOINT_COUNT,
};

/* Listening sockets that the supervisor opens and hands to a worker. */
enum listener {
	LISTENER_NONE,
	LISTENER_READ,   /* gate-read's */
	LISTENER_TUNNEL, /* gate-tunnel's */
	LISTENER_COUNT,
};

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
	const char *name;
	const char *file;     /* a worker's program, below the folder of the workers */
	uid_t uid;            /* when started with CAP_SETUID and CAP_SETGID; gid is the same */
	unsigned peers;       /* PROCESS_BIT of each process that it has a channel with */
	unsigned secrets;     /* SECRET_BIT of each secret that is due to it */
	unsigned state_files; /* STATE_FILE_BIT of each file that is kept for it */
	const enum state_file *loss_order; /* which file is given up first when it keeps dying */
	unsigned stop_order;               /* an orderly stop ends the lowest first */
	enum docker_endpoint docker;       /* the Docker endpoint that it connects to */
	enum listener listener;            /* the listening socket that is due to it */
};

extern const struct process_entry processes[PROCESS_COUNT];

/* The process of that name, or PROCESS_COUNT. */
enum process process_by_name(const char *name);

/* The same among a program's workers and its supervisor. */
enum process program_process(enum program program, const char *name);

#endif
