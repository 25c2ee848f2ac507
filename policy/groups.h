/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The named groups of system calls and limits that the workers' policies share: see groups.c. */
#ifndef POLICY_GROUPS_H
#define POLICY_GROUPS_H

#include "common/attr.h"
#include "policy/policy.h"

extern const struct syscall_group group_runtime; /* memory, time, ending, the log */
extern const struct syscall_group group_channel; /* frames to the supervisor and to peers */
extern const struct syscall_group group_http;    /* libcurl over TCP, or a unix socket */
extern const struct syscall_group group_serve;   /* libmicrohttpd on accepted sockets */
extern const struct syscall_group group_tls;     /* OpenSSL beside it */
extern const struct syscall_group group_start;   /* from fork to a worker's own filter */

/* Files that a worker needs until it is ready: its program, its libraries. */
#define FILES_TO_START                                                       \
	{ "@self", FILE_EXECUTE, false, "exec of the worker" },              \
	    { "@loader", FILE_EXECUTE, false, "the dynamic loader" },        \
	    { "/usr/lib", FILE_READ, false, "libraries" },                   \
	    { "/lib", FILE_READ, false, "libraries" },                       \
	    { "/usr/local/lib", FILE_READ, false, "libraries" },             \
	    { "/etc/ld.so.cache", FILE_READ, false, "where libraries are" }, \
	{                                                                    \
		"/etc/localtime", FILE_READ, false, "read once by libc"      \
	}

#define MIB (1024ull * 1024)

/* Limits of every worker; cgroups hold the agent as a whole. */
#define LIMITS_OF_ALL                                                \
	{ RLIMIT_CORE, 0, "no core dump holds a secret" },           \
	    { RLIMIT_FSIZE, 0, "no file is written" },               \
	    { RLIMIT_NPROC, 0, "no process and no thread is made" }, \
	    { RLIMIT_MEMLOCK, 1 * MIB, "a few pages for secrets" },  \
	{                                                            \
		RLIMIT_MSGQUEUE, 0, "no POSIX message queue"         \
	}

#endif
