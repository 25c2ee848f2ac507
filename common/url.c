/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervisor and workers.  See url.h. */
#include "common/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/attr.h"

static const struct {
	const char *prefix;
	uint16_t port;
} schemes_known[] = {
	[URL_HTTP] = { "http://", 80 },
	[URL_HTTPS] = { "https://", 443 },
	[URL_TCP] = { "tcp://", 2375 }, /* Docker's plain port */
	[URL_UNIX] = { "unix://", 0 },
};

static int
wrong(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

static bool
is_alphanumeric(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9');
}

/* Whether every byte is visible ASCII: no blanks, no control characters, nothing beyond. */
static bool
is_visible(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= 0x20 || *text >= 0x7f)
			return false;
	return true;
}

/* Behind the scheme, or NULL. */
static const char *
read_scheme(const char *text, unsigned schemes, enum url_scheme *ret_scheme)
{
	for (enum url_scheme scheme = URL_HTTP; scheme < ARRAY_LEN(schemes_known); scheme++) {
		size_t length = strlen(schemes_known[scheme].prefix);

		if ((schemes & URL_SCHEME_BIT(scheme)) != 0 &&
		    strncasecmp(text, schemes_known[scheme].prefix, length) == 0) {
			*ret_scheme = scheme;
			return text + length;
		}
	}
	return NULL;
}

/* Whether the name ends in a label of digits or 0x…: what some readers take for an address. */
static bool
ends_like_a_number(const char *host)
{
	const char *last = strrchr(host, '.');

	last = last == NULL ? host : last + 1;
	if (last[0] == '0' && (last[1] == 'x' || last[1] == 'X'))
		return true;
	return *last != '\0' && strspn(last, "0123456789") == strlen(last);
}

/* RFC 1123 labels; underscores are tolerated, since container names have them. */
static bool
is_name(const char *host)
{
	size_t label = 0;

	for (const char *at = host; *at != '\0'; at++) {
		if (*at == '.') {
			if (label == 0 || at[-1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!is_alphanumeric(*at) && *at != '-' && *at != '_')
			return false;
		if ((*at == '-' && label == 0) || ++label > 63)
			return false;
	}
	return label > 0 && host[strlen(host) - 1] != '-' && !ends_like_a_number(host);
}

/* Keeps the host, in lower case, so that two spellings of one host are equal. */
static int
take_host(const char *host, size_t length, struct url *url, const char **ret_why)
{
	if (length >= sizeof(url->host))
		return wrong(ret_why, "has a host that is too long");
	for (size_t at = 0; at < length; at++)
		url->host[at] = (char)(host[at] >= 'A' && host[at] <= 'Z' ? host[at] - 'A' + 'a' :
									    host[at]);
	url->host[length] = '\0';
	return 0;
}

static int
judge_host(struct url *url, const char **ret_why)
{
	struct in_addr address;

	if (url->host[0] == '\0')
		return wrong(ret_why, "has no host");
	if (inet_pton(AF_INET, url->host, &address) == 1) {
		url->host_is_address = true;
		return 0;
	}
	if (!is_name(url->host))
		return wrong(ret_why, "has a host that is neither a name nor an address");
	return 0;
}

/* "[…]" at the start of `*at`, which moves behind it. */
static int
read_ipv6(const char **at, const char *end, struct url *url, const char **ret_why)
{
	const char *close = memchr(*at, ']', (size_t)(end - *at));
	struct in6_addr address;
	int error;

	if (close == NULL)
		return wrong(ret_why, "has a \"[\" without \"]\"");
	error = take_host(*at + 1, (size_t)(close - *at) - 1, url, ret_why);
	if (error != 0)
		return error;
	if (inet_pton(AF_INET6, url->host, &address) != 1)
		return wrong(ret_why, "has an ill-formed IPv6 address");
	url->host_is_address = true;
	url->host_is_ipv6 = true;
	*at = close + 1;
	return 0;
}

static int
read_host(const char **at, const char *end, struct url *url, const char **ret_why)
{
	const char *colon;
	size_t length;
	int error;

	if (*at < end && **at == '[')
		return read_ipv6(at, end, url, ret_why);
	colon = memchr(*at, ':', (size_t)(end - *at));
	length = (size_t)((colon == NULL ? end : colon) - *at);
	error = take_host(*at, length, url, ret_why);
	if (error != 0)
		return error;
	*at += length;
	return judge_host(url, ret_why);
}

/* ":PORT" or nothing, up to `end`. */
static int
read_port(const char *at, const char *end, struct url *url, const char **ret_why)
{
	unsigned long port = 0;

	url->port = schemes_known[url->scheme].port;
	if (at == end)
		return 0;
	if (*at++ != ':' || at == end || end - at > 5)
		return wrong(ret_why, "has an ill-formed port");
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return wrong(ret_why, "has an ill-formed port");
		port = port * 10 + (unsigned long)(*at - '0');
	}
	if (port == 0 || port > 65535)
		return wrong(ret_why, "has a port outside 1 to 65535");
	url->port = (uint16_t)port;
	return 0;
}

/* Whether a path has a segment "..": the same place by another name. */
static bool
climbs(const char *path)
{
	for (const char *at = strstr(path, ".."); at != NULL; at = strstr(at + 1, ".."))
		if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
			return true;
	return false;
}

static int
read_path(const char *path, struct url *url, const char **ret_why)
{
	size_t length = strlen(path);

	if (strpbrk(path, "?#") != NULL)
		return wrong(ret_why, "has a query or a fragment");
	if (climbs(path))
		return wrong(ret_why, "has \"..\" in its path");
	while (length > 0 && path[length - 1] == '/')
		length--;
	if (length >= sizeof(url->path))
		return wrong(ret_why, "has a path that is too long");
	memcpy(url->path, path, length);
	url->path[length] = '\0';
	return 0;
}

static int
read_unix(const char *path, struct url *url, const char **ret_why)
{
	if (path[0] != '/' || path[strspn(path, "/")] == '\0')
		return wrong(ret_why, "needs an absolute path (unix:///run/docker.sock)");
	if (strlen(path) > 107)
		return wrong(ret_why, "has a path that is too long for a socket (107 bytes)");
	return read_path(path, url, ret_why);
}

static int
read_authority(const char *at, bool allow_user, struct url *url, const char **ret_why)
{
	const char *end = at + strcspn(at, "/?#");
	const char *user = memrchr(at, '@', (size_t)(end - at));
	int error;

	if (user != NULL) {
		if (!allow_user)
			return wrong(ret_why, "has user information before the host");
		url->user_information = true;
		at = user + 1;
	}
	error = read_host(&at, end, url, ret_why);
	if (error == 0)
		error = read_port(at, end, url, ret_why);
	return error != 0 ? error : read_path(end, url, ret_why);
}

int
url_parse(const char *text, unsigned schemes, bool allow_user, struct url *ret_url,
    const char **ret_why)
{
	struct url url = { 0 };
	const char *at;
	int error;

	*ret_url = url;
	if (!is_visible(text))
		return wrong(ret_why, "has a blank or a character that is not ASCII");
	at = read_scheme(text, schemes, &url.scheme);
	if (at == NULL)
		return wrong(ret_why, "has no scheme that is known here");
	error = url.scheme == URL_UNIX ? read_unix(at, &url, ret_why) :
					 read_authority(at, allow_user, &url, ret_why);
	if (error == 0)
		*ret_url = url;
	return error;
}
