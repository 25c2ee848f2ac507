/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  Which user it becomes, before it reads anything. */
#ifndef POLICY_IDENTITY_H
#define POLICY_IDENTITY_H

#include "common/buffer.h"
#include "policy/policy.h"

/*
 * As uid 0 with CAP_SETUID, CAP_SETGID and CAP_KILL: becomes the supervisor's uid and keeps just
 * these three (`distinct_uids` of the values: each worker gets a uid of its own).  As any other
 * uid: drops every capability.  Then no_new_privs, and not dumpable.  Notes in the values what it
 * was started with beyond that.  0, or -EPERM with a line in `why`.
 */
int identity_take(struct policy_values *values, struct buffer *why);

#endif
