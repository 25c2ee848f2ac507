/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers: the second layer, which a worker puts on itself after start-up.  And the supervisor's
 * only one.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "policy/denied.h"
#include "policy/filter.h"
#include "policy/landlock.h"
#include "policy/mdwe.h"
#include "policy/policies.h"

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
load_filter(const struct policy *policy, const struct filter_options *options,
    const char **ret_step)
{
	scmp_filter_ctx filter;
	int error = seccomp_build(policy, options, &filter, ret_step);

	if (error != 0)
		return error;
	*ret_step = "seccomp";
	if (options->trap)
		denied_catch();
	error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

/* Memory is either written or executed.  Older kernels do not know it. */
static int
deny_write_execute(const char **ret_step)
{
	*ret_step = "memory-deny-write-execute";
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0 && errno != EINVAL)
		return -errno;
	return 0;
}

int
policy_confine(const struct policy *policy, const struct confine_options *options,
    const char **ret_step)
{
	struct filter_options filter = { .unix_socket = options->unix_socket,
		.pid = getpid(),
		.trap = options->log_denied };
	int error;

	*ret_step = "not dumpable";
	if ((options->without & LAYER_NOT_DUMPABLE) == 0 && prctl(PR_SET_DUMPABLE, 0) != 0)
		return -errno;
	error = (options->without & LAYER_MDWE) != 0 ? 0 : deny_write_execute(ret_step);
	if (error != 0)
		return error;
	*ret_step = "Landlock";
	error = (options->without & LAYER_LANDLOCK) != 0 ? 0 : enter_landlock(policy);
	if (error != 0)
		return error;
	return (options->without & LAYER_SECCOMP) != 0 ? 0 : load_filter(policy, &filter, ret_step);
}

int
policy_confine_supervisor(const struct policy_values *values, const char **ret_step)
{
	const struct policy *policy = supervisor_policies[values->program];
	struct filter_options filter = { .trap = values->log_denied };
	int error = deny_write_execute(ret_step);

	for (enum docker_endpoint at = ENDPOINT_NONE; at < ENDPOINT_COUNT; at++)
		filter.unix_socket = filter.unix_socket || values->docker_unix[at];

	if (error != 0)
		return error;
	*ret_step = "Landlock";
	error = values->landlock_abi == 0 ?
		    0 :
		    landlock_enter(policy, values, values->landlock_abi, true);
	if (error != 0)
		return error;
	return load_filter(policy, &filter, ret_step);
}
