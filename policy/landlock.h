/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor's child and the workers.  Landlock by its system calls (landlock(7); Debian 12 has
 * no library for it that is kept up).
 */
#ifndef POLICY_LANDLOCK_H
#define POLICY_LANDLOCK_H

#include "policy/policy.h"

/* What an ABI below `abi` does not do (landlock(7), linux/landlock.h), the oldest first. */
struct landlock_loss {
	int abi;
	const char *lost;
};
#define LANDLOCK_LOSSES 6
extern const struct landlock_loss landlock_losses[LANDLOCK_LOSSES];

/*
 * Puts the calling process into a domain that allows just the policy's files and, with
 * `first_layer`, its TCP ports; the second layer allows only the files that stay while running.
 * Paths that do not exist are passed over.  `values` may be NULL for the second layer.  Needs
 * no_new_privs.  0 or -errno.
 */
int landlock_enter(const struct policy *policy, const struct policy_values *values, int abi,
    bool first_layer);

#endif
