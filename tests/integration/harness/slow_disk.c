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
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include "listener.h"

struct shared {
	uint32_t delay_ms;
	uint32_t held;
};

static struct shared *
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

static void
hold(const struct seccomp_notif *asked, struct seccomp_notif_resp *said, void *context)
{
	volatile struct shared *shared = context;

	(void)asked;
	if (shared->delay_ms != 0) {
		shared->held++;
		usleep(shared->delay_ms * 1000);
	}
	said->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
}

int
main(int argc, char **argv)
{
	static const char *const calls[] = { "fsync", "fdatasync" };
	scmp_filter_ctx filter = open_filter();
	int error;

	if (argc < 3)
		fail("FILE COMMAND", EINVAL);
	for (size_t at = 0; at < sizeof(calls) / sizeof(calls[0]); at++) {
		error = seccomp_rule_add(filter, SCMP_ACT_NOTIFY,
		    seccomp_syscall_resolve_name(calls[at]), 0);
		if (error != 0)
			fail(calls[at], -error);
	}
	error = seccomp_load(filter);
	if (error != 0)
		fail("the filter", -error);
	answer_calls(filter, hold, map(argv[1]));
	run_command(argv + 2);
}
