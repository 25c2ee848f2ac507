/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What gate-read and gate-tunnel may do: accept on one listening socket, serve HTTP there, and
 * frames.  They make no socket and connect to nothing: the Docker socket is out of their reach.
 */
#include <sys/resource.h>

#include "policy/groups.h"
#include "policy/policies.h"

static const struct syscall_group *const groups[] = {
	&group_runtime,
	&group_channel,
	&group_serve,
};

static const struct file_rule files[] = {
	FILES_TO_START,
};

static const struct limit_rule limits[] = {
	LIMITS_OF_ALL,
	{ RLIMIT_NOFILE, 128, "channels, the listening socket, its clients" },
	{ RLIMIT_DATA, 128 * MIB, "what waits for clients that read slowly" },
};

#define FRONT(which)                                                                              \
	{                                                                                         \
		.process = (which), .group_count = ARRAY_LEN(groups), .groups = groups,           \
		.file_count = ARRAY_LEN(files), .files = files, .limit_count = ARRAY_LEN(limits), \
		.limits = limits, .filters = 1,                                                   \
	}

const struct policy policy_gate_read = FRONT(PROCESS_GATE_READ);
const struct policy policy_gate_tunnel = FRONT(PROCESS_GATE_TUNNEL);
