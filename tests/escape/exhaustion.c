/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  Descriptors, and other things of which a machine has only so many. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/escape/attempt.h"

#define MANY 200
#define LIMIT_MAX 128 /* the largest RLIMIT_NOFILE of a policy */

static int
many_descriptors(const struct scene *scene UNUSED)
{
	for (int at = 0; at < MANY; at++)
		if (syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) < 0)
			return -errno;
	return 0;
}

/* A front can make none, but whoever comes to it gives it one. */
static int
many_clients(const struct scene *scene)
{
	for (int at = 0; at < MANY; at++)
		if (syscall(SYS_accept4, scene->fd, NULL, NULL, 0) < 0)
			return -errno;
	return 0;
}

static int
raise_descriptors(const struct scene *scene UNUSED)
{
	struct rlimit now = { 0, 0 };

	if (getrlimit(RLIMIT_NOFILE, &now) != 0)
		return -errno;
	/* One more than the policies give, and less than what the launcher has. */
	now = (struct rlimit){ LIMIT_MAX + 1, LIMIT_MAX + 1 };
	return outcome_of(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &now, NULL));
}

static int
make_timer(const struct scene *scene UNUSED)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	int timer;

	return outcome_of(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
}

static const struct attempt attempts[] = {
	{ "70", "descriptors", "open many descriptors", .act = many_descriptors,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .through_filter = CONNECTING,
	    .behind = EMFILE },
	{ "70", "clients", "take more clients than it may have", .clients = MANY,
	    .act = many_clients, .layers = LAYER_LIMITS, .answer = EMFILE, .behind = EMFILE,
	    .only = FRONTS },
	{ "70", "descriptor-limit", "allow itself more descriptors", .act = raise_descriptors,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EPERM },
	{ "70", "pipe", "make a pipe", CALL(SYS_pipe2, ARGUMENT_BUFFER, 0),
	    .layers = LAYER_SECCOMP },
	{ "70", "epoll", "make an epoll descriptor", CALL(SYS_epoll_create1, 0),
	    .layers = LAYER_SECCOMP },
	{ "70", "eventfd", "make an event descriptor", CALL(SYS_eventfd2, 0, 0),
	    .layers = LAYER_SECCOMP },
	{ "70", "timerfd", "make a timer descriptor", CALL(SYS_timerfd_create, CLOCK_MONOTONIC, 0),
	    .layers = LAYER_SECCOMP },
	{ "70", "timer", "make a timer", .act = make_timer, .layers = LAYER_SECCOMP },
	{ "71", "priority", "come before all others", CALL(SYS_setpriority, 0, 0, -5),
	    .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EACCES, .control = EACCES },
	{ "71", "nice-thread", "share the processor otherwise", CALL(SYS_setpriority, 0, 0, 19),
	    .layers = LAYER_SECCOMP },
	{ "72", "fallocate", "reserve room on a disk", CALL(SYS_fallocate, -1, 0, 0, 4096),
	    .layers = LAYER_SECCOMP, .behind = EBADF, .control = EBADF },
	{ "72", "ftruncate", "make a file large", CALL(SYS_ftruncate, -1, 4096),
	    .layers = LAYER_SECCOMP, .behind = EBADF, .control = EBADF },
};

const struct attempt_table attempts_exhaustion = { attempts, ARRAY_LEN(attempts) };
