/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher, tunnel-keeper and gate-engine.  The part of a Docker client that they need: an
 * endpoint, the API version that is asked for and never assumed, calls with bounded answers, and
 * errors told as a person would want them ("the proxy denies GET /v1.41/events").
 */
#ifndef COMMON_DOCKER_H
#define COMMON_DOCKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/endpoint.h"
#include "common/http.h"
#include "common/worker.h"

/* The newest version whose answers this agent knows, and the oldest that has what it needs. */
#define DOCKER_API_MAX 44 /* 1.44 */
#define DOCKER_API_MIN 24 /* 1.24 */

struct docker {
	struct endpoint endpoint;
	struct http *http;
	struct worker *worker;
	int api_minor; /* 1.N as negotiated; 0: not yet */
	char api_version[8];
	char error[HTTP_DETAIL_BYTES]; /* why the last connect or call failed, one line */
	/* How: HTTP_OK with the status of an answer that is not Docker's or not 200 (0: no address,
	   or no version in common). */
	enum http_error failed;
	long failed_status;
	char engine[65];           /* the engine's own version, "" if not told */
	char newest[8], oldest[8]; /* the engine's own versions, "" if not told */
	struct http_request *connecting;
	void (*connected)(struct docker *docker, bool ok);
	void *context;              /* the worker's */
	struct docker_check *check; /* in a check: docker_check.h */
};

/* `url_setting` is one of endpoint_settings. */
void docker_init(struct docker *docker, struct worker *worker, struct http *http,
    enum setting url_setting, void *context);

/*
 * Resolves, asks GET /_ping and then GET /version, and settles on the highest version that both
 * sides know.  `connected` gets !ok with docker->error set if there is none, or nothing answers.
 */
void docker_connect(struct docker *docker, void (*connected)(struct docker *docker, bool ok));

/* Gives up a connect under way. */
void docker_cancel(struct docker *docker);

struct docker_call {
	const char *method;
	const char *path; /* behind /v1.NN, with "/" and query; already encoded */
	struct slice body;
	const char *body_type; /* NULL: application/json */
	size_t body_max_bytes;
	long timeout_ms;
	long idle_timeout_ms;
	void (*on_start)(void *context, long status); /* may be NULL */
	bool (*on_data)(void *context, struct slice piece);
	void (*on_done)(void *context, const struct http_answer *answer);
	void *context;
};

/* The same for a path without a version in front. */
struct http_request *docker_call_plain(struct docker *docker, const struct docker_call *call);

/* Starts a call; needs a negotiated version.  NULL: out of memory. */
struct http_request *docker_call(struct docker *docker, const struct docker_call *call);

/*
 * One line that tells what went wrong with a call, into docker->error: the proxy's refusal (403:
 * which call), the engine's own `message` (a bounded, printable part of it), or the transport.
 */
const char *docker_explain(struct docker *docker, const char *method, const char *path,
    const struct http_answer *answer);

/*
 * The engine's own `message` of an error, cut to fit, printable ASCII ("?" for the rest); false if
 * the body is no error of Docker's.
 */
bool docker_message(struct slice body, char *ret_message, size_t size_bytes);

/*
 * The N of the API version 1.N to speak with an engine that speaks `oldest` (NULL or "": not
 * told) to `newest`; 0, and a line in `error` that names both sides' versions, if there is none.
 */
int docker_choose_version(const char *newest, const char *oldest, char error[HTTP_DETAIL_BYTES]);

#endif
