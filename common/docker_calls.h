/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher and tunnel-keeper.  The one list of calls that the agent makes to Docker: no other
 * leaves it (docker.c), and docs/hardening.md, the proxies' rules and their tests follow from it.
 * What docker-gate asks of the engine is a list of its own, workers/gate-engine/calls.c.
 */
#ifndef COMMON_DOCKER_CALLS_H
#define COMMON_DOCKER_CALLS_H

#include <stdbool.h>

#include "policy/process.h"

/* How `--check --online` asks it. */
enum docker_call_check {
	CHECKED_AS_IT_IS, /* a read: just the same */
	CHECKED_REFUSED,  /* in a form that Docker itself must refuse, so that nothing changes */
	CHECKED_NOT,      /* as another row says of it what there is to say */
};

struct docker_call_entry {
	const char *method;
	/* Without the version, with its query.  {word} stands for one or more bytes that are none
	   of "?&/"; {image} and {repository} may have "/". */
	const char *path;
	unsigned processes; /* PROCESS_BITs of those that make it */
	bool plain;         /* no version in front, as it comes before one is known */
	bool spare;         /* a proxy may deny it: the agent does without */
	enum docker_call_check check;
	const char *why; /* for people */
};

#define DOCKER_CALLS 13

extern const struct docker_call_entry docker_calls[DOCKER_CALLS];

/* The row of a call that this process may make, NULL if it is none. */
const struct docker_call_entry *docker_call_find(enum process process, bool plain,
    const char *method, const char *path);

#endif
