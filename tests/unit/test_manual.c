/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manual pages against the programs' tables: commands, options and environment variables are
 * what this program renders (`test_manual --write` writes them anew).
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "agentctl/options.h"
#include "common/setting.h"
#include "supervisor/options.h"
#include "tests/unit/document.h"

#define PAGE(name) SOURCE_DIR "/man/" name ".in"
#define FROM(part, edge) ".\\\" made from " part ": " edge "\n"
#define LINE_BYTES 76

/*
 * One sentence or part of it on lines of mdoc(7): broken between words, and none begins with what
 * would make it a request.
 */
static void
add_text(struct buffer *out, const char *text)
{
	size_t used = 0;
	char first[2] = "";

	/* Sentences begin with a capital letter, but not a value that is to be typed. */
	first[0] = text[0];
	if (text[0] >= 'a' && text[0] <= 'z' && text[strcspn(text, " ,")] != ',')
		first[0] = (char)(text[0] - 'a' + 'A');
	buffer_add_text(out, first);
	for (text++, used = 1; *text != '\0';) {
		size_t word = strcspn(text, " ");

		if (used + word > LINE_BYTES) {
			out->bytes[out->length - 1] = '\n';
			used = 0;
		}
		/* An apostrophe or a dot there begins a request (roff(7)). */
		if (used == 0 && (*text == '.' || *text == '\''))
			buffer_add_text(out, "\\&");
		buffer_add(out, text, word);
		text += word;
		used += word;
		if (*text == ' ') {
			buffer_add_text(out, " ");
			text++;
			used++;
		}
	}
	buffer_add_text(out, ".\n");
}

static void
add_option(struct buffer *out, const char *name, const char *argument)
{
	char lower[32] = "";

	buffer_printf(out, ".It Fl -%s", name);
	for (size_t at = 0; argument != NULL && argument[at] != '\0'; at++)
		lower[at] = (char)(argument[at] - 'A' + 'a');
	if (argument != NULL)
		buffer_printf(out, " Ns Op = Ns Ar %s", lower);
	buffer_add_text(out, "\n");
}

static void
render_supervisor(enum program program, struct buffer *out)
{
	for (size_t at = 0; at < SUPERVISOR_OPTIONS; at++) {
		const struct supervisor_option *option = &supervisor_options[at];

		if ((option->programs & PROGRAM_BIT(program)) == 0)
			continue;
		add_option(out, option->name, option->argument);
		add_text(out, option->help);
	}
}

static void
render_variables(enum program program, struct buffer *out)
{
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++) {
		const struct setting_entry *entry = &settings[setting];

		if (entry->derived || !setting_is_of(setting, program))
			continue;
		buffer_printf(out, ".It Ev %s\n", entry->name);
		add_text(out, entry->help);
		if (entry->required)
			buffer_add_text(out, "Required.\n");
		else if (entry->fallback != NULL)
			buffer_printf(out, "The default is %s.\n", entry->fallback);
	}
}

static void
render_agent_options(struct buffer *out)
{
	render_supervisor(PROGRAM_AGENT, out);
}

static void
render_gate_options(struct buffer *out)
{
	render_supervisor(PROGRAM_GATE, out);
}

static void
render_agent_variables(struct buffer *out)
{
	render_variables(PROGRAM_AGENT, out);
}

static void
render_gate_variables(struct buffer *out)
{
	render_variables(PROGRAM_GATE, out);
}

static void
render_commands(struct buffer *out)
{
	for (enum command command = 0; command < COMMAND_COUNT; command++) {
		buffer_printf(out, ".It Cm %s\n", agentctl_commands[command].name);
		add_text(out, agentctl_commands[command].help);
	}
}

static void
render_agentctl_options(struct buffer *out)
{
	for (size_t at = 0; at < AGENTCTL_OPTIONS; at++) {
		add_option(out, agentctl_options[at].name, agentctl_options[at].argument);
		add_text(out, agentctl_options[at].help);
	}
}

#define SECTION(page, part, function)                                                       \
	{                                                                                   \
		.path = PAGE(page), .begin = FROM(part, "begin"), .end = FROM(part, "end"), \
		.render = (function)                                                        \
	}

static const struct section sections[] = {
	SECTION("dockflare-agent.8", "supervisor/options.c", render_agent_options),
	SECTION("dockflare-agent.8", "common/setting.c", render_agent_variables),
	SECTION("docker-gate.8", "supervisor/options.c", render_gate_options),
	SECTION("docker-gate.8", "common/setting.c", render_gate_variables),
	SECTION("dockflare-agentctl.1", "agentctl/options.c, commands", render_commands),
	SECTION("dockflare-agentctl.1", "agentctl/options.c, options", render_agentctl_options),
};

static void
the_pages_are_the_tables(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(sections); at++)
		section_check(&sections[at]);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pages_are_the_tables),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		for (size_t at = 0; at < ARRAY_LEN(sections); at++)
			section_write(&sections[at]);
		return 0;
	}
	return RUN_TESTS(tests);
}
