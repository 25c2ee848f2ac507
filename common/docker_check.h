/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher and tunnel-keeper, in `--check --online`.  Asks a Docker endpoint call by call and
 * says for each whether it is let through.  Calls that would change something are asked in a form
 * that the engine itself must refuse.
 */
#ifndef COMMON_DOCKER_CHECK_H
#define COMMON_DOCKER_CHECK_H

#include "common/docker.h"
#include "common/finding.h"

enum probe_kind {
	PROBE_READ,   /* 200, or 404 where `absent_is_good`, is good */
	PROBE_STREAM, /* good once its header is there; it is closed then */
	PROBE_REFUSED /* good is any refusal of Docker's own */
};

struct docker_probe {
	enum probe_kind kind;
	const char *method;
	const char *path;  /* as docker_call has it */
	const char *shown; /* for people; NULL: the path without its query */
	const char *body;  /* NULL: none */
	bool plain;        /* without a version in front */
	bool spare;        /* the agent can do without it */
	bool absent_is_good;
	/* What docker-gate says of such a form, with 403: it got as far as its rules for that call. */
	const char *gate_refusal;
	size_t body_max_bytes;
	bool (*data)(void *context, struct slice piece); /* NULL: collected */
	/* Says more after a good answer.  May be NULL. */
	void (*answered)(void *context, const struct http_answer *answer);
};

struct docker_check {
	struct docker *docker;
	const struct docker_probe *probes;
	size_t count;
	size_t at;
	struct http_request *request;
	struct worker_timer header; /* of a stream */
	void (*done)(void *context);
	void *context;
};

/*
 * Connects, says how that went, asks each of the `count` probes in turn; then `done`, once, with the
 * worker, which the probes' functions get too.
 */
void docker_check_begin(struct docker_check *check, struct docker *docker,
    const struct docker_probe *probes, size_t count, void (*done)(void *worker));

/* Says why there was no answer to be judged. */
void docker_check_say_failure(enum http_error error, const char *detail);

/* The finding for an answer to a probe; FINDING_CALL_GOOD if it is as it should be. */
enum finding docker_check_judge(const struct docker_probe *probe, const struct http_answer *answer);

#endif
