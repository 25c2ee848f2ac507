/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  What an operator, or a health check, asks the agent: `status`, `health` and
 * `report`.  It reads status.sock, on which the supervisor only writes, and needs no right but to
 * reach it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "agentctl/options.h"
#include "agentctl/report.h"
#include "agentctl/show.h"
#include "agentctl/watch.h"
#include "common/printable.h"
#include "common/setting.h"

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
tell(const struct account *account, const struct command_line *options, const struct output *output)
{
	struct buffer text _cleanup_buffer_ = BUFFER(ACCOUNT_MAX_BYTES);
	enum health health = verdict(account, &text);
	const char *reasons = text.bytes == NULL ? "" : text.bytes;

	if (options->command == COMMAND_HEALTH)
		return tell_health(health, reasons, options->strict);
	if (options->command == COMMAND_REPORT) {
		report(account, health, reasons, output->file);
		return EXIT_SUCCESS;
	}
	if (!options->json) {
		show_text(account, health, reasons, output);
		return EXIT_SUCCESS;
	}
	if (show_json(account, health, reasons, output, options->watch_s > 0) == 0)
		return EXIT_SUCCESS;
	fputs("dockflare-agentctl: out of memory\n", stderr);
	return EX_OSERR;
}

/* Nobody answers: for a health check that is the answer. */
static int
tell_failure(const char *why, const struct command_line *options)
{
	if (options->command == COMMAND_HEALTH)
		printf("%s: %s\n", health_names[UNHEALTHY], why);
	else if (options->command == COMMAND_REPORT)
		report_nothing(why, stdout);
	else
		fprintf(stderr, "dockflare-agentctl: %s\n", why);
	return EXIT_FAILURE;
}

/* The account as it is now.  Whether there is one; the caller frees it either way. */
static bool
ask(struct account *account, char why[ACCOUNT_WHY_BYTES])
{
	struct buffer text _cleanup_buffer_ = BUFFER(ACCOUNT_MAX_BYTES);
	const char *folder = getenv(settings[SETTING_RUN_DIR].name);

	memset(account, 0, sizeof(*account));
	snprintf(why, ACCOUNT_WHY_BYTES, "out of memory");
	if (folder == NULL || folder[0] == '\0')
		folder = settings[SETTING_RUN_DIR].fallback;
	if (account_fetch(folder, &text, why) != 0)
		return false;
	return account_read((struct slice){ .bytes = text.bytes, .length = text.length }, account,
		   why) == 0;
}

static void
draw(FILE *file, void *context)
{
	static struct account account;
	static bool begun;
	const struct command_line *options = context;
	const struct output output = { .file = file, .colour = agentctl_colour(options) };
	char why[ACCOUNT_WHY_BYTES];

	/* Blocks of text are told apart; an object needs a line only. */
	if (begun && !options->json && !watch_on_terminal())
		fputc('\n', file);
	begun = true;
	if (ask(&account, why))
		(void)tell(&account, options, &output);
	else if (options->json)
		(void)tell_failure(why, options);
	else
		fprintf(file, "%s\n", why);
	account_free(&account);
}

static int
once(const struct command_line *options)
{
	static struct account account;
	const struct output output = { .file = stdout, .colour = agentctl_colour(options) };
	char why[ACCOUNT_WHY_BYTES];
	int status = ask(&account, why) ? tell(&account, options, &output) :
					  tell_failure(why, options);

	account_free(&account);
	return status;
}

int
main(int argc, char **argv)
{
	struct command_line options;
	int status = agentctl_options_read(argc, argv, &options);

	if (status >= 0)
		return status;
	return options.watch_s > 0 ? watch(options.watch_s, draw, &options) : once(&options);
}
