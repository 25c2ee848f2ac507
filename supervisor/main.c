/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor's start: options, identity, configuration, the floor of the sandbox.  Nothing is
 * started while there is a mistake; all of them are listed at once.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/log_out.h"
#include "policy/identity.h"
#include "policy/values.h"
#include "supervisor/state_files.h"
#include "supervisor/supervisor.h"
#include "version.h"

/* ---- options ---- */

static void
print_help(void)
{
	printf("Usage: dockflare-agent [--check-config | --version | --help]\n\n"
	       "Runs the DockFlare agent. It is configured by environment variables:\n\n");
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++)
		if (!settings[setting].derived)
			printf("  %-28s %s\n", settings[setting].name, settings[setting].help);
}

struct options {
	bool check_only;
};

/* -1: go on; else the exit status. */
static int
read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "check-config", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'h') {
			print_help();
			return EXIT_SUCCESS;
		}
		if (option == 'v') {
			printf("dockflare-agent %s\n", AGENT_VERSION);
			return EXIT_SUCCESS;
		}
		if (option != 'c')
			return EX_USAGE;
		options->check_only = true;
	}
	return optind < argc ? EX_USAGE : -1;
}

/* ---- start ---- */

static void
check_folder(struct supervisor *supervisor)
{
	struct buffer why _cleanup_buffer_ = BUFFER(2048);
	const char *path = supervisor->config->values[SETTING_DATA_DIR];

	if (path == NULL)
		return;
	supervisor->data_fd = state_folder_open(path, &why);
	if (supervisor->data_fd < 0)
		(void)buffer_printf(&supervisor->config->mistakes, "AGENT_DATA_DIR: %s\n",
		    why.bytes);
}

static void
say_lines(enum log_level level, const struct buffer *lines)
{
	const char *at = lines->bytes;

	while (at != NULL && *at != '\0') {
		int length = (int)strcspn(at, "\n");

		say(level, "%.*s", length, at);
		at += length + (at[length] == '\n' ? 1 : 0);
	}
}

static void
set_log(const struct config *config)
{
	const char *wanted = config->values[SETTING_LOG_LEVEL];

	for (enum log_level level = 0; level < LOG_LEVEL_COUNT; level++)
		if (wanted != NULL && strcmp(wanted, log_level_names[level]) == 0)
			log_out_level(level);
	setenv("TZ", config->values[SETTING_TZ] != NULL ? config->values[SETTING_TZ] : "UTC", 1);
	tzset();
}

static int
open_signals(void)
{
	sigset_t taken;

	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGHUP);
	sigaddset(&taken, SIGCHLD);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Reads and checks everything.  0, or the exit status with every mistake told. */
static int
prepare(struct supervisor *supervisor)
{
	struct config *config = supervisor->config;
	int error = config_read(environ, config);

	config_wipe_environment(environ);
	set_log(config);
	policy_values_find(config, &supervisor->values);
	policy_values_check(config, &supervisor->values);
	check_folder(supervisor);
	if (error == 0 && config->mistakes.length == 0)
		return 0;
	say_lines(LOG_LEVEL_CRITICAL, &config->mistakes);
	say(LOG_LEVEL_CRITICAL, "the configuration has mistakes (above); nothing was started");
	log_out_flush();
	return EX_CONFIG;
}

static int
run(struct supervisor *supervisor)
{
	int filters = policy_own_filters();

	if (filters < 0) {
		say(LOG_LEVEL_CRITICAL,
		    "/proc can't be read (%s); the agent needs it to check its "
		    "workers: mount it",
		    strerror(-filters));
		log_out_flush();
		return EX_CONFIG;
	}
	supervisor->own_filters = (unsigned)filters;
	supervisor->signal_fd = open_signals();
	supervisor->started_ms = clock_ms();
	say_lines(LOG_LEVEL_WARNING, &supervisor->config->warnings);
	say(LOG_LEVEL_INFO, "started, version %s (%s, Landlock ABI %d)", AGENT_VERSION,
	    supervisor->values.distinct_uids ? "distinct uids" : "shared uid",
	    supervisor->values.landlock_abi);
	status_open(supervisor);
	return supervisor_run(supervisor);
}

int
main(int argc, char **argv)
{
	static struct supervisor supervisor;
	static struct config config;
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	struct options options = { false };
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	supervisor.config = &config;
	supervisor.data_fd = -1;
	if (identity_take(&supervisor.values.distinct_uids, &why) != 0) {
		say(LOG_LEVEL_CRITICAL, "%s", why.bytes);
		return EX_CONFIG;
	}
	status = prepare(&supervisor);
	if (status == 0 && options.check_only)
		printf("the configuration is good\n");
	else if (status == 0)
		status = run(&supervisor);
	config_free(&config);
	return status;
}
