/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What name-resolver may do: DNS over UDP, and over TCP to port 53; read the resolver's files; and
 * frames.  No layer holds back its UDP, so it holds nothing that is worth sending.
 */
#include <sys/resource.h>

#include "policy/groups.h"
#include "policy/policies.h"

static const struct syscall_group *const groups[] = {
	&group_runtime,
	&group_channel,
};

static const struct syscall_rule calls[] = {
	{ "socket", CONDITION_TCP_UDP, "DNS" },
	{ "connect", CONDITION_NONE, "TCP ports are Landlock's" },
	{ "setsockopt", CONDITION_SET_OPTION, "no delay over TCP" },
	{ "getsockname", CONDITION_NONE, "order of the addresses (RFC 6724)" },
	{ "sendto", CONDITION_SEND_ANY_ADDRESS, "questions" },
	{ "recvfrom", CONDITION_NONE, "answers" },
	{ "openat", CONDITION_READ_ONLY, "hosts, resolv.conf, nsswitch.conf; what is Landlock's" },
	{ "read", CONDITION_NONE, "those files" },
	{ "lseek", CONDITION_NONE, "fclose of those files" },
	{ "fstat", CONDITION_NONE, "those files, with an older libc" },
	{ "newfstatat", CONDITION_NONE, "those files; whether resolv.conf has changed" },
	{ "uname", CONDITION_NONE, "c-ares derives the search domain from the host's name" },
};

static const struct file_rule files[] = {
	FILES_TO_START,
	{ "/etc", FILE_READ, true,
	    "hosts and resolver files; the folder, since they are replaced by rename" },
	{ "/run/systemd/resolve", FILE_READ, true, "where resolv.conf may point to" },
	{ "/dev/urandom", FILE_READ, true, "query ids of c-ares" },
};

static const struct port_rule ports[] = {
	{ PORT_DNS, "answers that do not fit a datagram" },
};

static const struct limit_rule limits[] = {
	LIMITS_OF_ALL,
	{ RLIMIT_NOFILE, 64, "channels and a few queries" },
	{ RLIMIT_DATA, 64 * MIB, NULL },
};

const struct policy policy_name_resolver = {
	.process = PROCESS_NAME_RESOLVER,
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
