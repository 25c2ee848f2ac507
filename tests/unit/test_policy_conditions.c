/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each condition on arguments, wherever a filter has it: a value that it lets through, and for each
 * argument that it judges a value beside it that it does not.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common/buffer.h"
#include "policy/mdwe.h"
#include "policy/texts.h"
#include "tests/unit/filters.h"

enum endpoint {
	ANY,
	PLAIN, /* only where the Docker endpoint is not unix:// */
	UNIX,  /* only where it is */
};

#define NOBODY 0u
#define INET (BIT(CONDITION_TCP) | BIT(CONDITION_TCP_UDP) | BIT(CONDITION_TCP_DOCKER))

struct sample {
	enum condition condition;
	enum endpoint endpoint;
	uint64_t allowed[6];
	unsigned at; /* this argument is then … */
	uint64_t mutated;
	unsigned wider;   /* conditions that let that pass: they win where the call has them too */
	const char *name; /* of the allowed value, where the condition's words are a list of them */
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
	{ CONDITION_TCP, ANY, NET_TCP, 0, AF_NETLINK, NOBODY, NULL },
	{ CONDITION_TCP, PLAIN, NET_TCP, 0, AF_UNIX, NOBODY, NULL },
	{ CONDITION_TCP, ANY, NET_TCP, 1, SOCK_DGRAM, BIT(CONDITION_TCP_UDP), NULL },
	{ CONDITION_TCP, ANY, NET_TCP, 1, SOCK_RAW, NOBODY, NULL },
	{ CONDITION_TCP, ANY, NET_TCP, 2, IPPROTO_MPTCP, NOBODY, NULL },
	{ CONDITION_TCP_UDP, ANY, NET_TCP, 2, IPPROTO_UDP, NOBODY, NULL },
	{ CONDITION_TCP_UDP, ANY, NET_UDP, 0, AF_PACKET, NOBODY, NULL },
	{ CONDITION_TCP_UDP, ANY, NET_UDP, 1, SOCK_RAW, NOBODY, NULL },
	{ CONDITION_TCP_UDP, ANY, NET_UDP, 2, IPPROTO_UDPLITE, NOBODY, NULL },
	{ CONDITION_DOCKER, PLAIN, NET_TCP, 0, AF_UNIX, NOBODY, NULL },
	{ CONDITION_DOCKER, PLAIN, NET_TCP, 1, SOCK_RAW, NOBODY, NULL },
	{ CONDITION_DOCKER, PLAIN, NET_TCP, 2, IPPROTO_SCTP, NOBODY, NULL },
	{ CONDITION_DOCKER, UNIX, LOCAL, 0, AF_INET, INET, NULL },
	{ CONDITION_DOCKER, UNIX, LOCAL, 1, SOCK_SEQPACKET, NOBODY, NULL },
	{ CONDITION_DOCKER, UNIX, LOCAL, 2, 1, NOBODY, NULL },
	{ CONDITION_TCP_DOCKER, PLAIN, NET_TCP, 0, AF_UNIX, NOBODY, NULL },
	{ CONDITION_TCP_DOCKER, UNIX, LOCAL, 0, AF_VSOCK, NOBODY, NULL },
	{ CONDITION_TCP_DOCKER, UNIX, LOCAL, 1, SOCK_DGRAM, NOBODY, NULL },
	{ CONDITION_TCP_DOCKER, ANY, NET_TCP, 2, IPPROTO_MPTCP, NOBODY, NULL },
	{ CONDITION_UNIX_PAIR, ANY, LOCAL, 0, AF_INET, NOBODY, NULL },
	{ CONDITION_UNIX_PAIR, ANY, LOCAL, 1, SOCK_DGRAM, NOBODY, NULL },
	{ CONDITION_UNIX_PAIR, ANY, LOCAL, 2, 1, NOBODY, NULL },
	{ CONDITION_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_NODELAY }, 1, SOL_SOCKET, NOBODY,
	    "TCP_NODELAY" },
	{ CONDITION_SET_OPTION, ANY, { 4, SOL_SOCKET, SO_KEEPALIVE }, 2, SO_ATTACH_FILTER, NOBODY,
	    "SO_KEEPALIVE" },
	{ CONDITION_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_KEEPIDLE }, 1, SOL_SOCKET, NOBODY,
	    "TCP_KEEPIDLE" },
	{ CONDITION_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_KEEPINTVL }, 2, TCP_CONGESTION, NOBODY,
	    "TCP_KEEPINTVL" },
	{ CONDITION_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_KEEPCNT }, 2, TCP_ULP, NOBODY,
	    "TCP_KEEPCNT" },
	{ CONDITION_GET_OPTION, ANY, { 4, SOL_SOCKET, SO_ERROR }, 1, IPPROTO_TCP, NOBODY,
	    "SO_ERROR" },
	{ CONDITION_GET_OPTION, ANY, { 4, SOL_SOCKET, SO_ERROR }, 2, SO_PEERGROUPS, NOBODY, NULL },
	{ CONDITION_SERVE_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_NODELAY }, 1, SOL_SOCKET, NOBODY,
	    "TCP_NODELAY" },
	{ CONDITION_SERVE_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_CORK }, 2, TCP_ULP, NOBODY,
	    "TCP_CORK" },
	{ CONDITION_SERVE_SET_OPTION, ANY, { 4, SOL_SOCKET, SO_KEEPALIVE }, 2, SO_ATTACH_FILTER,
	    NOBODY, "SO_KEEPALIVE" },
	{ CONDITION_SERVE_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_KEEPIDLE }, 1, SOL_SOCKET, NOBODY,
	    "TCP_KEEPIDLE" },
	{ CONDITION_SERVE_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_KEEPINTVL }, 2, TCP_CONGESTION,
	    NOBODY, "TCP_KEEPINTVL" },
	{ CONDITION_SERVE_SET_OPTION, ANY, { 4, IPPROTO_TCP, TCP_KEEPCNT }, 2, TCP_MD5SIG, NOBODY,
	    "TCP_KEEPCNT" },
	{ CONDITION_SERVE_GET_OPTION, ANY, { 4, SOL_SOCKET, SO_PEERCRED }, 1, IPPROTO_TCP, NOBODY,
	    "SO_PEERCRED" },
	{ CONDITION_SERVE_GET_OPTION, ANY, { 4, SOL_SOCKET, SO_PEERCRED }, 2, SO_PEERGROUPS, NOBODY,
	    NULL },
	{ CONDITION_SEND_FLAGS, ANY, QUESTION, 3, MSG_FASTOPEN, NOBODY, NULL },
	{ CONDITION_SEND_FLAGS, ANY, QUESTION, 4, 0x7fff00002000, BIT(CONDITION_SEND_ANY_ADDRESS),
	    NULL },
	{ CONDITION_SEND_ANY_ADDRESS, ANY, QUESTION, 3, MSG_OOB, NOBODY, NULL },
	{ CONDITION_MESSAGE_FLAGS, ANY, FRAME, 2, MSG_FASTOPEN, NOBODY, NULL },
	{ CONDITION_NOT_EXECUTABLE, ANY, { 0x1000, 4096, PROT_READ }, 2, PROT_READ | PROT_EXEC,
	    NOBODY, NULL },
	{ CONDITION_PRIVATE_MEMORY, ANY, MEMORY, 2, PROT_READ | PROT_EXEC, NOBODY, NULL },
	{ CONDITION_PRIVATE_MEMORY, ANY, MEMORY, 3, MAP_SHARED | MAP_ANONYMOUS, NOBODY, NULL },
	{ CONDITION_PRIVATE_MEMORY, ANY, MEMORY, 3, MAP_PRIVATE | MAP_GROWSDOWN, NOBODY, NULL },
	{ CONDITION_FCNTL, ANY, { 3, F_GETFD }, 1, F_SETOWN, NOBODY, "F_GETFD" },
	{ CONDITION_FCNTL, ANY, { 3, F_SETFD }, 1, F_SETLEASE, NOBODY, "F_SETFD" },
	{ CONDITION_FCNTL, ANY, { 3, F_GETFL }, 1, F_SETPIPE_SZ, NOBODY, "F_GETFL" },
	{ CONDITION_FCNTL, ANY, { 3, F_SETFL }, 1, F_DUPFD_CLOEXEC, BIT(CONDITION_FCNTL_DUP),
	    "F_SETFL" },
	{ CONDITION_OWN_PID, ANY, { OWN_PID, OWN_PID, SIGABRT }, 0, OWN_PID + 1, NOBODY, NULL },
	{ CONDITION_READ_ONLY, ANY, { 0xffffff9c, 0x1000, O_CLOEXEC }, 2, O_WRONLY, NOBODY, NULL },
	{ CONDITION_READ_ONLY, ANY, { 0xffffff9c, 0x1000, O_NONBLOCK }, 2, O_CREAT, NOBODY, NULL },
	{ CONDITION_READ_ONLY, ANY, { 0xffffff9c, 0x1000, O_RDONLY }, 2, O_TRUNC, NOBODY, NULL },
	{ CONDITION_READ_ONLY, ANY, { 0xffffff9c, 0x1000, O_RDONLY }, 2, O_APPEND, NOBODY, NULL },
	{ CONDITION_MADVISE, ANY, { 0x1000, 4096, MADV_DONTNEED }, 2, MADV_REMOVE, NOBODY,
	    "MADV_DONTNEED" },
	{ CONDITION_MADVISE, ANY, { 0x1000, 4096, MADV_FREE }, 2, MADV_HWPOISON, NOBODY,
	    "MADV_FREE" },
	{ CONDITION_MADVISE, ANY, { 0x1000, 4096, MADV_DONTDUMP }, 2, MADV_DODUMP, NOBODY,
	    "MADV_DONTDUMP" },
	{ CONDITION_MADVISE, ANY, { 0x1000, 4096, MADV_WIPEONFORK }, 2, MADV_KEEPONFORK, NOBODY,
	    "MADV_WIPEONFORK" },
	{ CONDITION_FCNTL_DUP, ANY, { 3, F_GETFD }, 1, F_SETOWN, NOBODY, "F_GETFD" },
	{ CONDITION_FCNTL_DUP, ANY, { 3, F_SETFD }, 1, F_SETSIG, NOBODY, "F_SETFD" },
	{ CONDITION_FCNTL_DUP, ANY, { 3, F_GETFL }, 1, F_GETLK, NOBODY, "F_GETFL" },
	{ CONDITION_FCNTL_DUP, ANY, { 3, F_SETFL }, 1, F_NOTIFY, NOBODY, "F_SETFL" },
	{ CONDITION_FCNTL_DUP, ANY, { 3, F_DUPFD_CLOEXEC }, 1, F_DUPFD, NOBODY, "F_DUPFD_CLOEXEC" },
	{ CONDITION_FORK, ANY, { CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD }, 0,
	    CLONE_NEWUSER | SIGCHLD, NOBODY, NULL },
	{ CONDITION_SIGKILL, ANY, { 4711, SIGKILL }, 1, SIGSTOP, NOBODY, "SIGKILL" },
	{ CONDITION_OWN_LIMITS, ANY, { 0, RLIMIT_NOFILE }, 0, 4711, NOBODY, NULL },
	{ CONDITION_PRCTL, ANY, { PR_SET_NO_NEW_PRIVS }, 0, PR_SET_SECCOMP, NOBODY,
	    "PR_SET_NO_NEW_PRIVS" },
	{ CONDITION_PRCTL, ANY, { PR_SET_DUMPABLE }, 0, PR_SET_SECUREBITS, NOBODY,
	    "PR_SET_DUMPABLE" },
	{ CONDITION_PRCTL, ANY, { PR_SET_PDEATHSIG }, 0, PR_SET_CHILD_SUBREAPER, NOBODY,
	    "PR_SET_PDEATHSIG" },
	{ CONDITION_PRCTL, ANY, { PR_CAP_AMBIENT }, 0, PR_SET_KEEPCAPS, NOBODY, "PR_CAP_AMBIENT" },
	{ CONDITION_PRCTL, ANY, { PR_CAPBSET_READ }, 0, PR_CAPBSET_DROP, NOBODY,
	    "PR_CAPBSET_READ" },
	{ CONDITION_PRCTL, ANY, { PR_SET_MDWE }, 0, PR_SET_NAME, NOBODY, "PR_SET_MDWE" },
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

/* ---- those that name their values: nothing but what is in a row above ---- */

#define LISTED                                                                                     \
	(BIT(CONDITION_SET_OPTION) | BIT(CONDITION_GET_OPTION) | BIT(CONDITION_SERVE_SET_OPTION) | \
	    BIT(CONDITION_SERVE_GET_OPTION) | BIT(CONDITION_FCNTL) | BIT(CONDITION_FCNTL_DUP) |    \
	    BIT(CONDITION_MADVISE) | BIT(CONDITION_FORK) | BIT(CONDITION_SIGKILL) |                \
	    BIT(CONDITION_OWN_LIMITS) | BIT(CONDITION_PRCTL))
#define VALUES_MAX 1024
#define INT_BITS 32

static bool
has_sample(enum condition condition, const uint64_t arguments[6])
{
	for (size_t at = 0; at < ARRAY_LEN(samples); at++)
		if (samples[at].condition == condition &&
		    memcmp(arguments, samples[at].allowed, sizeof(samples[at].allowed)) == 0)
			return true;
	return false;
}

/* Whether a rule of the call has just these arguments. */
static bool
is_listed(const struct filter *filter, int number, const uint64_t arguments[6])
{
	for (size_t at = 0; at < filter->rule_count; at++)
		if (filter->rules[at].number == number &&
		    has_sample(filter->rules[at].rule->condition, arguments))
			return true;
	return false;
}

/* The call that has this condition in the filter, or -1. */
static int
number_of(const struct filter *filter, enum condition condition)
{
	for (size_t at = 0; at < filter->rule_count; at++)
		if (filter->rules[at].rule->condition == condition)
			return filter->rules[at].number;
	return -1;
}

static void
expect_listed(const struct filter *filter, int number, const struct sample *sample, uint64_t value)
{
	uint64_t arguments[6];

	memcpy(arguments, sample->allowed, sizeof(arguments));
	arguments[sample->at] = value;
	if ((filter_answer(filter, number, arguments) == SECCOMP_RET_ALLOW) !=
	    is_listed(filter, number, arguments))
		fail_msg("%s: call %d, argument %u: %#jx", filter->name, number, sample->at,
		    (uintmax_t)value);
}

/* Small values, and the allowed one with each of its bits turned. */
static void
expect_list(const struct filter *filter, const struct sample *sample)
{
	int number = number_of(filter, sample->condition);

	for (uint64_t value = 0; value < VALUES_MAX && number >= 0; value++)
		expect_listed(filter, number, sample, value);
	for (unsigned bit = 0; bit < INT_BITS && number >= 0; bit++)
		expect_listed(filter, number, sample, sample->allowed[sample->at] ^ BIT(bit));
}

static void
each_list_is_whole(void **state)
{
	(void)state;
	for (size_t at = 0; at < FILTER_COUNT; at++)
		for (size_t sample = 0; sample < ARRAY_LEN(samples); sample++)
			if ((BIT(samples[sample].condition) & LISTED) != 0)
				expect_list(filter_at(at), &samples[sample]);
}

static void
the_words_are_the_list(void **state)
{
	(void)state;
	for (enum condition condition = 0; condition < CONDITION_COUNT; condition++) {
		struct buffer names _cleanup_buffer_ = BUFFER(1024);

		for (size_t at = 0; at < ARRAY_LEN(samples); at++)
			if (samples[at].condition == condition && samples[at].name != NULL)
				buffer_printf(&names, "%s%s", names.length == 0 ? "" : ", ",
				    samples[at].name);
		if (names.length > 0)
			assert_string_equal(names.bytes, condition_texts[condition]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_condition_is_what_it_says),
		cmocka_unit_test(each_list_is_whole),
		cmocka_unit_test(the_words_are_the_list),
	};

	return RUN_TESTS(tests);
}
