/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  The worker's one struct, and what its files share.  It runs as gate-read or as
 * gate-tunnel, takes HTTP requests from the agent's workers, asks gate-engine by frames, and holds
 * nothing: see docs/architecture.md, "docker-gate".
 */
#ifndef GATE_FRONT_FRONT_H
#define GATE_FRONT_FRONT_H

#include "common/rate.h"
#include "common/worker.h"
#include "rules.h"
#include "serve.h"

/* What is logged of refusals. */
struct refusals {
	struct rate rate;
	int64_t total;
	int64_t left_out; /* not logged since the last line */
};

struct front {
	struct worker *worker;
	enum process process;
	struct rules rules;
	struct server server;
	struct refusals refusals;
	struct exchange *open; /* those that gate-engine was asked about */
	int64_t last_id;
	int64_t pending_bytes; /* of lists that are being gathered */
	struct worker_timer deadline;
};

/* ---- requests.c: what is asked of gate-engine, and its answers ---- */

/* server_handlers of the worker. */
extern const struct server_handlers request_handlers;

void requests_message(struct front *front, const struct message *message);

/* The channel to gate-engine is gone: what is open is answered 503, streams end. */
void requests_lost(struct front *front, const char *why);

/* ---- refusals.c: the log of what was refused ---- */

void refusals_add(struct front *front, const struct exchange *exchange, const char *why);

/* With each sign of life: says what was left out, once it is quiet again. */
void refusals_tick(struct front *front);

#endif
