/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the master is told of the tunnel: one row for each rule. */
#include "tests/unit/unit.h"

#include "state.h"

#define OURS(container)                                                         \
	{                                                                       \
		.presence = PRESENCE_OURS, .state = CONTAINER_STATE_##container \
	}
#define ABSENT                              \
	{                                   \
		.presence = PRESENCE_ABSENT \
	}
#define UNSEEN                              \
	{                                   \
		.presence = PRESENCE_UNSEEN \
	}
#define FOREIGN                                                        \
	{                                                              \
		.presence = PRESENCE_FOREIGN, .id = "abcdef0123456789" \
	}

struct row {
	const char *what;
	struct observed seen;
	struct account account;
	enum tunnel_state state;
	const char *detail; /* part of it; NULL: empty */
};

static const struct row rows[] = {
	{ "before the first look", UNSEEN, { .goal = GOAL_RUN }, TUNNEL_STARTING, NULL },
	{ "before it, nothing wanted", UNSEEN, { .goal = GOAL_LEAVE }, TUNNEL_UNKNOWN, NULL },
	{ "no engine yet", UNSEEN,
	    { .goal = GOAL_RUN, .docker_away_ms = 1, .docker_error = "refused" }, TUNNEL_UNKNOWN,
	    "refused" },
	{ "the first look fails", UNSEEN, { .goal = GOAL_RUN, .problem = "denied" }, TUNNEL_ERROR,
	    "denied" },
	{ "the engine restarts", OURS(RUNNING),
	    { .goal = GOAL_RUN, .docker_away_ms = 4999, .docker_error = "refused", .ready = 4 },
	    TUNNEL_RUNNING, NULL },
	{ "the engine is away", OURS(RUNNING),
	    { .goal = GOAL_RUN, .docker_away_ms = 5000, .docker_error = "refused", .ready = 4 },
	    TUNNEL_UNKNOWN, "refused" },
	{ "runs and is ready", OURS(RUNNING), { .goal = GOAL_RUN, .ready = 4, .saw_start = true },
	    TUNNEL_RUNNING, NULL },
	{ "just started, no answer yet", OURS(RUNNING),
	    { .goal = GOAL_RUN, .ready = -1, .saw_start = true, .run_ms = 4999 }, TUNNEL_STARTING,
	    "waiting" },
	{ "no answer at all", OURS(RUNNING),
	    { .goal = GOAL_RUN, .ready = -1, .saw_start = true, .run_ms = 5000 }, TUNNEL_RUNNING,
	    NULL },
	{ "adopted, no answer yet", OURS(RUNNING), { .goal = GOAL_RUN, .ready = -1 },
	    TUNNEL_RUNNING, NULL },
	{ "not ready yet", OURS(RUNNING), { .goal = GOAL_RUN, .saw_start = true, .run_ms = 59999 },
	    TUNNEL_STARTING, "no connection" },
	{ "never ready", OURS(RUNNING), { .goal = GOAL_RUN, .saw_start = true, .run_ms = 60000 },
	    TUNNEL_ERROR, "no connection" },
	{ "adopted, lost its connections", OURS(RUNNING), { .goal = GOAL_RUN }, TUNNEL_ERROR,
	    "no connection" },
	{ "ended once", OURS(RUNNING),
	    { .goal = GOAL_RUN, .ready = 4, .crashes = 1, .run_ms = 100 }, TUNNEL_RUNNING, NULL },
	{ "crash loop, runs again", OURS(RUNNING),
	    { .goal = GOAL_RUN, .ready = 4, .crashes = 2, .run_ms = 9999 }, TUNNEL_ERROR,
	    "keeps ending" },
	{ "crash loop is over", OURS(RUNNING),
	    { .goal = GOAL_RUN, .ready = 4, .crashes = 2, .run_ms = 10000 }, TUNNEL_RUNNING, NULL },
	{ "crash loop, waits",
	    { .presence = PRESENCE_OURS,
		.state = CONTAINER_STATE_RESTARTING,
		.exit_code = 255,
		.restart_count = 7 },
	    { .goal = GOAL_RUN, .crashes = 7 }, TUNNEL_ERROR, "exit code 255, restarted 7 times" },
	{ "crash loop, exited",
	    { .presence = PRESENCE_OURS,
		.state = CONTAINER_STATE_EXITED,
		.exit_code = 1,
		.error = "oom" },
	    { .goal = GOAL_RUN, .crashes = 3 }, TUNNEL_ERROR,
	    "exit code 1, oom, restarted 3 times" },
	{ "Docker restarts it", OURS(RESTARTING), { .goal = GOAL_RUN, .crashes = 1 },
	    TUNNEL_STARTING, NULL },
	{ "created", OURS(CREATED), { .goal = GOAL_RUN, .doing = "starting the container" },
	    TUNNEL_STARTING, "starting the container" },
	{ "pulling", ABSENT, { .goal = GOAL_RUN, .doing = "pulling a:1" }, TUNNEL_STARTING,
	    "pulling a:1" },
	{ "a step failed", ABSENT,
	    { .goal = GOAL_RUN, .problem = "network x does not exist", .doing = "looking" },
	    TUNNEL_ERROR, "network x does not exist" },
	{ "is to be replaced", OURS(RUNNING),
	    { .goal = GOAL_RUN, .replace = true, .ready = 4, .doing = "stopping the container" },
	    TUNNEL_STARTING, "stopping" },
	{ "somebody else's", FOREIGN, { .goal = GOAL_RUN }, TUNNEL_ERROR, "(abcdef012345)" },
	{ "somebody else's, not wanted", FOREIGN, { .goal = GOAL_STOP }, TUNNEL_STOPPED, NULL },
	{ "stopped", ABSENT, { .goal = GOAL_STOP }, TUNNEL_STOPPED, NULL },
	{ "halted", OURS(EXITED), { .goal = GOAL_STOP }, TUNNEL_STOPPED, NULL },
	{ "stopping", OURS(RUNNING), { .goal = GOAL_REMOVE, .ready = 4 }, TUNNEL_RUNNING,
	    "stopping" },
	{ "can't be stopped", OURS(RUNNING), { .goal = GOAL_REMOVE, .problem = "denied" },
	    TUNNEL_ERROR, "denied" },
	{ "removed", ABSENT, { .goal = GOAL_REMOVE }, TUNNEL_STOPPED, NULL },
	{ "none assigned", ABSENT, { .goal = GOAL_LEAVE }, TUNNEL_STOPPED, "no tunnel" },
	{ "none known, one runs", OURS(RUNNING), { .goal = GOAL_LEAVE, .ready = 4 }, TUNNEL_RUNNING,
	    NULL },
	{ "none known, one is paused", OURS(PAUSED), { .goal = GOAL_LEAVE }, TUNNEL_STOPPED,
	    "no tunnel" },
	{ "refused", OURS(EXITED), { .goal = GOAL_STOP, .refusal = "not allowed" }, TUNNEL_ERROR,
	    "not allowed" },
};

static void
each_row_is_told(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		struct account account = row->account;
		char detail[DETAIL_MAX_BYTES + 1];
		enum tunnel_state told;

		account.observed = &row->seen;
		account.problem = account.problem == NULL ? "" : account.problem;
		account.doing = account.doing == NULL ? "" : account.doing;
		account.refusal = account.refusal == NULL ? "" : account.refusal;
		told = state_of(&account, detail);
		if (told != row->state)
			print_error("row \"%s\"\n", row->what);
		assert_int_equal(told, row->state);
		if (row->detail == NULL)
			assert_string_equal(detail, "");
		else
			assert_non_null(strstr(detail, row->detail));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_told),
	};

	return RUN_TESTS(tests);
}
