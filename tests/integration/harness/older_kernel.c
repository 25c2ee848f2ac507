/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a command as on a kernel, or below a container runtime, that lacks something: system calls
 * fail with an errno, or the kernel says that it has an older Landlock.
 *
 *   older_kernel [--landlock ABI] [--deny ERRNO CALL]... COMMAND [ARGUMENT]...
 *
 * What answers for an older Landlock is a process of its own, which ends with the command.
 */
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>

#include "listener.h"

/* ENOSYS as for a kernel without the call, EPERM as for a runtime that blocks it, and so on. */
static int
errno_of(const char *name)
{
	static const int errors[] = { ENOSYS, EPERM, ENOLCK, EOPNOTSUPP };

	for (size_t at = 0; at < sizeof(errors) / sizeof(errors[0]); at++)
		if (strcmp(name, strerrorname_np(errors[at])) == 0)
			return errors[at];
	fail(name, EINVAL);
	return 0;
}

static void
deny(scmp_filter_ctx filter, const char *error, const char *call)
{
	uint32_t action = SCMP_ACT_ERRNO((uint16_t)errno_of(error));
	int result;

	/* Any other prctl is needed to come as far as this one. */
	if (strcmp(call, "prctl") == 0)
		result = seccomp_rule_add(filter, action, SCMP_SYS(prctl), 1,
		    SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
	else
		result = seccomp_rule_add(filter, action, seccomp_syscall_resolve_name(call), 0);
	if (result != 0)
		fail(call, -result);
}

/* What an ABI knows of struct landlock_ruleset_attr (linux/landlock.h): files, ports, scopes. */
static const uint64_t known[][3] = {
	{ 0, 0, 0 },
	{ (1 << 13) - 1, 0, 0 },
	{ (1 << 14) - 1, 0, 0 },
	{ (1 << 15) - 1, 0, 0 },
	{ (1 << 15) - 1, 3, 0 },
	{ (1 << 16) - 1, 3, 0 },
	{ (1 << 16) - 1, 3, 3 },
	{ (1 << 16) - 1, 3, 3 },
};
#define ABI_MAX ((int)(sizeof(known) / sizeof(known[0])) - 1)

/* The errno that such a kernel has for these attributes, 0 for none. */
static int
judge(const struct seccomp_notif *asked, int abi)
{
	uint64_t attributes[3] = { 0 };
	size_t size = asked->data.args[1] < sizeof(attributes) ? asked->data.args[1] :
								 sizeof(attributes);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/mem", asked->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, attributes, size, (off_t)asked->data.args[0]) != (ssize_t)size)
		fail(path, errno);
	close(fd);
	for (size_t at = 0; at < 3; at++)
		if ((attributes[at] & ~known[abi][at]) != 0)
			return known[abi][at] == 0 ? E2BIG : EINVAL;
	return 0;
}

/* Answers with the older ABI, and refuses what it does not know; the rest goes on as it is. */
static void
answer(const struct seccomp_notif *asked, struct seccomp_notif_resp *said, void *context)
{
	int abi = *(const int *)context;
	bool version = asked->data.args[2] == LANDLOCK_CREATE_RULESET_VERSION;

	said->val = version ? abi : 0;
	said->error = version ? 0 : -judge(asked, abi);
	said->flags = version || said->error != 0 ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
}

int
main(int argc, char **argv)
{
	scmp_filter_ctx filter = open_filter();
	int at = 1, abi = -1, result;

	while (at + 2 < argc && argv[at][0] == '-') {
		if (strcmp(argv[at], "--deny") == 0) {
			deny(filter, argv[at + 1], argv[at + 2]);
			at += 3;
		} else {
			abi = atoi(argv[at + 1]);
			if (abi < 0 || abi > ABI_MAX)
				fail(argv[at + 1], EINVAL);
			at += 2;
		}
	}
	if (abi >= 0)
		result = seccomp_rule_add(filter, SCMP_ACT_NOTIFY,
		    SCMP_SYS(landlock_create_ruleset), 0);
	else
		result = 0;
	if (result == 0)
		result = seccomp_load(filter);
	if (result != 0)
		fail("the filter", -result);
	if (abi >= 0)
		answer_calls(filter, answer, &abi);
	run_command(argv + at);
}
