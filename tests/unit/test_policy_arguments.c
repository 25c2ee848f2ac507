/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the filters say to many calls, by name and arguments, with all that is known to be dangerous
 * among them.  For each condition as a whole: test_policy_conditions.c.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/unit/filters.h"

#define GARBAGE 0xdeadbeef00000000ull

/* The values are those of both machines, but for O_DIRECTORY and O_NOFOLLOW (and O_TMPFILE by them). */

/* Who gets what answer: bits of processes. */
#define NOBODY 0u
#define EVERY PROCESS_WORKERS
#define DNS PROCESS_BIT(PROCESS_NAME_RESOLVER)
#define FRONTS PROCESS_GATE_FRONTS
#define CONNECT (PROCESS_WORKERS & ~FRONTS)
#define HTTP (CONNECT & ~DNS)
#define SOCKET_ONLY (WATCHER | PROCESS_BIT(PROCESS_GATE_ENGINE))
#define WATCHER PROCESS_BIT(PROCESS_DOCKER_WATCHER)
#define KEEPER PROCESS_BIT(PROCESS_TUNNEL_KEEPER)

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
	SOCKET_ROW("TCP", AF_INET, SOCK_STREAM, 0, CONNECT, CONNECT & ~SOCKET_ONLY),
	SOCKET_ROW("TCP by name", AF_INET, SOCK_STREAM, IPPROTO_TCP, CONNECT,
	    CONNECT & ~SOCKET_ONLY),
	SOCKET_ROW("TCP over IPv6", AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    IPPROTO_TCP, CONNECT, CONNECT & ~SOCKET_ONLY),
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
	SOCKET_ROW("unix", AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, NOBODY, SOCKET_ONLY | KEEPER),
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
	{ "corks", "setsockopt", { 4, IPPROTO_TCP, TCP_CORK }, BIT(1) | BIT(2), FRONTS, FRONTS },
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
	{ "its peer", "getsockopt", { 4, SOL_SOCKET, SO_PEERCRED }, BIT(1) | BIT(2), FRONTS,
	    FRONTS },
	{ "its peer's groups", "getsockopt", { 4, SOL_SOCKET, SO_PEERGROUPS }, BIT(1) | BIT(2),
	    NOBODY, NOBODY },
	{ "TCP's inside", "getsockopt", { 4, IPPROTO_TCP, TCP_INFO }, BIT(1) | BIT(2), NOBODY,
	    NOBODY },

	{ "reading", "openat", { 0xffffff9c, 0x1000, O_RDONLY | O_CLOEXEC | O_NONBLOCK }, BIT(2),
	    DNS, DNS },
	{ "a folder of amd64", "openat", { 0xffffff9c, 0x1000, 0200000 }, BIT(2), DNS, DNS },
	{ "a folder of arm64", "openat", { 0xffffff9c, 0x1000, 040000 }, BIT(2), DNS, DNS },
	{ "writing", "openat", { 0xffffff9c, 0x1000, O_WRONLY }, BIT(2), NOBODY, 0 },
	{ "both", "openat", { 0xffffff9c, 0x1000, O_RDWR }, BIT(2), NOBODY, 0 },
	{ "ioctl only", "openat", { 0xffffff9c, 0x1000, 3 }, BIT(2), NOBODY, 0 },
	{ "making", "openat", { 0xffffff9c, 0x1000, O_CREAT }, BIT(2), NOBODY, 0 },
	{ "cutting", "openat", { 0xffffff9c, 0x1000, O_TRUNC }, BIT(2), NOBODY, 0 },
	{ "a nameless file", "openat", { 0xffffff9c, 0x1000, O_TMPFILE }, BIT(2), NOBODY, 0 },
	{ "a place", "openat", { 0xffffff9c, 0x1000, O_PATH }, BIT(2), NOBODY, 0 },
};

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
expect_answer(const struct filter *filter, const struct row *row, bool allowed)
{
	int number = filter_number(filter, row->call);
	uint32_t expected = allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS;
	uint64_t arguments[6];

	assert_true(number >= 0);
	memcpy(arguments, row->arguments, sizeof(arguments));
	if (filter_answer(filter, number, arguments) != expected)
		fail_msg("%s: %s, %s: %s expected", filter->name, row->call, row->what,
		    allowed ? "allowed" : "killed");
	/* Registers are 64 bits wide, an int is not: what is above must not change the answer. */
	for (unsigned at = 0; at < ARRAY_LEN(arguments); at++)
		if ((row->ints & BIT(at)) != 0)
			arguments[at] |= GARBAGE;
	if (filter_answer(filter, number, arguments) != expected)
		fail_msg("%s: %s, %s, with garbage above: %s expected", filter->name, row->call,
		    row->what, allowed ? "allowed" : "killed");
}

static unsigned
who_may(const struct filter *filter, const struct row *row)
{
	return filter->unix_socket ? row->allowed_unix : row->allowed;
}

static void
arguments_are_judged(void **state)
{
	(void)state;
	for (size_t at = FIRST_WORKERS_FILTER; at < FILTER_COUNT; at++) {
		const struct filter *filter = filter_at(at);

		for (size_t row = 0; row < ARRAY_LEN(rows); row++)
			expect_answer(filter, &rows[row],
			    (who_may(filter, &rows[row]) & PROCESS_BIT(filter->policy->process)) !=
				0);
	}
}

static void
the_supervisors_judges_arguments(void **state)
{
	(void)state;
	for (size_t at = 0; at < FIRST_WORKERS_FILTER; at++) {
		const struct filter *filter = filter_at(at);

		for (size_t row = 0; row < ARRAY_LEN(supervisor_rows); row++)
			expect_answer(filter, &supervisor_rows[row],
			    who_may(filter, &supervisor_rows[row]) != 0);
	}
}

/* Its filter is inherited: what a worker may do, it must let through. */
static void
the_supervisors_holds_every_workers(void **state)
{
	(void)state;
	for (size_t at = 0; at < FIRST_WORKERS_FILTER; at++) {
		const struct filter *filter = filter_at(at);

		unsigned workers = 0;

		for_each_worker_of(filter->policy->program, process)
			workers |= PROCESS_BIT(process);
		for (size_t row = 0; row < ARRAY_LEN(rows); row++)
			if ((who_may(filter, &rows[row]) & workers) != 0)
				expect_answer(filter, &rows[row], true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_judged),
		cmocka_unit_test(the_supervisors_judges_arguments),
		cmocka_unit_test(the_supervisors_holds_every_workers),
	};

	return RUN_TESTS(tests);
}
