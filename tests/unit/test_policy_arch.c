/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a filter is made for an architecture: the calls that it has, and those that it lacks. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/audit.h>

#include "tests/unit/filters.h"

#define X32_READ 0x40000000

static const uint64_t zeros[6];

/* As syscall_64.tbl and asm-generic/unistd.h of the kernel have them: no word of libseccomp's. */
static void
numbers_are_the_kernels(void **state)
{
	static const struct {
		const char *call;
		int numbers[ARCH_COUNT]; /* -1: it does without */
	} known[] = {
		{ "read", { 0, 63 } },
		{ "write", { 1, 64 } },
		{ "close", { 3, 57 } },
		{ "fstat", { 5, 80 } },
		{ "poll", { 7, -1 } },
		{ "mmap", { 9, 222 } },
		{ "mprotect", { 10, 226 } },
		{ "rt_sigreturn", { 15, 139 } },
		{ "access", { 21, -1 } },
		{ "dup2", { 33, -1 } },
		{ "socket", { 41, 198 } },
		{ "sendto", { 44, 206 } },
		{ "clone", { 56, 220 } },
		{ "execve", { 59, 221 } },
		{ "unlink", { 87, -1 } },
		{ "arch_prctl", { 158, -1 } },
		{ "futex", { 202, 98 } },
		{ "exit_group", { 231, 94 } },
		{ "openat", { 257, 56 } },
		{ "newfstatat", { 262, 79 } },
		{ "unlinkat", { 263, 35 } },
		{ "renameat", { 264, 38 } },
		{ "faccessat", { 269, 48 } },
		{ "ppoll", { 271, 73 } },
		{ "dup3", { 292, 24 } },
		{ "clone3", { 435, 435 } },
		{ "landlock_restrict_self", { 446, 446 } },
	};

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(known); at++)
		for (size_t arch = 0; arch < ARCH_COUNT; arch++) {
			int number = seccomp_syscall_resolve_name_arch(archs[arch].token,
			    known[at].call);

			row_int_equal(known[at].call, number < 0 ? -1 : number,
			    known[at].numbers[arch]);
		}
}

static bool
has_call(const struct filter *filter, const char *name)
{
	for (size_t at = 0; at < filter->rule_count; at++)
		if (strcmp(filter->rules[at].rule->name, name) == 0)
			return filter->rules[at].number >= 0 &&
			       filter->rules[at].rule->condition == CONDITION_NONE;
	return false;
}

/* What libc does on arm64, which has no call that a newer one took the place of. */
static bool
has_stand_in(const struct filter *filter, const char *lacking)
{
	static const struct {
		const char *call;
		const char *stand_in; /* NULL: nothing has to be done there */
	} known[] = {
		{ "poll", "ppoll" },
		{ "dup2", "dup3" },
		{ "access", "faccessat" },
		{ "unlink", "unlinkat" },
		{ "epoll_wait", "epoll_pwait" },
		{ "arch_prctl", NULL },
	};

	for (size_t at = 0; at < ARRAY_LEN(known); at++)
		if (strcmp(known[at].call, lacking) == 0)
			return known[at].stand_in == NULL || has_call(filter, known[at].stand_in);
	return false;
}

static void
what_arm64_lacks_has_its_stand_in(void **state)
{
	(void)state;
	for (size_t at = 0; at < FILTER_COUNT; at++) {
		const struct filter *filter = filter_at(at);

		for (size_t rule = 0; rule < filter->rule_count; rule++) {
			const char *name = filter->rules[rule].rule->name;

			if (filter->rules[rule].number >= 0)
				continue;
			assert_ptr_equal(filter->arch, &archs[ARM64]);
			if (!has_stand_in(filter, name))
				fail_msg("%s: what stands for %s?", filter->name, name);
		}
	}
}

static void
without_an_architecture_it_is_this_machines(void **state)
{
	static const struct filter_options none = { .pid = OWN_PID };
	struct filter_options options = none;
	static struct bpf_program plain, named;

	(void)state;
	options.arch = seccomp_arch_native();
	for (size_t at = 0; at < SUBJECT_COUNT; at++) {
		bpf_build(subject_at(at), &none, &plain);
		bpf_build(subject_at(at), &options, &named);
		assert_int_equal(plain.count, named.count);
		assert_memory_equal(plain.instructions, named.instructions,
		    plain.count * sizeof(plain.instructions[0]));
	}
}

/* SANDBOX_LOG: a signal that may be caught; never for a foreign ABI. */
static void
a_logged_denial_is_a_trap(void **state)
{
	static const struct syscall_rule rules[] = { { "read", CONDITION_NONE, NULL },
		{ "mmap2", CONDITION_NONE, "another architecture's: passed over" } };
	static const struct policy policy = { .syscall_count = 2, .syscalls = rules };
	static const uint32_t foreign[ARCH_COUNT][3] = {
		[AMD64] = { AUDIT_ARCH_AARCH64, AUDIT_ARCH_I386, AUDIT_ARCH_ARM },
		[ARM64] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_ARM, AUDIT_ARCH_I386 },
	};
	struct filter_options options = { .pid = OWN_PID, .trap = true };
	static struct filter filter;

	(void)state;
	for (size_t at = 0; at < ARCH_COUNT; at++) {
		filter.arch = &archs[at];
		options.arch = archs[at].token;
		bpf_build(&policy, &options, &filter.program);
		assert_int_equal(filter_answer(&filter, filter_number(&filter, "read"), zeros),
		    SECCOMP_RET_ALLOW);
		assert_int_equal(filter_answer(&filter, filter_number(&filter, "write"), zeros),
		    SECCOMP_RET_TRAP);
		for (size_t abi = 0; abi < ARRAY_LEN(foreign[at]); abi++)
			assert_int_equal(filter_answer_to(&filter, foreign[at][abi], 0),
			    SECCOMP_RET_KILL_PROCESS);
		/* x32 has amd64's own mark; for arm64 that is only a number that nobody has. */
		assert_int_equal(filter_answer_to(&filter, archs[at].audit, X32_READ),
		    at == AMD64 ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_TRAP);
	}
}

static void
an_unknown_call_is_an_error(void **state)
{
	static const struct syscall_rule rules[] = { { "read", CONDITION_NONE, NULL },
		{ "no_such_call", CONDITION_NONE, NULL } };
	static const struct policy policy = { .syscall_count = 2, .syscalls = rules };
	struct filter_options options = { .pid = OWN_PID };
	scmp_filter_ctx filter = NULL;

	(void)state;
	for (size_t at = 0; at < ARCH_COUNT; at++) {
		const char *step = NULL;

		options.arch = archs[at].token;
		assert_int_equal(seccomp_build(&policy, &options, &filter, &step), -ENOENT);
		assert_string_equal(step, "no_such_call");
		assert_null(filter);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_kernels),
		cmocka_unit_test(what_arm64_lacks_has_its_stand_in),
		cmocka_unit_test(without_an_architecture_it_is_this_machines),
		cmocka_unit_test(a_logged_denial_is_a_trap),
		cmocka_unit_test(an_unknown_call_is_an_error),
	};

	return RUN_TESTS(tests);
}
