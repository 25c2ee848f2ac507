/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  The brain of the reconciler: from what is wanted and what is there to the one
 * next step.  Knows neither calls nor time nor backoffs, and so can be tested whole.
 */
#ifndef TUNNEL_KEEPER_DECIDE_H
#define TUNNEL_KEEPER_DECIDE_H

#include <stdbool.h>

enum goal {
	GOAL_LEAVE,  /* nothing is wanted: whatever is there stays as it is */
	GOAL_RUN,    /* a container with the wanted token runs */
	GOAL_STOP,   /* it does not run; the container is kept */
	GOAL_REMOVE, /* it is gone */
	GOAL_COUNT,
};

enum image_known { IMAGE_UNKNOWN, IMAGE_MISSING, IMAGE_PRESENT, IMAGE_KNOWN_COUNT };

enum step {
	STEP_NONE, /* what is wanted is there, or nothing may be done about it */
	STEP_WAIT, /* Docker is at work: look again soon */
	STEP_CHECK_NETWORK,
	STEP_CHECK_IMAGE,
	STEP_PULL,
	STEP_CREATE,
	STEP_START,
	STEP_STOP,
	STEP_REMOVE,
	STEP_COUNT,
};

struct situation {
	int goal;          /* enum goal */
	int presence;      /* enum presence */
	int state;         /* enum container_state */
	bool replace;      /* ours, but with another token, or a restart of it is ordered */
	bool fits;         /* made from the configured image, on the configured network */
	bool network_good; /* the network was there when last asked, and nothing failed since */
	int image;         /* enum image_known */
	bool start_failed; /* Docker refuses to start this very container */
};

enum step decide(const struct situation *situation);

#endif
