/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  See options.h. */
#include "agentctl/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/attr.h"
#include "version.h"

#define STATUS (1u << COMMAND_STATUS)
#define HEALTH (1u << COMMAND_HEALTH)
#define ANY (~0u)

const struct agentctl_option agentctl_options[AGENTCTL_OPTIONS] = {
	{ "json", NULL, 'j', STATUS, "print one JSON object" },
	{ "watch", "SECONDS", 'w', STATUS,
	    "print it again every SECONDS (2) until Ctrl-C; in a pipe with a blank line between" },
	{ "color", "WHEN", 'c', STATUS,
	    "colour the states: always, never or auto (on a terminal, unless NO_COLOR is set)" },
	{ "strict", NULL, 's', HEALTH, "exit with 1 for degraded too" },
	{ "version", NULL, 'v', 0, "print the version" },
	{ "help", NULL, 'h', 0, "print this" },
};

const struct agentctl_command agentctl_commands[COMMAND_COUNT] = {
	[COMMAND_STATUS] = { "status",
	    "what the agent is doing: master, Docker, tunnel, containers, workers" },
	[COMMAND_HEALTH] = { "health", "one line; exit with 1 for unhealthy, else with 0" },
	[COMMAND_REPORT] = { "report",
	    "all of it for a public bug report: names, addresses and ids are left out" },
};

static void
print_form(const struct agentctl_option *option, FILE *file)
{
	fprintf(file, option->argument == NULL ? "--%s" : "--%s[=%s]", option->name,
	    option->argument);
}

static void
print_usage(FILE *file)
{
	const char *before = "Usage:";

	for (enum command command = 0; command < COMMAND_COUNT; command++) {
		fprintf(file, "%s dockflare-agentctl %s", before, agentctl_commands[command].name);
		for (size_t at = 0; at < AGENTCTL_OPTIONS; at++) {
			if ((agentctl_options[at].commands & (1u << command)) == 0)
				continue;
			fputs(" [", file);
			print_form(&agentctl_options[at], file);
			fputc(']', file);
		}
		fputc('\n', file);
		before = "      ";
	}
	fprintf(file, "%s dockflare-agentctl --version | --help\n\n", before);
}

static void
print_help(FILE *file)
{
	print_usage(file);
	for (enum command command = 0; command < COMMAND_COUNT; command++)
		fprintf(file, "  %-18s %s\n", agentctl_commands[command].name,
		    agentctl_commands[command].help);
	fputc('\n', file);
	for (size_t at = 0; at < AGENTCTL_OPTIONS; at++) {
		const struct agentctl_option *option = &agentctl_options[at];
		char form[64];

		snprintf(form, sizeof(form), option->argument == NULL ? "--%s" : "--%s[=%s]",
		    option->name, option->argument);
		fprintf(file, "  %-18s %s\n", form, option->help);
	}
	fputs("\nAGENT_RUN_DIR names the folder of status.sock (default /run/dockflare-agent).\n",
	    file);
}

/* Which commands take an option. */
static unsigned
takers(int letter)
{
	for (size_t at = 0; at < AGENTCTL_OPTIONS; at++)
		if (agentctl_options[at].letter == letter)
			return agentctl_options[at].commands;
	return ANY;
}

static bool
read_colour(const char *text, enum colour *ret_colour)
{
	if (text == NULL || strcmp(text, "always") == 0)
		*ret_colour = COLOUR_ALWAYS;
	else if (strcmp(text, "never") == 0)
		*ret_colour = COLOUR_NEVER;
	else if (strcmp(text, "auto") == 0)
		*ret_colour = COLOUR_AUTO;
	else
		return false;
	return true;
}

static bool
read_watch(const char *text, int *ret_seconds)
{
	char *end;
	long seconds;

	if (text == NULL) {
		*ret_seconds = WATCH_FALLBACK_S;
		return true;
	}
	seconds = strtol(text, &end, 10);
	if (end == text || *end != '\0' || seconds < 1 || seconds > WATCH_MAX_S)
		return false;
	*ret_seconds = (int)seconds;
	return true;
}

static int
refuse(const char *what, const char *value, const char *remedy)
{
	fprintf(stderr, "dockflare-agentctl: %s \"%.80s\": %s\n", what, value, remedy);
	return EX_USAGE;
}

/* -1: go on. */
static int
take_option(int option, struct command_line *options)
{
	if (option == 'h') {
		print_help(stdout);
		return EXIT_SUCCESS;
	}
	if (option == 'v') {
		printf("dockflare-agentctl %s\n", AGENT_VERSION);
		return EXIT_SUCCESS;
	}
	if (option == 'c' && !read_colour(optarg, &options->colour))
		return refuse("--color", optarg, "it takes always, never or auto");
	if (option == 'w' && !read_watch(optarg, &options->watch_s))
		return refuse("--watch", optarg, "it takes 1 to 3600 seconds");
	options->json = options->json || option == 'j';
	options->strict = options->strict || option == 's';
	return option == '?' ? EX_USAGE : -1;
}

int
agentctl_options_read(int argc, char **argv, struct command_line *ret_options)
{
	struct option known[AGENTCTL_OPTIONS + 1] = { 0 };
	unsigned allowed = ANY;
	int option, status;

	*ret_options = (struct command_line){ .command = COMMAND_COUNT };
	for (size_t at = 0; at < AGENTCTL_OPTIONS; at++)
		known[at] = (struct option){ agentctl_options[at].name,
			agentctl_options[at].argument == NULL ? no_argument : optional_argument,
			NULL, agentctl_options[at].letter };
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		status = take_option(option, ret_options);
		if (status >= 0)
			return status;
		allowed &= takers(option);
	}
	for (enum command command = 0; command < COMMAND_COUNT; command++)
		if (optind + 1 == argc &&
		    strcmp(argv[optind], agentctl_commands[command].name) == 0)
			ret_options->command = command;
	if (ret_options->command != COMMAND_COUNT && (allowed & (1u << ret_options->command)) != 0)
		return -1;
	print_usage(stderr);
	return EX_USAGE;
}

bool
agentctl_colour(const struct command_line *options)
{
	const char *off = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (options->colour != COLOUR_AUTO)
		return options->colour == COLOUR_ALWAYS;
	if (off != NULL && off[0] != '\0')
		return false;
	return isatty(STDOUT_FILENO) == 1 && terminal != NULL && strcmp(terminal, "dumb") != 0;
}
