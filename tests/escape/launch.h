/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox.  The supervisor's part: starts probes as the supervisor starts workers,
 * keeps a victim beside them, and sees what became of all.
 */
#ifndef TESTS_ESCAPE_LAUNCH_H
#define TESTS_ESCAPE_LAUNCH_H

#include "tests/escape/attempt.h"

/* Outcomes beside 0, an errno, and the negative number of a signal. */
#define OUTCOME_TIMEOUT (-1000)
#define OUTCOME_SETUP 1000 /* and the probe's exit status above it */

#define STATE_BYTES 4096
#define WHY_BYTES 200

/* One process under one selection of layers: its victim, and what all its attempts are told. */
struct round {
	struct policy_values values;
	struct scene scene;
	bool control; /* LAYERS_ALL are left out */
	pid_t victim;
	int victim_fd;
	int listener; /* of the attempt's clients; -1: it has none */
	char victim_state[STATE_BYTES];
	char own_state[STATE_BYTES];
};

struct result {
	int outcome;
	char harm[WHY_BYTES]; /* what was harmed, or why the probe could not be set up; or empty */
};

/*
 * Makes the calling process the supervisor of a round: its own part of the layers, and the victim.
 * 0 or -errno with the step in `ret_step`.
 */
int round_begin(struct round *round, const char **ret_step);
void round_end(struct round *round);

/* Makes one attempt in a process of its own, and looks whether it harmed anybody. */
void round_attempt(struct round *round, const struct attempt *attempt, size_t number,
    struct result *result);

#endif
