/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers.  The second layer, which a worker puts on itself after start-up. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "policy/landlock.h"
#include "policy/policy.h"
#include "policy/filter.h"

/* Newer than Debian 12's headers; since Linux 6.3 (prctl(2)). */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#define DESCRIPTORS_LOOKED_AT 1024

int
policy_descriptors(void)
{
	for (int fd = 0; fd < DESCRIPTORS_LOOKED_AT; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) != (fd < WORKER_FD_COUNT))
			return -EBADF;
	return 0;
}

static int
enter_landlock(const struct policy *policy)
{
	int abi = landlock_abi();

	/* The first layer forbids nothing that this needs; without Landlock the supervisor has
	   decided whether to start at all. */
	return abi == 0 ? 0 : landlock_enter(policy, NULL, abi, false);
}

static int
load_filter(const struct policy *policy, bool unix_socket, const char **ret_step)
{
	scmp_filter_ctx filter;
	int error = seccomp_build(policy, unix_socket, getpid(), &filter, ret_step);

	if (error != 0)
		return error;
	*ret_step = "seccomp";
	error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int
policy_confine(const struct policy *policy, bool unix_socket, unsigned without,
    const char **ret_step)
{
	int error;

	*ret_step = "not dumpable";
	if ((without & LAYER_NOT_DUMPABLE) == 0 && prctl(PR_SET_DUMPABLE, 0) != 0)
		return -errno;
	*ret_step = "memory-deny-write-execute";
	if ((without & LAYER_MDWE) == 0 &&
	    prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0 && errno != EINVAL)
		return -errno;
	*ret_step = "Landlock";
	error = (without & LAYER_LANDLOCK) != 0 ? 0 : enter_landlock(policy);
	if (error != 0)
		return error;
	return (without & LAYER_SECCOMP) != 0 ? 0 : load_filter(policy, unix_socket, ret_step);
}
