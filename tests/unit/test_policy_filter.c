/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The policies' tables, and the seccomp filters made from them: each filter's program is run here,
 * instruction by instruction, over calls that are allowed and calls that are not.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/filter.h"
#include "policy/groups.h"
#include "policy/policies.h"
#include "policy/texts.h"

#define PROGRAM_MAX 4096
#define CALLS_MAX 1024 /* numbers that are tried; the kernel is far below */
#define X32_BIT 0x40000000u
#define OWN_PID 4711
#define GARBAGE 0xdeadbeef00000000ull

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#define OTHER_ARCH AUDIT_ARCH_AARCH64
#else
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#define OTHER_ARCH AUDIT_ARCH_X86_64
#endif

#define for_each_worker(each)                                                         \
	for (enum process each = PROCESS_FIRST_WORKER; (each) <= PROCESS_LAST_WORKER; \
	     (each)++) /* NOLINT(bugprone-macro-parentheses): declares */

/* ---- tables ---- */

struct call_list {
	size_t count;
	const struct syscall_rule *rules[256];
};

static struct call_list
calls_of(const struct policy *policy)
{
	struct call_list calls = { 0 };

	for (size_t group = 0; group < policy->group_count; group++)
		for (size_t at = 0; at < policy->groups[group]->count; at++)
			calls.rules[calls.count++] = &policy->groups[group]->rules[at];
	for (size_t at = 0; at < policy->syscall_count; at++)
		calls.rules[calls.count++] = &policy->syscalls[at];
	assert_true(calls.count < ARRAY_LEN(calls.rules));
	return calls;
}

static void
each_process_has_its_policy(void **state)
{
	(void)state;
	for (enum process process = 0; process < PROCESS_COUNT; process++) {
		const struct policy *policy = policies[process];

		bool due = process == PROCESS_SUPERVISOR ||
			   (PROCESS_WORKERS & PROCESS_BIT(process)) != 0;

		assert_int_equal(policy != NULL, due);
		if (policy == NULL)
			continue;
		assert_int_equal(policy->process, process);
		assert_int_equal(policy->filters, 1);
		assert_int_equal(policy->with_workers, process == PROCESS_SUPERVISOR);
	}
}

static void
calls_are_known_and_named_once(void **state)
{
	(void)state;
	for_each_worker(process)
	{
		struct call_list calls = calls_of(policies[process]);

		for (size_t at = 0; at < calls.count; at++) {
			const struct syscall_rule *rule = calls.rules[at];

			if (seccomp_syscall_resolve_name(rule->name) == __NR_SCMP_ERROR)
				fail_msg("%s: no such call", rule->name);
			assert_in_range(rule->condition, CONDITION_NONE, CONDITION_COUNT - 1);
			/* A second rule would widen the first. */
			for (size_t other = 0; other < at; other++)
				if (strcmp(calls.rules[other]->name, rule->name) == 0)
					fail_msg("%s: %s twice", processes[process].name,
					    rule->name);
		}
	}
}

static void
the_supervisors_paths_are_sound(void **state)
{
	const struct policy *policy = policies[PROCESS_SUPERVISOR];

	(void)state;
	assert_int_equal(policy->port_count, 0);
	for (size_t at = 0; at < policy->file_count; at++) {
		const struct file_rule *file = &policy->files[at];

		assert_true(file->path[0] == '/' || path_text(file->path) != file->path);
		assert_non_null(file->why);
		for (size_t other = 0; other < at; other++)
			assert_string_not_equal(policy->files[other].path, file->path);
	}
}

static void
files_and_ports_are_sound(void **state)
{
	(void)state;
	for_each_worker(process)
	{
		const struct policy *policy = policies[process];

		for (size_t at = 0; at < policy->file_count; at++) {
			const struct file_rule *file = &policy->files[at];

			assert_true(file->path[0] == '/' || strcmp(file->path, "@self") == 0 ||
				    strcmp(file->path, "@loader") == 0 ||
				    strcmp(file->path, "@ca") == 0);
			assert_non_null(file->why);
			/* Nothing is executed once a worker is ready. */
			assert_false(file->access == FILE_EXECUTE && file->while_running);
			for (size_t other = 0; other < at; other++)
				assert_string_not_equal(policy->files[other].path, file->path);
		}
		assert_true(policy->port_count > 0);
		for (size_t at = 0; at < policy->port_count; at++)
			assert_in_range(policy->ports[at].source, 0, PORT_SOURCE_COUNT - 1);
	}
}

static bool
has_limit(const struct policy *policy, int resource, uint64_t value)
{
	for (size_t at = 0; at < policy->limit_count; at++)
		if (policy->limits[at].resource == resource)
			return policy->limits[at].value == value;
	return false;
}

static void
limits_are_set_once(void **state)
{
	(void)state;
	for_each_worker(process)
	{
		const struct policy *policy = policies[process];

		assert_true(has_limit(policy, RLIMIT_CORE, 0));
		assert_true(has_limit(policy, RLIMIT_FSIZE, 0));
		assert_true(has_limit(policy, RLIMIT_NPROC, 0));
		for (size_t at = 0; at < policy->limit_count; at++) {
			assert_in_range(policy->limits[at].resource, 0, RLIM_NLIMITS - 1);
			for (size_t other = 0; other < at; other++)
				assert_int_not_equal(policy->limits[other].resource,
				    policy->limits[at].resource);
		}
	}
}

/* ---- the filter's program ---- */

struct program {
	size_t count;
	struct sock_filter instructions[PROGRAM_MAX];
};

static void
build_with(const struct policy *policy, const struct filter_options *options,
    struct program *ret_program)
{
	scmp_filter_ctx filter = NULL;
	const char *step = "";
	int fd = memfd_create("program", MFD_CLOEXEC);
	ssize_t bytes;

	if (seccomp_build(policy, options, &filter, &step) != 0)
		fail_msg("%s", step);
	assert_int_equal(seccomp_export_bpf(filter, fd), 0);
	seccomp_release(filter);
	bytes = pread(fd, ret_program->instructions, sizeof(ret_program->instructions), 0);
	close(fd);
	assert_true(bytes > 0 && (size_t)bytes < sizeof(ret_program->instructions));
	assert_int_equal((size_t)bytes % sizeof(struct sock_filter), 0);
	ret_program->count = (size_t)bytes / sizeof(struct sock_filter);
}

static struct program *
program_of(enum process process, bool unix_socket)
{
	static struct program programs[PROCESS_COUNT][2];
	struct program *program = &programs[process][unix_socket ? 1 : 0];
	struct filter_options options = {
		.unix_socket = unix_socket,
		.pid = policies[process]->with_workers ? 0 : OWN_PID,
	};

	if (program->count == 0)
		build_with(policies[process], &options, program);
	return program;
}

static uint32_t
load(const struct seccomp_data *data, uint32_t at)
{
	uint32_t word;

	assert_true(at % 4 == 0 && at + 4 <= sizeof(*data));
	memcpy(&word, (const char *)data + at, sizeof(word));
	return word;
}

static bool
jumps(const struct sock_filter *instruction, uint32_t accumulator)
{
	switch (BPF_OP(instruction->code)) {
	case BPF_JEQ:
		return accumulator == instruction->k;
	case BPF_JGT:
		return accumulator > instruction->k;
	case BPF_JGE:
		return accumulator >= instruction->k;
	case BPF_JSET:
		return (accumulator & instruction->k) != 0;
	default:
		fail_msg("jump %#x is not known here", instruction->code);
	}
	return false;
}

/* What the filter answers (seccomp(2)).  Only what libseccomp writes is known. */
static uint32_t
run_program(const struct program *program, const struct seccomp_data *data)
{
	uint32_t accumulator = 0;

	for (size_t at = 0; at < program->count; at++) {
		const struct sock_filter *instruction = &program->instructions[at];

		if (instruction->code == (BPF_LD | BPF_W | BPF_ABS))
			accumulator = load(data, instruction->k);
		else if (instruction->code == (BPF_ALU | BPF_AND | BPF_K))
			accumulator &= instruction->k;
		else if (instruction->code == (BPF_JMP | BPF_JA))
			at += instruction->k;
		else if (BPF_CLASS(instruction->code) == BPF_JMP)
			at += jumps(instruction, accumulator) ? instruction->jt : instruction->jf;
		else if (instruction->code == (BPF_RET | BPF_K))
			return instruction->k;
		else
			fail_msg("instruction %#x is not known here", instruction->code);
	}
	fail_msg("the program has no end");
	return SECCOMP_RET_ALLOW;
}

static uint32_t
answer(enum process process, bool unix_socket, int call, const uint64_t arguments[6])
{
	struct seccomp_data data = { .nr = call, .arch = NATIVE_ARCH };

	memcpy(data.args, arguments, sizeof(data.args));
	return run_program(program_of(process, unix_socket), &data);
}

/* ---- calls ---- */

static const struct syscall_rule *
find_rule(const struct call_list *calls, int number)
{
	for (size_t at = 0; at < calls->count; at++)
		if (seccomp_syscall_resolve_name(calls->rules[at]->name) == number)
			return calls->rules[at];
	return NULL;
}

static void
what_is_not_in_the_table_kills(void **state)
{
	static const uint64_t zeros[6], ones[6] = { ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull };

	(void)state;
	for_each_worker(process)
	{
		struct call_list calls = calls_of(policies[process]);

		for (int number = 0; number < CALLS_MAX; number++) {
			const struct syscall_rule *rule = find_rule(&calls, number);
			uint32_t low = answer(process, true, number, zeros);
			uint32_t high = answer(process, true, number, ones);

			if (rule == NULL &&
			    (low != SECCOMP_RET_KILL_PROCESS || high != SECCOMP_RET_KILL_PROCESS))
				fail_msg("%s: call %d passes", processes[process].name, number);
			if (rule != NULL && rule->condition == CONDITION_NONE &&
			    (low != SECCOMP_RET_ALLOW || high != SECCOMP_RET_ALLOW))
				fail_msg("%s: %s does not pass", processes[process].name,
				    rule->name);
			if (rule != NULL && rule->condition != CONDITION_NONE &&
			    rule->condition != CONDITION_ENOSYS && high == SECCOMP_RET_ALLOW)
				fail_msg("%s: %s passes with all bits", processes[process].name,
				    rule->name);
		}
	}
}

static void
foreign_numbers_and_abis_kill(void **state)
{
	static const uint32_t numbers[] = { 0x3fffffffu, 0x7fffffffu, 0x80000000u, 0xffffffffu };
	static const uint32_t archs[] = { AUDIT_ARCH_I386, AUDIT_ARCH_ARM, OTHER_ARCH, 0,
		~NATIVE_ARCH };

	(void)state;
	for_each_worker(process)
	{
		const struct program *program = program_of(process, true);
		struct seccomp_data data = { .arch = NATIVE_ARCH };

		for (size_t at = 0; at < ARRAY_LEN(numbers); at++) {
			data.nr = (int)numbers[at];
			assert_int_equal(run_program(program, &data), SECCOMP_RET_KILL_PROCESS);
		}
		for (uint32_t number = 0; number < CALLS_MAX; number++) {
			data = (struct seccomp_data){ .nr = (int)(number | X32_BIT),
				.arch = NATIVE_ARCH };
			assert_int_equal(run_program(program, &data), SECCOMP_RET_KILL_PROCESS);
			data.nr = (int)number;
			for (size_t at = 0; at < ARRAY_LEN(archs); at++) {
				data.arch = archs[at];
				assert_int_equal(run_program(program, &data),
				    SECCOMP_RET_KILL_PROCESS);
			}
		}
	}
}

/* Who gets what answer: bits of processes. */
#define NOBODY 0u
#define EVERY PROCESS_WORKERS
#define DNS PROCESS_BIT(PROCESS_NAME_RESOLVER)
#define HTTP (PROCESS_WORKERS & ~DNS)
#define WATCHER PROCESS_BIT(PROCESS_DOCKER_WATCHER)
#define KEEPER PROCESS_BIT(PROCESS_TUNNEL_KEEPER)
#define BIT(at) (1u << (at))

struct row {
	const char *what;
	const char *call;
	uint64_t arguments[6];
	unsigned ints; /* the arguments of which the kernel reads the low half only */
	unsigned allowed;
	unsigned allowed_unix; /* in their place where the worker's endpoint is unix:// */
};

#define SOCKET_ROW(text, family, type, protocol, who, who_unix)                               \
	{                                                                                     \
		(text), "socket", { (family), (type), (protocol) }, BIT(0) | BIT(1) | BIT(2), \
		    (who), (who_unix)                                                         \
	}
#define SEND_ROW(text, flags, address, who)                                                  \
	{                                                                                    \
		(text), "sendto", { 5, 0x7fff00001000, 10, (flags), (address), 16 }, BIT(3), \
		    (who), (who)                                                             \
	}

static const struct row rows[] = {
	SOCKET_ROW("TCP", AF_INET, SOCK_STREAM, 0, EVERY, EVERY & ~WATCHER),
	SOCKET_ROW("TCP by name", AF_INET, SOCK_STREAM, IPPROTO_TCP, EVERY, EVERY & ~WATCHER),
	SOCKET_ROW("TCP over IPv6", AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    IPPROTO_TCP, EVERY, EVERY & ~WATCHER),
	SOCKET_ROW("UDP", AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0, DNS, DNS),
	SOCKET_ROW("UDP by name", AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP, DNS, DNS),
	SOCKET_ROW("UDP-Lite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, NOBODY, 0),
	SOCKET_ROW("ICMP", AF_INET, SOCK_DGRAM, IPPROTO_ICMP, NOBODY, 0),
	SOCKET_ROW("TCP as a datagram", AF_INET, SOCK_DGRAM, IPPROTO_TCP, NOBODY, 0),
	SOCKET_ROW("UDP as a stream", AF_INET, SOCK_STREAM, IPPROTO_UDP, NOBODY, 0),
	SOCKET_ROW("MPTCP", AF_INET, SOCK_STREAM, IPPROTO_MPTCP, NOBODY, 0),
	SOCKET_ROW("MPTCP over IPv6", AF_INET6, SOCK_STREAM, IPPROTO_MPTCP, NOBODY, 0),
	SOCKET_ROW("SCTP", AF_INET, SOCK_STREAM, IPPROTO_SCTP, NOBODY, 0),
	SOCKET_ROW("raw", AF_INET, SOCK_RAW, IPPROTO_TCP, NOBODY, 0),
	SOCKET_ROW("unix", AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, NOBODY, WATCHER | KEEPER),
	SOCKET_ROW("unix datagram", AF_UNIX, SOCK_DGRAM, 0, NOBODY, 0),
	SOCKET_ROW("unix packets", AF_UNIX, SOCK_SEQPACKET, 0, NOBODY, 0),
	SOCKET_ROW("unix with a protocol", AF_UNIX, SOCK_STREAM, 1, NOBODY, 0),
	SOCKET_ROW("netlink", AF_NETLINK, SOCK_RAW, 0, NOBODY, 0),
	SOCKET_ROW("netlink as a stream", AF_NETLINK, SOCK_STREAM, 0, NOBODY, 0),
	SOCKET_ROW("packets", AF_PACKET, SOCK_RAW, 0, NOBODY, 0),
	SOCKET_ROW("vsock", AF_VSOCK, SOCK_STREAM, 0, NOBODY, 0),
	SOCKET_ROW("algorithms", AF_ALG, SOCK_SEQPACKET, 0, NOBODY, 0),
	SOCKET_ROW("no family", AF_UNSPEC, SOCK_STREAM, 0, NOBODY, 0),
	SOCKET_ROW("a flag that is not known", AF_INET, SOCK_STREAM | 0x10, 0, NOBODY, 0),
	SOCKET_ROW("a negative protocol", AF_INET, SOCK_STREAM, 0xffffffff, NOBODY, 0),

	SEND_ROW("to the peer", 0, 0, EVERY),
	SEND_ROW("with good flags", MSG_NOSIGNAL | MSG_DONTWAIT, 0, EVERY),
	SEND_ROW("to an address", MSG_NOSIGNAL, 0x7fff00002000, DNS),
	SEND_ROW("to an address above", 0, 0x100000000, DNS),
	SEND_ROW("with fast open", MSG_FASTOPEN, 0x7fff00002000, NOBODY),
	SEND_ROW("with fast open and no address", MSG_FASTOPEN | MSG_NOSIGNAL, 0, NOBODY),
	SEND_ROW("out of band", MSG_OOB, 0, NOBODY),
	SEND_ROW("with a flag that is not known", 0x80000000, 0, NOBODY),

	{ "frames", "sendmsg", { 3, 0x7fff00001000, MSG_NOSIGNAL | MSG_DONTWAIT }, BIT(2), EVERY,
	    EVERY },
	{ "fast open", "sendmsg", { 3, 0x7fff00001000, MSG_FASTOPEN }, BIT(2), NOBODY, 0 },
	{ "out of band", "sendmsg", { 3, 0x7fff00001000, MSG_OOB }, BIT(2), NOBODY, 0 },
	{ "frames", "recvmsg", { 3, 0x7fff00001000, MSG_CMSG_CLOEXEC | MSG_DONTWAIT }, BIT(2),
	    EVERY, EVERY },
	{ "no flag", "recvmsg", { 3, 0x7fff00001000, 0 }, BIT(2), EVERY, EVERY },
	{ "peeking", "recvmsg", { 3, 0x7fff00001000, MSG_PEEK }, BIT(2), NOBODY, 0 },
	{ "errors", "recvmsg", { 3, 0x7fff00001000, MSG_ERRQUEUE }, BIT(2), NOBODY, 0 },

	{ "data", "mmap", { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS }, BIT(2),
	    EVERY, EVERY },
	{ "guards", "mmap", { 0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS }, BIT(2), EVERY,
	    EVERY },
	{ "shared memory", "mmap", { 0, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS },
	    BIT(2) | BIT(3), NOBODY, NOBODY },
	{ "a stack", "mmap", { 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN },
	    BIT(2) | BIT(3), NOBODY, NOBODY },
	{ "code", "mmap", { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE }, BIT(2), NOBODY, 0 },
	{ "code alone", "mmap", { 0, 4096, PROT_EXEC, MAP_PRIVATE }, BIT(2), NOBODY, 0 },
	{ "writable code", "mmap", { 0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS }, BIT(2), NOBODY, 0 },
	{ "code among unknown bits", "mmap", { 0, 4096, 0xffffffff, MAP_PRIVATE }, BIT(2), NOBODY,
	    0 },
	{ "data", "mprotect", { 0x7fff00001000, 4096, PROT_READ }, BIT(2), EVERY, EVERY },
	{ "code", "mprotect", { 0x7fff00001000, 4096, PROT_READ | PROT_EXEC }, BIT(2), NOBODY, 0 },
	{ "code downwards", "mprotect", { 0x7fff00001000, 4096, PROT_EXEC | PROT_GROWSDOWN },
	    BIT(2), NOBODY, 0 },
	{ "code with a key", "pkey_mprotect", { 0x7fff00001000, 4096, PROT_READ, -1ull }, BIT(2),
	    NOBODY, 0 },

	{ "itself", "tgkill", { OWN_PID, OWN_PID, 6 }, BIT(0), EVERY, EVERY },
	{ "another", "tgkill", { OWN_PID + 1, OWN_PID, 6 }, BIT(0), NOBODY, 0 },
	{ "its group", "tgkill", { 0, OWN_PID, 9 }, BIT(0), NOBODY, 0 },
	{ "everybody", "tgkill", { 0xffffffff, OWN_PID, 9 }, BIT(0), NOBODY, 0 },

	{ "F_GETFL", "fcntl", { 3, F_GETFL }, BIT(1), EVERY, EVERY },
	{ "F_SETFL", "fcntl", { 3, F_SETFL, O_NONBLOCK }, BIT(1), EVERY, EVERY },
	{ "F_GETFD", "fcntl", { 3, F_GETFD }, BIT(1), EVERY, EVERY },
	{ "F_SETFD", "fcntl", { 3, F_SETFD, FD_CLOEXEC }, BIT(1), EVERY, EVERY },
	{ "F_DUPFD", "fcntl", { 3, F_DUPFD, 10 }, BIT(1), NOBODY, 0 },
	{ "F_DUPFD_CLOEXEC", "fcntl", { 3, F_DUPFD_CLOEXEC, 10 }, BIT(1), NOBODY, 0 },
	{ "F_SETOWN", "fcntl", { 3, F_SETOWN, 1 }, BIT(1), NOBODY, 0 },
	{ "F_SETSIG", "fcntl", { 3, F_SETSIG, 9 }, BIT(1), NOBODY, 0 },
	{ "F_SETPIPE_SZ", "fcntl", { 2, F_SETPIPE_SZ, 1 << 20 }, BIT(1), NOBODY, 0 },

	{ "MADV_DONTNEED", "madvise", { 0x1000, 4096, MADV_DONTNEED }, BIT(2), EVERY, EVERY },
	{ "MADV_FREE", "madvise", { 0x1000, 4096, MADV_FREE }, BIT(2), EVERY, EVERY },
	{ "MADV_DONTDUMP", "madvise", { 0x1000, 4096, MADV_DONTDUMP }, BIT(2), EVERY, EVERY },
	{ "MADV_DODUMP", "madvise", { 0x1000, 4096, MADV_DODUMP }, BIT(2), NOBODY, 0 },
	{ "MADV_REMOVE", "madvise", { 0x1000, 4096, MADV_REMOVE }, BIT(2), NOBODY, 0 },
	{ "MADV_HWPOISON", "madvise", { 0x1000, 4096, MADV_HWPOISON }, BIT(2), NOBODY, 0 },

	{ "no delay", "setsockopt", { 4, IPPROTO_TCP, TCP_NODELAY }, BIT(1) | BIT(2), EVERY,
	    EVERY },
	{ "keep-alive", "setsockopt", { 4, SOL_SOCKET, SO_KEEPALIVE }, BIT(1) | BIT(2), EVERY,
	    EVERY },
	{ "its time", "setsockopt", { 4, IPPROTO_TCP, TCP_KEEPIDLE }, BIT(1) | BIT(2), EVERY,
	    EVERY },
	{ "its pause", "setsockopt", { 4, IPPROTO_TCP, TCP_KEEPINTVL }, BIT(1) | BIT(2), EVERY,
	    EVERY },
	{ "a name of another level", "setsockopt", { 4, SOL_SOCKET, TCP_KEEPIDLE }, BIT(1) | BIT(2),
	    NOBODY, NOBODY },
	{ "another congestion control", "setsockopt", { 4, IPPROTO_TCP, TCP_CONGESTION },
	    BIT(1) | BIT(2), NOBODY, NOBODY },
	{ "another protocol on top", "setsockopt", { 4, IPPROTO_TCP, TCP_ULP }, BIT(1) | BIT(2),
	    NOBODY, NOBODY },
	{ "a filter", "setsockopt", { 4, SOL_SOCKET, SO_ATTACH_FILTER }, BIT(1) | BIT(2), NOBODY,
	    NOBODY },
	{ "netfilter", "setsockopt", { 4, IPPROTO_IP, 64 }, BIT(1) | BIT(2), NOBODY, NOBODY },
	{ "its error", "getsockopt", { 4, SOL_SOCKET, SO_ERROR }, BIT(1) | BIT(2), HTTP, HTTP },
	{ "its peer's groups", "getsockopt", { 4, SOL_SOCKET, SO_PEERGROUPS }, BIT(1) | BIT(2),
	    NOBODY, NOBODY },
	{ "TCP's inside", "getsockopt", { 4, IPPROTO_TCP, TCP_INFO }, BIT(1) | BIT(2), NOBODY,
	    NOBODY },

	{ "reading", "openat", { 0xffffff9c, 0x1000, O_RDONLY | O_CLOEXEC | O_NONBLOCK }, BIT(2),
	    DNS, DNS },
	{ "a folder", "openat", { 0xffffff9c, 0x1000, O_DIRECTORY }, BIT(2), DNS, DNS },
	{ "writing", "openat", { 0xffffff9c, 0x1000, O_WRONLY }, BIT(2), NOBODY, 0 },
	{ "both", "openat", { 0xffffff9c, 0x1000, O_RDWR }, BIT(2), NOBODY, 0 },
	{ "ioctl only", "openat", { 0xffffff9c, 0x1000, 3 }, BIT(2), NOBODY, 0 },
	{ "making", "openat", { 0xffffff9c, 0x1000, O_CREAT }, BIT(2), NOBODY, 0 },
	{ "cutting", "openat", { 0xffffff9c, 0x1000, O_TRUNC }, BIT(2), NOBODY, 0 },
	{ "a nameless file", "openat", { 0xffffff9c, 0x1000, O_TMPFILE }, BIT(2), NOBODY, 0 },
	{ "a place", "openat", { 0xffffff9c, 0x1000, O_PATH }, BIT(2), NOBODY, 0 },
};

static void
expect_answer(const struct row *row, enum process process, bool unix_socket)
{
	int call = seccomp_syscall_resolve_name(row->call);
	unsigned allowed = unix_socket ? row->allowed_unix : row->allowed;
	uint32_t expected = (allowed & PROCESS_BIT(process)) != 0 ? SECCOMP_RET_ALLOW :
								    SECCOMP_RET_KILL_PROCESS;
	uint64_t arguments[6];

	memcpy(arguments, row->arguments, sizeof(arguments));
	if (answer(process, unix_socket, call, arguments) != expected)
		fail_msg("%s: %s, %s: %s expected", processes[process].name, row->call, row->what,
		    expected == SECCOMP_RET_ALLOW ? "allowed" : "killed");
	/* Registers are 64 bits wide, an int is not: what is above must not change the answer. */
	for (unsigned at = 0; at < ARRAY_LEN(arguments); at++)
		if ((row->ints & BIT(at)) != 0)
			arguments[at] |= GARBAGE;
	if (answer(process, unix_socket, call, arguments) != expected)
		fail_msg("%s: %s, %s, with garbage above: %s expected", processes[process].name,
		    row->call, row->what, expected == SECCOMP_RET_ALLOW ? "allowed" : "killed");
}

static void
arguments_are_judged(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++)
		for_each_worker(process)
		{
			expect_answer(&rows[at], process, false);
			expect_answer(&rows[at], process, true);
		}
}

static void
threads_are_answered_by_enosys(void **state)
{
	static const uint64_t arguments[6];

	(void)state;
	for_each_worker(process)
	{
		assert_int_equal(answer(process, false, SCMP_SYS(clone3), arguments),
		    SECCOMP_RET_ERRNO | ENOSYS);
		assert_int_equal(answer(process, false, SCMP_SYS(clone), arguments),
		    SECCOMP_RET_KILL_PROCESS);
	}
}

/* Known by name, so that one that comes into a table by mistake is seen here. */
static void
some_calls_are_nobodys(void **state)
{
	static const char *const names[] = { "execve", "execveat", "fork", "vfork", "clone",
		"ptrace", "bind", "listen", "accept", "accept4", "kill", "tkill", "open", "creat",
		"unlink", "unlinkat", "rename", "mkdir", "chmod", "setuid", "setresuid",
		"setgroups", "capset", "prctl", "seccomp", "arch_prctl", "personality", "bpf",
		"io_uring_setup", "process_vm_readv", "process_vm_writev", "pidfd_open",
		"pidfd_getfd", "memfd_create", "userfaultfd", "perf_event_open", "mount", "unshare",
		"setns", "chroot", "keyctl", "add_key", "shmat", "sendmmsg", "dup", "dup2", "dup3",
		"pipe2", "socketpair", "openat2", "open_by_handle_at", "landlock_restrict_self",
		"prlimit64", "setrlimit", "ioctl", "sched_setaffinity", "timer_create",
		"remap_file_pages" };

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(names); at++) {
		static const uint64_t arguments[6];
		int call = seccomp_syscall_resolve_name(names[at]);

		assert_int_not_equal(call, __NR_SCMP_ERROR);
		if (call < 0)
			continue; /* not of this architecture */
		for_each_worker(
		    process) if (answer(process, true, call, arguments) != SECCOMP_RET_KILL_PROCESS)
		    fail_msg("%s may %s", processes[process].name, names[at]);
	}
}

/* ---- the supervisor ---- */

/* Its filter is inherited: what a worker may do, it must let through. */
static void
the_supervisors_holds_every_workers(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		int call = seccomp_syscall_resolve_name(row->call);

		for (unsigned with_unix = 0; with_unix < 2; with_unix++)
			if ((with_unix != 0 ? row->allowed_unix : row->allowed) != NOBODY)
				assert_int_equal(answer(PROCESS_SUPERVISOR, with_unix != 0, call,
						     row->arguments),
				    SECCOMP_RET_ALLOW);
	}
	for_each_worker(process)
	{
		struct call_list calls = calls_of(policies[process]);
		static const uint64_t arguments[6];

		for (size_t at = 0; at < calls.count; at++) {
			int call = seccomp_syscall_resolve_name(calls.rules[at]->name);

			if (call >= 0 && calls.rules[at]->condition == CONDITION_NONE)
				assert_int_equal(answer(PROCESS_SUPERVISOR, true, call, arguments),
				    SECCOMP_RET_ALLOW);
		}
	}
}

static const struct row supervisor_rows[] = {
	SOCKET_ROW("UDP-Lite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, 0, 0),
	SOCKET_ROW("MPTCP", AF_INET, SOCK_STREAM, IPPROTO_MPTCP, 0, 0),
	SOCKET_ROW("unix", AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, 0, 1),
	SOCKET_ROW("netlink", AF_NETLINK, SOCK_RAW, 0, 0, 0),
	SOCKET_ROW("packets", AF_PACKET, SOCK_RAW, 0, 0, 0),
	/* Both conditions of mmap are in its groups: the wider one must win. */
	{ "a library", "mmap", { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 3 }, BIT(2) | BIT(3),
	    1, 1 },
	{ "a library", "mprotect", { 0x7fff00001000, 4096, PROT_READ | PROT_EXEC }, BIT(2), 1, 1 },
	{ "fork", "clone", { CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD }, BIT(0), 1, 1 },
	{ "a thread", "clone", { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | SIGCHLD }, BIT(0), 0,
	    0 },
	{ "a user namespace", "clone", { CLONE_NEWUSER | SIGCHLD }, BIT(0), 0, 0 },
	{ "end it", "kill", { 4711, SIGKILL }, BIT(1), 1, 1 },
	{ "stop it", "kill", { 4711, SIGSTOP }, BIT(1), 0, 0 },
	{ "a pair", "socketpair", { AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0 },
	    BIT(0) | BIT(1) | BIT(2), 1, 1 },
	{ "a pair of datagrams", "socketpair", { AF_UNIX, SOCK_DGRAM, 0 }, BIT(0) | BIT(1) | BIT(2),
	    0, 0 },
	{ "another's limits", "prlimit64", { 4711, RLIMIT_NOFILE }, BIT(0), 0, 0 },
	{ "its own", "prlimit64", { 0, RLIMIT_NOFILE }, BIT(0), 1, 1 },
	{ "no new privileges", "prctl", { PR_SET_NO_NEW_PRIVS, 1 }, BIT(0), 1, 1 },
	{ "another name", "prctl", { PR_SET_NAME }, BIT(0), 0, 0 },
	{ "a tracer", "prctl", { PR_SET_PTRACER }, BIT(0), 0, 0 },
	{ "kept capabilities", "prctl", { PR_SET_KEEPCAPS, 1 }, BIT(0), 0, 0 },
	{ "more bits", "prctl", { PR_SET_SECUREBITS }, BIT(0), 0, 0 },
	{ "F_DUPFD_CLOEXEC", "fcntl", { 3, F_DUPFD_CLOEXEC, 10 }, BIT(1), 1, 1 },
	{ "F_SETOWN", "fcntl", { 3, F_SETOWN, 1 }, BIT(1), 0, 0 },
};

static void
expect_supervisors(const struct row *row, const uint64_t arguments[6])
{
	int call = seccomp_syscall_resolve_name(row->call);

	for (unsigned with_unix = 0; with_unix < 2; with_unix++) {
		uint32_t told = answer(PROCESS_SUPERVISOR, with_unix != 0, call, arguments);
		unsigned allowed = with_unix != 0 ? row->allowed_unix : row->allowed;

		if ((told == SECCOMP_RET_ALLOW) != (allowed != 0))
			fail_msg("%s, %s", row->call, row->what);
	}
}

static void
the_supervisors_judges_arguments(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(supervisor_rows); at++) {
		const struct row *row = &supervisor_rows[at];
		uint64_t arguments[6];

		memcpy(arguments, row->arguments, sizeof(arguments));
		expect_supervisors(row, arguments);
		for (unsigned argument = 0; argument < ARRAY_LEN(arguments); argument++)
			if ((row->ints & BIT(argument)) != 0)
				arguments[argument] |= GARBAGE;
		expect_supervisors(row, arguments);
	}
}

static void
some_calls_are_not_even_the_supervisors(void **state)
{
	static const char *const names[] = { "execveat", "vfork", "ptrace", "bind", "listen",
		"tkill", "creat", "mkdir", "chmod", "chown", "setuid", "personality", "bpf",
		"io_uring_setup", "process_vm_readv", "process_vm_writev", "pidfd_open",
		"pidfd_getfd", "memfd_create", "userfaultfd", "perf_event_open", "mount", "umount2",
		"unshare", "setns", "chroot", "pivot_root", "keyctl", "add_key", "shmat",
		"sendmmsg", "open_by_handle_at", "ioctl", "init_module", "kexec_load", "symlink",
		"linkat", "mknodat", "swapon", "reboot", "settimeofday", "iopl", "msgget" };

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(names); at++) {
		static const uint64_t arguments[6];
		int call = seccomp_syscall_resolve_name(names[at]);

		assert_int_not_equal(call, __NR_SCMP_ERROR);
		if (call >= 0 &&
		    answer(PROCESS_SUPERVISOR, true, call, arguments) != SECCOMP_RET_KILL_PROCESS)
			fail_msg("the supervisor may %s", names[at]);
	}
}

/* SANDBOX_LOG: a signal that may be caught; never for a foreign ABI. */
static void
a_logged_denial_is_a_trap(void **state)
{
	static const struct filter_options options = { .pid = OWN_PID, .trap = true };
	static const struct syscall_rule rules[] = { { "read", CONDITION_NONE, NULL },
		{ "mmap2", CONDITION_NONE, "another architecture's: passed over" } };
	static const struct policy policy = { .syscall_count = 2, .syscalls = rules };
	static struct program program;
	struct seccomp_data data = { .nr = SCMP_SYS(read), .arch = NATIVE_ARCH };

	(void)state;
	build_with(&policy, &options, &program);
	assert_int_equal(run_program(&program, &data), SECCOMP_RET_ALLOW);
	data.nr = SCMP_SYS(write);
	assert_int_equal(run_program(&program, &data), SECCOMP_RET_TRAP);
	data.arch = OTHER_ARCH;
	assert_int_equal(run_program(&program, &data), SECCOMP_RET_KILL_PROCESS);
}

static void
an_unknown_call_is_an_error(void **state)
{
	static const struct syscall_rule rules[] = { { "read", CONDITION_NONE, NULL },
		{ "no_such_call", CONDITION_NONE, NULL } };
	static const struct policy policy = { .syscall_count = 2, .syscalls = rules };
	static const struct filter_options options = { .pid = OWN_PID };
	scmp_filter_ctx filter = NULL;
	const char *step = NULL;

	(void)state;
	assert_int_equal(seccomp_build(&policy, &options, &filter, &step), -ENOENT);
	assert_string_equal(step, "no_such_call");
	assert_null(filter);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_has_its_policy),
		cmocka_unit_test(calls_are_known_and_named_once),
		cmocka_unit_test(files_and_ports_are_sound),
		cmocka_unit_test(the_supervisors_paths_are_sound),
		cmocka_unit_test(limits_are_set_once),
		cmocka_unit_test(what_is_not_in_the_table_kills),
		cmocka_unit_test(foreign_numbers_and_abis_kill),
		cmocka_unit_test(arguments_are_judged),
		cmocka_unit_test(threads_are_answered_by_enosys),
		cmocka_unit_test(some_calls_are_nobodys),
		cmocka_unit_test(the_supervisors_holds_every_workers),
		cmocka_unit_test(the_supervisors_judges_arguments),
		cmocka_unit_test(some_calls_are_not_even_the_supervisors),
		cmocka_unit_test(a_logged_denial_is_a_trap),
		cmocka_unit_test(an_unknown_call_is_an_error),
	};

	return RUN_TESTS(tests);
}
