/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See config.h. */
#include "common/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config_check.h"
#include "common/secret_memory.h"
#include "common/setting_value.h"
#include "common/utf8.h"

#define LINES_MAX_BYTES (256 * 1024)
#define QUOTED_MAX_BYTES 80

/* ---- mistakes ---- */

void
config_mistake(struct config *config, enum setting setting, const char *reason)
{
	(void)buffer_printf(&config->mistakes, "%s: %s\n", settings[setting].name, reason);
}

void
config_warning(struct config *config, enum setting setting, const char *text)
{
	(void)buffer_printf(&config->warnings, "%s: %s\n", settings[setting].name, text);
}

/* Behind what may be a user and a password, if anything in a URL may be one. */
static const char *
behind_user(const char *url)
{
	const char *at = strrchr(url, '@');

	return at == NULL ? url : at;
}

/* Appends a value for a person to read: printable, at most QUOTED_MAX_BYTES of it. */
static void
add_quoted(struct buffer *line, const char *value, bool url)
{
	const char *start = url ? behind_user(value) : value;
	size_t length = strlen(start),
	       shown = length < QUOTED_MAX_BYTES ? length : QUOTED_MAX_BYTES;

	(void)buffer_add_text(line, start == value ? "\"" : "\"…");
	value = start;
	for (size_t at = 0; at < shown; at++) {
		unsigned char byte = (unsigned char)value[at];

		if (byte >= 0x20 && byte < 0x7f)
			(void)buffer_add(line, &value[at], 1);
		else
			(void)buffer_printf(line, "\\x%02x", byte);
	}
	(void)buffer_add_text(line, shown < length ? "…\" " : "\" ");
}

/* Not a secret; nor what stands where a path belongs, which people mistake for it. */
static bool
may_be_quoted(const struct setting_entry *entry, const char *raw)
{
	return !entry->secret && (entry->normalise != value_path || raw[0] == '/');
}

/* ---- single values ---- */

/* The value of a variable in the environment, NULL if it is not there. */
static const char *
find(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment != NULL; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

/* A copy without blanks around it, in case it is a secret; NULL if nothing is left. */
static char *
trimmed(const char *value)
{
	size_t length;

	if (value == NULL)
		return NULL;
	value += strspn(value, " \t\r\n");
	length = strlen(value);
	while (length > 0 && strchr(" \t\r\n", value[length - 1]) != NULL)
		length--;
	return length == 0 ? NULL : secret_copy(value, length);
}

static bool
is_quoted(const char *value)
{
	size_t length = strlen(value);

	return length >= 2 && (value[0] == '"' || value[0] == '\'') &&
	       value[length - 1] == value[0];
}

/* Checks one value; keeps the normalised form or adds the mistake. */
static void
take_value(struct config *config, enum setting setting, const char *raw)
{
	const struct setting_entry *entry = &settings[setting];
	struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
	struct buffer line _cleanup_buffer_ = BUFFER(4096), why _cleanup_buffer_ = BUFFER(1024);
	int error;

	if (is_quoted(raw)) {
		config_mistake(config, setting,
		    "begins and ends with a quote, which is part of the value here; leave the "
		    "quotes out");
		return;
	}
	if (!utf8_is_valid(raw, strlen(raw))) {
		config_mistake(config, setting, "is not UTF-8");
		return;
	}
	error = strlen(raw) > SETTING_VALUE_MAX_BYTES ? -EMSGSIZE :
							entry->normalise(raw, &value, &why);
	if (error == 0) {
		config->values[setting] = entry->secret ? secret_copy(value.bytes, value.length) :
							  strdup(value.bytes);
		return;
	}
	if (may_be_quoted(entry, raw))
		add_quoted(&line, raw, entry->url);
	(void)buffer_add_text(&line, error == -EINVAL ? why.bytes : "is too long");
	config_mistake(config, setting, line.bytes);
}

static void
read_values(struct config *config, char *const *environment)
{
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++) {
		const struct setting_entry *entry = &settings[setting];
		char *raw;

		if (!setting_is_of(setting, config->program))
			continue;
		raw = entry->derived ? NULL : trimmed(find(environment, entry->name));
		config->given[setting] = raw != NULL;
		if (raw != NULL)
			take_value(config, setting, raw);
		else if (entry->fallback != NULL)
			config->values[setting] = strdup(entry->fallback);
		else if (entry->required)
			(void)buffer_printf(&config->mistakes, "%s: is not set; it is the %s\n",
			    entry->name, entry->help);
		secret_free(raw);
	}
}

/* ---- the whole ---- */

int
config_read(enum program program, char *const *environment, struct config *config)
{
	*config = (struct config){
		.program = program,
		.mistakes = BUFFER(LINES_MAX_BYTES),
		.warnings = BUFFER(LINES_MAX_BYTES),
	};
	read_values(config, environment);
	config_check_level(config);
	if (program == PROGRAM_AGENT) {
		config_check_secrets(config);
		config_check_endpoints(config);
		config_check_rest(config);
	} else {
		config_check_gate(config);
	}
	if (secret_memory_error() != 0)
		(void)buffer_printf(&config->warnings,
		    "memory with secrets can't be locked or kept out of dumps: %s; they may reach "
		    "the swap space, so raise RLIMIT_MEMLOCK (ulimits: memlock)\n",
		    strerror(-secret_memory_error()));
	return config->mistakes.length > 0 ? -EINVAL : 0;
}

void
config_print_help(enum program program)
{
	printf("Runs %s. It is configured by environment variables:\n\n", programs[program].what);
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++)
		if (setting_is_of(setting, program) && !settings[setting].derived)
			printf("  %-28s %s\n", settings[setting].name, settings[setting].help);
}

void
config_free(struct config *config)
{
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++)
		if (settings[setting].secret)
			secret_free(config->values[setting]);
		else
			free(config->values[setting]);
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		secret_free(config->secrets[secret]);
	buffer_free(&config->mistakes);
	buffer_free(&config->warnings);
	*config = (struct config){ 0 };
}

void
config_wipe_environment(char **environment)
{
	for (; *environment != NULL; environment++) {
		char *value = strchr(*environment, '=');
		enum setting setting;

		if (value == NULL)
			continue;
		*value = '\0';
		setting = setting_by_name(*environment);
		*value = '=';
		if (setting != SETTING_COUNT && settings[setting].secret)
			explicit_bzero(value + 1, strlen(value + 1));
	}
}
