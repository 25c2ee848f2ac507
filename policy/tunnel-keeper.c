/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tunnel-keeper may do: HTTP to the Docker endpoint's port (or socket) and to the tunnel's
 * metrics port, and frames.  It holds the tunnel's token.
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
	{ "socket", CONDITION_TCP_DOCKER, "DOCKER_TUNNEL_HOST; /ready and /metrics by TCP" },
};

static const struct file_rule files[] = {
	FILES_TO_START,
	{ "/etc/ssl", FILE_READ, false, "openssl.cnf: libcurl starts OpenSSL, though unused here" },
};

static const struct port_rule ports[] = {
	{ PORT_DOCKER_TUNNEL, "DOCKER_TUNNEL_HOST" },
	{ PORT_METRICS, "/ready and /metrics of the tunnel's container" },
};

static const struct limit_rule limits[] = {
	LIMITS_OF_ALL,
	{ RLIMIT_NOFILE, 64, "channels and a few connections" },
	{ RLIMIT_DATA, 128 * MIB, NULL },
};

const struct policy policy_tunnel_keeper = {
	.process = PROCESS_TUNNEL_KEEPER,
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
