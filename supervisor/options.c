/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See options.h. */
#include "supervisor/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/attr.h"
#include "common/config.h"
#include "version.h"

#define AGENT PROGRAM_BIT(PROGRAM_AGENT)
#define BOTH (PROGRAM_BIT(PROGRAM_AGENT) | PROGRAM_BIT(PROGRAM_GATE))

const struct supervisor_option supervisor_options[SUPERVISOR_OPTIONS] = {
	{ "check", NULL, 'c', BOTH, "check the settings, list every mistake, start nothing" },
	{ "check-config", NULL, 'c', BOTH, "the same, as it was called first" },
	{ "online", NULL, 'o', AGENT,
	    "with --check: try all that is needed too, by the confined workers; changes nothing" },
	{ "print-policy", "PROCESS", 'p', BOTH,
	    "print what each process, or that one, may do on this machine" },
	{ "version", NULL, 'v', BOTH, "print the version" },
	{ "help", NULL, 'h', BOTH, "print this" },
};

static bool
is_of(const struct supervisor_option *option, enum program program)
{
	return (option->programs & PROGRAM_BIT(program)) != 0;
}

static void
print_help(enum program program)
{
	printf("Usage: %s [--check%s | --print-policy[=PROCESS] | --version | --help]\n\n",
	    programs[program].name, program == PROGRAM_AGENT ? " [--online]" : "");
	for (size_t at = 0; at < SUPERVISOR_OPTIONS; at++) {
		const struct supervisor_option *option = &supervisor_options[at];
		char form[64];

		snprintf(form, sizeof(form), option->argument == NULL ? "--%s" : "--%s[=%s]",
		    option->name, option->argument);
		if (is_of(option, program))
			printf("  %-26s %s\n", form, option->help);
	}
	printf("\n");
	config_print_help(program);
}

static int
take_process(enum program program, struct options *options)
{
	options->print_policy = true;
	if (optarg == NULL)
		return -1;
	options->printed = program_process(program, optarg);
	if (options->printed != PROCESS_COUNT)
		return -1;
	fprintf(stderr, "%s: --print-policy: no process \"%.80s\"\n", programs[program].name,
	    optarg);
	return EX_USAGE;
}

static int
take_option(enum program program, int letter, struct options *options)
{
	switch (letter) {
	case 'h':
		print_help(program);
		return EXIT_SUCCESS;
	case 'v':
		printf("%s %s\n", programs[program].name, AGENT_VERSION);
		return EXIT_SUCCESS;
	case 'p':
		return take_process(program, options);
	case 'c':
		options->check_only = true;
		return -1;
	case 'o':
		options->online = true;
		return -1;
	default:
		return EX_USAGE;
	}
}

/* What can't stand together, or not here. */
static int
judge(enum program program, const struct options *options)
{
	const char *name = programs[program].name;

	/* docker-gate's own calls are what the agent's check finds. */
	if (options->online && program != PROGRAM_AGENT)
		fprintf(stderr,
		    "%s: --online is dockflare-agent's, which finds what is wrong with this one "
		    "too\n",
		    name);
	else if (options->online && !options->check_only)
		fprintf(stderr, "%s: --online goes with --check\n", name);
	else
		return -1;
	return EX_USAGE;
}

int
options_read(enum program program, int argc, char **argv, struct options *ret_options)
{
	struct option known[SUPERVISOR_OPTIONS + 1] = { 0 };
	int letter, status;

	*ret_options = (struct options){ .printed = PROCESS_COUNT };
	for (size_t at = 0; at < SUPERVISOR_OPTIONS; at++)
		known[at] = (struct option){ supervisor_options[at].name,
			supervisor_options[at].argument == NULL ? no_argument : optional_argument,
			NULL, supervisor_options[at].letter };
	while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
		status = take_option(program, letter, ret_options);
		if (status >= 0)
			return status;
	}
	if (optind < argc) {
		fprintf(stderr, "%s: \"%.80s\" is no option; see --help\n", programs[program].name,
		    argv[optind]);
		return EX_USAGE;
	}
	return judge(program, ret_options);
}
