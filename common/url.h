/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Supervisor and workers.  A small strict reader of the URLs that stand in the configuration: the
 * supervisor needs scheme, host and port before any library is there (Landlock rules are made
 * before exec).  Requests are built from its result; libcurl parses what it gets again.
 */
#ifndef COMMON_URL_H
#define COMMON_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum url_scheme { URL_NONE, URL_HTTP, URL_HTTPS, URL_TCP, URL_UNIX };

#define URL_SCHEME_BIT(scheme) (1u << (scheme))
#define URL_HOST_MAX_BYTES 253
#define URL_PATH_MAX_BYTES 1024

struct url {
	enum url_scheme scheme;
	char host[URL_HOST_MAX_BYTES + 1]; /* lower case; IPv6 without brackets; "" for unix */
	bool host_is_address;              /* numeric IPv4 (four decimal parts) or IPv6 */
	bool host_is_ipv6;
	uint16_t port; /* the scheme's default where none is given; 0 for unix */
	char path[URL_PATH_MAX_BYTES + 1]; /* without an ending "/"; the socket's path for unix */
	bool user_information;             /* "user:password@" was there (only where allowed) */
};

/*
 * Reads `text`.  `schemes` is a mask of URL_SCHEME_BIT; `allow_user` says whether user
 * information is accepted (it is not kept).  0, or -EINVAL with a reason in `ret_why` (a constant
 * string, never the value): blanks and control characters, unknown scheme, empty or ill-formed
 * host (RFC 1123 names, underscores tolerated; odd IPv4 spellings such as 0x7f.1 or 127.1
 * refused), port 0 or over 65535, query or fragment, "..", a relative unix path.
 */
int url_parse(const char *text, unsigned schemes, bool allow_user, struct url *ret_url,
    const char **ret_why);

#endif
