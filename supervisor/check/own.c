/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  What it finds itself in a check: settings, kernel, start mode, data folder, lock
 * and run folder.  It looks and writes nothing: an agent may run on that very folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/data_folder.h"
#include "common/folder_lock.h"
#include "common/log_out.h"
#include "common/secret_memory.h"
#include "policy/mdwe.h"
#include "policy/values.h"
#include "supervisor/check/check.h"

/* Whether a warning of the configuration is about the machine and not about a setting's value. */
static bool
is_of_kernel(const char *line)
{
	return strncmp(line, "SANDBOX:", 8) == 0 || strncmp(line, "memory ", 7) == 0;
}

/* One finding for each line of a text; another where it is about the machine. */
static void
say_each(struct check *check, enum finding of_setting, enum finding of_kernel, const char *lines)
{
	while (lines != NULL && *lines != '\0') {
		int length = (int)strcspn(lines, "\n");

		check_say(check, is_of_kernel(lines) ? of_kernel : of_setting, "%.*s", length,
		    lines);
		lines += length + (lines[length] == '\n' ? 1 : 0);
	}
}

static void
check_settings(struct check *check, const struct config *config)
{
	say_each(check, FINDING_SETTING_WRONG, FINDING_SETTING_WRONG, config->mistakes.bytes);
	if (config->mistakes.length == 0)
		check_say(check, FINDING_SETTINGS_GOOD, "every setting is good");
	say_each(check, FINDING_SETTING_WARNING, FINDING_KERNEL_LESS, config->warnings.bytes);
}

static void
check_kernel(struct check *check, const struct policy_values *values)
{
	/* An older kernel knows no such question; a newer one answers, whatever is set. */
	bool mdwe = prctl(PR_GET_MDWE, 0, 0, 0, 0) >= 0;

	check_say(check, FINDING_KERNEL,
	    "seccomp, Landlock ABI %d%s, memory for secrets is%s locked", values->landlock_abi,
	    mdwe ? ", MDWE" : "", secret_memory_error() == 0 ? "" : " not");
	if (!mdwe)
		check_say(check, FINDING_KERNEL_LESS,
		    "this kernel has no MDWE (Linux 6.3): only seccomp keeps memory from becoming "
		    "executable");
	check_say(check, FINDING_START_MODE, "start mode: %s", policy_start_mode(values));
}

static void
check_lock(struct check *check, int folder, const char *path)
{
	struct buffer why _cleanup_buffer_ = BUFFER(2 * SETTING_VALUE_MAX_BYTES);
	int result = folder_lock_look(folder, path, &why);

	if (result == 0)
		check_say(check, FINDING_LOCK_FREE, "no agent runs on %s", path);
	else if (result == -EWOULDBLOCK)
		check_say(check, FINDING_LOCK_HELD, "%s, and is left alone", why.bytes);
	else
		check_say(check, FINDING_LOCK_UNKNOWN, "%s", why.bytes);
}

static void
check_data(struct supervisor *supervisor)
{
	struct buffer why _cleanup_buffer_ = BUFFER(2 * SETTING_VALUE_MAX_BYTES);
	const char *path = supervisor->config->values[SETTING_DATA_DIR];

	supervisor->data_fd = data_folder_look(path, &why);
	if (supervisor->data_fd < 0) {
		check_say(supervisor->check, FINDING_DATA_UNUSABLE, "%s", why.bytes);
		/* Its files may be readable all the same. */
		supervisor->data_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		supervisor->check->no_folder = supervisor->data_fd < 0;
		return;
	}
	check_say(supervisor->check, FINDING_DATA_GOOD, "%s can be written", path);
	check_lock(supervisor->check, supervisor->data_fd, path);
}

static void
check_run_folder(struct check *check, const char *path)
{
	if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0)
		check_say(check, FINDING_RUN_GOOD, "%s can be written", path);
	else
		check_say(check, FINDING_RUN_UNUSABLE, "%s can't be written: %s", path,
		    strerror(errno));
}

/* Lines that a check has no use for: it tells what is found on stdout, and only trouble in the log. */
static void
quieten(struct config *config)
{
	char **level = &config->values[SETTING_LOG_LEVEL];

	if (*level != NULL && strcmp(*level, log_level_names[LOG_LEVEL_INFO]) == 0) {
		free(*level);
		*level = strdup(log_level_names[LOG_LEVEL_WARNING]);
	}
	log_out_set(*level, config->values[SETTING_TZ]);
	log_out_format(config->values[SETTING_LOG_FORMAT]);
}

bool
check_own(struct supervisor *supervisor)
{
	struct config *config = supervisor->config;

	quieten(config);
	policy_values_find(config, &supervisor->values);
	policy_values_check(config, &supervisor->values);
	check_settings(supervisor->check, config);
	if (config->mistakes.length > 0)
		return false;
	check_kernel(supervisor->check, &supervisor->values);
	check_data(supervisor);
	check_run_folder(supervisor->check, config->values[SETTING_RUN_DIR]);
	config->values[SETTING_CHECK] = strdup("true");
	supervisor->status_fd = -1;
	for (size_t at = 0; at < STATUS_CLIENTS_MAX; at++)
		supervisor->clients[at].fd = -1;
	return true;
}
