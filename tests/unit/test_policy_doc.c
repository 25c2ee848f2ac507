/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docs/security.md against the tables in policy/: what stands between the markers is what this
 * program renders.  `test_policy_doc --write` writes it anew.
 */
#include "tests/unit/unit.h"

#include <inttypes.h>

#include "common/setting.h"
#include "policy/policy.h"
#include "policy/texts.h"
#include "tests/unit/document.h"
#include "tests/unit/filters.h"

#define GROUPS_MAX 16

/* The policies' words, with the names of C and of variables in backticks. */
static void
add_words(struct buffer *out, const char *text)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	while (*text != '\0') {
		int length = (int)strspn(text, name);
		bool code = memchr(text, '_', (size_t)length) != NULL;

		if (length == 0)
			length = 1;
		buffer_printf(out, code ? "`%.*s`" : "%.*s", length, text);
		text += length;
	}
}

static const char *
or_dash(const char *why)
{
	return why == NULL ? "-" : why;
}

/* ---- lists in a cell ---- */

static void
add_secrets(struct buffer *out, unsigned mask)
{
	const char *separator = "";

	for (enum secret secret = 0; secret < SECRET_COUNT; secret++) {
		if ((mask & SECRET_BIT(secret)) == 0)
			continue;
		buffer_printf(out, "%s`%s`", separator, secret_names[secret]);
		separator = ", ";
	}
	buffer_add_text(out, mask == 0 ? "none" : "");
}

static void
add_state_files(struct buffer *out, unsigned mask)
{
	const char *separator = "";

	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++) {
		if ((mask & STATE_FILE_BIT(file)) == 0)
			continue;
		buffer_printf(out, "%s`%s`", separator, state_file_names[file]);
		separator = ", ";
	}
	buffer_add_text(out, mask == 0 ? "none" : "");
}

static void
add_settings(struct buffer *out, enum process process)
{
	const char *separator = "";

	for (enum setting setting = 0; setting < SETTING_COUNT; setting++) {
		if ((settings[setting].workers & PROCESS_BIT(process)) == 0)
			continue;
		buffer_printf(out, "%s`%s`", separator, settings[setting].name);
		separator = ", ";
	}
}

static size_t
add_call_names(struct buffer *out, const struct syscall_rule *rules, size_t count, size_t before)
{
	for (size_t at = 0; at < count; at++)
		buffer_printf(out, "%s`%s`", before + at == 0 ? "" : ", ", rules[at].name);
	return before + count;
}

/* ---- the processes ---- */

static void
render_processes(struct buffer *out)
{
	buffer_add_text(out,
	    "\n| process | uid and gid | secrets | state files | channels, beside the supervisor's "
	    "|\n| --- | --- | --- | --- | --- |\n");
	for (enum process process = 0; process < PROCESS_COUNT; process++) {
		const struct process_entry *entry = &processes[process];

		if (entry->uid == 0)
			continue;
		buffer_printf(out, "| %s | %u | ", entry->name, entry->uid);
		if (process == PROCESS_SUPERVISOR) {
			buffer_add_text(out, "all | all | - |\n");
			continue;
		}
		add_secrets(out, entry->secrets);
		buffer_add_text(out, " | ");
		add_state_files(out, entry->state_files);
		buffer_add_text(out, " | ");
		add_processes(out, entry->peers);
		buffer_add_text(out, " |\n");
	}
}

/* ---- system calls ---- */

static void
add_calls(struct buffer *out, const struct syscall_rule *rules, size_t count)
{
	buffer_add_text(out, "| system call | condition | why |\n| --- | --- | --- |\n");
	for (size_t at = 0; at < count; at++) {
		buffer_printf(out, "| `%s` | ", rules[at].name);
		add_words(out, condition_texts[rules[at].condition]);
		buffer_printf(out, " | %s |\n", or_dash(rules[at].why));
	}
}

static bool
is_known(const struct syscall_group *const *known, size_t count, const struct syscall_group *group)
{
	for (size_t at = 0; at < count; at++)
		if (known[at] == group)
			return true;
	return false;
}

static void
add_group(struct buffer *out, const struct syscall_group *group)
{
	unsigned users = 0;

	for (size_t at = 0; at < SUBJECT_COUNT; at++) {
		const struct policy *policy = subject_at(at);

		if (is_known(policy->groups, policy->group_count, group))
			users |= PROCESS_BIT(policy->process);
	}
	buffer_printf(out, "\n### System calls: group `%s`\n\nFor ", group->name);
	add_processes(out, users);
	buffer_add_text(out, ".\n\n");
	add_calls(out, group->rules, group->count);
}

/* Each group once, in the order in which the policies name them. */
static void
render_groups(struct buffer *out)
{
	const struct syscall_group *known[GROUPS_MAX];
	size_t count = 0;

	for (size_t subject = 0; subject < SUBJECT_COUNT; subject++) {
		const struct policy *policy = subject_at(subject);

		for (size_t at = 0; at < policy->group_count; at++) {
			if (is_known(known, count, policy->groups[at]))
				continue;
			assert_true(count < GROUPS_MAX);
			known[count++] = policy->groups[at];
			add_group(out, policy->groups[at]);
		}
	}
}

/* ---- one process ---- */

static void
add_all_calls(struct buffer *out, const struct policy *policy)
{
	size_t count = 0;

	for (size_t at = 0; at < policy->group_count; at++)
		count = add_call_names(out, policy->groups[at]->rules, policy->groups[at]->count,
		    count);
	(void)add_call_names(out, policy->syscalls, policy->syscall_count, count);
}

/* A reason that is only the variable's name is told by the port's text. */
static void
add_port(struct buffer *out, const struct port_rule *rule)
{
	const char *text = port_texts[rule->source];
	bool told = rule->why == NULL || strstr(text, rule->why) != NULL;

	buffer_add_text(out, "| TCP port, on any host | ");
	add_words(out, text);
	buffer_printf(out, "%s%s |\n", told ? "" : ": ", told ? "" : rule->why);
}

static void
add_facts(struct buffer *out, const struct policy *policy)
{
	buffer_add_text(out, "| what | |\n| --- | --- |\n");
	if (policy->process != PROCESS_SUPERVISOR) {
		buffer_add_text(out, "| settings | ");
		add_settings(out, policy->process);
		buffer_add_text(out, " |\n");
	}
	buffer_add_text(out, "| groups of system calls | ");
	for (size_t at = 0; at < policy->group_count; at++)
		buffer_printf(out, "%s`%s`", at == 0 ? "" : ", ", policy->groups[at]->name);
	buffer_add_text(out, " |\n| all its system calls | ");
	add_all_calls(out, policy);
	buffer_printf(out, " |\n| seccomp filters of its own | %u |\n", policy->filters);
	for (size_t at = 0; at < policy->port_count; at++)
		add_port(out, &policy->ports[at]);
}

static void
add_path(struct buffer *out, const char *path)
{
	const char *text = path_text(path);

	if (text != path) {
		add_words(out, text);
		return;
	}
	assert_true(path[0] == '/');
	buffer_printf(out, "`%s`", path);
}

static void
add_files(struct buffer *out, const struct policy *policy)
{
	buffer_add_text(out, "\n| file, or all below a folder | access | how long | why |\n"
			     "| --- | --- | --- | --- |\n");
	for (size_t at = 0; at < policy->file_count; at++) {
		const struct file_rule *rule = &policy->files[at];

		buffer_add_text(out, "| ");
		add_path(out, rule->path);
		buffer_printf(out, " | %s | %s | %s |\n", access_texts[rule->access],
		    rule->while_running ? "always" : "until ready", or_dash(rule->why));
	}
}

static void
add_limit(struct buffer *out, const struct limit_rule *rule)
{
	static const uint64_t mib = 1024 * 1024;

	assert_string_not_equal(limit_name(rule->resource), "?");
	buffer_printf(out, "| `%s` | ", limit_name(rule->resource));
	if (rule->value >= mib && rule->value % mib == 0)
		buffer_printf(out, "%" PRIu64 " MiB", rule->value / mib);
	else
		buffer_printf(out, "%" PRIu64, rule->value);
	buffer_printf(out, " | %s |\n", or_dash(rule->why));
}

static void
render_policy(struct buffer *out, const struct policy *policy)
{
	buffer_printf(out, "\n### %s%s\n\n", processes[policy->process].name,
	    !policy->with_workers           ? "" :
	    policy->program == PROGRAM_GATE ? " of docker-gate" :
					      " of dockflare-agent");
	add_facts(out, policy);
	if (policy->syscall_count > 0) {
		buffer_add_text(out, "\nBeside the groups:\n\n");
		add_calls(out, policy->syscalls, policy->syscall_count);
	}
	if (policy->with_workers)
		buffer_add_text(out,
		    "\nIts filter and its Landlock domain are inherited by the "
		    "workers, so that they hold the workers' lists too. Of several "
		    "lines for one system call the widest holds.\n");
	add_files(out, policy);
	if (policy->limit_count == 0)
		return;
	buffer_add_text(out, "\n| limit | value | why |\n| --- | --- | --- |\n");
	for (size_t at = 0; at < policy->limit_count; at++)
		add_limit(out, &policy->limits[at]);
}

static void
render(struct buffer *out)
{
	render_processes(out);
	for (size_t at = 0; at < SUBJECT_COUNT; at++)
		render_policy(out, subject_at(at));
	render_groups(out);
	buffer_add_text(out, "\n");
}

/* ---- the test ---- */

static const struct section policy_section = {
	.path = SOURCE_DIR "/docs/security.md",
	.begin = "<!-- made from policy/: begin -->\n",
	.end = "<!-- made from policy/: end -->\n",
	.render = render,
};

static void
the_document_is_the_policy(void **state)
{
	(void)state;
	section_check(&policy_section);
}

static void
every_worker_has_a_policy(void **state)
{
	(void)state;
	for (enum program program = 0; program < PROGRAM_COUNT; program++)
		for_each_worker_of(program, process)
			assert_non_null(policies[process]);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_is_the_policy),
		cmocka_unit_test(every_worker_has_a_policy),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		section_write(&policy_section);
		return 0;
	}
	return RUN_TESTS(tests);
}
