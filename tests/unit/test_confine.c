/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a process puts on itself, on a real kernel: each case in a child.  And SANDBOX_LOG: a denied
 * call is named before it kills.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/groups.h"
#include "policy/policies.h"

static const struct syscall_group *const groups[] = { &group_runtime };

static const struct syscall_rule calls[] = {
	{ "sigaltstack", CONDITION_NONE, "AddressSanitizer, before an exit" },
};

static const struct policy small = {
	.process = PROCESS_NAME_RESOLVER,
	.group_count = ARRAY_LEN(groups),
	.groups = groups,
	.syscall_count = ARRAY_LEN(calls),
	.syscalls = calls,
	.filters = 1,
};

typedef void deed(void);

static void
do_nothing(void)
{
}

static void
ask_for_the_parent(void)
{
	(void)getppid();
}

static void
open_a_file(void)
{
	(void)open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static void
make_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Runs `act` in a child under the small policy; what it wrote to stderr is in `said`. */
static int
run_confined(deed *act, bool log_denied, char *said, size_t said_bytes)
{
	int ends[2], status = 0;
	size_t length = 0;
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		const struct confine_options options = { .log_denied = log_denied };
		const struct rlimit none = { 0, 0 };
		const char *step;

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)dup2(ends[1], STDERR_FILENO);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    policy_confine(&small, &options, &step) != 0)
			_exit(99);
		act();
		_exit(0);
	}
	close(ends[1]);
	while (length + 1 < said_bytes &&
	       (got = read(ends[0], said + length, said_bytes - 1 - length)) > 0)
		length += (size_t)got;
	said[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
what_is_allowed_runs(void **state)
{
	char said[256];

	(void)state;
	for (int log = 0; log < 2; log++) {
		assert_int_equal(run_confined(do_nothing, log != 0, said, sizeof(said)), 0);
		assert_string_equal(said, "");
	}
}

static void
what_is_denied_kills_without_a_word(void **state)
{
	static deed *const acts[] = { ask_for_the_parent, open_a_file, make_code };
	char said[256];

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(acts); at++) {
		int status = run_confined(acts[at], false, said, sizeof(said));

		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
		assert_string_equal(said, "");
	}
}

static void
a_denied_call_is_named(void **state)
{
	static const struct {
		deed *act;
		const char *name;
	} cases[] = { { ask_for_the_parent, "getppid" }, { open_a_file, "openat" },
		{ make_code, "mmap" } };
	char said[256];

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(cases); at++) {
		int status = run_confined(cases[at].act, true, said, sizeof(said));

		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
		assert_non_null(strstr(said, "the sandbox denies system call "));
		assert_non_null(strstr(said, cases[at].name));
		assert_int_equal(said[strlen(said) - 1], '\n');
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_allowed_runs),
		cmocka_unit_test(what_is_denied_kills_without_a_word),
		cmocka_unit_test(a_denied_call_is_named),
	};

	return RUN_TESTS(tests);
}
