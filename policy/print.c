/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  --print-policy: what each process may do, from the tables, and what of it is in
 * force on this machine.  For people, and compared with nothing by a program.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/attr.h"
#include "policy/landlock.h"
#include "policy/policy.h"
#include "policy/texts.h"

static const char *
why_of(const char *why)
{
	return why == NULL ? "" : why;
}

/* ---- this machine ---- */

static void
print_machine(const struct policy_values *values)
{
	struct utsname machine;

	if (uname(&machine) == 0)
		printf("kernel       %s %s (%s)\n", machine.sysname, machine.release,
		    machine.machine);
	printf("start mode   %s\n", values->distinct_uids ?
					"distinct uids: each worker has one of its own" :
					"shared uid: Landlock and seccomp keep the workers apart");
	printf("Landlock     ABI %d%s\n", values->landlock_abi,
	    values->landlock_abi == 0 ? " (the kernel has none, or it is off)" : "");
	for (size_t at = 0; at < LANDLOCK_LOSSES; at++)
		if (values->landlock_abi < landlock_losses[at].abi)
			printf("             lost: %s\n", landlock_losses[at].lost);
	printf("floor        seccomp and no_new_privs, and distinct uids or Landlock: %s\n",
	    values->landlock_abi > 0 || values->distinct_uids ? "reached" :
	    values->best_effort                               ? "missed, and SANDBOX=best-effort" :
								"missed: the agent refuses to start");
	printf("denied calls %s\n", values->log_denied ? "are named in the log, and kill" : "kill");
}

/* ---- one process ---- */

static void
print_calls(const struct syscall_rule *rules, size_t count)
{
	for (size_t at = 0; at < count; at++) {
		bool plain = rules[at].condition == CONDITION_NONE;

		printf("    %-24s %s%s%s\n", rules[at].name,
		    plain ? "" : condition_texts[rules[at].condition],
		    plain || rules[at].why == NULL ? "" : "; ", why_of(rules[at].why));
	}
}

/* Rules of `rules` whose call no group before `groups` names: a call may stand in two of them. */
static size_t
count_new(const struct policy *policy, size_t groups, const struct syscall_rule *rules,
    size_t count)
{
	size_t found = 0;

	for (size_t at = 0; at < count; at++) {
		bool named = false;

		for (size_t group = 0; group < groups; group++)
			for (size_t rule = 0; rule < policy->groups[group]->count; rule++)
				named |= strcmp(policy->groups[group]->rules[rule].name,
					     rules[at].name) == 0;
		found += named ? 0 : 1;
	}
	return found;
}

static size_t
count_calls(const struct policy *policy)
{
	size_t count = count_new(policy, policy->group_count, policy->syscalls,
	    policy->syscall_count);

	for (size_t at = 0; at < policy->group_count; at++)
		count += count_new(policy, at, policy->groups[at]->rules,
		    policy->groups[at]->count);
	return count;
}

static void
print_files(const struct policy *policy)
{
	printf("  files, or all below a folder\n");
	for (size_t at = 0; at < policy->file_count; at++) {
		const struct file_rule *rule = &policy->files[at];

		printf("    %-24s %s%s; %s\n", path_text(rule->path), access_texts[rule->access],
		    rule->while_running ? "" : " until ready", why_of(rule->why));
	}
}

static void
print_ports(const struct policy *policy, const struct policy_values *values)
{
	printf("  TCP ports, on any host\n");
	for (size_t at = 0; at < policy->port_count; at++) {
		unsigned port = values->ports[policy->ports[at].source];

		if (port != 0)
			printf("    %-24u %s\n", port, port_texts[policy->ports[at].source]);
	}
}

static void
print_limits(const struct policy *policy)
{
	printf("  limits\n");
	for (size_t at = 0; at < policy->limit_count; at++)
		printf("    %-16s %-7" PRIu64 " %s\n", limit_name(policy->limits[at].resource),
		    policy->limits[at].value, why_of(policy->limits[at].why));
}

/* What is due to it: names of a table whose bits are set. */
static void
print_names(const char *what, unsigned mask, const char *const *names)
{
	printf("  %-12s", what);
	for (unsigned at = 0; names[at] != NULL; at++)
		if ((mask & (1u << at)) != 0)
			printf(" %s", names[at]);
	printf("%s\n", mask == 0 ? " none" : "");
}

static void
print_peers(unsigned mask)
{
	printf("  %-12s supervisor", "channels");
	for (enum process peer = 0; peer < PROCESS_COUNT; peer++)
		if ((mask & PROCESS_BIT(peer)) != 0)
			printf(", %s", processes[peer].name);
	printf("\n");
}

static void
print_process(const struct policy *policy, const struct policy_values *values)
{
	const struct process_entry *entry = &processes[policy->process];
	bool worker = policy->process != PROCESS_SUPERVISOR;

	printf("\n%s\n", entry->name);
	printf("  %-12s %s\n", "uid and gid",
	    values->distinct_uids || !worker ? "of its own" : "the supervisor's");
	if (values->distinct_uids)
		printf("  %-12s %u\n", "", entry->uid);
	printf("  %-12s %s\n", "capabilities",
	    !worker && values->distinct_uids ? "SETUID, SETGID, KILL" : "none");
	if (worker) {
		print_names("secrets", entry->secrets, secret_names);
		print_names("state files", entry->state_files, state_file_names);
		print_peers(entry->peers);
		printf("  %-12s /dev/null, log pipe (twice), control channel; then its channels\n",
		    "descriptors");
	}
	printf("  system calls (%zu%s)\n", count_calls(policy),
	    policy->with_workers ? ", beside those of the workers, which inherit its filter" : "");
	for (size_t at = 0; at < policy->group_count; at++)
		print_calls(policy->groups[at]->rules, policy->groups[at]->count);
	print_calls(policy->syscalls, policy->syscall_count);
	print_files(policy);
	if (policy->port_count > 0)
		print_ports(policy, values);
	if (policy->limit_count > 0)
		print_limits(policy);
}

void
policy_print(const struct policy_values *values, enum process process)
{
	print_machine(values);
	if (process == PROCESS_COUNT || process == PROCESS_SUPERVISOR)
		print_process(supervisor_policies[values->program], values);
	for_each_worker_of(values->program, each)
		if (process == PROCESS_COUNT || process == each)
			print_process(policies[each], values);
}
