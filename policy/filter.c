/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers.  See filter.h. */
#include "policy/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "common/attr.h"

#define INT_MASK 0xffffffffu /* the kernel reads an int from the low half of a register */
#define SOCKET_TYPE_MASK (INT_MASK & ~(unsigned)(SOCK_CLOEXEC | SOCK_NONBLOCK))
#define SEND_MASK (INT_MASK & ~(unsigned)(MSG_NOSIGNAL | MSG_DONTWAIT))
#define MESSAGE_MASK (SEND_MASK & ~(unsigned)MSG_CMSG_CLOEXEC)
#define O_TMPFILE_ONLY 020000000
#define OPEN_MASK (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_TMPFILE_ONLY | O_PATH)

struct building {
	scmp_filter_ctx filter;
	int call;
	bool unix_socket;
	pid_t pid;
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
allow_tcp_or_unix(const struct building *building)
{
	int error = allow_tcp(building);

	if (error != 0 || !building->unix_socket)
		return error;
	return allow_socket(building, AF_UNIX, SOCK_STREAM, 0);
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

struct socket_option {
	int level;
	int option;
};

static int
allow_options(const struct building *building, const struct socket_option *options, size_t count)
{
	int error = 0;

	for (size_t at = 0; at < count && error == 0; at++) {
		struct scmp_arg_cmp arguments[] = {
			masked(1, INT_MASK, (unsigned)options[at].level),
			masked(2, INT_MASK, (unsigned)options[at].option),
		};

		error = allow(building, ARRAY_LEN(arguments), arguments);
	}
	return error;
}

static int
allow_set_option(const struct building *building)
{
	static const struct socket_option options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE },
		{ IPPROTO_TCP, TCP_NODELAY },
		{ IPPROTO_TCP, TCP_KEEPIDLE },
		{ IPPROTO_TCP, TCP_KEEPINTVL },
		{ IPPROTO_TCP, TCP_KEEPCNT },
	};

	return allow_options(building, options, ARRAY_LEN(options));
}

static int
allow_get_option(const struct building *building)
{
	static const struct socket_option options[] = { { SOL_SOCKET, SO_ERROR } };

	return allow_options(building, options, ARRAY_LEN(options));
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
	static const int advices[] = { MADV_DONTNEED, MADV_FREE, MADV_DONTDUMP };

	return allow_values(building, 2, advices, ARRAY_LEN(advices));
}

static int
allow_own_pid(const struct building *building)
{
	return allow_masked(building, 0, INT_MASK, (unsigned)building->pid);
}

static int
allow_read_only(const struct building *building)
{
	return allow_masked(building, 2, OPEN_MASK, 0);
}

static int
allow_limits_self(const struct building *building)
{
	struct scmp_arg_cmp arguments[] = {
		masked(0, INT_MASK, 0),
		{ .arg = 2, .op = SCMP_CMP_EQ, .datum_a = 0 },
	};

	return allow(building, ARRAY_LEN(arguments), arguments);
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
	[CONDITION_TCP_OR_UNIX] = allow_tcp_or_unix,
	[CONDITION_SEND_FLAGS] = allow_send_flags,
	[CONDITION_SEND_ANY_ADDRESS] = allow_send_any_address,
	[CONDITION_MESSAGE_FLAGS] = allow_message_flags,
	[CONDITION_NOT_EXECUTABLE] = allow_not_executable,
	[CONDITION_PRIVATE_MEMORY] = allow_private_memory,
	[CONDITION_SET_OPTION] = allow_set_option,
	[CONDITION_GET_OPTION] = allow_get_option,
	[CONDITION_FCNTL] = allow_fcntl,
	[CONDITION_OWN_PID] = allow_own_pid,
	[CONDITION_READ_ONLY] = allow_read_only,
	[CONDITION_LIMITS_SELF] = allow_limits_self,
	[CONDITION_MADVISE] = allow_madvise,
	[CONDITION_ENOSYS] = answer_enosys,
};

static int
add_rules(struct building *building, const struct syscall_rule *rules, size_t count,
    const char **ret_step)
{
	for (size_t at = 0; at < count; at++) {
		int error;

		*ret_step = rules[at].name;
		building->call = seccomp_syscall_resolve_name(rules[at].name);
		if (building->call == __NR_SCMP_ERROR)
			return -ENOENT;
		/* Negative: a call that other architectures have, and this one does without. */
		if (building->call < 0)
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
	int error = 0;

	for (size_t at = 0; at < policy->group_count && error == 0; at++)
		error = add_rules(building, policy->groups[at]->rules, policy->groups[at]->count,
		    ret_step);
	if (error == 0)
		error = add_rules(building, policy->syscalls, policy->syscall_count, ret_step);
	return error;
}

int
seccomp_build(const struct policy *policy, bool unix_socket, pid_t pid, scmp_filter_ctx *ret_filter,
    const char **ret_step)
{
	struct building building = { .unix_socket = unix_socket, .pid = pid };
	int error;

	*ret_step = "seccomp_init";
	building.filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (building.filter == NULL)
		return -ENOMEM;
	error = seccomp_attr_set(building.filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (error == 0)
		error = add_policy(&building, policy, ret_step);
	if (error != 0) {
		seccomp_release(building.filter);
		return error;
	}
	*ret_filter = building.filter;
	return 0;
}
