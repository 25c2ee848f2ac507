/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  Groups of system calls that several workers need for the same reason. */
#include "policy/groups.h"

static const struct syscall_rule runtime_rules[] = {
	{ "brk", CONDITION_NONE, "malloc" },
	{ "mmap", CONDITION_PRIVATE_MEMORY, "malloc" },
	{ "mremap", CONDITION_NONE, "realloc" },
	{ "munmap", CONDITION_NONE, "free" },
	{ "mprotect", CONDITION_NOT_EXECUTABLE, "malloc in a second arena" },
	{ "madvise", CONDITION_MADVISE, "free" },
	{ "sysinfo", CONDITION_NONE, "qsort of glibc asks for the memory's size" },
	{ "getrandom", CONDITION_NONE, "jitter; hash seeds" },
	{ "clock_gettime", CONDITION_NONE, "where the vDSO has no clock" },
	{ "gettimeofday", CONDITION_NONE, "where the vDSO has no clock" },
	{ "poll", CONDITION_NONE, "the loop" },
	{ "ppoll", CONDITION_NONE, "poll on arm64" },
	{ "restart_syscall", CONDITION_NONE, "poll after a stop and continue" },
	{ "futex", CONDITION_NONE, "locks of libc and OpenSSL" },
	{ "write", CONDITION_NONE, "the log pipe" },
	{ "writev", CONDITION_NONE, "libc's last words before abort" },
	{ "close", CONDITION_NONE, NULL },
	{ "rt_sigreturn", CONDITION_NONE, NULL },
	{ "rt_sigprocmask", CONDITION_NONE, "abort" },
	{ "rt_sigaction", CONDITION_NONE, "abort; libcurl shields SIGPIPE" },
	{ "getpid", CONDITION_NONE, "abort; OpenSSL's random numbers" },
	{ "gettid", CONDITION_NONE, "abort" },
	{ "tgkill", CONDITION_OWN_PID, "abort" },
	{ "exit", CONDITION_NONE, NULL },
	{ "exit_group", CONDITION_NONE, NULL },
	{ "clone3", CONDITION_ENOSYS, "no thread is made; libc falls back to clone, which kills" },
};
const struct syscall_group group_runtime = { "runtime", ARRAY_LEN(runtime_rules), runtime_rules };

static const struct syscall_rule channel_rules[] = {
	{ "recvmsg", CONDITION_MESSAGE_FLAGS, "frames, and descriptors of new channels" },
	{ "sendmsg", CONDITION_MESSAGE_FLAGS, "frames" },
	{ "fcntl", CONDITION_FCNTL, "non-blocking sockets" },
};
const struct syscall_group group_channel = { "channel", ARRAY_LEN(channel_rules), channel_rules };

static const struct syscall_rule http_rules[] = {
	{ "socket", CONDITION_TCP_OR_UNIX, NULL },
	{ "connect", CONDITION_NONE, "ports are Landlock's" },
	{ "setsockopt", CONDITION_SET_OPTION, "libcurl" },
	{ "getsockopt", CONDITION_GET_OPTION, "how a connect ended" },
	{ "getsockname", CONDITION_NONE, NULL },
	{ "getpeername", CONDITION_NONE, NULL },
	{ "sendto", CONDITION_SEND_FLAGS, NULL },
	{ "recvfrom", CONDITION_NONE, NULL },
};
const struct syscall_group group_http = { "http", ARRAY_LEN(http_rules), http_rules };

static const struct syscall_rule tls_rules[] = {
	{ "uname", CONDITION_NONE, "OpenSSL's processor check in a rare path" },
};
const struct syscall_group group_tls = { "tls", ARRAY_LEN(tls_rules), tls_rules };
