/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each condition on arguments, wherever a filter has it: a value that it lets through, and for each
 * argument that it judges a value beside it that it does not.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "policy/mdwe.h"
#include "tests/unit/filters.h"

enum endpoint {
	ANY,
	PLAIN, /* only where the Docker endpoint is not unix:// */
	UNIX,  /* only where it is */
};

#define BIT(at) (1u << (at))
#define NOBODY 0u
#define INET (BIT(CONDITION_TCP) | BIT(CONDITION_TCP_UDP) | BIT(CONDITION_TCP_DOCKER))

struct sample {
	enum condition condition;
	enum endpoint endpoint;
	uint64_t allowed[6];
	unsigned at; /* this argument is then … */
	uint64_t mutated;
	unsigned wider; /* conditions that let that pass: they win where the call has them too */
};

#define NET_TCP                         \
	{                               \
		AF_INET, SOCK_STREAM, 0 \
	}
#define NET_UDP                                   \
	{                                         \
		AF_INET6, SOCK_DGRAM, IPPROTO_UDP \
	}
#define LOCAL                                          \
	{                                              \
		AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0 \
	}
#define FRAME                                                                     \
	{                                                                         \
		3, 0x7fff00001000, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_CMSG_CLOEXEC \
	}
#define QUESTION                                                         \
	{                                                                \
		5, 0x7fff00001000, 10, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0 \
	}
#define MEMORY                                                                                \
	{                                                                                     \
		0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0 \
	}

static const struct sample samples[] = {
	{ CONDITION_TCP, ANY, NET_TCP, 0, AF_NETLINK, NOBODY },
	{ CONDITION_TCP, PLAIN, NET_TCP, 0, AF_UNIX, NOBODY },
	{ CONDITION_TCP, ANY, NET_TCP, 1, SOCK_DGRAM, BIT(CONDITION_TCP_UDP) },
	{ CONDITION_TCP, ANY, NET_TCP, 1, SOCK_RAW, NOBODY },
	{ CONDITION_TCP, ANY, NET_TCP, 2, IPPROTO_MPTCP, NOBODY },
	{ CONDITION_TCP_UDP, ANY, NET_TCP, 2, IPPROTO_UDP, NOBODY },
	{ CONDITION_TCP_UDP, ANY, NET_UDP, 0, AF_PACKET, NOBODY },
	{ CONDITION_TCP_UDP, ANY, NET_UDP, 1, SOCK_RAW, NOBODY },
	{ CONDITION_TCP_UDP, ANY, NET_UDP, 2, IPPROTO_UDPLITE, NOBODY },
	{ CONDITION_DOCKER, PLAIN, NET_TCP, 0, AF_UNIX, NOBODY },
	{ CONDITION_DOCKER, PLAIN, NET_TCP, 1, SOCK_RAW, NOBODY },
	{ CONDITION_DOCKER, PLAIN, NET_TCP, 2, IPPROTO_SCTP, NOBODY },
	{ CONDITION_DOCKER, UNIX, LOCAL, 0, AF_INET, INET },
	{ CONDITION_DOCKER, UNIX, LOCAL, 1, SOCK_SEQPACKET, NOBODY },
	{ CONDITION_DOCKER, UNIX, LOCAL, 2, 1, NOBODY },
	{ CONDITION_TCP_DOCKER, PLAIN, NET_TCP, 0, AF_UNIX, NOBODY },
	{ CONDITION_TCP_DOCKER, UNIX, LOCAL, 0, AF_VSOCK, NOBODY },
	{ CONDITION_TCP_DOCKER, UNIX, LOCAL, 1, SOCK_DGRAM, NOBODY },
	{ CONDITION_TCP_DOCKER, ANY, NET_TCP, 2, IPPROTO_MPTCP, NOBODY },
	{ CONDITION_UNIX_PAIR, ANY, LOCAL, 0, AF_INET, NOBODY },
	{ CONDITION_UNIX_PAIR, ANY, LOCAL, 1, SOCK_DGRAM, NOBODY },
	{ CONDITION_UNIX_PAIR, ANY, LOCAL, 2, 1, NOBODY },
	{ CONDITION_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_NODELAY }, 1, SOL_SOCKET, NOBODY },
	{ CONDITION_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_KEEPCNT }, 2, TCP_ULP, NOBODY },
	{ CONDITION_GET_OPTION, ANY, { 4, SOL_SOCKET, SO_ERROR }, 1, IPPROTO_TCP, NOBODY },
	{ CONDITION_GET_OPTION, ANY, { 4, SOL_SOCKET, SO_ERROR }, 2, SO_PEERGROUPS, NOBODY },
	{ CONDITION_SEND_FLAGS, ANY, QUESTION, 3, MSG_FASTOPEN, NOBODY },
	{ CONDITION_SEND_FLAGS, ANY, QUESTION, 4, 0x7fff00002000, BIT(CONDITION_SEND_ANY_ADDRESS) },
	{ CONDITION_SEND_ANY_ADDRESS, ANY, QUESTION, 3, MSG_OOB, NOBODY },
	{ CONDITION_MESSAGE_FLAGS, ANY, FRAME, 2, MSG_FASTOPEN, NOBODY },
	{ CONDITION_NOT_EXECUTABLE, ANY, { 0x1000, 4096, PROT_READ }, 2, PROT_READ | PROT_EXEC,
	    NOBODY },
	{ CONDITION_PRIVATE_MEMORY, ANY, MEMORY, 2, PROT_READ | PROT_EXEC, NOBODY },
	{ CONDITION_PRIVATE_MEMORY, ANY, MEMORY, 3, MAP_SHARED | MAP_ANONYMOUS, NOBODY },
	{ CONDITION_PRIVATE_MEMORY, ANY, MEMORY, 3, MAP_PRIVATE | MAP_GROWSDOWN, NOBODY },
	{ CONDITION_FCNTL, ANY, { 3, F_GETFD }, 1, F_SETOWN, NOBODY },
	{ CONDITION_FCNTL, ANY, { 3, F_SETFL, O_NONBLOCK }, 1, F_DUPFD_CLOEXEC,
	    BIT(CONDITION_FCNTL_DUP) },
	{ CONDITION_OWN_PID, ANY, { OWN_PID, OWN_PID, SIGABRT }, 0, OWN_PID + 1, NOBODY },
	{ CONDITION_READ_ONLY, ANY, { 0xffffff9c, 0x1000, O_CLOEXEC }, 2, O_WRONLY, NOBODY },
	{ CONDITION_READ_ONLY, ANY, { 0xffffff9c, 0x1000, O_NONBLOCK }, 2, O_CREAT, NOBODY },
	{ CONDITION_READ_ONLY, ANY, { 0xffffff9c, 0x1000, O_RDONLY }, 2, O_TRUNC, NOBODY },
	{ CONDITION_READ_ONLY, ANY, { 0xffffff9c, 0x1000, O_RDONLY }, 2, O_APPEND, NOBODY },
	{ CONDITION_MADVISE, ANY, { 0x1000, 4096, MADV_WIPEONFORK }, 2, MADV_REMOVE, NOBODY },
	{ CONDITION_FCNTL_DUP, ANY, { 3, F_DUPFD_CLOEXEC, 10 }, 1, F_DUPFD, NOBODY },
	{ CONDITION_FORK, ANY, { CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD }, 0,
	    CLONE_NEWUSER | SIGCHLD, NOBODY },
	{ CONDITION_SIGKILL, ANY, { 4711, SIGKILL }, 1, SIGSTOP, NOBODY },
	{ CONDITION_OWN_LIMITS, ANY, { 0, RLIMIT_NOFILE }, 0, 4711, NOBODY },
	{ CONDITION_PRCTL, ANY, { PR_SET_DUMPABLE, 0 }, 0, PR_SET_SECUREBITS, NOBODY },
	{ CONDITION_PRCTL, ANY, { PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN }, 0, PR_SET_NAME, NOBODY },
};

static bool
is_due(const struct sample *sample, const struct filter *filter)
{
	return sample->endpoint == ANY || (sample->endpoint == UNIX) == filter->unix_socket;
}

/* Whether another rule of the same call, or the filter itself, lets the mutated value through. */
static bool
is_wider(const struct filter *filter, int number, const struct sample *sample)
{
	for (size_t at = 0; at < filter->rule_count; at++) {
		enum condition condition = filter->rules[at].rule->condition;

		if (filter->rules[at].number == number &&
		    (filter_is_plain(filter, condition) || (sample->wider & BIT(condition)) != 0))
			return true;
	}
	return false;
}

static void
expect_sample(const struct filter *filter, const struct numbered_rule *rule,
    const struct sample *sample)
{
	uint64_t arguments[6];
	uint32_t expected = is_wider(filter, rule->number, sample) ? SECCOMP_RET_ALLOW :
								     SECCOMP_RET_KILL_PROCESS;

	memcpy(arguments, sample->allowed, sizeof(arguments));
	if (filter_answer(filter, rule->number, arguments) != SECCOMP_RET_ALLOW)
		fail_msg("%s: %s, sample %zd is not allowed", filter->name, rule->rule->name,
		    sample - samples);
	arguments[sample->at] = sample->mutated;
	if (filter_answer(filter, rule->number, arguments) != expected)
		fail_msg("%s: %s, sample %zd mutated: %s expected", filter->name, rule->rule->name,
		    sample - samples, expected == SECCOMP_RET_ALLOW ? "allowed" : "killed");
}

/* How many samples the rule's condition has. */
static unsigned
expect_rule(const struct filter *filter, const struct numbered_rule *rule)
{
	unsigned count = 0;

	for (size_t at = 0; at < ARRAY_LEN(samples); at++) {
		if (samples[at].condition != rule->rule->condition || !is_due(&samples[at], filter))
			continue;
		expect_sample(filter, rule, &samples[at]);
		count++;
	}
	return count;
}

static void
each_condition_is_what_it_says(void **state)
{
	unsigned met = 0;

	(void)state;
	for (size_t at = 0; at < FILTER_COUNT; at++) {
		const struct filter *filter = filter_at(at);

		for (size_t rule = 0; rule < filter->rule_count; rule++) {
			enum condition condition = filter->rules[rule].rule->condition;

			met |= BIT(condition);
			/* Those two judge nothing: test_policy_calls.c has them. */
			if (condition == CONDITION_NONE || condition == CONDITION_ENOSYS)
				continue;
			assert_true(filter->rules[rule].number >= 0);
			if (expect_rule(filter, &filter->rules[rule]) == 0)
				fail_msg("%s: no sample for %s", filter->name,
				    filter->rules[rule].rule->name);
		}
	}
	assert_int_equal(met, BIT(CONDITION_COUNT) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_condition_is_what_it_says),
	};

	return RUN_TESTS(tests);
}
