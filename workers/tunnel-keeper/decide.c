/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  The next step: see decide.h.  Whatever is foreign is never touched. */
#include "decide.h"

#include "observe.h"

/* What a state means for whoever wants the container to run, or not to. */
enum activity { ACTIVE, BUSY, IDLE, BROKEN };

static const enum activity activities[CONTAINER_STATE_COUNT] = {
	[CONTAINER_STATE_CREATED] = IDLE,
	[CONTAINER_STATE_RUNNING] = ACTIVE,
	[CONTAINER_STATE_PAUSED] = ACTIVE,
	[CONTAINER_STATE_RESTARTING] = ACTIVE, /* Docker waits before it starts it again */
	[CONTAINER_STATE_REMOVING] = BUSY,
	[CONTAINER_STATE_EXITED] = IDLE,
	[CONTAINER_STATE_DEAD] = BROKEN, /* can't be started again, only removed */
};

/* To take it down: stopped first, so that it ends its connections in order, then removed. */
static enum step
take_down(const struct situation *situation)
{
	switch (activities[situation->state]) {
	case ACTIVE:
		return STEP_STOP;
	case BUSY:
		return STEP_WAIT;
	case IDLE:
	case BROKEN:
		break;
	}
	return STEP_REMOVE;
}

/* What a new container needs is seen to before an old one is taken down for it. */
static enum step
prepare(const struct situation *situation, enum step then)
{
	if (!situation->network_good)
		return STEP_CHECK_NETWORK;
	if (situation->image == IMAGE_UNKNOWN)
		return STEP_CHECK_IMAGE;
	if (situation->image == IMAGE_MISSING)
		return STEP_PULL;
	return then;
}

/* Ours, with the right token: Docker restarts it by its policy, the rest is done here. */
static enum step
keep_running(const struct situation *situation)
{
	switch (activities[situation->state]) {
	case ACTIVE:
		/* Nothing but a stop ends a pause with the calls that the agent is allowed. */
		return situation->state == CONTAINER_STATE_PAUSED ? STEP_STOP : STEP_NONE;
	case BUSY:
		return STEP_WAIT;
	case BROKEN:
		return prepare(situation, STEP_REMOVE);
	case IDLE:
		break;
	}
	if (situation->start_failed || !situation->fits)
		return prepare(situation, STEP_REMOVE);
	return situation->network_good ? STEP_START : STEP_CHECK_NETWORK;
}

static enum step
run(const struct situation *situation)
{
	if (situation->presence == PRESENCE_ABSENT)
		return prepare(situation, STEP_CREATE);
	if (situation->replace)
		return prepare(situation, take_down(situation));
	return keep_running(situation);
}

enum step
decide(const struct situation *situation)
{
	bool ours = situation->presence == PRESENCE_OURS;

	if (situation->presence == PRESENCE_UNSEEN || situation->presence == PRESENCE_FOREIGN)
		return STEP_NONE;
	switch (situation->goal) {
	case GOAL_RUN:
		return run(situation);
	case GOAL_REMOVE:
		return ours ? take_down(situation) : STEP_NONE;
	case GOAL_STOP:
		return ours && activities[situation->state] == ACTIVE ? STEP_STOP : STEP_NONE;
	default:
		return STEP_NONE;
	}
}
