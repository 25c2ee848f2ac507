/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  Groups of system calls that several workers need for the same reason. */
#include "policy/groups.h"

static const struct syscall_rule runtime_rules[] = {
	{ "brk", CONDITION_NONE, "malloc" },
	{ "mmap", CONDITION_PRIVATE_MEMORY, "malloc" },
	{ "mremap", CONDITION_NONE, "realloc" },
	{ "munmap", CONDITION_NONE, "free" },
	{ "mprotect", CONDITION_NOT_EXECUTABLE, "malloc in a second arena" },
	{ "madvise", CONDITION_MADVISE, "free; pages for secrets" },
	{ "mlock", CONDITION_NONE, "pages for secrets" },
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
	{ "rt_sigreturn", CONDITION_NONE, "the end of a library's signal handler" },
	{ "rt_sigprocmask", CONDITION_NONE, "abort" },
	{ "rt_sigaction", CONDITION_NONE, "abort; libcurl shields SIGPIPE" },
	{ "getpid", CONDITION_NONE, "abort; OpenSSL's random numbers" },
	{ "gettid", CONDITION_NONE, "abort" },
	{ "tgkill", CONDITION_OWN_PID, "abort" },
	{ "exit", CONDITION_NONE, "the last act of another libc" },
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
	{ "connect", CONDITION_NONE, "ports are Landlock's" },
	{ "setsockopt", CONDITION_SET_OPTION, "keep-alive, no delay" },
	{ "getsockopt", CONDITION_GET_OPTION, "how a connect ended" },
	{ "getsockname", CONDITION_NONE, NULL },
	{ "getpeername", CONDITION_NONE, NULL },
	{ "sendto", CONDITION_SEND_FLAGS, NULL },
	{ "recvfrom", CONDITION_NONE, NULL },
};
const struct syscall_group group_http = { "http", ARRAY_LEN(http_rules), http_rules };

static const struct syscall_rule serve_rules[] = {
	{ "accept4", CONDITION_NONE, "clients of its endpoint" },
	{ "setsockopt", CONDITION_SERVE_SET_OPTION, "no delay, keep-alive" },
	{ "getsockopt", CONDITION_SERVE_GET_OPTION, "who a client is" },
	{ "sendto", CONDITION_SEND_FLAGS, "answers" },
	{ "recvfrom", CONDITION_NONE, "requests" },
	{ "shutdown", CONDITION_NONE, "the end of a connection" },
	{ "epoll_ctl", CONDITION_NONE, "clients, as libmicrohttpd looks at them" },
	{ "epoll_wait", CONDITION_NONE, "the same" },
	{ "epoll_pwait", CONDITION_NONE, "epoll_wait on arm64" },
};
const struct syscall_group group_serve = { "serve", ARRAY_LEN(serve_rules), serve_rules };

static const struct syscall_rule tls_rules[] = {
	{ "uname", CONDITION_NONE, "OpenSSL's processor check in a rare path" },
};
const struct syscall_group group_tls = { "tls", ARRAY_LEN(tls_rules), tls_rules };

/* What no worker may do any more once its own filter is on. */
static const struct syscall_rule start_rules[] = {
	{ "close_range", CONDITION_NONE, "no descriptor but those that are due" },
	{ "dup2", CONDITION_NONE, "their places" },
	{ "dup3", CONDITION_NONE, "dup2 on arm64" },
	{ "umask", CONDITION_NONE, NULL },
	{ "setsid", CONDITION_NONE, "no signal from the terminal" },
	{ "chdir", CONDITION_NONE, NULL },
	{ "setgroups", CONDITION_NONE, "a uid of its own" },
	{ "setresuid", CONDITION_NONE, "a uid of its own" },
	{ "setresgid", CONDITION_NONE, "a uid of its own" },
	{ "capget", CONDITION_NONE, "no capability" },
	{ "capset", CONDITION_NONE, "no capability" },
	{ "prctl", CONDITION_PRCTL, "no_new_privs, parent's death, not dumpable, and so on" },
	{ "getppid", CONDITION_NONE, "whether the supervisor is still there" },
	{ "prlimit64", CONDITION_OWN_LIMITS, "limits" },
	{ "landlock_create_ruleset", CONDITION_NONE, "both layers" },
	{ "landlock_add_rule", CONDITION_NONE, "both layers" },
	{ "landlock_restrict_self", CONDITION_NONE, "both layers" },
	{ "seccomp", CONDITION_NONE, "the worker's filter" },
	{ "execve", CONDITION_NONE, "the worker; what may be executed is Landlock's" },
	{ "openat", CONDITION_NONE, "libraries, configuration; what may be opened is Landlock's" },
	{ "read", CONDITION_NONE, "those" },
	{ "pread64", CONDITION_NONE, "libraries" },
	{ "lseek", CONDITION_NONE, "those" },
	{ "fstat", CONDITION_NONE, "those" },
	{ "newfstatat", CONDITION_NONE, "those" },
	{ "access", CONDITION_NONE, "the loader" },
	{ "faccessat", CONDITION_NONE, "the loader on arm64" },
	{ "mmap", CONDITION_NONE, "libraries" },
	{ "mprotect", CONDITION_NONE, "libraries" },
	{ "arch_prctl", CONDITION_NONE, "the loader" },
	{ "set_tid_address", CONDITION_NONE, "libc's start" },
	{ "set_robust_list", CONDITION_NONE, "libc's start" },
	{ "rseq", CONDITION_NONE, "libc's start" },
	{ "socketpair", CONDITION_UNIX_PAIR, "curl_multi_init" },
	{ "epoll_create1", CONDITION_NONE, "libmicrohttpd" },
	{ "uname", CONDITION_NONE, "c-ares" },
};
const struct syscall_group group_start = { "start", ARRAY_LEN(start_rules), start_rules };
