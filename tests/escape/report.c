/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  See report.h. */
#include "tests/escape/report.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
	unsigned layer;
	const char *name;
} layer_names[] = {
	{ LAYER_SECCOMP, "seccomp" },
	{ LAYER_LANDLOCK, "landlock" },
	{ LAYER_UID, "uid" },
	{ LAYER_CAPABILITIES, "capabilities" },
	{ LAYER_NOT_DUMPABLE, "not-dumpable" },
	{ LAYER_MDWE, "mdwe" },
	{ LAYER_LIMITS, "limits" },
};

static void
print_outcome(const char *name, int outcome)
{
	const char *text;

	if (outcome >= OUTCOME_SETUP)
		printf("\"%s\": \"set-up %d\", ", name, outcome - OUTCOME_SETUP);
	else if (outcome == OUTCOME_TIMEOUT)
		printf("\"%s\": \"time-out\", ", name);
	else if (outcome < 0)
		printf("\"%s\": \"SIG%s\", ", name, sigabbrev_np(-outcome));
	else if (outcome == 0)
		printf("\"%s\": \"success\", ", name);
	else if ((text = strerrorname_np(outcome)) != NULL)
		printf("\"%s\": \"%s\", ", name, text);
	else
		printf("\"%s\": \"errno %d\", ", name, outcome);
}

static void
print_layers(const char *name, unsigned layers)
{
	const char *between = "";

	printf("\"%s\": [", name);
	for (size_t at = 0; at < ARRAY_LEN(layer_names); at++) {
		if ((layers & layer_names[at].layer) == 0)
			continue;
		printf("%s\"%s\"", between, layer_names[at].name);
		between = ", ";
	}
	printf("], ");
}

/* What must come of it: success where the policy gives it, or nothing is known to stop it. */
static const char *
kind(const struct attempt *attempt, const struct scene *scene)
{
	if (strcmp(attempt->row, "crash") == 0)
		return "crash";
	if (attempt_is_granted(attempt, scene->process))
		return "granted";
	return attempt_is_open(attempt, scene->process, scene->unix_socket) ? "open" : "stopped";
}

/* No text in here has a character that JSON would want escaped. */
void
report(const struct round *round, const struct attempt *attempt, const struct result *result)
{
	const struct scene *scene = &round->scene;
	unsigned without = scene->without;
	const char *exception = attempt_exception(attempt, scene->process, without);

	printf("{\"row\": \"%s\", \"attempt\": \"%s\", \"what\": \"%s\", ", attempt->row,
	    attempt->name, attempt->what);
	printf("\"process\": \"%s%s\", \"mode\": \"%s\", \"kind\": \"%s\", ",
	    processes[scene->process].name, scene->unix_socket ? " (unix)" : "",
	    round->values.distinct_uids ? "distinct" : "shared", kind(attempt, scene));
	print_layers("layers",
	    attempt_layers(attempt, scene->process, round->values.distinct_uids));
	print_layers("without", without);
	print_outcome("outcome", result->outcome);
	print_outcome("expected",
	    attempt_expected(attempt, scene->process, without, scene->unix_socket));
	printf("\"beyond\": %s, ", attempt_is_beyond(attempt, scene->process) ? "true" : "false");
	printf("\"exception\": \"%s\", \"harm\": \"%s\"}\n",
	    without == LAYERS_ALL || exception == NULL ? "" : exception, result->harm);
}
