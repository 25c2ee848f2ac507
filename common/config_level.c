/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  LOG_LEVEL_FILE: the one setting beside secrets that is read again at SIGHUP. */
#include <stdlib.h>
#include <string.h>

#include "common/config_check.h"

int
config_level(const struct config *config, struct buffer *ret_level, struct buffer *why)
{
	const char *path = config->values[SETTING_LOG_LEVEL_FILE];
	struct buffer content _cleanup_buffer_ = BUFFER(SECRET_MAX_BYTES + 1);
	int error = path == NULL ? 0 : config_read_file(path, &content, why);

	if (path == NULL || error != 0)
		return error;
	/* Its content is not quoted: it may be a secret's file by mistake. */
	(void)buffer_printf(why, "%.400s holds what ", path);
	error = settings[SETTING_LOG_LEVEL].normalise(content.bytes, ret_level, why);
	if (error == 0)
		buffer_clear(why);
	return error;
}

void
config_check_level(struct config *config)
{
	struct buffer level _cleanup_buffer_ = BUFFER(64), why _cleanup_buffer_ = BUFFER(2048);

	if (config->values[SETTING_LOG_LEVEL_FILE] == NULL)
		return;
	if (config->given[SETTING_LOG_LEVEL]) {
		config_mistake(config, SETTING_LOG_LEVEL_FILE,
		    "is set beside LOG_LEVEL; set one of the two");
		return;
	}
	if (config_level(config, &level, &why) != 0) {
		config_mistake(config, SETTING_LOG_LEVEL_FILE, why.bytes);
		return;
	}
	free(config->values[SETTING_LOG_LEVEL]);
	config->values[SETTING_LOG_LEVEL] = strdup(level.bytes);
}
