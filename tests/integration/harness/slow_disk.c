/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a command as on a disk whose syncs take long.
 *
 *   slow_disk FILE COMMAND [ARGUMENT]...
 *
 * FILE holds two native 32-bit numbers, which the test writes and reads while the command runs: how
 * many milliseconds each fsync(2) and fdatasync(2) is held, and how many were held so far.  What
 * holds them is a process of its own, which ends with the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct shared {
	uint32_t delay_ms;
	uint32_t held;
};

static void
fail(const char *what, int error)
{
	fprintf(stderr, "slow_disk: %s: %s\n", what, strerror(error));
	exit(125);
}

static volatile struct shared *
map(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *shared = fd < 0 ? MAP_FAILED :
				mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
				    MAP_SHARED, fd, 0);

	if (shared == MAP_FAILED)
		fail(path, errno);
	close(fd);
	return shared;
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
answer(int listener, int command, volatile struct shared *shared)
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
		if (shared->delay_ms != 0) {
			shared->held++;
			usleep(shared->delay_ms * 1000);
		}
		said->id = asked->id;
		said->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		(void)seccomp_notify_respond(listener, said);
	}
	_exit(0);
}

static void
serve(int listener, volatile struct shared *shared)
{
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
		answer(listener, command, shared);
	}
	close(command);
	close(listener);
}

int
main(int argc, char **argv)
{
	static const char *const calls[] = { "fsync", "fdatasync" };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int error;

	if (argc < 3)
		fail("FILE COMMAND", EINVAL);
	/* Whether no_new_privs is set is the command's business. */
	if (filter == NULL || seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) != 0)
		fail("seccomp_init", ENOMEM);
	for (size_t at = 0; at < sizeof(calls) / sizeof(calls[0]); at++) {
		error = seccomp_rule_add(filter, SCMP_ACT_NOTIFY,
		    seccomp_syscall_resolve_name(calls[at]), 0);
		if (error != 0)
			fail(calls[at], -error);
	}
	error = seccomp_load(filter);
	if (error != 0)
		fail("the filter", -error);
	serve(seccomp_notify_fd(filter), map(argv[1]));
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[2], argv + 2);
	fail(argv[2], errno);
}
