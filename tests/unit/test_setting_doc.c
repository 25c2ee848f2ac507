/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * README.md, docs/docker-gate.md and docs/configuration.md against the table of environment
 * variables: three tables are what this program renders (`test_setting_doc --write` writes them anew), and each variable has a
 * heading in docs/configuration.md, and each heading a variable.
 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/setting.h"
#include "tests/unit/document.h"

#define README SOURCE_DIR "/README.md"
#define GATE SOURCE_DIR "/docs/docker-gate.md"
#define CONFIGURATION SOURCE_DIR "/docs/configuration.md"
#define BEGIN "<!-- made from common/setting.c: begin -->\n"
#define END "<!-- made from common/setting.c: end -->\n"

static void
add_default(struct buffer *out, const struct setting_entry *entry)
{
	if (entry->fallback != NULL)
		buffer_printf(out, "`%s`", entry->fallback);
	else
		buffer_add_text(out, entry->required ? "required" : "-");
}

static void
render_program(enum program program, struct buffer *out)
{
	buffer_add_text(out, "\n| variable | default | meaning |\n| --- | --- | --- |\n");
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++) {
		const struct setting_entry *entry = &settings[setting];

		if (entry->derived || !setting_is_of(setting, program))
			continue;
		buffer_printf(out, "| `%s` | ", entry->name);
		add_default(out, entry);
		buffer_printf(out, " | %s |\n", entry->help);
	}
	buffer_add_text(out, "\n");
}

static void
render_agents(struct buffer *out)
{
	render_program(PROGRAM_AGENT, out);
}

static void
render_gates(struct buffer *out)
{
	render_program(PROGRAM_GATE, out);
}

/* The workers that a secret is due to: it goes there by its own frame, not with the settings. */
static unsigned
workers_of_secret(const char *name)
{
	unsigned workers = 0;

	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		for (enum process process = 0; process < PROCESS_COUNT; process++)
			if (strcmp(secret_names[secret], name) == 0 &&
			    (processes[process].secrets & SECRET_BIT(secret)) != 0)
				workers |= PROCESS_BIT(process);
	return workers;
}

static void
render_workers(struct buffer *out)
{
	buffer_add_text(out, "\n| variable | default | who gets it |\n| --- | --- | --- |\n");
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++) {
		const struct setting_entry *entry = &settings[setting];
		unsigned workers = entry->secret ? workers_of_secret(entry->name) : entry->workers;

		buffer_printf(out, "| `%s` | ", entry->name);
		if (entry->derived)
			buffer_add_text(out, "worked out");
		else
			add_default(out, entry);
		buffer_add_text(out, " | ");
		if (workers == 0)
			buffer_add_text(out, "supervisor only");
		add_processes(out, workers);
		buffer_printf(out, "%s |\n", entry->secret ? ", as a secret" : "");
	}
	buffer_add_text(out, "\n");
}

static const struct section sections[] = {
	{ .path = README, .begin = BEGIN, .end = END, .render = render_agents },
	{ .path = GATE, .begin = BEGIN, .end = END, .render = render_gates },
	{ .path = CONFIGURATION, .begin = BEGIN, .end = END, .render = render_workers },
};

static void
the_tables_are_the_source(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(sections); at++)
		section_check(&sections[at]);
}

static void
every_variable_has_a_heading(void **state)
{
	struct buffer document _cleanup_buffer_ = BUFFER(DOCUMENT_MAX_BYTES);
	char heading[80];

	(void)state;
	document_read(CONFIGURATION, &document);
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++) {
		if (settings[setting].derived)
			continue;
		snprintf(heading, sizeof(heading), "\n### `%s`\n", settings[setting].name);
		if (strstr(document.bytes, heading) == NULL)
			fail_msg("%s has no heading for %s", CONFIGURATION, settings[setting].name);
	}
}

static void
every_heading_is_a_variable(void **state)
{
	static const char start[] = "\n### `";
	struct buffer document _cleanup_buffer_ = BUFFER(DOCUMENT_MAX_BYTES);
	const char *at;
	char name[80];

	(void)state;
	document_read(CONFIGURATION, &document);
	for (at = document.bytes; (at = strstr(at, start)) != NULL;) {
		at += strlen(start);
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "`\n"), at);
		if (setting_by_name(name) == SETTING_COUNT)
			fail_msg("%s has a heading for %s, which is no variable", CONFIGURATION,
			    name);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables_are_the_source),
		cmocka_unit_test(every_variable_has_a_heading),
		cmocka_unit_test(every_heading_is_a_variable),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		for (size_t at = 0; at < ARRAY_LEN(sections); at++)
			section_write(&sections[at]);
		return 0;
	}
	return RUN_TESTS(tests);
}
