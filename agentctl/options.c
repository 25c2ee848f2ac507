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

static const char usage[] =
    "Usage: dockflare-agentctl status [--json] [--watch[=SECONDS]] [--color[=WHEN]]\n"
    "       dockflare-agentctl health [--strict]\n"
    "       dockflare-agentctl report\n"
    "       dockflare-agentctl --version | --help\n\n"
    "  status   what the agent is doing: master, Docker, tunnel, containers, workers\n"
    "             --json     as one JSON object\n"
    "             --watch    again every SECONDS (2) until Ctrl-C; to a pipe with a blank line\n"
    "                        between, or one JSON object a line\n"
    "             --color    WHEN is always, never or auto: on a terminal, unless NO_COLOR is set\n"
    "  health   one line; exit status 0 for healthy, degraded, prepared and decommissioned, 1 for\n"
    "           unhealthy\n"
    "             --strict   1 for degraded too\n"
    "  report   all of it for a public bug report: names, addresses and ids are left out\n\n"
    "AGENT_RUN_DIR names the folder of status.sock (default /run/dockflare-agent).\n";

static const char *const commands[COMMAND_COUNT] = {
	[COMMAND_STATUS] = "status",
	[COMMAND_HEALTH] = "health",
	[COMMAND_REPORT] = "report",
};

#define STATUS (1u << COMMAND_STATUS)
#define HEALTH (1u << COMMAND_HEALTH)
#define ANY (~0u)

static const struct option known[] = {
	{ "color", optional_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
	{ "strict", no_argument, NULL, 's' },
	{ "version", no_argument, NULL, 'v' },
	{ "watch", optional_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 },
};

/* Which commands take an option. */
static unsigned
takers(int option)
{
	if (option == 's')
		return HEALTH;
	return option == 'c' || option == 'j' || option == 'w' ? STATUS : ANY;
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
take_option(int option, struct options *options)
{
	if (option == 'h') {
		fputs(usage, stdout);
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
options_read(int argc, char **argv, struct options *ret_options)
{
	unsigned allowed = ANY;
	int option, status;

	*ret_options = (struct options){ .command = COMMAND_COUNT };
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		status = take_option(option, ret_options);
		if (status >= 0)
			return status;
		allowed &= takers(option);
	}
	for (enum command command = 0; command < COMMAND_COUNT; command++)
		if (optind + 1 == argc && strcmp(argv[optind], commands[command]) == 0)
			ret_options->command = command;
	if (ret_options->command != COMMAND_COUNT && (allowed & (1u << ret_options->command)) != 0)
		return -1;
	fputs(usage, stderr);
	return EX_USAGE;
}

bool
options_colour(const struct options *options)
{
	const char *off = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (options->colour != COLOUR_AUTO)
		return options->colour == COLOUR_ALWAYS;
	if (off != NULL && off[0] != '\0')
		return false;
	return isatty(STDOUT_FILENO) == 1 && terminal != NULL && strcmp(terminal, "dumb") != 0;
}
