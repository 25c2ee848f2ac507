/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process that confines itself.  See filter.h. */
#include "policy/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "common/attr.h"
#include "policy/mdwe.h"

#define INT_MASK 0xffffffffu /* the kernel reads an int from the low half of a register */
#define SOCKET_TYPE_MASK (INT_MASK & ~(unsigned)(SOCK_CLOEXEC | SOCK_NONBLOCK))
#define SEND_MASK (INT_MASK & ~(unsigned)(MSG_NOSIGNAL | MSG_DONTWAIT))
#define MESSAGE_MASK (SEND_MASK & ~(unsigned)MSG_CMSG_CLOEXEC)
#define O_TMPFILE_ONLY 020000000
#define OPEN_MASK (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_TMPFILE_ONLY | O_PATH)

struct building {
	scmp_filter_ctx filter;
	int call;
	const struct filter_options *options;
};

typedef int add_condition(const struct building *building);

static int
allow(const struct building *building, unsigned count, const struct scmp_arg_cmp *arguments)
{
	return seccomp_rule_add_array(building->filter, SCMP_ACT_ALLOW, building->call, count,
	    arguments);
}

/* Argument `at` under `mask` is `value`. */
static struct scmp_arg_cmp
masked(unsigned at, uint64_t mask, uint64_t value)
{
	return (struct scmp_arg_cmp){ .arg = at,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = mask,
		.datum_b = value };
}

static int
allow_masked(const struct building *building, unsigned at, uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp argument = masked(at, mask, value);

	return allow(building, 1, &argument);
}

static int
allow_any(const struct building *building)
{
	return allow(building, 0, NULL);
}

static int
allow_socket(const struct building *building, unsigned family, unsigned type, unsigned protocol)
{
	struct scmp_arg_cmp arguments[] = {
		masked(0, INT_MASK, family),
		masked(1, SOCKET_TYPE_MASK, type),
		masked(2, INT_MASK, protocol),
	};

	return allow(building, ARRAY_LEN(arguments), arguments);
}

static int
allow_inet(const struct building *building, unsigned type, unsigned protocol)
{
	static const unsigned families[] = { AF_INET, AF_INET6 };
	int error = 0;

	for (size_t at = 0; at < ARRAY_LEN(families) && error == 0; at++) {
		error = allow_socket(building, families[at], type, 0);
		if (error == 0)
			error = allow_socket(building, families[at], type, protocol);
	}
	return error;
}

static int
allow_tcp(const struct building *building)
{
	return allow_inet(building, SOCK_STREAM, IPPROTO_TCP);
}

static int
allow_tcp_udp(const struct building *building)
{
	int error = allow_tcp(building);

	return error != 0 ? error : allow_inet(building, SOCK_DGRAM, IPPROTO_UDP);
}

static int
allow_unix(const struct building *building)
{
	return allow_socket(building, AF_UNIX, SOCK_STREAM, 0);
}

static int
allow_docker(const struct building *building)
{
	return building->options->unix_socket ? allow_unix(building) : allow_tcp(building);
}

static int
allow_tcp_docker(const struct building *building)
{
	int error = allow_tcp(building);

	return error != 0 || !building->options->unix_socket ? error : allow_unix(building);
}

/* Level and name of socket options, compared as a pair. */
struct option_pair {
	unsigned level;
	unsigned name;
};

static int
allow_options(const struct building *building, const struct option_pair *pairs, size_t count)
{
	int error = 0;

	for (size_t at = 0; at < count && error == 0; at++) {
		struct scmp_arg_cmp arguments[] = {
			masked(1, INT_MASK, pairs[at].level),
			masked(2, INT_MASK, pairs[at].name),
		};

		error = allow(building, ARRAY_LEN(arguments), arguments);
	}
	return error;
}

static int
allow_set_option(const struct building *building)
{
	static const struct option_pair pairs[] = {
		{ IPPROTO_TCP, TCP_NODELAY },
		{ SOL_SOCKET, SO_KEEPALIVE },
		{ IPPROTO_TCP, TCP_KEEPIDLE },
		{ IPPROTO_TCP, TCP_KEEPINTVL },
		{ IPPROTO_TCP, TCP_KEEPCNT },
	};

	return allow_options(building, pairs, ARRAY_LEN(pairs));
}

static int
allow_get_option(const struct building *building)
{
	static const struct option_pair pairs[] = { { SOL_SOCKET, SO_ERROR } };

	return allow_options(building, pairs, ARRAY_LEN(pairs));
}

static int
allow_serve_set_option(const struct building *building)
{
	static const struct option_pair cork = { IPPROTO_TCP, TCP_CORK };
	int error = allow_set_option(building);

	return error != 0 ? error : allow_options(building, &cork, 1);
}

static int
allow_serve_get_option(const struct building *building)
{
	static const struct option_pair pairs[] = { { SOL_SOCKET, SO_PEERCRED } };

	return allow_options(building, pairs, ARRAY_LEN(pairs));
}

static int
allow_send_flags(const struct building *building)
{
	struct scmp_arg_cmp arguments[] = {
		masked(3, SEND_MASK, 0),
		{ .arg = 4, .op = SCMP_CMP_EQ, .datum_a = 0 },
	};

	return allow(building, ARRAY_LEN(arguments), arguments);
}

static int
allow_send_any_address(const struct building *building)
{
	return allow_masked(building, 3, SEND_MASK, 0);
}

static int
allow_message_flags(const struct building *building)
{
	return allow_masked(building, 2, MESSAGE_MASK, 0);
}

static int
allow_not_executable(const struct building *building)
{
	return allow_masked(building, 2, PROT_EXEC, 0);
}

/* RLIMIT_DATA counts neither shared memory nor stacks. */
static int
allow_private_memory(const struct building *building)
{
	struct scmp_arg_cmp arguments[] = {
		masked(2, PROT_EXEC, 0),
		masked(3, MAP_SHARED | MAP_GROWSDOWN, 0),
	};

	return allow(building, ARRAY_LEN(arguments), arguments);
}

/* One rule for each value of an int argument. */
static int
allow_values(const struct building *building, unsigned at, const int *values, size_t count)
{
	int error = 0;

	for (size_t value = 0; value < count && error == 0; value++)
		error = allow_masked(building, at, INT_MASK, (unsigned)values[value]);
	return error;
}

static int
allow_fcntl(const struct building *building)
{
	static const int commands[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL };

	return allow_values(building, 1, commands, ARRAY_LEN(commands));
}

static int
allow_madvise(const struct building *building)
{
	static const int advices[] = { MADV_DONTNEED, MADV_FREE, MADV_DONTDUMP, MADV_WIPEONFORK };

	return allow_values(building, 2, advices, ARRAY_LEN(advices));
}

static int
allow_own_pid(const struct building *building)
{
	if (building->options->pid == 0)
		return allow_any(building);
	return allow_masked(building, 0, INT_MASK, (unsigned)building->options->pid);
}

static int
allow_fcntl_dup(const struct building *building)
{
	int error = allow_fcntl(building);

	return error != 0 ? error : allow_masked(building, 1, INT_MASK, F_DUPFD_CLOEXEC);
}

/* The flags of fork(2) in glibc: no thread, no namespace, nothing shared. */
static int
allow_fork(const struct building *building)
{
	return allow_masked(building, 0, INT_MASK,
	    CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD);
}

static int
allow_sigkill(const struct building *building)
{
	return allow_masked(building, 1, INT_MASK, SIGKILL);
}

static int
allow_own_limits(const struct building *building)
{
	return allow_masked(building, 0, INT_MASK, 0);
}

static int
allow_prctl(const struct building *building)
{
	static const int options[] = { PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE, PR_SET_PDEATHSIG,
		PR_CAP_AMBIENT, PR_CAPBSET_READ, PR_SET_MDWE };

	return allow_values(building, 0, options, ARRAY_LEN(options));
}

static int
allow_read_only(const struct building *building)
{
	return allow_masked(building, 2, OPEN_MASK, 0);
}

static int
answer_enosys(const struct building *building)
{
	return seccomp_rule_add_array(building->filter, SCMP_ACT_ERRNO(ENOSYS), building->call, 0,
	    NULL);
}

static add_condition *const conditions[CONDITION_COUNT] = {
	[CONDITION_NONE] = allow_any,
	[CONDITION_TCP] = allow_tcp,
	[CONDITION_TCP_UDP] = allow_tcp_udp,
	[CONDITION_DOCKER] = allow_docker,
	[CONDITION_TCP_DOCKER] = allow_tcp_docker,
	[CONDITION_UNIX_PAIR] = allow_unix,
	[CONDITION_SET_OPTION] = allow_set_option,
	[CONDITION_GET_OPTION] = allow_get_option,
	[CONDITION_SERVE_SET_OPTION] = allow_serve_set_option,
	[CONDITION_SERVE_GET_OPTION] = allow_serve_get_option,
	[CONDITION_SEND_FLAGS] = allow_send_flags,
	[CONDITION_SEND_ANY_ADDRESS] = allow_send_any_address,
	[CONDITION_MESSAGE_FLAGS] = allow_message_flags,
	[CONDITION_NOT_EXECUTABLE] = allow_not_executable,
	[CONDITION_PRIVATE_MEMORY] = allow_private_memory,
	[CONDITION_FCNTL] = allow_fcntl,
	[CONDITION_OWN_PID] = allow_own_pid,
	[CONDITION_READ_ONLY] = allow_read_only,
	[CONDITION_MADVISE] = allow_madvise,
	[CONDITION_FCNTL_DUP] = allow_fcntl_dup,
	[CONDITION_FORK] = allow_fork,
	[CONDITION_SIGKILL] = allow_sigkill,
	[CONDITION_OWN_LIMITS] = allow_own_limits,
	[CONDITION_PRCTL] = allow_prctl,
	[CONDITION_ENOSYS] = answer_enosys,
};

static int
add_rules(struct building *building, const struct syscall_rule *rules, size_t count,
    const char **ret_step)
{
	for (size_t at = 0; at < count; at++) {
		int error;

		*ret_step = rules[at].name;
		/* This machine's number, whatever the filter is for: libseccomp translates it. */
		building->call = seccomp_syscall_resolve_name(rules[at].name);
		if (building->call == __NR_SCMP_ERROR)
			return -ENOENT;
		/* Negative: a call that other architectures have, and this one does without. */
		if (seccomp_syscall_resolve_name_arch(building->options->arch, rules[at].name) < 0)
			continue;
		error = conditions[rules[at].condition](building);
		if (error != 0)
			return error;
	}
	return 0;
}

static int
add_policy(struct building *building, const struct policy *policy, const char **ret_step)
{
	/* The widest first: libseccomp takes a narrower rule for part of it, but not the reverse. */
	int error = add_rules(building, policy->syscalls, policy->syscall_count, ret_step);

	for (size_t at = 0; at < policy->group_count && error == 0; at++)
		error = add_rules(building, policy->groups[at]->rules, policy->groups[at]->count,
		    ret_step);
	return error;
}

static int
add_workers(struct building *building, enum program program, const char **ret_step)
{
	int error = 0;

	for_each_worker_of(program, process)
		if (error == 0)
			error = add_policy(building, policies[process], ret_step);
	return error;
}

/* The filter is for this machine's architecture alone; puts another one in its place. */
static int
set_arch(const struct building *building)
{
	uint32_t arch = building->options->arch;
	int error;

	if (arch == SCMP_ARCH_NATIVE || arch == seccomp_arch_native())
		return 0;
	error = seccomp_arch_add(building->filter, arch);
	return error != 0 ? error : seccomp_arch_remove(building->filter, SCMP_ARCH_NATIVE);
}

int
seccomp_build(const struct policy *policy, const struct filter_options *options,
    scmp_filter_ctx *ret_filter, const char **ret_step)
{
	struct building building = { .options = options };
	int error;

	*ret_step = "seccomp_init";
	building.filter = seccomp_init(options->trap ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS);
	if (building.filter == NULL)
		return -ENOMEM;
	error = seccomp_attr_set(building.filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (error == 0)
		error = set_arch(&building);
	if (error == 0)
		error = add_policy(&building, policy, ret_step);
	if (error == 0 && policy->with_workers)
		error = add_workers(&building, policy->program, ret_step);
	if (error != 0) {
		seccomp_release(building.filter);
		return error;
	}
	*ret_filter = building.filter;
	return 0;
}
