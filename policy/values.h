/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  What the policies need to know of this start: ports, groups, the kernel. */
#ifndef POLICY_VALUES_H
#define POLICY_VALUES_H

#include "common/config.h"
#include "policy/policy.h"

/*
 * Takes from the configuration, and the kernel, what the tables leave open.  `values->distinct_uids`
 * is set before.  A configuration with mistakes gives values that are not used.
 */
void policy_values_find(const struct config *config, struct policy_values *values);

/*
 * Adds to the configuration's mistakes what the sandbox can't do with these values: below the floor
 * (seccomp and no_new_privs always, and distinct uids or Landlock), a CA file that master-link's own
 * uid can't read.  What is less than it could be becomes a warning.
 */
void policy_values_check(struct config *config, const struct policy_values *values);

#endif
