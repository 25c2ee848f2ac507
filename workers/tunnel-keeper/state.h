/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  What the master and the operator are told: one state and one line, from
 * everything that is known.  Pure, so that the rules can be tested row by row.
 */
#ifndef TUNNEL_KEEPER_STATE_H
#define TUNNEL_KEEPER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/message.h"
#include "decide.h"
#include "observe.h"

/* How long a container that was just started may take until it is ready. */
#define READY_GRACE_MS 60000
/* How long it is waited for a first answer of /ready: an agent on another network gets none. */
#define READY_SILENCE_MS 5000
/* A run that lasts so long ends a crash loop. */
#define HEALTHY_MS 10000
/* An engine that is away for less is not worth telling. */
#define DOCKER_AWAY_MS 5000
/* So many ends without a healthy run between them are a crash loop. */
#define CRASHES_TOLD 2

struct account {
	int goal; /* enum goal */
	const struct observed *observed;
	bool replace;           /* as in struct situation */
	int64_t docker_away_ms; /* how long the engine has not answered; 0: it does */
	const char *docker_error;
	const char *refusal; /* why the cached tunnel may not run; "" if it may */
	const char *problem; /* why the last step failed; "" if it did not */
	const char *doing;   /* what takes time, "pulling …"; "" for nothing */
	int64_t ready;       /* connections; -1: no answer of /ready in this run */
	bool saw_start;      /* this run began under our eyes */
	int64_t run_ms;      /* how long it runs, or since it was first seen */
	int64_t crashes;     /* ends of the container since its last healthy run */
};

/* Fills one line (printable, may be empty) and gives the state. */
enum tunnel_state state_of(const struct account *account, char detail[DETAIL_MAX_BYTES + 1]);

#endif
