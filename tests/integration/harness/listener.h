/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For programs that run a command and answer some of its system calls in the kernel's place
 * (seccomp_unotify(2)).  What answers is a process of its own, which ends with the command.
 */
#ifndef HARNESS_LISTENER_H
#define HARNESS_LISTENER_H

#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Says what the kernel should do; `said` comes cleared, but for its id. */
typedef void answer_call(const struct seccomp_notif *asked, struct seccomp_notif_resp *said,
    void *context);

static void
fail(const char *what, int error)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(error));
	exit(125);
}

/* A filter that lets everything through.  Whether no_new_privs is set is the command's business. */
static scmp_filter_ctx
open_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (filter == NULL || seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) != 0)
		fail("seccomp_init", ENOMEM);
	return filter;
}

/* Waits for a call.  False once the command has ended: this process has the filter too. */
static bool
is_asked(int listener, int command)
{
	struct pollfd fds[] = { { .fd = listener, .events = POLLIN },
		{ .fd = command, .events = POLLIN } };

	return poll(fds, 2, -1) > 0 && fds[1].revents == 0;
}

static void
listen_for_calls(int listener, int command, answer_call *answer, void *context)
{
	struct seccomp_notif *asked;
	struct seccomp_notif_resp *said;

	if (seccomp_notify_alloc(&asked, &said) != 0)
		fail("seccomp_notify_alloc", ENOMEM);
	while (is_asked(listener, command)) {
		/* The kernel wants both cleared (seccomp_unotify(2)). */
		memset(asked, 0, sizeof(*asked));
		memset(said, 0, sizeof(*said));
		/* Killed since. */
		if (seccomp_notify_receive(listener, asked) != 0)
			continue;
		said->id = asked->id;
		answer(asked, said, context);
		(void)seccomp_notify_respond(listener, said);
	}
	_exit(0);
}

/* Starts the process that answers; the filter is loaded. */
static void
answer_calls(scmp_filter_ctx filter, answer_call *answer, void *context)
{
	int listener = seccomp_notify_fd(filter);
	int command = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid_t child = fork();

	if (child < 0)
		fail("fork", errno);
	if (child == 0) {
		/* Nobody's child: the command has only its own. */
		if (fork() != 0)
			_exit(0);
		for (int fd = 0; fd < 1024; fd++)
			if (fd != listener && fd != command)
				close(fd);
		listen_for_calls(listener, command, answer, context);
	}
	close(command);
	close(listener);
}

static void
run_command(char **command)
{
	signal(SIGPIPE, SIG_DFL);
	execvp(command[0], command);
	fail(command[0], errno);
}

#endif
