/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --print-policy: its system calls are those of the tables, each with its condition, and no other. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/buffer.h"
#include "policy/policies.h"
#include "policy/texts.h"
#include "tests/unit/filters.h"

#define PRINT_MAX_BYTES ((size_t)64 * 1024)

static enum program
program_of(const struct policy *policy)
{
	if (policy->with_workers)
		return policy->program;
	return (PROCESS_GATE_WORKERS & PROCESS_BIT(policy->process)) != 0 ? PROGRAM_GATE :
									    PROGRAM_AGENT;
}

/* What --print-policy=PROCESS writes to standard output. */
static void
print(const struct policy *policy, struct buffer *out)
{
	struct policy_values values = { .program = program_of(policy) };
	int file = memfd_create("print", MFD_CLOEXEC), before;
	char bytes[4096];
	ssize_t got;

	fflush(stdout);
	before = dup(STDOUT_FILENO);
	assert_true(file >= 0 && before >= 0 && dup2(file, STDOUT_FILENO) >= 0);
	policy_print(&values, policy->process);
	fflush(stdout);
	assert_true(dup2(before, STDOUT_FILENO) >= 0);
	close(before);
	while ((got = pread(file, bytes, sizeof(bytes), (off_t)out->length)) > 0)
		assert_int_equal(buffer_add(out, bytes, (size_t)got), 0);
	close(file);
}

static void
add_rules(struct buffer *out, const struct syscall_rule *rules, size_t count)
{
	for (size_t at = 0; at < count; at++) {
		bool plain = rules[at].condition == CONDITION_NONE;
		const char *why = rules[at].why == NULL ? "" : rules[at].why;

		assert_int_equal(buffer_printf(out, "    %-24s %s%s%s\n", rules[at].name,
				     plain ? "" : condition_texts[rules[at].condition],
				     plain || *why == '\0' ? "" : "; ", why),
		    0);
	}
}

/* How many lines have a name that stands in no line above. */
static size_t
count_names(const char *lines)
{
	size_t count = 0;

	for (const char *line = lines; *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *other = lines;

		while (strncmp(other, line, strcspn(line + 4, " ") + 5) != 0)
			other = strchr(other, '\n') + 1;
		count += other == line ? 1 : 0;
	}
	return count;
}

static void
the_printed_calls_are_the_tables(void **state)
{
	(void)state;
	for (size_t subject = 0; subject < SUBJECT_COUNT; subject++) {
		const struct policy *policy = subject_at(subject);
		struct buffer printed _cleanup_buffer_ = BUFFER(PRINT_MAX_BYTES);
		struct buffer expected _cleanup_buffer_ = BUFFER(PRINT_MAX_BYTES);
		char *begin, *end;

		for (size_t at = 0; at < policy->group_count; at++)
			add_rules(&expected, policy->groups[at]->rules, policy->groups[at]->count);
		add_rules(&expected, policy->syscalls, policy->syscall_count);
		print(policy, &printed);
		begin = strstr(printed.bytes, "  system calls (");
		assert_non_null(begin);
		assert_int_equal(strtoul(strchr(begin, '(') + 1, NULL, 10),
		    count_names(expected.bytes));
		begin = strchr(begin, '\n') + 1;
		end = strstr(begin, "\n  files") + 1;
		*end = '\0';
		assert_string_equal(begin, expected.bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_printed_calls_are_the_tables),
	};

	return RUN_TESTS(tests);
}
