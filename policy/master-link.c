/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What master-link may do: TCP to the master's port (or its proxy's) with TLS, and frames.  It holds
 * the API key.
 */
#include <sys/resource.h>

#include "policy/groups.h"
#include "policy/policies.h"

static const struct syscall_group *const groups[] = {
	&group_runtime,
	&group_channel,
	&group_http,
	&group_tls,
};

static const struct syscall_rule calls[] = {
	{ "socket", CONDITION_TCP, "the master, or its proxy" },
};

static const struct file_rule files[] = {
	FILES_TO_START,
	{ "/etc/ssl", FILE_READ, false, "openssl.cnf, read when OpenSSL starts" },
	{ "@ca", FILE_READ, false, "the CA of the master's certificate, kept in memory" },
};

static const struct port_rule ports[] = {
	{ PORT_MASTER, "the master, or its proxy" },
};

static const struct limit_rule limits[] = {
	LIMITS_OF_ALL,
	{ RLIMIT_NOFILE, 64, "channels and one or two connections" },
	{ RLIMIT_DATA, 256 * MIB, "snapshots of thousands of containers" },
};

const struct policy policy_master_link = {
	.process = PROCESS_MASTER_LINK,
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
