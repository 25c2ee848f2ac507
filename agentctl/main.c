/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  What an operator, or a health check, asks the agent: `status` and `health`.
 * It reads status.sock, on which the supervisor only writes, and needs no right but to reach it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agentctl/show.h"
#include "common/printable.h"
#include "common/setting.h"
#include "version.h"

struct options {
	const char *command;
	bool json;
	bool strict;
};

static const char usage[] =
    "Usage: dockflare-agentctl status [--json]\n"
    "       dockflare-agentctl health [--strict]\n"
    "       dockflare-agentctl --version | --help\n\n"
    "  status   what the agent is doing: master, Docker, tunnel, workers\n"
    "  health   one line; exit status 0 for healthy, degraded, prepared and decommissioned, 1 for\n"
    "           unhealthy; with --strict 1 for degraded too\n\n"
    "AGENT_RUN_DIR names the folder of status.sock (default /run/dockflare-agent).\n";

/* -1: go on; else the exit status. */
static int
read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "strict", no_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		}
		if (option == 'v') {
			printf("dockflare-agentctl %s\n", AGENT_VERSION);
			return EXIT_SUCCESS;
		}
		if (option == '?')
			return EX_USAGE;
		options->json = options->json || option == 'j';
		options->strict = options->strict || option == 's';
	}
	options->command = optind < argc ? argv[optind] : "";
	if (optind + 1 == argc && ((strcmp(options->command, "status") == 0 && !options->strict) ||
				      (strcmp(options->command, "health") == 0 && !options->json)))
		return -1;
	fputs(usage, stderr);
	return EX_USAGE;
}

static int
tell_health(enum health health, const char *reasons, bool strict)
{
	struct buffer shown _cleanup_buffer_ = BUFFER(2 * SHOWN_MAX_BYTES);

	printable_add(&shown, reasons, strlen(reasons), SHOWN_MAX_BYTES);
	printf("%s%s%s\n", health_names[health], shown.length > 0 ? ": " : "",
	    shown.length > 0 ? shown.bytes : "");
	return health == UNHEALTHY || (strict && health == DEGRADED) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
tell(const struct account *account, const struct options *options)
{
	struct buffer text _cleanup_buffer_ = BUFFER(ACCOUNT_MAX_BYTES);
	enum health health = verdict(account, &text);
	const char *reasons = text.bytes == NULL ? "" : text.bytes;
	int error;

	if (strcmp(options->command, "health") == 0)
		return tell_health(health, reasons, options->strict);
	error = options->json ? show_json(account, health, reasons) :
				show_text(account, health, reasons);
	if (error == 0)
		return EXIT_SUCCESS;
	fputs("dockflare-agentctl: out of memory\n", stderr);
	return EX_OSERR;
}

/* Nobody answers: for a health check that is the answer. */
static int
tell_failure(const char *why, const struct options *options)
{
	if (strcmp(options->command, "health") == 0)
		printf("%s: %s\n", health_names[UNHEALTHY], why);
	else
		fprintf(stderr, "dockflare-agentctl: %s\n", why);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	static struct account account;
	struct buffer text _cleanup_buffer_ = BUFFER(ACCOUNT_MAX_BYTES);
	struct options options = { .command = "" };
	const char *folder = getenv(settings[SETTING_RUN_DIR].name);
	char why[ACCOUNT_WHY_BYTES] = "out of memory";
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (folder == NULL || folder[0] == '\0')
		folder = settings[SETTING_RUN_DIR].fallback;
	if (account_fetch(folder, &text, why) != 0)
		return tell_failure(why, &options);
	status = account_read((struct slice){ .bytes = text.bytes, .length = text.length },
		     &account, why) == 0 ?
		     tell(&account, &options) :
		     tell_failure(why, &options);
	account_free(&account);
	return status;
}
