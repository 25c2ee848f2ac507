/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  SIGHUP: secret files and LOG_LEVEL_FILE are read again; what is read at a start
 * only, and has changed, is named.  What can't be read leaves everything as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log_out.h"
#include "supervisor/supervisor.h"

/* Zero of a file that is not there, or not used. */
static struct file_mark
mark_of(const char *path)
{
	struct stat status;

	if (path == NULL || stat(path, &status) != 0)
		return (struct file_mark){ 0 };
	return (struct file_mark){ .device = status.st_dev,
		.inode = status.st_ino,
		.bytes = status.st_size,
		.changed = status.st_mtim };
}

static bool
is_same(const struct file_mark *one, const struct file_mark *other)
{
	return one->device == other->device && one->inode == other->inode &&
	       one->bytes == other->bytes && one->changed.tv_sec == other->changed.tv_sec &&
	       one->changed.tv_nsec == other->changed.tv_nsec;
}

void
reload_remember(struct supervisor *supervisor)
{
	supervisor->ca_mark = mark_of(supervisor->values.ca_file);
}

static void
add_name(struct buffer *names, const struct config *config, enum setting setting)
{
	if (config->values[setting] != NULL)
		(void)buffer_printf(names, "%s%s", names->length > 0 ? ", " : "",
		    settings[setting].name);
}

/* Which variables name a file that is read now. */
static void
say_what(const struct supervisor *supervisor)
{
	static const enum setting files[] = { SETTING_API_KEY_FILE, SETTING_ACCESS_ID_FILE,
		SETTING_ACCESS_SECRET_FILE, SETTING_HTTPS_PROXY_FILE, SETTING_LOG_LEVEL_FILE };
	struct buffer names _cleanup_buffer_ = BUFFER(512);

	for (size_t at = 0; at < ARRAY_LEN(files); at++)
		add_name(&names, supervisor->config, files[at]);
	if (names.length == 0)
		say(LOG_RELOADING, "SIGHUP: no variable names a file that is read again; a changed "
				   "variable needs a restart");
	else
		say(LOG_RELOADING, "SIGHUP: reading again: %s; a changed variable needs a restart",
		    names.bytes);
}

static void
set_level(struct supervisor *supervisor, const char *level)
{
	char **value = &supervisor->config->values[SETTING_LOG_LEVEL];
	char *copy = strdup(level), text[64];

	if (copy == NULL)
		return;
	/* Said under whichever of the two levels shows it. */
	if (!log_out_wants(log_events[LOG_LEVEL_CHANGED].level))
		log_out_set(level, supervisor->config->values[SETTING_TZ]);
	say(LOG_LEVEL_CHANGED, "LOG_LEVEL_FILE: the level is %s, it was %s", level, *value);
	log_out_set(level, supervisor->config->values[SETTING_TZ]);
	free(*value);
	*value = copy;
	snprintf(text, sizeof(text), "{\"type\":\"log-level\",\"level\":\"%s\"}", level);
	/* One that is started later gets it with its configuration. */
	for_each_worker(process)
		if (supervisor->slots[process].pid != 0)
			send_text(&supervisor->slots[process], text, -1);
}

static void
reload_level(struct supervisor *supervisor)
{
	struct buffer level _cleanup_buffer_ = BUFFER(64), why _cleanup_buffer_ = BUFFER(2048);
	const char *old = supervisor->config->values[SETTING_LOG_LEVEL];

	if (config_level(supervisor->config, &level, &why) != 0)
		say(LOG_LEVEL_KEPT, "LOG_LEVEL_FILE: %s; the level stays %s", why.bytes, old);
	else if (level.length > 0 && strcmp(level.bytes, old) != 0)
		set_level(supervisor, level.bytes);
}

static void
look_at_ca(const struct supervisor *supervisor)
{
	const char *path = supervisor->values.ca_file;
	struct file_mark now = mark_of(path);

	if (path != NULL && !is_same(&now, &supervisor->ca_mark))
		say(LOG_RESTART_NEEDED,
		    "DOCKFLARE_CA_FILE: %s has changed; restart the agent to use it", path);
}

void
reload(struct supervisor *supervisor)
{
	/* A check reads everything once, and is over soon. */
	if (supervisor->check != NULL)
		return;
	say_what(supervisor);
	for_each_worker(process)
		hand_out_secrets(supervisor, &supervisor->slots[process]);
	reload_level(supervisor);
	look_at_ca(supervisor);
}
