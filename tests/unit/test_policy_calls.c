/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The policies' system calls against the filters made from them, for amd64 and for arm64: every
 * number is tried, and passes exactly where the tables name it.  Conditions on arguments:
 * test_policy_conditions.c.  Where the two machines differ: test_policy_arch.c.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/audit.h>

#include "tests/unit/filters.h"

#define CALLS_MAX 1100     /* numbers that are tried; the kernel is far below */
#define CALLS_MIN (-10300) /* libseccomp has names for what a machine lacks from -10001 downwards */
#define X32_BIT 0x40000000u

static const uint64_t zeros[6], ones[6] = { ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull };

static void
calls_are_known_and_named_once(void **state)
{
	(void)state;
	for (size_t at = FIRST_WORKERS_FILTER; at < FILTER_COUNT; at++) {
		const struct filter *filter = filter_at(at);

		for (size_t rule = 0; rule < filter->rule_count; rule++) {
			const char *name = filter->rules[rule].rule->name;

			assert_in_range(filter->rules[rule].rule->condition, CONDITION_NONE,
			    CONDITION_COUNT - 1);
			/* A second rule would widen the first. */
			for (size_t other = 0; other < rule; other++)
				if (strcmp(filter->rules[other].rule->name, name) == 0)
					fail_msg("%s: %s twice", filter->name, name);
		}
	}
}

/* ---- all numbers ---- */

enum due {
	DUE_DENIED,
	DUE_ENOSYS,
	DUE_JUDGED, /* by its arguments */
	DUE_ALLOWED,
};

static const uint32_t answers[] = {
	[DUE_DENIED] = SECCOMP_RET_KILL_PROCESS,
	[DUE_ENOSYS] = SECCOMP_RET_ERRNO | ENOSYS,
	[DUE_ALLOWED] = SECCOMP_RET_ALLOW,
};

/* What the tables say: of several rules for one call the widest holds. */
static enum due
due_of(const struct filter *filter, int number)
{
	enum due due = DUE_DENIED;

	for (size_t at = 0; at < filter->rule_count && number >= 0; at++) {
		enum condition condition = filter->rules[at].rule->condition;
		enum due said = condition == CONDITION_ENOSYS      ? DUE_ENOSYS :
				filter_is_plain(filter, condition) ? DUE_ALLOWED :
								     DUE_JUDGED;

		if (filter->rules[at].number == number && said > due)
			due = said;
	}
	return due;
}

static void
expect_number(const struct filter *filter, int number)
{
	enum due due = due_of(filter, number);
	uint32_t low = filter_answer(filter, number, zeros);
	uint32_t high = filter_answer(filter, number, ones);

	if (due != DUE_JUDGED && (low != answers[due] || high != answers[due]))
		fail_msg("%s: call %d: %#x and %#x, not %#x", filter->name, number, low, high,
		    answers[due]);
	/* No condition lets through all bits, nor has an answer of its own. */
	if (due == DUE_JUDGED && (high != SECCOMP_RET_KILL_PROCESS ||
				     (low != SECCOMP_RET_ALLOW && low != SECCOMP_RET_KILL_PROCESS)))
		fail_msg("%s: call %d: %#x and %#x", filter->name, number, low, high);
}

static void
exactly_what_is_in_the_tables_passes(void **state)
{
	/* 0xf0001 and on are calls of arm32's own. */
	static const uint32_t beyond[] = { 0xf0001, 0xf0002, 0xf0005, 0x10000, 0x3fffffff,
		0x7fffffff, 0x80000000, 0xfffeffff };

	(void)state;
	for (size_t at = 0; at < FILTER_COUNT; at++) {
		const struct filter *filter = filter_at(at);

		for (int number = CALLS_MIN; number < CALLS_MAX; number++)
			expect_number(filter, number);
		for (size_t number = 0; number < ARRAY_LEN(beyond); number++)
			expect_number(filter, (int)beyond[number]);
	}
}

static void
expect_foreign(const struct filter *filter, uint32_t number, uint32_t abi)
{
	if (filter_answer_to(filter, abi, (int)number) != SECCOMP_RET_KILL_PROCESS)
		fail_msg("%s: call %#x of ABI %#x passes", filter->name, number, abi);
}

static void
foreign_abis_kill(void **state)
{
	static const uint32_t abis[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, AUDIT_ARCH_I386,
		AUDIT_ARCH_ARM, AUDIT_ARCH_ARMEB, 0, ~AUDIT_ARCH_X86_64, ~AUDIT_ARCH_AARCH64 };

	(void)state;
	for (size_t at = 0; at < FILTER_COUNT; at++) {
		const struct filter *filter = filter_at(at);

		for (uint32_t number = 0; number < CALLS_MAX; number++) {
			expect_foreign(filter, number | X32_BIT, filter->arch->audit);
			for (size_t abi = 0; abi < ARRAY_LEN(abis); abi++) {
				if (abis[abi] == filter->arch->audit)
					continue;
				expect_foreign(filter, number, abis[abi]);
				expect_foreign(filter, number | X32_BIT, abis[abi]);
			}
		}
	}
}

/* ---- some, by name: one that comes into a table by mistake is seen here ---- */

static void
expect_denied(size_t first, const char *const *names, size_t count)
{
	for (size_t at = first; at < FILTER_COUNT; at++) {
		const struct filter *filter = filter_at(at);

		for (size_t name = 0; name < count; name++) {
			int number = filter_number(filter, names[name]);

			if (number >= 0 &&
			    filter_answer(filter, number, zeros) != SECCOMP_RET_KILL_PROCESS)
				fail_msg("%s may %s", filter->name, names[name]);
		}
	}
}

static void
some_calls_are_no_workers(void **state)
{
	static const char *const names[] = { "execve", "execveat", "fork", "vfork", "clone",
		"ptrace", "bind", "listen", "accept", "kill", "tkill", "open", "creat", "unlink",
		"unlinkat", "rename", "renameat", "mkdir", "chmod", "setuid", "setresuid",
		"setgroups", "capset", "prctl", "seccomp", "arch_prctl", "personality", "bpf",
		"io_uring_setup", "process_vm_readv", "process_vm_writev", "pidfd_open",
		"pidfd_getfd", "memfd_create", "userfaultfd", "perf_event_open", "mount", "unshare",
		"setns", "chroot", "keyctl", "add_key", "shmat", "sendmmsg", "dup", "dup2", "dup3",
		"pipe2", "socketpair", "openat2", "open_by_handle_at", "landlock_restrict_self",
		"prlimit64", "setrlimit", "ioctl", "sched_setaffinity", "timer_create",
		"remap_file_pages" };

	(void)state;
	expect_denied(FIRST_WORKERS_FILTER, names, ARRAY_LEN(names));
}

/* Only gate-front serves clients, and it alone never makes a connection itself. */
static void
who_accepts_does_not_connect(void **state)
{
	(void)state;
	for (size_t at = FIRST_WORKERS_FILTER; at < FILTER_COUNT; at++) {
		const struct filter *filter = filter_at(at);
		bool front = processes[filter->policy->process].listener != LISTENER_NONE;
		uint32_t served = front ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS;
		uint32_t connected = front ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ALLOW;

		assert_int_equal(filter_answer(filter, filter_number(filter, "accept4"), zeros),
		    served);
		assert_int_equal(filter_answer(filter, filter_number(filter, "connect"), zeros),
		    connected);
	}
}

static void
some_calls_are_not_even_the_supervisors(void **state)
{
	static const char *const names[] = { "execveat", "vfork", "ptrace", "bind", "tkill",
		"creat", "mkdir", "chmod", "chown", "setuid", "personality", "bpf",
		"io_uring_setup", "process_vm_readv", "process_vm_writev", "pidfd_open",
		"pidfd_getfd", "memfd_create", "userfaultfd", "perf_event_open", "mount", "umount2",
		"unshare", "setns", "chroot", "pivot_root", "keyctl", "add_key", "shmat",
		"sendmmsg", "open_by_handle_at", "ioctl", "init_module", "kexec_load", "symlink",
		"linkat", "mknodat", "swapon", "reboot", "settimeofday", "iopl", "msgget" };

	(void)state;
	expect_denied(0, names, ARRAY_LEN(names));
}

static void
threads_are_answered_by_enosys(void **state)
{
	(void)state;
	for (size_t at = FIRST_WORKERS_FILTER; at < FILTER_COUNT; at++) {
		const struct filter *filter = filter_at(at);

		assert_int_equal(filter_answer(filter, filter_number(filter, "clone3"), zeros),
		    SECCOMP_RET_ERRNO | ENOSYS);
		assert_int_equal(filter_answer(filter, filter_number(filter, "clone"), zeros),
		    SECCOMP_RET_KILL_PROCESS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_known_and_named_once),
		cmocka_unit_test(exactly_what_is_in_the_tables_passes),
		cmocka_unit_test(foreign_abis_kill),
		cmocka_unit_test(some_calls_are_no_workers),
		cmocka_unit_test(who_accepts_does_not_connect),
		cmocka_unit_test(some_calls_are_not_even_the_supervisors),
		cmocka_unit_test(threads_are_answered_by_enosys),
	};

	return RUN_TESTS(tests);
}
