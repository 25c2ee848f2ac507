/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  Its own account on status.sock. */
#ifndef SUPERVISOR_STATUS_AGENT_H
#define SUPERVISOR_STATUS_AGENT_H

#include "supervisor/supervisor.h"

/* Appends the message status-agent.  0, -EMSGSIZE, -ENOMEM. */
int status_agent_add(const struct supervisor *supervisor, struct buffer *out);

#endif
