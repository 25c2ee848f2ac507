/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervisor.  What each kind of setting may hold: see setting_value.h. */
#include "common/setting_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/setting.h"
#include "common/url.h"

#define DURATION_MAX_S 3600

int
setting_refuse(struct buffer *why, const char *reason)
{
	(void)buffer_add_text(why, reason);
	return -EINVAL;
}

static int
accept_text(struct buffer *out, const char *text)
{
	return buffer_add_text(out, text);
}

bool
setting_byte_is(char byte, const char *others)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte != '\0' && strchr(others, byte) != NULL);
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* ---- URLs ---- */

static int
check_url(const char *raw, unsigned schemes, bool user, struct buffer *why)
{
	struct url url;
	const char *reason;

	if (url_parse(raw, schemes, user, &url, &reason) != 0)
		return setting_refuse(why, reason);
	return 0;
}

int
value_master_url(const char *raw, struct buffer *out, struct buffer *why)
{
	size_t length = strlen(raw);

	if (check_url(raw, URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_HTTPS), false, why) != 0)
		return setting_refuse(why, "; use https://master.example.com");
	while (length > 0 && raw[length - 1] == '/')
		length--;
	return buffer_add(out, raw, length);
}

int
value_docker_url(const char *raw, struct buffer *out, struct buffer *why)
{
	static const unsigned schemes = URL_SCHEME_BIT(URL_TCP) | URL_SCHEME_BIT(URL_HTTP) |
					URL_SCHEME_BIT(URL_UNIX);

	if (strncasecmp(raw, "https://", 8) == 0)
		return setting_refuse(why,
		    "is https://, which this agent does not speak to Docker; put a socket proxy on "
		    "this host and use tcp://PROXY:2375");
	if (check_url(raw, schemes, false, why) != 0)
		return setting_refuse(why,
		    "; use tcp://HOST:PORT, http://HOST:PORT or unix:///PATH");
	return accept_text(out, raw);
}

static const unsigned local_schemes = URL_SCHEME_BIT(URL_TCP) | URL_SCHEME_BIT(URL_UNIX);

/* The gate resolves no name, and hands the engine to nobody: a socket, or an address. */
int
value_engine_url(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char use[] = "; use unix:///PATH or tcp://ADDRESS:PORT";
	struct url url;
	const char *reason;

	if (url_parse(raw, local_schemes, false, &url, &reason) != 0) {
		(void)buffer_add_text(why, reason);
		return setting_refuse(why, use);
	}
	if (url.scheme == URL_TCP && !url.host_is_address) {
		(void)buffer_add_text(why, "has a name where an address must be");
		return setting_refuse(why, use);
	}
	return accept_text(out, raw);
}

int
value_listen_url(const char *raw, struct buffer *out, struct buffer *why)
{
	struct url url;
	const char *reason;

	if (value_engine_url(raw, out, why) != 0)
		return -EINVAL;
	if (url_parse(raw, local_schemes, false, &url, &reason) == 0 && url.scheme == URL_UNIX &&
	    strlen(url.path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return setting_refuse(why, "has a path that is too long for a socket (107 bytes)");
	return 0;
}

/* Whether the first `length` bytes end in a colon and digits. */
static bool
ends_in_port(const char *text, size_t length)
{
	size_t digits = 0;

	while (
	    digits < length && text[length - digits - 1] >= '0' && text[length - digits - 1] <= '9')
		digits++;
	return digits > 0 && digits < length && text[length - digits - 1] == ':';
}

int
value_proxy_url(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char use[] = "; use http://[USER:PASSWORD@]HOST:PORT";
	size_t length = strcspn(raw, "/") + 2;

	if (strlen(raw) > SECRET_MAX_BYTES)
		return setting_refuse(why, "is longer than 4096 bytes");
	if (check_url(raw, URL_SCHEME_BIT(URL_HTTP), true, why) != 0)
		return setting_refuse(why, use);
	/* Readers disagree about a proxy's default port, and a path means nothing. */
	length += strcspn(raw + length, "/");
	if (raw[length + strspn(raw + length, "/")] != '\0' || !ends_in_port(raw, length)) {
		(void)buffer_add_text(why, "has a path, or no port");
		return setting_refuse(why, use);
	}
	return buffer_add(out, raw, length);
}

/* ---- texts ---- */

int
value_secret(const char *raw, struct buffer *out, struct buffer *why)
{
	if (strlen(raw) > SECRET_MAX_BYTES)
		return setting_refuse(why, "is longer than 4096 bytes");
	for (const char *at = raw; *at != '\0'; at++)
		if (*at <= 0x20 || *at >= 0x7f)
			return setting_refuse(why,
			    "has a blank or a character that is not visible ASCII");
	return accept_text(out, raw);
}

int
value_path(const char *raw, struct buffer *out, struct buffer *why)
{
	if (raw[0] != '/' || has_control(raw))
		return setting_refuse(why, "is not an absolute path");
	return accept_text(out, raw);
}

int
value_any(const char *raw, struct buffer *out, struct buffer *why)
{
	if (has_control(raw))
		return setting_refuse(why, "has a control character");
	return accept_text(out, raw);
}

int
value_display_name(const char *raw, struct buffer *out, struct buffer *why)
{
	if (strlen(raw) > 255 || has_control(raw))
		return setting_refuse(why, "is longer than 255 bytes or has a control character");
	return accept_text(out, raw);
}

int
value_network_name(const char *raw, struct buffer *out, struct buffer *why)
{
	if (!setting_byte_is(raw[0], "") || strlen(raw) > 128)
		return setting_refuse(why, "is not the name of a Docker network");
	for (const char *at = raw; *at != '\0'; at++)
		if (!setting_byte_is(*at, "_.-"))
			return setting_refuse(why, "is not the name of a Docker network");
	return accept_text(out, raw);
}

int
value_label_prefix(const char *raw, struct buffer *out, struct buffer *why)
{
	if (strlen(raw) > 128)
		return setting_refuse(why, "is longer than 128 bytes");
	for (const char *at = raw; *at != '\0'; at++)
		if (*at <= 0x20 || *at >= 0x7f)
			return setting_refuse(why,
			    "has a blank or a character that is not visible ASCII");
	return accept_text(out, raw);
}

/* ---- choices ---- */

int
value_log_level(const char *raw, struct buffer *out, struct buffer *why)
{
	if (strcasecmp(raw, "WARN") == 0)
		raw = "WARNING";
	if (strcasecmp(raw, "FATAL") == 0)
		raw = "CRITICAL";
	for (enum log_level level = 0; level < LOG_LEVEL_COUNT; level++)
		if (strcasecmp(raw, log_level_names[level]) == 0)
			return accept_text(out, log_level_names[level]);
	return setting_refuse(why, "is no level; use DEBUG, INFO, WARNING, ERROR or CRITICAL");
}

static int
choose(const char *raw, const char *const *choices, struct buffer *out)
{
	for (; *choices != NULL; choices++)
		if (strcasecmp(raw, *choices) == 0)
			return accept_text(out, *choices);
	return -EINVAL;
}

int
value_log_format(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char *const choices[] = { "text", "json", NULL };

	return choose(raw, choices, out) == 0 ? 0 : setting_refuse(why, "is neither text nor json");
}

int
value_boolean(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char *const yes[] = { "true", "1", "t", "yes", "on", NULL };
	static const char *const no[] = { "false", "0", "f", "no", "off", NULL };

	for (const char *const *at = yes; *at != NULL; at++)
		if (strcasecmp(raw, *at) == 0)
			return accept_text(out, "true");
	for (const char *const *at = no; *at != NULL; at++)
		if (strcasecmp(raw, *at) == 0)
			return accept_text(out, "false");
	return setting_refuse(why, "is neither true nor false");
}

int
value_on_exit(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char *const choices[] = { "remove", "keep", NULL };

	return choose(raw, choices, out) == 0 ? 0 :
						setting_refuse(why, "is neither remove nor keep");
}

int
value_sandbox(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char *const choices[] = { "required", "best-effort", NULL };

	return choose(raw, choices, out) == 0 ?
		   0 :
		   setting_refuse(why, "is neither required nor best-effort");
}

int
value_token_in(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char *const choices[] = { "auto", "file", "environment", NULL };

	return choose(raw, choices, out) == 0 ?
		   0 :
		   setting_refuse(why, "is neither auto, file nor environment");
}

/* ---- numbers ---- */

static int
check_integer(const char *raw, long least, long most, struct buffer *out, struct buffer *why)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(raw, &end, 10);
	if (raw[0] < '0' || raw[0] > '9' || *end != '\0' || errno != 0 || number < least ||
	    number > most) {
		(void)buffer_printf(why, "is not a whole number from %ld to %ld", least, most);
		return -EINVAL;
	}
	return buffer_printf(out, "%ld", number);
}

int
value_duration(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char units[] = "smh";
	static const long seconds[] = { 1, 60, 3600 };
	const char *unit;
	char *end;
	long number;

	errno = 0;
	number = strtol(raw, &end, 10);
	unit = *end == '\0' ? units : strchr(units, *end);
	if (!isdigit((unsigned char)raw[0]) || errno != 0 || unit == NULL ||
	    (*end != '\0' && end[1] != '\0') || number < 1 ||
	    number > DURATION_MAX_S / seconds[unit - units])
		return setting_refuse(why,
		    "is no time from 1 s to 1 h; write seconds, or a number with its unit, such as "
		    "30s, 5m or 1h");
	return buffer_printf(out, "%ld", number * seconds[unit - units]);
}

int
value_creates(const char *raw, struct buffer *out, struct buffer *why)
{
	return check_integer(raw, 1, 3600, out, why);
}

int
value_port(const char *raw, struct buffer *out, struct buffer *why)
{
	return check_integer(raw, 1, 65535, out, why);
}

int
value_mebibytes(const char *raw, struct buffer *out, struct buffer *why)
{
	return check_integer(raw, 16, 65536, out, why);
}

/* ---- time zone ---- */

/* Whether the text begins as a POSIX rule does, such as CET-1CEST or <-03>3 (tzset(3)). */
static bool
is_zone_rule(const char *text)
{
	const char *close = text[0] == '<' ? strchr(text, '>') : NULL;
	size_t name = 0;

	if (close != NULL)
		name = (size_t)(close - text) + 1;
	else
		while ((text[name] >= 'A' && text[name] <= 'Z') ||
		       (text[name] >= 'a' && text[name] <= 'z'))
			name++;
	if (name < 3)
		return false;
	if (text[name] == '+' || text[name] == '-')
		name++;
	return text[name] >= '0' && text[name] <= '9';
}

static bool
is_zone_file(const char *name)
{
	char path[512];
	struct stat status;

	snprintf(path, sizeof(path), "%s%s", name[0] == '/' ? "" : "/usr/share/zoneinfo/", name);
	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, R_OK) == 0;
}

int
value_zone(const char *raw, struct buffer *out, struct buffer *why)
{
	if (raw[0] == ':')
		raw++;
	if (strstr(raw, "..") != NULL || has_control(raw) || strlen(raw) > 200)
		return setting_refuse(why, "is not a time zone");
	if (strcmp(raw, "UTC") == 0 || is_zone_rule(raw) || is_zone_file(raw))
		return accept_text(out, raw);
	return setting_refuse(why, "is a time zone that is not installed; use a name such as "
				   "Europe/Zurich, or UTC");
}
