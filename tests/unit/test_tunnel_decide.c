/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper's decisions: rows for what each situation calls for, and every situation there is
 * against the rules that must always hold, each followed until nothing is left to do.
 */
#include "tests/unit/unit.h"

#include "decide.h"
#include "observe.h"

struct row {
	const char *what;
	struct situation situation;
	enum step step;
};

#define OURS(container) .presence = PRESENCE_OURS, .state = CONTAINER_STATE_##container
#define READY .network_good = true, .image = IMAGE_PRESENT

static const struct row rows[] = {
	{ "nothing was seen yet", { .goal = GOAL_RUN, .presence = PRESENCE_UNSEEN }, STEP_NONE },
	{ "somebody else's", { .goal = GOAL_RUN, .presence = PRESENCE_FOREIGN }, STEP_NONE },
	{ "somebody else's, unwanted",
	    { .goal = GOAL_REMOVE, .presence = PRESENCE_FOREIGN, .state = CONTAINER_STATE_RUNNING },
	    STEP_NONE },
	{ "no container", { .goal = GOAL_RUN, .presence = PRESENCE_ABSENT }, STEP_CHECK_NETWORK },
	{ "network there", { .goal = GOAL_RUN, .presence = PRESENCE_ABSENT, .network_good = true },
	    STEP_CHECK_IMAGE },
	{ "no image",
	    { .goal = GOAL_RUN,
		.presence = PRESENCE_ABSENT,
		.network_good = true,
		.image = IMAGE_MISSING },
	    STEP_PULL },
	{ "all there", { .goal = GOAL_RUN, .presence = PRESENCE_ABSENT, READY }, STEP_CREATE },
	{ "created", { .goal = GOAL_RUN, OURS(CREATED), .fits = true, READY }, STEP_START },
	{ "created, network not known", { .goal = GOAL_RUN, OURS(CREATED), .fits = true },
	    STEP_CHECK_NETWORK },
	{ "runs", { .goal = GOAL_RUN, OURS(RUNNING), .fits = true }, STEP_NONE },
	{ "runs with an older image", { .goal = GOAL_RUN, OURS(RUNNING) }, STEP_NONE },
	{ "runs with another token",
	    { .goal = GOAL_RUN, OURS(RUNNING), .fits = true, .replace = true },
	    STEP_CHECK_NETWORK },
	{ "the same, the new one can be made",
	    { .goal = GOAL_RUN, OURS(RUNNING), .fits = true, .replace = true, READY }, STEP_STOP },
	{ "the same, stopped",
	    { .goal = GOAL_RUN, OURS(EXITED), .fits = true, .replace = true, READY }, STEP_REMOVE },
	{ "exited", { .goal = GOAL_RUN, OURS(EXITED), .fits = true, .network_good = true },
	    STEP_START },
	{ "exited, of an older image", { .goal = GOAL_RUN, OURS(EXITED), READY }, STEP_REMOVE },
	{ "exited, could not be started",
	    { .goal = GOAL_RUN, OURS(EXITED), .fits = true, READY, .start_failed = true },
	    STEP_REMOVE },
	{ "paused", { .goal = GOAL_RUN, OURS(PAUSED), .fits = true }, STEP_STOP },
	{ "Docker restarts it", { .goal = GOAL_RUN, OURS(RESTARTING), .fits = true }, STEP_NONE },
	{ "Docker removes it", { .goal = GOAL_RUN, OURS(REMOVING), .fits = true }, STEP_WAIT },
	{ "dead", { .goal = GOAL_RUN, OURS(DEAD), .fits = true, READY }, STEP_REMOVE },
	{ "halted, runs", { .goal = GOAL_STOP, OURS(RUNNING) }, STEP_STOP },
	{ "halted, restarting", { .goal = GOAL_STOP, OURS(RESTARTING) }, STEP_STOP },
	{ "halted, stopped", { .goal = GOAL_STOP, OURS(EXITED) }, STEP_NONE },
	{ "halted, none", { .goal = GOAL_STOP, .presence = PRESENCE_ABSENT }, STEP_NONE },
	{ "unwanted, runs", { .goal = GOAL_REMOVE, OURS(RUNNING) }, STEP_STOP },
	{ "unwanted, stopped", { .goal = GOAL_REMOVE, OURS(EXITED) }, STEP_REMOVE },
	{ "unwanted, never started", { .goal = GOAL_REMOVE, OURS(CREATED) }, STEP_REMOVE },
	{ "unwanted, dead", { .goal = GOAL_REMOVE, OURS(DEAD) }, STEP_REMOVE },
	{ "unwanted, going", { .goal = GOAL_REMOVE, OURS(REMOVING) }, STEP_WAIT },
	{ "unwanted, none", { .goal = GOAL_REMOVE, .presence = PRESENCE_ABSENT }, STEP_NONE },
	{ "nothing is wanted", { .goal = GOAL_LEAVE, OURS(RUNNING), .replace = true }, STEP_NONE },
	{ "nothing is wanted, exited", { .goal = GOAL_LEAVE, OURS(EXITED) }, STEP_NONE },
};

static void
each_row_has_its_step(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		if (decide(&rows[at].situation) != rows[at].step)
			print_error("row \"%s\"\n", rows[at].what);
		assert_int_equal(decide(&rows[at].situation), rows[at].step);
	}
}

/* Calls `check` with each of the 4 * 4 * 7 * 2 * 2 * 2 * 3 * 2 situations. */
static void
for_each_situation(void (*check)(struct situation situation))
{
	for (unsigned number = 0;
	     number < GOAL_COUNT * PRESENCE_COUNT * CONTAINER_STATE_COUNT * IMAGE_KNOWN_COUNT * 16;
	     number++) {
		unsigned rest = number / 16;
		struct situation situation = { .replace = (number & 1) != 0,
			.fits = (number & 2) != 0,
			.network_good = (number & 4) != 0,
			.start_failed = (number & 8) != 0 };

		situation.goal = (int)(rest % GOAL_COUNT);
		rest /= GOAL_COUNT;
		situation.presence = (int)(rest % PRESENCE_COUNT);
		rest /= PRESENCE_COUNT;
		situation.state = (int)(rest % CONTAINER_STATE_COUNT);
		situation.image = (int)(rest / CONTAINER_STATE_COUNT);
		check(situation);
	}
}

static bool
changes_something(enum step step)
{
	return step == STEP_PULL || step == STEP_CREATE || step == STEP_START ||
	       step == STEP_STOP || step == STEP_REMOVE;
}

static void
hold_rules(struct situation situation)
{
	enum step step = decide(&situation);
	bool ours = situation.presence == PRESENCE_OURS;

	if (situation.goal == GOAL_LEAVE || situation.presence == PRESENCE_FOREIGN ||
	    situation.presence == PRESENCE_UNSEEN)
		assert_int_equal(step, STEP_NONE);
	if (step == STEP_START || step == STEP_STOP || step == STEP_REMOVE)
		assert_true(ours);
	if (step == STEP_CREATE)
		assert_int_equal(situation.presence, PRESENCE_ABSENT);
	if (step == STEP_START || step == STEP_CREATE || step == STEP_PULL)
		assert_int_equal(situation.goal, GOAL_RUN);
	if (step == STEP_START || step == STEP_CREATE)
		assert_true(situation.network_good);
	/* A tunnel that runs as it should is never touched. */
	if (situation.goal == GOAL_RUN && ours && !situation.replace &&
	    situation.state == CONTAINER_STATE_RUNNING)
		assert_int_equal(step, STEP_NONE);
	/* Nothing is taken down for a new container before that can be made. */
	if (situation.goal == GOAL_RUN && step == STEP_REMOVE)
		assert_true(situation.network_good && situation.image == IMAGE_PRESENT);
	if (situation.goal == GOAL_STOP)
		assert_true(step == STEP_STOP || !changes_something(step));
}

static void
rules_hold_everywhere(void **state)
{
	(void)state;
	for_each_situation(hold_rules);
}

/* What a world in which every call works becomes by a step. */
static void
apply(struct situation *situation, enum step step)
{
	switch (step) {
	case STEP_WAIT:
	case STEP_REMOVE:
		situation->presence = PRESENCE_ABSENT;
		break;
	case STEP_CHECK_NETWORK:
		situation->network_good = true;
		break;
	case STEP_CHECK_IMAGE:
		situation->image = IMAGE_MISSING;
		break;
	case STEP_PULL:
		situation->image = IMAGE_PRESENT;
		break;
	case STEP_CREATE:
		situation->presence = PRESENCE_OURS;
		situation->state = CONTAINER_STATE_CREATED;
		situation->replace = situation->start_failed = false;
		situation->fits = true;
		break;
	case STEP_START:
		situation->state = CONTAINER_STATE_RUNNING;
		break;
	case STEP_STOP:
		situation->state = CONTAINER_STATE_EXITED;
		break;
	case STEP_NONE:
	case STEP_COUNT:
		break;
	}
}

static void
follow_to_the_end(struct situation situation)
{
	enum step step = decide(&situation);
	int steps;

	for (steps = 0; step != STEP_NONE && steps < 16; steps++) {
		apply(&situation, step);
		step = decide(&situation);
	}
	assert_int_equal(step, STEP_NONE);
	assert_true(steps <= 9);
	if (situation.presence != PRESENCE_OURS && situation.presence != PRESENCE_ABSENT)
		return;
	if (situation.goal == GOAL_RUN) {
		assert_int_equal(situation.presence, PRESENCE_OURS);
		assert_false(situation.replace && situation.state == CONTAINER_STATE_RUNNING);
		assert_true(situation.state == CONTAINER_STATE_RUNNING ||
			    situation.state == CONTAINER_STATE_RESTARTING);
	} else if (situation.goal == GOAL_REMOVE) {
		assert_int_equal(situation.presence, PRESENCE_ABSENT);
	} else if (situation.goal == GOAL_STOP && situation.presence == PRESENCE_OURS) {
		assert_int_not_equal(situation.state, CONTAINER_STATE_RUNNING);
	}
}

static void
every_way_ends(void **state)
{
	(void)state;
	for_each_situation(follow_to_the_end);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_has_its_step),
		cmocka_unit_test(rules_hold_everywhere),
		cmocka_unit_test(every_way_ends),
	};

	return RUN_TESTS(tests);
}
