/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  Looks at a worker that says it is ready, through the kernel's own account of it;
 * the worker's word counts for nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attr.h"
#include "policy/policy.h"
#include "policy/status_line.h"

#define STATUS_MAX_BYTES 8192

/* Reads the whole of /proc/PID/status.  0 or -errno. */
static int
read_status(const char *path, char text[STATUS_MAX_BYTES])
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, text + length, STATUS_MAX_BYTES - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	return got < 0 ? -errno : 0;
}

static int
expect(const char *text, const char *name, const char *expected, char why[POLICY_WHY_BYTES])
{
	char value[STATUS_LINE_BYTES];

	if (!status_line(text, name, value)) {
		snprintf(why, POLICY_WHY_BYTES, "/proc/PID/status has no %s", name);
		return -EPERM;
	}
	if (strcmp(value, expected) == 0)
		return 0;
	snprintf(why, POLICY_WHY_BYTES, "%s is %.60s, must be %.60s", name, value, expected);
	return -EPERM;
}

/* What must be the same for every worker. */
static const struct {
	const char *name;
	const char *value;
} constants[] = {
	{ "NoNewPrivs", "1" },
	{ "Seccomp", "2" },
	{ "Threads", "1" },
#ifndef POLICY_AUDIT /* ./dev audit traces the workers, and differs in nothing else */
	{ "TracerPid", "0" },
#endif
	{ "CapInh", "0000000000000000" },
	{ "CapPrm", "0000000000000000" },
	{ "CapEff", "0000000000000000" },
	{ "CapAmb", "0000000000000000" },
};

static int
check_constants(const char *text, char why[POLICY_WHY_BYTES])
{
	int error = 0;

	for (size_t at = 0; at < ARRAY_LEN(constants) && error == 0; at++)
		error = expect(text, constants[at].name, constants[at].value, why);
	return error;
}

static int
expect_ids(const char *text, const char *name, unsigned id, char why[POLICY_WHY_BYTES])
{
	char expected[STATUS_LINE_BYTES];

	snprintf(expected, sizeof(expected), "%u %u %u %u", id, id, id, id);
	return expect(text, name, expected, why);
}

/* Distinct uids: none, or just the socket's; a shared uid: those of the supervisor. */
static int
check_groups(const char *text, const struct policy *policy, const struct policy_values *values,
    char why[POLICY_WHY_BYTES])
{
	char expected[STATUS_LINE_BYTES] = "";
	char own[STATUS_MAX_BYTES] = "";
	gid_t group = policy_group(policy, values);

	if (!values->distinct_uids) {
		if (read_status("/proc/self/status", own) != 0 ||
		    !status_line(own, "Groups", expected))
			return -EPERM;
		return expect(text, "Groups", expected, why);
	}
	if (group != NO_GROUP)
		snprintf(expected, sizeof(expected), "%u", group);
	return expect(text, "Groups", expected, why);
}

static int
check_ids(const char *text, const struct policy *policy, const struct policy_values *values,
    char why[POLICY_WHY_BYTES])
{
	uid_t uid = values->distinct_uids ? processes[policy->process].uid : geteuid();
	gid_t gid = values->distinct_uids ? processes[policy->process].uid : getegid();
	int error = expect_ids(text, "Uid", uid, why);

	if (error == 0)
		error = expect_ids(text, "Gid", gid, why);
	return error != 0 ? error : check_groups(text, policy, values, why);
}

int
policy_check(const struct policy *policy, const struct policy_values *values, pid_t pid,
    unsigned own_filters, char why[POLICY_WHY_BYTES])
{
	char path[48], text[STATUS_MAX_BYTES] = "", filters[16];
	int error;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	error = read_status(path, text);
	if (error != 0) {
		snprintf(why, POLICY_WHY_BYTES, "%s can't be read: %s", path, strerror(-error));
		return error;
	}
	error = check_constants(text, why);
	if (error == 0)
		error = check_ids(text, policy, values, why);
	snprintf(filters, sizeof(filters), "%u", own_filters + policy->filters);
	return error != 0 ? error : expect(text, "Seccomp_filters", filters, why);
}

int
policy_own_filters(void)
{
	char text[STATUS_MAX_BYTES] = "", value[STATUS_LINE_BYTES];
	int error = read_status("/proc/self/status", text);

	if (error != 0)
		return error;
	return status_line(text, "Seccomp_filters", value) ? atoi(value) : -ENOSYS;
}
