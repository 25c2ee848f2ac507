/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  Which user it becomes, before it reads anything. */
#ifndef POLICY_IDENTITY_H
#define POLICY_IDENTITY_H

#include <stdbool.h>

#include "common/buffer.h"

/*
 * As uid 0 with CAP_SETUID, CAP_SETGID and CAP_KILL: becomes the supervisor's uid and keeps just
 * these three (ret_distinct: each worker gets a uid of its own).  As any other uid: drops every
 * capability.  Then no_new_privs, and not dumpable.  0, or -EPERM with a line in `why`.
 */
int identity_take(bool *ret_distinct, struct buffer *why);

#endif
