/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox from inside, as data.  An attempt is one thing that whoever took a
 * worker over would try; its row says which layers stop it and what exactly it must end in.  The
 * tables are code.c, siblings.c, files.c, network.c, endpoint.c, kernel.c, memory.c, exhaustion.c,
 * crash.c and rules.c; probe.c makes one attempt from where a worker stands, run.c starts it there.
 */
#ifndef TESTS_ESCAPE_ATTEMPT_H
#define TESTS_ESCAPE_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "common/attr.h"
#include "policy/policy.h"

#define SCENE_PATH_BYTES 96

/* What the launcher tells the probe, in one piece over the control channel, before it is confined. */
struct scene {
	bool be_victim; /* no attempt: stand there, and answer whether all is well */
	enum process process;
	size_t attempt;
	unsigned without; /* enum layer */
	bool unix_socket;
	bool skip_descriptors; /* the control run leaves one open on purpose */
	int signal; /* one that others ignore by default; not the same in both start modes */
	pid_t victim;
	uintptr_t victim_canary; /* its address */
	pid_t supervisor;
	uintptr_t supervisor_canary;
	uint16_t ports[PORT_SOURCE_COUNT]; /* somebody listens there, and one port above */
	char folder[SCENE_PATH_BYTES];     /* holds data/, secret, socket */
	char abstract[SCENE_PATH_BYTES];  /* an abstract socket's name, without the NUL before it */
	char program[SCENE_PATH_BYTES];   /* the probe */
	char neighbour[SCENE_PATH_BYTES]; /* another program, beside it */
	char certificate[SCENE_PATH_BYTES]; /* the CA file */
	/* The listening socket of the row's clients, or what prepare() opened while only the first
	   layer was on; -1: nothing. */
	int fd;
	long id;
};

/* Exit statuses of the probe that are no errno: those end at 133 (EHWPOISON). */
enum probe_exit {
	PROBE_SCENE = 200,
	PROBE_DESCRIPTORS,
	PROBE_PREPARE,
	PROBE_CONFINE,
};

/* Placeholders in the arguments of an attempt, replaced when it is made. */
#define ARGUMENT_VICTIM 0x7e57000000000001L
#define ARGUMENT_SUPERVISOR 0x7e57000000000002L
#define ARGUMENT_SELF 0x7e57000000000003L
#define ARGUMENT_FD 0x7e57000000000004L     /* scene->fd */
#define ARGUMENT_BUFFER 0x7e57000000000005L /* 64 KiB of zeroes that may be written */
#define ARGUMENT_ID 0x7e57000000000006L     /* scene->id */
#define ARGUMENT_SIGNAL 0x7e57000000000008L /* scene->signal */
#define ARGUMENT_PATH 0x7e57000000000007L   /* the attempt's path */

#define WORKERS PROCESS_WORKERS
#define RESOLVER PROCESS_BIT(PROCESS_NAME_RESOLVER)
#define FRONTS PROCESS_GATE_FRONTS
#define CONNECTING (WORKERS & ~FRONTS) /* whose filter lets them make a TCP socket, and connect */

/* The outcome of a process that its filter killed; others are an errno, 0 for success, -signal. */
#define OUTCOME_SIGSYS (-31)

enum proof {
	PROOF_RETURN,     /* what the call returned */
	PROOF_SIGNAL,     /* whether the victim got a signal */
	PROOF_DESCRIPTOR, /* whether the launcher received a descriptor */
	PROOF_ENDPOINT,   /* whether no client can come to the listening socket any more */
};

struct attempt {
	const char *row;  /* the number in the list of known ways out, see docs/security.md */
	const char *name; /* unique */
	const char *what;
	/* Before the filter is on: what an attacker would have had to get past it.  0 or -errno. */
	int (*prepare)(struct scene *scene);
	int (*act)(const struct scene *scene); /* 0 or -errno; NULL: the call below */
	long call;
	long arguments[6];
	unsigned clients;        /* so many wait at a listening socket that is handed over */
	const char *path;        /* %v: the victim's pid; %s: the supervisor's; %f: the folder */
	unsigned layers;         /* enum layer: what stops it */
	int abi;                 /* Landlock's, from which on it is a layer; 0: the first */
	int answer;              /* with all layers, where that is not SIGSYS: an errno */
	int behind;              /* what the layers behind the filter answer: an errno */
	int control;             /* what the kernel answers without any layer: 0 or an errno */
	unsigned through_filter; /* PROCESS_BIT: whose filter lets the call through */
	unsigned granted;        /* PROCESS_BIT: whose policy gives it; it must succeed there */
	unsigned open;           /* PROCESS_BIT: where nothing stops it, as docs/security.md says */
	bool only_unix;          /* `open` holds where the Docker endpoint is unix:// */
	unsigned only;           /* PROCESS_BIT: to whom it applies; 0: all */
	bool before_filter;      /* made while only the first layer is on */
	enum proof proof;
};

/* clang-format off */
#define CALL(number, ...) .call = (number), .arguments = { __VA_ARGS__ }
/* clang-format on */

struct attempt_table {
	const struct attempt *attempts;
	size_t count;
};

extern const struct attempt_table attempts_code, attempts_siblings, attempts_files,
    attempts_network, attempts_endpoint, attempts_kernel, attempts_memory, attempts_exhaustion,
    attempts_crash, attempts_rules;

/* The attempt of that number over all tables, NULL behind the last. */
const struct attempt *attempt_at(size_t number);

/* Makes the attempt.  0 or -errno; may end the process. */
int attempt_make(const struct attempt *attempt, const struct scene *scene);

bool attempt_applies(const struct attempt *attempt, enum process process, bool unix_socket);

/* The layers that stop it for this process, with this kernel and start mode. */
unsigned attempt_layers(const struct attempt *attempt, enum process process, bool distinct_uids);

/* The outcome that must be, given what is left out. */
int attempt_expected(const struct attempt *attempt, enum process process, unsigned without,
    bool unix_socket);

/* Whether this kernel's Landlock is too old to stop what nothing else stops. */
bool attempt_is_beyond(const struct attempt *attempt, enum process process);

bool attempt_is_granted(const struct attempt *attempt, enum process process);
bool attempt_is_open(const struct attempt *attempt, enum process process, bool unix_socket);

/* Why the attempt is not stopped without this one of its layers, or NULL if it must be. */
const char *attempt_exception(const struct attempt *attempt, enum process process, unsigned layer);

/* `path` with its placeholders filled in, in a static buffer. */
const char *scene_path(const struct scene *scene, const char *path);

/* -errno of the last call if `result` is -1, else 0. */
int outcome_of(long result);

#endif
