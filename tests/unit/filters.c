/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests.  See filters.h. */
#include "tests/unit/unit.h"

#include <linux/audit.h>
#include <stdio.h>

#include "policy/policies.h"
#include "tests/unit/filters.h"

const struct arch archs[ARCH_COUNT] = {
	[AMD64] = { "amd64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64 },
	[ARM64] = { "arm64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64 },
};

static void
add_rules(struct filter *filter, const struct syscall_rule *rules, size_t count)
{
	for (size_t at = 0; at < count; at++) {
		struct numbered_rule *added = &filter->rules[filter->rule_count++];

		assert_in_range(filter->rule_count, 1, RULES_MAX);
		added->rule = &rules[at];
		added->number = filter_number(filter, rules[at].name);
	}
}

static void
add_policy(struct filter *filter, const struct policy *policy)
{
	for (size_t at = 0; at < policy->group_count; at++)
		add_rules(filter, policy->groups[at]->rules, policy->groups[at]->count);
	add_rules(filter, policy->syscalls, policy->syscall_count);
	if (!policy->with_workers)
		return;
	for_each_worker_of(policy->program, process)
		add_policy(filter, policies[process]);
}

static void
build(struct filter *filter)
{
	const struct policy *policy = filter->policy;
	struct filter_options options = {
		.unix_socket = filter->unix_socket,
		.pid = policy->with_workers ? 0 : OWN_PID,
		.arch = filter->arch->token,
	};

	snprintf(filter->name, sizeof(filter->name), "%s on %s%s", processes[policy->process].name,
	    filter->arch->name, filter->unix_socket ? " with unix://" : "");
	add_policy(filter, policy);
	bpf_build(policy, &options, &filter->program);
}

const struct policy *
subject_at(size_t at)
{
	if (at < PROGRAM_COUNT)
		return supervisor_policies[at];
	at -= PROGRAM_COUNT;
	for (enum process process = 0; process < PROCESS_COUNT; process++)
		if ((PROCESS_WORKERS & PROCESS_BIT(process)) != 0 && at-- == 0)
			return policies[process];
	fail_msg("no such policy");
	return NULL;
}

const struct filter *
filter_at(size_t at)
{
	static struct filter filters[FILTERS_OF_PROCESS * (PROGRAM_COUNT + PROCESS_COUNT)];
	struct filter *filter = &filters[at];

	assert_in_range(at, 0, FILTER_COUNT - 1);
	if (filter->program.count > 0)
		return filter;
	filter->policy = subject_at(at / FILTERS_OF_PROCESS);
	filter->arch = &archs[at % ARCH_COUNT];
	filter->unix_socket = at / ARCH_COUNT % 2 != 0;
	build(filter);
	return filter;
}

int
filter_number(const struct filter *filter, const char *call)
{
	int number = seccomp_syscall_resolve_name_arch(filter->arch->token, call);

	if (number == __NR_SCMP_ERROR)
		fail_msg("%s: no such call", call);
	return number;
}

uint32_t
filter_answer(const struct filter *filter, int number, const uint64_t arguments[6])
{
	struct seccomp_data data = { .nr = number, .arch = filter->arch->audit };

	memcpy(data.args, arguments, sizeof(data.args));
	return bpf_run(&filter->program, &data);
}

uint32_t
filter_answer_to(const struct filter *filter, uint32_t abi, int number)
{
	struct seccomp_data data = { .nr = number, .arch = abi };

	return bpf_run(&filter->program, &data);
}

bool
filter_is_plain(const struct filter *filter, enum condition condition)
{
	/* No one process id will do for the supervisor's filter, which its children inherit. */
	return condition == CONDITION_NONE ||
	       (condition == CONDITION_OWN_PID && filter->policy->with_workers);
}
