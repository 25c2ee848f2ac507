/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `./dev cost` compares with: takes the place of policy/confine.c, enter.c and check.c in a
 * build of its own (-Dunconfined=true), in which no process confines itself and nobody looks.
 */
#include <stdio.h>

#include "common/attr.h"
#include "policy/policy.h"

int
policy_descriptors(void)
{
	return 0;
}

int
policy_confine(const struct policy *policy UNUSED, const struct confine_options *options UNUSED,
    const char **ret_step UNUSED)
{
	return 0;
}

int
policy_confine_supervisor(const struct policy_values *values UNUSED, const char **ret_step UNUSED)
{
	fputs("this build has no sandbox: it is there to be measured, never for use\n", stderr);
	return 0;
}

int
policy_enter(const struct policy *policy UNUSED, const struct policy_values *values UNUSED,
    pid_t parent UNUSED, const char **ret_step UNUSED)
{
	return 0;
}

int
policy_check(const struct policy *policy UNUSED, const struct policy_values *values UNUSED,
    pid_t pid UNUSED, unsigned own_filters UNUSED, char why[POLICY_WHY_BYTES] UNUSED)
{
	return 0;
}

int
policy_own_filters(void)
{
	return 0;
}
