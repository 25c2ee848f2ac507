/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policies' tables: files, ports and limits.  Their system calls: test_policy_calls.c. */
#include "tests/unit/unit.h"

#include <sys/resource.h>

#include "policy/policies.h"
#include "policy/texts.h"

#define for_each_worker(each)                                                         \
	for (enum process each = PROCESS_FIRST_WORKER; (each) <= PROCESS_LAST_WORKER; \
	     (each)++) /* NOLINT(bugprone-macro-parentheses): declares */

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_has_its_policy),
		cmocka_unit_test(files_and_ports_are_sound),
		cmocka_unit_test(the_supervisors_paths_are_sound),
		cmocka_unit_test(limits_are_set_once),
	};

	return RUN_TESTS(tests);
}
