/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process.  What each process may do, as tables: one file a process (master-link.c, …) that
 * can be read from top to bottom, named groups in groups.c, and the code that applies them
 * (enter.c before exec, confine.c after start-up, check.c in the supervisor).
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/process.h"

/* What an argument of a system call must be: words in texts.c, code in filter.c. */
enum condition {
	CONDITION_NONE,
	CONDITION_TCP,        /* socket: AF_INET or AF_INET6, SOCK_STREAM, protocol 0 or TCP */
	CONDITION_TCP_UDP,    /* the same, or SOCK_DGRAM, protocol 0 or UDP */
	CONDITION_DOCKER,     /* TCP; AF_UNIX SOCK_STREAM in its place where that is unix:// */
	CONDITION_TCP_DOCKER, /* TCP; AF_UNIX SOCK_STREAM too where Docker's endpoint is unix:// */
	CONDITION_UNIX_PAIR,  /* socketpair: AF_UNIX, SOCK_STREAM */
	CONDITION_SET_OPTION, /* setsockopt: no delay, keep-alive and its times */
	CONDITION_GET_OPTION, /* getsockopt: SO_ERROR */
	CONDITION_SERVE_SET_OPTION, /* setsockopt: no delay, cork, keep-alive and its times */
	CONDITION_SERVE_GET_OPTION, /* getsockopt: SO_PEERCRED */
	CONDITION_SEND_FLAGS,       /* sendto: no address; flags within NOSIGNAL, DONTWAIT */
	CONDITION_SEND_ANY_ADDRESS, /* the same flags, an address is allowed (UDP) */
	CONDITION_MESSAGE_FLAGS, /* sendmsg, recvmsg: flags within NOSIGNAL, DONTWAIT, CMSG_CLOEXEC */
	CONDITION_NOT_EXECUTABLE, /* mprotect: no PROT_EXEC */
	CONDITION_PRIVATE_MEMORY, /* mmap: no PROT_EXEC; no MAP_SHARED, MAP_GROWSDOWN */
	CONDITION_FCNTL,          /* F_GETFD, F_SETFD, F_GETFL, F_SETFL */
	CONDITION_OWN_PID,        /* tgkill, first argument; any for a filter that is inherited */
	CONDITION_READ_ONLY,      /* openat: O_RDONLY */
	CONDITION_MADVISE,        /* MADV_DONTNEED, MADV_FREE, MADV_DONTDUMP, MADV_WIPEONFORK */
	CONDITION_FCNTL_DUP,      /* those of FCNTL, and F_DUPFD_CLOEXEC */
	CONDITION_FORK,           /* clone: what fork(2) of libc asks for, no namespace */
	CONDITION_SIGKILL,        /* kill: SIGKILL */
	CONDITION_OWN_LIMITS,     /* prlimit64: of the calling process */
	CONDITION_PRCTL,          /* what a start needs: see filter.c */
	CONDITION_ENOSYS,         /* not allowed, but answered: the library falls back */
	CONDITION_COUNT,
};

struct syscall_rule {
	const char *name; /* a name that libseccomp does not know is an error */
	enum condition condition;
	const char *why; /* NULL where it is obvious */
};

struct syscall_group {
	const char *name;
	size_t count;
	const struct syscall_rule *rules;
};

enum file_access {
	FILE_READ,    /* read a file, or the files below a folder */
	FILE_EXECUTE, /* read and execute */
	FILE_KEEP,    /* read, make, write, rename and remove files of a folder */
	FILE_SOCKET,  /* make and remove sockets of a folder */
	FILE_ACCESS_COUNT,
};

struct file_rule {
	const char *path; /* absolute, or one of special_paths (texts.h) */
	enum file_access access;
	bool while_running; /* stays after start-up; else only until the worker is ready */
	const char *why;
};

/* A TCP port that may be connected to; its number comes from the configuration. */
enum port_source {
	PORT_MASTER, /* or its proxy's */
	PORT_DOCKER,
	PORT_DOCKER_TUNNEL,
	PORT_METRICS,
	PORT_DNS,
	PORT_ENGINE,
	PORT_SOURCE_COUNT,
};

struct port_rule {
	enum port_source source;
	const char *why;
};

struct limit_rule {
	int resource; /* RLIMIT_… (setrlimit(2)) */
	uint64_t value;
	const char *why;
};

struct policy {
	enum process process;
	size_t group_count;
	const struct syscall_group *const *groups;
	size_t syscall_count;
	const struct syscall_rule *syscalls;
	size_t file_count;
	const struct file_rule *files;
	size_t port_count;
	const struct port_rule *ports;
	size_t limit_count;
	const struct limit_rule *limits;
	unsigned filters; /* seccomp filters that the process adds to those it was born with */
	/* A supervisor's: filters and Landlock domains are inherited, so it holds all that any worker
	   of its program needs beside its own, computed from the workers' tables. */
	bool with_workers;
	enum program program; /* a supervisor's: whose workers those are */
};

extern const struct policy *const policies[PROCESS_COUNT]; /* the workers'; else NULL */
extern const struct policy *const supervisor_policies[PROGRAM_COUNT];

#define NO_GROUP ((gid_t)-1)

/*
 * The layers, as far as one can be left out: no_new_privs can't, since the kernel asks for it
 * before Landlock and seccomp.  Only tests/escape leaves one out, to see that the others hold; no
 * setting, option or frame leads here, and the agent's own calls pass a constant 0.
 */
enum layer {
	LAYER_SECCOMP = 1 << 0,
	LAYER_LANDLOCK = 1 << 1,
	LAYER_UID = 1 << 2,
	LAYER_CAPABILITIES = 1 << 3,
	LAYER_NOT_DUMPABLE = 1 << 4,
	LAYER_MDWE = 1 << 5,
	LAYER_LIMITS = 1 << 6,
	LAYERS_ALL = (1 << 7) - 1,
};

#define SURPLUS_BYTES 512
#define KERNEL_BYTES 128

/* What is only known at run time. */
struct policy_values {
	enum program program;
	bool distinct_uids;
	/* What it was started with beyond its needs: identity_take. */
	bool no_new_privs_given;
	char surplus[SURPLUS_BYTES]; /* names of capabilities, "": none */
	uid_t foreign_uid;           /* it runs as that user instead of its own; 0: it does not */
	uint16_t ports[PORT_SOURCE_COUNT]; /* 0: not used */
	bool docker_unix[ENDPOINT_COUNT];  /* the endpoint is unix:// */
	gid_t docker_gid[ENDPOINT_COUNT];  /* the socket's group, kept by the worker that uses it */
	const char *program_path;          /* the worker's program, absolute */
	const char *ca_file;               /* DOCKFLARE_CA_FILE; NULL: no TLS is used */
	const char *worker_folder;
	const char *data_folder;
	const char *run_folder;
	const char *secret_files[SECRET_COUNT]; /* NULL: from the environment, or none */
	const char *level_file;                 /* LOG_LEVEL_FILE; NULL: not set */
	int landlock_abi;                       /* landlock_abi(), 0 without Landlock */
	char
	    kernel[KERNEL_BYTES]; /* "6.1.0-18-amd64 x86_64" (uname(2)), visible ASCII and blanks */
	bool mdwe;                /* the kernel has memory-deny-write-execute */
	bool best_effort;         /* SANDBOX=best-effort */
	bool log_denied;          /* SANDBOX_LOG=true */
	unsigned without; /* enum layer: what policy_enter leaves out; 0 but in tests/escape */
};

/* The one supplementary group of a worker with a uid of its own: its Docker socket's; or NO_GROUP. */
gid_t policy_group(const struct policy *policy, const struct policy_values *values);

/* "distinct uids" or "shared uid", and whether no_new_privs was there before. */
const char *policy_start_mode(const struct policy_values *values);

/* The kernel's Landlock ABI (landlock_create_ruleset(2)), 0 if it has none or it is off. */
int landlock_abi(void);

/*
 * In the supervisor's child, before exec, when the descriptors are in place: limits, uid and
 * groups, capabilities, parent-death signal, no_new_privs, the first Landlock layer.  0 or
 * -errno, with the step's name in `ret_step`; on failure the child must exit.
 */
int policy_enter(const struct policy *policy, const struct policy_values *values, pid_t parent,
    const char **ret_step);

/*
 * In the worker, as its first act: whether just the descriptors that are due are open.  0, or
 * -EBADF if one is missing or one too many is there.
 */
int policy_descriptors(void);

/* What a worker's second layer depends on. */
struct confine_options {
	bool unix_socket; /* this worker's Docker endpoint is unix:// */
	bool log_denied;  /* SANDBOX_LOG: a denied call is named on stderr before it kills */
	unsigned without; /* enum layer; 0 but in tests/escape */
};

/*
 * In the worker, after start-up and before the first byte from outside: not dumpable,
 * memory-deny-write-execute where the kernel has it, the second Landlock layer, the seccomp
 * filter.  0 or -errno with the step's name.
 */
int policy_confine(const struct policy *policy, const struct confine_options *options,
    const char **ret_step);

/*
 * In the supervisor, before it starts a worker: the Landlock domain and the seccomp filter of
 * supervisor_policies[values->program].  0 or -errno with the step's name.
 */
int policy_confine_supervisor(const struct policy_values *values, const char **ret_step);

/* Prints the policy of a process, or of all of the program (PROCESS_COUNT), with what is in force. */
void policy_print(const struct policy_values *values, enum process process);

#define POLICY_WHY_BYTES 160

/*
 * In the supervisor: looks into /proc/PID/status of a worker that says it is ready: no_new_privs,
 * all four uids and gids, groups, CapEff, CapPrm, CapInh, CapAmb 0, Threads 1, TracerPid 0,
 * Seccomp 2 and Seccomp_filters exactly `own_filters` + policy->filters.  0, or -EPERM with what
 * is wrong in `why`, or -errno of the file.
 */
int policy_check(const struct policy *policy, const struct policy_values *values, pid_t pid,
    unsigned own_filters, char why[POLICY_WHY_BYTES]);

/* Seccomp_filters of the calling process (/proc/self/status), or -errno. */
int policy_own_filters(void);

#endif
