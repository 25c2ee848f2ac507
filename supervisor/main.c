/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor's start: options, identity, configuration, the floor of the sandbox.  Nothing is
 * started while there is a mistake; all of them are listed at once.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/data_folder.h"
#include "common/folder_lock.h"
#include "common/listener.h"
#include "common/log_out.h"
#include "policy/identity.h"
#include "policy/values.h"
#include "supervisor/check/check.h"
#include "supervisor/options.h"
#include "supervisor/state_files.h"
#include "supervisor/supervisor.h"
#include "version.h"

/* ---- start ---- */

/* --check-config leaves the folder to an agent that may run on it. */
static void
check_folder(struct supervisor *supervisor, bool check_only)
{
	struct config *config = supervisor->config;
	const char *path = config->values[SETTING_DATA_DIR];
	struct buffer why _cleanup_buffer_ = BUFFER(2 * SETTING_VALUE_MAX_BYTES);
	int result = path == NULL ? -1 : data_folder_open(path, &why);

	supervisor->data_fd = result;
	if (result >= 0 && !check_only)
		result = supervisor->lock_fd = folder_lock_take(result, path, &why);
	if (why.length > 0)
		(void)buffer_printf(result < 0 ? &config->mistakes : &config->warnings,
		    "AGENT_DATA_DIR: %s\n", why.bytes);
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
prepare(struct supervisor *supervisor, bool check_only)
{
	struct config *config = supervisor->config;
	int error = config_read(supervisor_program, environ, config);

	config_wipe_environment(environ);
	log_out_set(config->values[SETTING_LOG_LEVEL], config->values[SETTING_TZ]);
	log_out_format(config->values[SETTING_LOG_FORMAT]);
	policy_values_find(config, &supervisor->values);
	policy_values_check(config, &supervisor->values);
	check_folder(supervisor, check_only);
	if (!check_only)
		listeners_open(config, supervisor->listeners);
	if (error == 0 && config->mistakes.length == 0)
		return 0;
	say_lines(LOG_SETTING_WRONG, config->mistakes.bytes);
	say(LOG_NOT_STARTED, "the configuration has mistakes (above); nothing was started");
	log_out_flush();
	return EX_CONFIG;
}

/* From the configuration as far as it goes: a port that is not known has no line. */
static void
print_policy(struct supervisor *supervisor, enum process process)
{
	(void)config_read(supervisor_program, environ, supervisor->config);
	config_wipe_environment(environ);
	policy_values_find(supervisor->config, &supervisor->values);
	policy_print(&supervisor->values, process);
	config_free(supervisor->config);
}

/* Its own sandbox, and the count of its filters, which its workers inherit. */
static int
confine(struct supervisor *supervisor)
{
	const char *step = "";
	int result = policy_confine_supervisor(&supervisor->values, &step);

	if (result == 0) {
		step = "/proc can't be read; mount it";
		result = policy_own_filters();
	}
	if (result < 0) {
		say(LOG_NO_SANDBOX, "the sandbox can't be set up: %s: %s", step, strerror(-result));
		log_out_flush();
		return EX_CONFIG;
	}
	supervisor->own_filters = (unsigned)result;
	return 0;
}

static int
run(struct supervisor *supervisor)
{
	int status;

	supervisor->signal_fd = open_signals();
	supervisor->started_ms = clock_ms();
	reload_remember(supervisor);
	state_folder_clean(supervisor->data_fd);
	say_lines(LOG_SETTING_DOUBTFUL, supervisor->config->warnings.bytes);
	say(LOG_STARTED, "started, version %s (%s, Landlock ABI %d)", AGENT_VERSION,
	    policy_start_mode(&supervisor->values), supervisor->values.landlock_abi);
	status_open(supervisor);
	status = confine(supervisor);
	return status != 0 ? status : supervisor_run(supervisor);
}

/* ---- --check --online ---- */

/* Its own findings first; then the workers, confined as ever, say theirs.  The exit status. */
static int
check_online(struct supervisor *supervisor)
{
	static struct check check;
	int status;

	check_begin(&check);
	supervisor->check = &check;
	(void)config_read(supervisor_program, environ, supervisor->config);
	config_wipe_environment(environ);
	if (!check_own(supervisor)) {
		(void)check_end(&check);
		return EX_CONFIG;
	}
	supervisor->signal_fd = open_signals();
	supervisor->started_ms = clock_ms();
	check.end_ms = supervisor->started_ms + CHECK_MS;
	status = confine(supervisor);
	return status != 0 ? status : supervisor_run(supervisor);
}

int
main(int argc, char **argv)
{
	static struct supervisor supervisor;
	static struct config config;
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	struct options options;
	int status = options_read(supervisor_program, argc, argv, &options);

	if (status >= 0)
		return status;
	supervisor.config = &config;
	/* What is said before the configuration is read, too. */
	log_out_format(getenv(settings[SETTING_LOG_FORMAT].name));
	if (identity_take(&supervisor.values, &why) != 0) {
		say(LOG_IDENTITY_WRONG, "%s", why.bytes);
		return EX_CONFIG;
	}
	if (options.print_policy) {
		print_policy(&supervisor, options.printed);
		return EXIT_SUCCESS;
	}
	if (options.online) {
		status = check_online(&supervisor);
		config_free(&config);
		return status;
	}
	status = prepare(&supervisor, options.check_only);
	if (status == 0 && options.check_only)
		printf("the configuration is good\n");
	else if (status == 0)
		status = run(&supervisor);
	config_free(&config);
	return status;
}
