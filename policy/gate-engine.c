/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What gate-engine may do: HTTP to the Docker engine's socket, and frames.  It alone of the gate
 * reaches the engine, and takes nothing but frames of a few verbs.
 */
#include <sys/resource.h>

#include "policy/groups.h"
#include "policy/policies.h"

static const struct syscall_group *const groups[] = {
	&group_runtime,
	&group_channel,
	&group_http,
};

static const struct syscall_rule calls[] = {
	{ "socket", CONDITION_DOCKER, "GATE_DOCKER_HOST" },
};

static const struct file_rule files[] = {
	FILES_TO_START,
	{ "/etc/ssl", FILE_READ, false, "openssl.cnf: libcurl starts OpenSSL, though unused here" },
};

static const struct port_rule ports[] = {
	{ PORT_ENGINE, "GATE_DOCKER_HOST, where it is tcp://" },
};

static const struct limit_rule limits[] = {
	LIMITS_OF_ALL,
	{ RLIMIT_NOFILE, 160, "channels, event streams and calls" },
	{ RLIMIT_DATA, 256 * MIB, "lists of thousands of containers" },
};

const struct policy policy_gate_engine = {
	.process = PROCESS_GATE_ENGINE,
	.group_count = ARRAY_LEN(groups),
	.groups = groups,
	.syscall_count = ARRAY_LEN(calls),
	.syscalls = calls,
	.file_count = ARRAY_LEN(files),
	.files = files,
	.port_count = ARRAY_LEN(ports),
	.ports = ports,
	.limit_count = ARRAY_LEN(limits),
	.limits = limits,
	.filters = 1,
};
