/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policies' tables: files, ports and limits.  Their system calls: test_policy_calls.c. */
#include "tests/unit/unit.h"

#include <sys/resource.h>

#include "policy/policies.h"
#include "policy/texts.h"

#define for_each_policy(each)                                             \
	for (enum process each = 0; (each) < PROCESS_COUNT;               \
	     (each)++) /* NOLINT(bugprone-macro-parentheses): declares */ \
		if (policies[each] != NULL)

static void
each_process_has_its_policy(void **state)
{
	(void)state;
	for (enum process process = 0; process < PROCESS_COUNT; process++) {
		const struct policy *policy = policies[process];

		bool due = (PROCESS_WORKERS & PROCESS_BIT(process)) != 0;

		assert_int_equal(policy != NULL, due);
		if (policy == NULL)
			continue;
		assert_int_equal(policy->process, process);
		assert_int_equal(policy->filters, 1);
		assert_false(policy->with_workers);
	}
	for (enum program program = 0; program < PROGRAM_COUNT; program++) {
		assert_int_equal(supervisor_policies[program]->process, PROCESS_SUPERVISOR);
		assert_int_equal(supervisor_policies[program]->program, program);
		assert_int_equal(supervisor_policies[program]->filters, 1);
		assert_true(supervisor_policies[program]->with_workers);
	}
}

static void
check_supervisors_paths(const struct policy *policy)
{
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
the_supervisors_paths_are_sound(void **state)
{
	(void)state;
	for (enum program program = 0; program < PROGRAM_COUNT; program++)
		check_supervisors_paths(supervisor_policies[program]);
}

/* A worker connects to something, or serves clients that come to it. */
static void
files_and_ports_are_sound(void **state)
{
	(void)state;
	for_each_policy(process)
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
		assert_true(policy->port_count > 0 || processes[process].listener != LISTENER_NONE);
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
	for_each_policy(process)
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

/* One program runs both, and tests/escape attacks only the first of the two. */
static void
the_fronts_may_do_the_same(void **state)
{
	struct policy other;

	(void)state;
	memcpy(&other, &policy_gate_tunnel, sizeof(other));
	other.process = PROCESS_GATE_READ;
	assert_memory_equal(&other, &policy_gate_read, sizeof(other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_has_its_policy),
		cmocka_unit_test(files_and_ports_are_sound),
		cmocka_unit_test(the_supervisors_paths_are_sound),
		cmocka_unit_test(limits_are_set_once),
		cmocka_unit_test(the_fronts_may_do_the_same),
	};

	return RUN_TESTS(tests);
}
