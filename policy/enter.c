/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor's child, before exec.  Everything that a worker inherits and cannot undo: what is
 * set here holds by construction, whatever the worker's program does.
 */
#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "policy/landlock.h"
#include "policy/policy.h"

gid_t
policy_group(const struct policy *policy, const struct policy_values *values)
{
	enum docker_endpoint endpoint = processes[policy->process].docker;

	return values->docker_unix[endpoint] ? values->docker_gid[endpoint] : NO_GROUP;
}

static int
change_identity(const struct policy *policy, const struct policy_values *values)
{
	uid_t uid = processes[policy->process].uid;
	gid_t group = policy_group(policy, values);

	if (!values->distinct_uids || (values->without & LAYER_UID) != 0)
		return 0;
	if (setgroups(group == NO_GROUP ? 0 : 1, &group) != 0 || setresgid(uid, uid, uid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return -errno;
	return 0;
}

static int
drop_capabilities(void)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return -errno;
	/* The bounding set needs SETPCAP; under no_new_privs it gives nothing. */
	capng_clear(CAPNG_SELECT_CAPS);
	return capng_apply(CAPNG_SELECT_CAPS) != 0 ? -EPERM : 0;
}

static int
set_limits(const struct policy *policy)
{
	for (size_t at = 0; at < policy->limit_count; at++) {
		__rlimit_resource_t resource = (__rlimit_resource_t)policy->limits[at].resource;
		struct rlimit limit;

		if (getrlimit(resource, &limit) != 0)
			return -errno;
		/* A container may have less, such as 64 KiB of locked memory: that is no mistake. */
		if (limit.rlim_max > policy->limits[at].value)
			limit.rlim_max = policy->limits[at].value;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(resource, &limit) != 0)
			return -errno;
	}
	return 0;
}

/* Dies with the supervisor.  A change of uid clears it, so it comes after that (prctl(2)). */
static int
die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

int
policy_enter(const struct policy *policy, const struct policy_values *values, pid_t parent,
    const char **ret_step)
{
	int error;

	*ret_step = "uid and groups";
	error = change_identity(policy, values);
	if (error != 0)
		return error;
	*ret_step = "capabilities";
	error = (values->without & LAYER_CAPABILITIES) != 0 ? 0 : drop_capabilities();
	if (error != 0)
		return error;
	*ret_step = "parent's death";
	error = die_with_parent(parent);
	if (error != 0)
		return error;
	*ret_step = "no_new_privs";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	*ret_step = "Landlock";
	error = values->landlock_abi == 0 || (values->without & LAYER_LANDLOCK) != 0 ?
		    0 :
		    landlock_enter(policy, values, values->landlock_abi, true);
	if (error != 0)
		return error;
	*ret_step = "limits";
	return (values->without & LAYER_LIMITS) != 0 ? 0 : set_limits(policy);
}
