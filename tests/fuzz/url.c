/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  URLs of the configuration: what is read, put together again, is read the same.
 *
 * Covers: common/url.c
 */
#include "common/address.h"
#include "common/url.h"
#include "tests/fuzz/fuzz.h"

#define ALL_SCHEMES                                                                       \
	(URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_HTTPS) | URL_SCHEME_BIT(URL_TCP) | \
	    URL_SCHEME_BIT(URL_UNIX))

static void
judge_host(const struct url *url)
{
	struct address address;

	fuzz_assert(url->host[0] != '\0' && url->port != 0);
	fuzz_assert(strlen(url->host) <= URL_HOST_MAX_BYTES);
	fuzz_assert(strpbrk(url->host, "/?#@[] ") == NULL);
	fuzz_assert(url->host_is_ipv6 == (strchr(url->host, ':') != NULL));
	for (const char *at = url->host; *at != '\0'; at++)
		fuzz_assert(*at < 'A' || *at > 'Z' || url->host_is_ipv6);
	/* What the C library takes for an address must be known as one. */
	fuzz_assert(url->host_is_address == (address_parse(url->host, &address) == 0));
}

static void
judge(const struct url *url)
{
	static const char *const schemes[] = { "", "http", "https", "tcp", "unix" };
	char text[URL_HOST_MAX_BYTES + URL_PATH_MAX_BYTES + 64];
	const char *why;
	struct url again;

	fuzz_assert(strstr(url->path, "/../") == NULL && strpbrk(url->path, "?# ") == NULL);
	if (url->scheme == URL_UNIX) {
		fuzz_assert(url->host[0] == '\0' && url->port == 0);
		/* A socket at "/" is none, but reading it again would not say so. */
		if (url->path[0] != '/' || url->path[1] == '\0')
			return;
		(void)snprintf(text, sizeof(text), "unix://%s", url->path);
	} else {
		judge_host(url);
		(void)snprintf(text, sizeof(text),
		    url->host_is_ipv6 ? "%s://[%s]:%u%s" : "%s://%s:%u%s", schemes[url->scheme],
		    url->host, url->port, url->path);
	}
	fuzz_assert(url_parse(text, URL_SCHEME_BIT(url->scheme), false, &again, &why) == 0);
	again.user_information = url->user_information;
	fuzz_assert(memcmp(url, &again, sizeof(again)) == 0);
}

static bool
parse(const char *text, unsigned schemes, bool user)
{
	const char *why = NULL;
	struct url url;

	if (url_parse(text, schemes, user, &url, &why) != 0) {
		fuzz_assert(why != NULL && url.scheme == URL_NONE && url.host[0] == '\0');
		return false;
	}
	fuzz_assert((URL_SCHEME_BIT(url.scheme) & schemes) != 0);
	fuzz_assert(user || !url.user_information);
	judge(&url);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text _cleanup_free_ = fuzz_text(fuzz_slice(bytes, length));
	bool good = parse(text, ALL_SCHEMES, true);

	/* Narrower rules never accept more. */
	fuzz_assert(good || !parse(text, ALL_SCHEMES, false));
	fuzz_assert(good || !parse(text, URL_SCHEME_BIT(URL_HTTP), true));
	fuzz_assert(good || !parse(text, URL_SCHEME_BIT(URL_HTTPS), false));
	fuzz_assert(!parse(text, 0, true));
	return 0;
}
