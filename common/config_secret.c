/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  Secrets: from the environment or from files, which are read anew each time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config_check.h"

#define PATH_SHOWN "%.400s" /* of a path, in a line for a person */

/* The two variables of each secret. */
static const struct {
	enum setting value;
	enum setting file;
} sources[SECRET_COUNT] = {
	[SECRET_API_KEY] = { SETTING_API_KEY, SETTING_API_KEY_FILE },
	[SECRET_ACCESS_ID] = { SETTING_ACCESS_ID, SETTING_ACCESS_ID_FILE },
	[SECRET_ACCESS_SECRET] = { SETTING_ACCESS_SECRET, SETTING_ACCESS_SECRET_FILE },
	[SECRET_HTTPS_PROXY] = { SETTING_HTTPS_PROXY, SETTING_HTTPS_PROXY_FILE },
};

static bool
is_configured(const struct config *config, enum secret secret)
{
	return config->secrets[secret] != NULL || config->values[sources[secret].file] != NULL;
}

/* At most SECRET_MAX_BYTES and a newline, into `content`.  0 or -errno. */
static int
read_file(const char *path, struct buffer *content)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char chunk[1024];
	struct stat status;
	ssize_t got;

	if (fd < 0 || fstat(fd, &status) != 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
		int error = buffer_add(content, chunk, (size_t)got);

		explicit_bzero(chunk, (size_t)got);
		if (error != 0)
			return -EFBIG;
	}
	return got < 0 ? -errno : 0;
}

static int
wrong(struct buffer *why, const char *path, const char *reason)
{
	(void)buffer_printf(why, PATH_SHOWN " %s", path, reason);
	return -EINVAL;
}

int
config_read_file(const char *path, struct buffer *content, struct buffer *why)
{
	int error = read_file(path, content);

	if (error == -EFBIG)
		return wrong(why, path, "is longer than 4096 bytes");
	if (error != 0) {
		(void)buffer_printf(why, PATH_SHOWN " can't be read by uid %u: %s", path, geteuid(),
		    strerror(-error));
		return error;
	}
	if (content->length > 0 && content->bytes[content->length - 1] == '\n')
		content->bytes[--content->length] = '\0';
	if (content->length == 0)
		return wrong(why, path, "is empty");
	if (strlen(content->bytes) != content->length)
		return wrong(why, path, "has a NUL");
	return 0;
}

static int
read_secret_file(enum secret secret, const char *path, struct buffer *ret_value, struct buffer *why)
{
	struct buffer content _cleanup_buffer_ = SECRET_BUFFER(SECRET_MAX_BYTES + 1);
	int error = config_read_file(path, &content, why);

	if (error != 0)
		return error;
	(void)buffer_printf(why, PATH_SHOWN " ", path);
	error = settings[sources[secret].value].normalise(content.bytes, ret_value, why);
	if (error == 0)
		buffer_clear(why);
	return error;
}

/* A proxy that moved can't be followed: the sandbox holds the old port. */
static int
check_proxy_stays(const struct config *config, const char *value, struct buffer *why)
{
	struct url url;
	const char *reason;

	if (config->proxy.scheme == URL_NONE)
		return 0;
	if (url_parse(value, URL_SCHEME_BIT(URL_HTTP), true, &url, &reason) != 0 ||
	    strcmp(url.host, config->proxy.host) != 0 || url.port != config->proxy.port) {
		(void)buffer_add_text(why,
		    "has another host or port than at the start; restart the agent");
		return -EINVAL;
	}
	return 0;
}

const char *
config_secret_file(const struct config *config, enum secret secret)
{
	return config->values[sources[secret].file];
}

int
config_secret(const struct config *config, enum secret secret, struct buffer *ret_value,
    struct buffer *why)
{
	const char *path = config->values[sources[secret].file];
	int error;

	if (config->secrets[secret] != NULL)
		return buffer_add_text(ret_value, config->secrets[secret]);
	if (path == NULL)
		return 0;
	error = read_secret_file(secret, path, ret_value, why);
	if (error == 0 && secret == SECRET_HTTPS_PROXY)
		error = check_proxy_stays(config, ret_value->bytes, why);
	if (error != 0)
		buffer_clear(ret_value);
	return error;
}

int
config_check_readable(const struct config *config, unsigned secrets, struct buffer *why)
{
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++) {
		struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
		struct buffer reason _cleanup_buffer_ = BUFFER(2048);

		if ((secrets & SECRET_BIT(secret)) != 0 &&
		    config_secret(config, secret, &value, &reason) != 0)
			(void)buffer_printf(why, "%s%s: %s", why->length > 0 ? "; " : "",
			    secret_names[secret],
			    reason.length > 0 ? reason.bytes : "out of memory");
	}
	return why->length > 0 ? -EINVAL : 0;
}

/* Moves a value that came from the environment to where only config_secret looks. */
static void
take_secret(struct config *config, enum secret secret)
{
	struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
	struct buffer why _cleanup_buffer_ = BUFFER(2048);

	config->secrets[secret] = config->values[sources[secret].value];
	config->values[sources[secret].value] = NULL;
	if (config->values[sources[secret].file] == NULL)
		return;
	if (config->secrets[secret] != NULL)
		config_mistake(config, sources[secret].file,
		    "is set beside the variable without _FILE; set one of the two");
	else if (config_secret(config, secret, &value, &why) != 0)
		config_mistake(config, sources[secret].file, why.bytes);
}

/* Whether a mistake was already told about the variable. */
static bool
is_told(const struct config *config, enum setting setting)
{
	const char *line = config->mistakes.length > 0 ? config->mistakes.bytes : "";
	size_t length = strlen(settings[setting].name);

	for (; *line != '\0'; line += strcspn(line, "\n") + 1)
		if (strncmp(line, settings[setting].name, length) == 0 && line[length] == ':')
			return true;
	return false;
}

/* The same about one of the secret's two variables. */
static bool
has_mistake(const struct config *config, enum secret secret)
{
	return is_told(config, sources[secret].value) || is_told(config, sources[secret].file);
}

void
config_check_secrets(struct config *config)
{
	bool id, key;

	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		take_secret(config, secret);
	if (!is_configured(config, SECRET_API_KEY) && !has_mistake(config, SECRET_API_KEY))
		config_mistake(config, SETTING_API_KEY,
		    "is not set; make a key on the master's Agents page and set this, or "
		    "DOCKFLARE_API_KEY_FILE");
	id = is_configured(config, SECRET_ACCESS_ID);
	key = is_configured(config, SECRET_ACCESS_SECRET);
	if (id != key && !has_mistake(config, SECRET_ACCESS_ID) &&
	    !has_mistake(config, SECRET_ACCESS_SECRET))
		config_mistake(config, id ? SETTING_ACCESS_SECRET : SETTING_ACCESS_ID,
		    "is not set, but the other half of the Access service token is; set both or "
		    "none");
}
