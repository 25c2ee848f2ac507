/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervisor.  What each kind of setting may hold: see setting_value.h. */
#include "common/setting_value.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/address.h"
#include "common/log.h"
#include "common/setting.h"
#include "common/url.h"

static int
refuse(struct buffer *why, const char *reason)
{
	(void)buffer_add_text(why, reason);
	return -EINVAL;
}

static int
accept_text(struct buffer *out, const char *text)
{
	return buffer_add_text(out, text);
}

static bool
is_one_of(char byte, const char *others)
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
		return refuse(why, reason);
	return 0;
}

int
value_master_url(const char *raw, struct buffer *out, struct buffer *why)
{
	size_t length = strlen(raw);

	if (check_url(raw, URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_HTTPS), false, why) != 0)
		return refuse(why, "; use https://master.example.com");
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
		return refuse(why,
		    "is https://, which this agent does not speak to Docker; put a socket proxy on "
		    "this host and use tcp://PROXY:2375");
	if (check_url(raw, schemes, false, why) != 0)
		return refuse(why, "; use tcp://HOST:PORT, http://HOST:PORT or unix:///PATH");
	return accept_text(out, raw);
}

int
value_proxy_url(const char *raw, struct buffer *out, struct buffer *why)
{
	if (check_url(raw, URL_SCHEME_BIT(URL_HTTP), true, why) != 0)
		return refuse(why, "; use http://[USER:PASSWORD@]HOST:PORT");
	return accept_text(out, raw);
}

/* ---- texts ---- */

int
value_secret(const char *raw, struct buffer *out, struct buffer *why)
{
	if (strlen(raw) > SECRET_MAX_BYTES)
		return refuse(why, "is longer than 4096 bytes");
	for (const char *at = raw; *at != '\0'; at++)
		if (*at <= 0x20 || *at >= 0x7f)
			return refuse(why, "has a blank or a character that is not visible ASCII");
	return accept_text(out, raw);
}

int
value_path(const char *raw, struct buffer *out, struct buffer *why)
{
	if (raw[0] != '/' || has_control(raw))
		return refuse(why, "is not an absolute path");
	return accept_text(out, raw);
}

int
value_any(const char *raw, struct buffer *out, struct buffer *why)
{
	if (has_control(raw))
		return refuse(why, "has a control character");
	return accept_text(out, raw);
}

int
value_no_proxy(const char *raw, struct buffer *out, struct buffer *why)
{
	for (const char *at = raw; *at != '\0'; at++)
		if (!is_one_of(*at, ".,:/*_-[] \t"))
			return refuse(why, "is not a comma-separated list of hosts and networks");
	return accept_text(out, raw);
}

int
value_display_name(const char *raw, struct buffer *out, struct buffer *why)
{
	if (strlen(raw) > 255 || has_control(raw))
		return refuse(why, "is longer than 255 bytes or has a control character");
	return accept_text(out, raw);
}

int
value_network_name(const char *raw, struct buffer *out, struct buffer *why)
{
	if (!is_one_of(raw[0], "") || strlen(raw) > 128)
		return refuse(why, "is not the name of a Docker network");
	for (const char *at = raw; *at != '\0'; at++)
		if (!is_one_of(*at, "_.-"))
			return refuse(why, "is not the name of a Docker network");
	return accept_text(out, raw);
}

int
value_label_prefix(const char *raw, struct buffer *out, struct buffer *why)
{
	if (strlen(raw) > 128)
		return refuse(why, "is longer than 128 bytes");
	for (const char *at = raw; *at != '\0'; at++)
		if (*at <= 0x20 || *at >= 0x7f)
			return refuse(why, "has a blank or a character that is not visible ASCII");
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
	return refuse(why, "is no level; use DEBUG, INFO, WARNING, ERROR or CRITICAL");
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
	return refuse(why, "is neither true nor false");
}

int
value_on_exit(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char *const choices[] = { "remove", "keep", NULL };

	return choose(raw, choices, out) == 0 ? 0 : refuse(why, "is neither remove nor keep");
}

int
value_sandbox(const char *raw, struct buffer *out, struct buffer *why)
{
	static const char *const choices[] = { "required", "best-effort", NULL };

	return choose(raw, choices, out) == 0 ? 0 :
						refuse(why, "is neither required nor best-effort");
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
value_seconds(const char *raw, struct buffer *out, struct buffer *why)
{
	return check_integer(raw, 1, 3600, out, why);
}

int
value_port(const char *raw, struct buffer *out, struct buffer *why)
{
	return check_integer(raw, 1, 65535, out, why);
}

/* ---- lists ---- */

int
value_networks(const char *raw, struct buffer *out, struct buffer *why)
{
	struct networks networks;
	const char *reason;

	if (networks_parse(raw, &networks, &reason) != 0)
		return refuse(why, reason);
	return accept_text(out, raw);
}

/* An account id, or ACCOUNT/TUNNEL (Cloudflare: 32 hex digits, and a UUID). */
static bool
is_tunnel_entry(const char *start, size_t length)
{
	const char *slash = memchr(start, '/', length);
	size_t account = slash == NULL ? length : (size_t)(slash - start);

	if (account == 0 || account > 64 || (slash != NULL && length - account - 1 == 0) ||
	    length > 129)
		return false;
	for (size_t at = 0; at < length; at++)
		if (start + at != slash && !is_one_of(start[at], "-"))
			return false;
	return true;
}

int
value_allowed_tunnels(const char *raw, struct buffer *out, struct buffer *why)
{
	const char *at = raw, *separator = "";

	while (*at != '\0') {
		size_t length;

		at += strspn(at, " \t");
		length = strcspn(at, ", \t");
		if (!is_tunnel_entry(at, length))
			return refuse(
			    why, "is not a comma-separated list of ACCOUNT or ACCOUNT/TUNNEL ids");
		if (buffer_add_text(out, separator) != 0 || buffer_add(out, at, length) != 0)
			return -ENOMEM;
		separator = ",";
		at += length;
		at += strspn(at, " \t");
		if (*at == ',')
			at++;
		else if (*at != '\0')
			return refuse(why, "has ids that are not separated by commas");
	}
	return 0;
}

/* ---- time zone ---- */

int
value_zone(const char *raw, struct buffer *out, struct buffer *why)
{
	char path[512];

	if (raw[0] == ':')
		raw++;
	if (strstr(raw, "..") != NULL || has_control(raw) || strlen(raw) > 200)
		return refuse(why, "is not a time zone");
	/* A POSIX rule such as CET-1CEST needs no file (tzset(3)). */
	if (strcmp(raw, "UTC") == 0 || strpbrk(raw, "0123456789") != NULL)
		return accept_text(out, raw);
	snprintf(path, sizeof(path), "%s%s", raw[0] == '/' ? "" : "/usr/share/zoneinfo/", raw);
	if (access(path, R_OK) != 0)
		return refuse(why, "is a time zone that is not installed; use a name such as "
				   "Europe/Zurich, or UTC");
	return accept_text(out, raw);
}
