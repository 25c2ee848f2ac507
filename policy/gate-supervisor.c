/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the gate's supervisor may do.  It keeps no state and no secret; its listening sockets are
 * bound before its filter is on.  Filter and Landlock domain are inherited by the workers: see
 * supervisor.c.
 */
#include "policy/groups.h"
#include "policy/policies.h"

/* The widest first: filter.c adds them in this order. */
static const struct syscall_group *const groups[] = {
	&group_start,
	&group_runtime,
	&group_channel,
};

static const struct syscall_rule calls[] = {
	{ "clone", CONDITION_FORK, "a new worker" },
	{ "wait4", CONDITION_NONE, "its end" },
	{ "kill", CONDITION_SIGKILL, "a worker that broke the rules; others are Landlock's" },
	{ "fcntl", CONDITION_FCNTL_DUP, "descriptors of a worker" },
	{ "socketpair", CONDITION_UNIX_PAIR, "channels" },
	{ "pipe2", CONDITION_NONE, "log pipes" },
	{ "accept4", CONDITION_NONE, "status.sock" },
	{ "listen", CONDITION_NONE, "an endpoint that a worker has ended; what is bound stays so" },
	{ "sendto", CONDITION_SEND_FLAGS, "status.sock" },
	{ "unlink", CONDITION_NONE, "status.sock at the end; the folder is Landlock's" },
	{ "unlinkat", CONDITION_NONE, "unlink on arm64" },
	{ "geteuid", CONDITION_NONE, "its look at a worker" },
	{ "getegid", CONDITION_NONE, "its look at a worker" },
};

static const struct file_rule files[] = {
	{ "@run", FILE_SOCKET, true, "status.sock is removed at the end" },
	{ "@level", FILE_READ, true, "LOG_LEVEL_FILE, read again at SIGHUP" },
	{ "@workers", FILE_EXECUTE, true, "the workers' programs; the folder, for upgrades" },
	{ "/proc", FILE_READ, true, "its look at a worker, and libcap-ng's at itself" },
	{ "/dev/null", FILE_READ, true, "standard input of a worker" },
};

const struct policy policy_gate_supervisor = {
	.process = PROCESS_SUPERVISOR,
	.program = PROGRAM_GATE,
	.group_count = ARRAY_LEN(groups),
	.groups = groups,
	.syscall_count = ARRAY_LEN(calls),
	.syscalls = calls,
	.file_count = ARRAY_LEN(files),
	.files = files,
	.filters = 1,
	.with_workers = true,
};
