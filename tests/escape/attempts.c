/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  All tables as one list, and what each row means.  See attempt.h. */
#include "tests/escape/attempt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/escape/exceptions.h"

/* Newer than Debian 12's headers; since Linux 6.3 (prctl(2)). */
#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif

static const struct attempt_table *const tables[] = {
	&attempts_code,
	&attempts_siblings,
	&attempts_files,
	&attempts_network,
	&attempts_endpoint,
	&attempts_kernel,
	&attempts_memory,
	&attempts_exhaustion,
	&attempts_crash,
	&attempts_rules,
};

const struct attempt *
attempt_at(size_t number)
{
	for (size_t at = 0; at < ARRAY_LEN(tables); at++) {
		if (number < tables[at]->count)
			return &tables[at]->attempts[number];
		number -= tables[at]->count;
	}
	return NULL;
}

int
outcome_of(long result)
{
	return result == -1 ? -errno : 0;
}

const char *
scene_path(const struct scene *scene, const char *path)
{
	static char full[256];
	size_t used = 0;

	for (; *path != '\0' && used < sizeof(full) - SCENE_PATH_BYTES; path++) {
		size_t room = sizeof(full) - used;

		if (*path != '%') {
			full[used++] = *path;
			continue;
		}
		path++;
		used += (size_t)(*path == 'f' ?
				     snprintf(full + used, room, "%s", scene->folder) :
				     snprintf(full + used, room, "%d",
					 *path == 'v' ? scene->victim : scene->supervisor));
	}
	full[used] = '\0';
	return full;
}

static long
argument(long given, const struct attempt *attempt, const struct scene *scene)
{
	static char buffer[65536] __attribute__((aligned(4096)));

	switch (given) {
	case ARGUMENT_VICTIM:
		return scene->victim;
	case ARGUMENT_SUPERVISOR:
		return scene->supervisor;
	case ARGUMENT_SELF:
		return getpid();
	case ARGUMENT_FD:
		return scene->fd;
	case ARGUMENT_BUFFER:
		return (long)buffer;
	case ARGUMENT_ID:
		return scene->id;
	case ARGUMENT_SIGNAL:
		return scene->signal;
	case ARGUMENT_PATH:
		return (long)scene_path(scene, attempt->path);
	default:
		return given;
	}
}

int
attempt_make(const struct attempt *attempt, const struct scene *scene)
{
	long given[6];

	if (attempt->act != NULL)
		return attempt->act(scene);
	for (size_t at = 0; at < ARRAY_LEN(given); at++)
		given[at] = argument(attempt->arguments[at], attempt, scene);
	return outcome_of(
	    syscall(attempt->call, given[0], given[1], given[2], given[3], given[4], given[5]));
}

bool
attempt_applies(const struct attempt *attempt, enum process process, bool unix_socket)
{
	if (attempt->only != 0 && (attempt->only & PROCESS_BIT(process)) == 0)
		return false;
	/* Beside the plain worker, its unix:// variant is asked only about sockets. */
	return !unix_socket || attempt->only_unix;
}

unsigned
attempt_layers(const struct attempt *attempt, enum process process, bool distinct_uids)
{
	unsigned layers = attempt->layers;

	if (landlock_abi() < attempt->abi || landlock_abi() == 0)
		layers &= ~(unsigned)LAYER_LANDLOCK;
	if (prctl(PR_GET_MDWE, 0, 0, 0, 0) < 0)
		layers &= ~(unsigned)LAYER_MDWE;
	if (!distinct_uids)
		layers &= ~(unsigned)LAYER_UID;
	if ((attempt->through_filter & PROCESS_BIT(process)) != 0 || attempt->before_filter)
		layers &= ~(unsigned)LAYER_SECCOMP;
	return layers;
}

bool
attempt_is_beyond(const struct attempt *attempt, enum process process)
{
	return (attempt->layers & LAYER_LANDLOCK) != 0 && !attempt_is_granted(attempt, process) &&
	       (attempt->open & PROCESS_BIT(process)) == 0 &&
	       attempt_layers(attempt, process, true) == 0;
}

bool
attempt_is_granted(const struct attempt *attempt, enum process process)
{
	return (attempt->granted & PROCESS_BIT(process)) != 0;
}

bool
attempt_is_open(const struct attempt *attempt, enum process process, bool unix_socket)
{
	if (attempt->only_unix && !unix_socket)
		return false;
	return (attempt->open & PROCESS_BIT(process)) != 0;
}

int
attempt_expected(const struct attempt *attempt, enum process process, unsigned without,
    bool unix_socket)
{
	bool filtered = (without & LAYER_SECCOMP) == 0 && !attempt->before_filter &&
			(attempt->through_filter & PROCESS_BIT(process)) == 0;

	if (without == LAYERS_ALL)
		return attempt->control;
	if (attempt_is_granted(attempt, process) || attempt_is_open(attempt, process, unix_socket))
		return 0;
	if (attempt->only_unix && unix_socket)
		filtered = false;
	if (!filtered)
		return attempt->behind;
	return attempt->answer != 0 ? attempt->answer : OUTCOME_SIGSYS;
}

const char *
attempt_exception(const struct attempt *attempt, enum process process, unsigned layer)
{
	for (size_t at = 0; at < exception_count; at++)
		if (strcmp(exceptions[at].attempt, attempt->name) == 0 &&
		    (exceptions[at].layers & layer) != 0 &&
		    (exceptions[at].processes & PROCESS_BIT(process)) != 0)
			return exceptions[at].why;
	return NULL;
}
