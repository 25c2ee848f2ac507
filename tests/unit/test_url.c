/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The URLs of the configuration: their parts, and each kind that is refused, with its reason. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "common/url.h"

#define ALL                                                                               \
	(URL_SCHEME_BIT(URL_HTTP) | URL_SCHEME_BIT(URL_HTTPS) | URL_SCHEME_BIT(URL_TCP) | \
	    URL_SCHEME_BIT(URL_UNIX))

#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

struct row {
	const char *text;
	struct url url;
};

static const struct row rows[] = {
	{ "https://master.example.com",
	    { .scheme = URL_HTTPS, .host = "master.example.com", .port = 443 } },
	{ "HTTPS://Master.Example.COM/",
	    { .scheme = URL_HTTPS, .host = "master.example.com", .port = 443 } },
	{ "http://m", { .scheme = URL_HTTP, .host = "m", .port = 80 } },
	{ "tcp://proxy", { .scheme = URL_TCP, .host = "proxy", .port = 2375 } },
	{ "https://m:8443/base/path///",
	    { .scheme = URL_HTTPS, .host = "m", .port = 8443, .path = "/base/path" } },
	{ "http://m:1", { .scheme = URL_HTTP, .host = "m", .port = 1 } },
	{ "http://m:00080", { .scheme = URL_HTTP, .host = "m", .port = 80 } },
	{ "http://m:65535/..a/b..", /* not the same as ".." */
	    { .scheme = URL_HTTP, .host = "m", .port = 65535, .path = "/..a/b.." } },
	{ "http://my_container-1:80",
	    { .scheme = URL_HTTP, .host = "my_container-1", .port = 80 } },
	{ "http://1and1.example1", { .scheme = URL_HTTP, .host = "1and1.example1", .port = 80 } },
	{ "http://" LABEL63 ".x", { .scheme = URL_HTTP, .host = LABEL63 ".x", .port = 80 } },
	{ "tcp://10.0.0.7:2376",
	    { .scheme = URL_TCP, .host = "10.0.0.7", .host_is_address = true, .port = 2376 } },
	{ "http://[fd00::1]", { .scheme = URL_HTTP,
				  .host = "fd00::1",
				  .host_is_address = true,
				  .host_is_ipv6 = true,
				  .port = 80 } },
	{ "http://[FD00::A]:8080/x", { .scheme = URL_HTTP,
					 .host = "fd00::a",
					 .host_is_address = true,
					 .host_is_ipv6 = true,
					 .port = 8080,
					 .path = "/x" } },
	{ "unix:///var/run/docker.sock", { .scheme = URL_UNIX, .path = "/var/run/docker.sock" } },
	{ "unix:///a", { .scheme = URL_UNIX, .path = "/a" } },
};

static void
expect_url(const char *text, const struct url *url, const struct url *expected)
{
	if (url->scheme != expected->scheme || url->port != expected->port ||
	    url->host_is_address != expected->host_is_address ||
	    url->host_is_ipv6 != expected->host_is_ipv6 ||
	    url->user_information != expected->user_information)
		fail_msg("%s: scheme %d, port %u, address %d, IPv6 %d, user %d", text,
		    (int)url->scheme, url->port, url->host_is_address, url->host_is_ipv6,
		    url->user_information);
	assert_string_equal(url->host, expected->host);
	assert_string_equal(url->path, expected->path);
}

static void
each_has_its_parts(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const char *why = "";
		struct url url;

		if (url_parse(rows[at].text, ALL, false, &url, &why) != 0)
			fail_msg("%s %s", rows[at].text, why);
		expect_url(rows[at].text, &url, &rows[at].url);
	}
}

struct refused_row {
	const char *text;
	const char *why; /* part of the reason */
};

static const struct refused_row refused_rows[] = {
	{ "", "no scheme" },
	{ "master.example.com", "no scheme" },
	{ "//master", "no scheme" },
	{ "http:/master", "no scheme" },
	{ "ftp://master", "no scheme" },
	{ "httpss://master", "no scheme" },
	{ " http://master", "blank" },
	{ "http://master ", "blank" },
	{ "http://mas ter", "blank" },
	{ "http://master\n", "blank" },
	{ "http://master/\x01", "blank" },
	{ "http://master/\x7f", "blank" },
	{ "http://m\xc3\xa4ster", "not ASCII" },
	{ "http://", "no host" },
	{ "http:///path", "no host" },
	{ "http://:80", "no host" },
	{ "http://a..b", "neither a name" },
	{ "http://.a", "neither a name" },
	{ "http://a.", "neither a name" },
	{ "http://-a", "neither a name" },
	{ "http://a-", "neither a name" },
	{ "http://a-.b", "neither a name" },
	{ "http://a.-b", "neither a name" },
	{ "http://a*b", "neither a name" },
	{ "http://a%62c", "neither a name" },
	{ "http://a\\b", "neither a name" },
	{ "http://a,b", "neither a name" },
	{ "http://x" LABEL63, "neither a name" },
	{ "http://127.1", "neither a name" },
	{ "http://127.0.1", "neither a name" },
	{ "http://2130706433", "neither a name" },
	{ "http://0x7f000001", "neither a name" },
	{ "http://0X7F.1", "neither a name" },
	{ "http://0x7f.0x0.0x0.0x1", "neither a name" },
	{ "http://0177.0.0.1", "neither a name" },
	{ "http://127.0.0.01", "neither a name" },
	{ "http://127.0.0.256", "neither a name" },
	{ "http://1.2.3.4.5", "neither a name" },
	{ "http://1.2.3.4.", "neither a name" },
	{ "http://master.example.0x1", "neither a name" },
	{ "http://master.example.7", "neither a name" },
	{ "http://[::1", "without" },
	{ "http://[::1/]", "without" },
	{ "http://[]", "ill-formed IPv6" },
	{ "http://[1.2.3.4]", "ill-formed IPv6" },
	{ "http://[::1%25lo]", "ill-formed IPv6" },
	{ "http://[master]", "ill-formed IPv6" },
	{ "http://[::1]80", "ill-formed port" },
	{ "http://[::1][::2]", "ill-formed port" },
	{ "http://::1", "no host" },
	{ "http://fd00::1", "ill-formed port" },
	{ "http://m:", "ill-formed port" },
	{ "http://m:80a", "ill-formed port" },
	{ "http://m:-1", "ill-formed port" },
	{ "http://m:+80", "ill-formed port" },
	{ "http://m:0x50", "ill-formed port" },
	{ "http://m:000080", "ill-formed port" },
	{ "http://m:80:80", "ill-formed port" },
	{ "http://m:0", "outside 1 to 65535" },
	{ "http://m:65536", "outside 1 to 65535" },
	{ "http://m:99999", "outside 1 to 65535" },
	{ "http://m?a=b", "query" },
	{ "http://m/?a=b", "query" },
	{ "http://m#a", "fragment" },
	{ "http://m/a#b", "fragment" },
	{ "http://m/..", "\"..\"" },
	{ "http://m/../b", "\"..\"" },
	{ "http://m/a/../b", "\"..\"" },
	{ "http://m/a/..", "\"..\"" },
	{ "http://user@m", "user information" },
	{ "http://user:password@m", "user information" },
	{ "http://@m", "user information" },
	{ "http://good.example@evil.example", "user information" },
	{ "http://m\\@evil.example", "user information" },
	{ "unix://", "absolute path" },
	{ "unix://run/docker.sock", "absolute path" },
	{ "unix:///", "absolute path" },
	{ "unix:////", "absolute path" },
	{ "unix:///run/../docker.sock", "\"..\"" },
	{ "unix:///run/docker.sock?x", "query" },
	{ "unix:///run/docker sock", "blank" },
};

static void
each_mistake_is_told(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(refused_rows); at++) {
		const struct refused_row *row = &refused_rows[at];
		const char *why = "";
		struct url url;

		if (url_parse(row->text, ALL, false, &url, &why) != -EINVAL)
			fail_msg("\"%s\" is accepted", row->text);
		if (strstr(why, row->why) == NULL)
			fail_msg("\"%s\" %s, expected \"%s\"", row->text, why, row->why);
		assert_int_equal(url.scheme, URL_NONE);
		assert_string_equal(url.host, "");
	}
}

static void
only_the_wanted_schemes_are_taken(void **state)
{
	static const char *const texts[] = {
		[URL_HTTP] = "http://m",
		[URL_HTTPS] = "https://m",
		[URL_TCP] = "tcp://m",
		[URL_UNIX] = "unix:///m",
	};
	const char *why;
	struct url url;

	(void)state;
	for (enum url_scheme one = URL_HTTP; one <= URL_UNIX; one++)
		for (enum url_scheme other = URL_HTTP; other <= URL_UNIX; other++)
			assert_int_equal(url_parse(texts[one], URL_SCHEME_BIT(other), false, &url,
					     &why),
			    one == other ? 0 : -EINVAL);
}

static void
user_information_is_taken_where_allowed(void **state)
{
	static const struct row allowed[] = {
		{ "http://user:password@proxy:3128", { .scheme = URL_HTTP,
							 .host = "proxy",
							 .port = 3128,
							 .user_information = true } },
		{ "http://user@[::1]:3128", { .scheme = URL_HTTP,
						.host = "::1",
						.host_is_address = true,
						.host_is_ipv6 = true,
						.port = 3128,
						.user_information = true } },
		{ "http://a@b@proxy", /* the last one ends it, as in WHATWG's readers */
		    { .scheme = URL_HTTP, .host = "proxy", .port = 80, .user_information = true } },
		{ "http://proxy/a@b",
		    { .scheme = URL_HTTP, .host = "proxy", .port = 80, .path = "/a@b" } },
		{ "http://proxy", { .scheme = URL_HTTP, .host = "proxy", .port = 80 } },
	};
	const char *why = "";
	struct url url;

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(allowed); at++) {
		assert_int_equal(url_parse(allowed[at].text, ALL, true, &url, &why), 0);
		expect_url(allowed[at].text, &url, &allowed[at].url);
	}
	assert_int_equal(url_parse("http://user:password@", ALL, true, &url, &why), -EINVAL);
	assert_non_null(strstr(why, "no host"));
}

/* "http://" and `count` times "a.", then "a": names of odd lengths. */
static const char *
long_host(size_t length)
{
	static char text[1024];
	int start = snprintf(text, sizeof(text), "http://");

	for (size_t at = 0; at < length; at++)
		text[(size_t)start + at] = at % 2 == 0 ? 'a' : '.';
	text[(size_t)start + length] = '\0';
	return text;
}

static int
parse_path(const char *scheme, size_t length, const char **ret_why)
{
	static char text[2048];
	int start = snprintf(text, sizeof(text), "%s/", scheme);
	struct url url;

	memset(text + start, 'p', length - 1);
	text[(size_t)start + length - 1] = '\0';
	return url_parse(text, ALL, false, &url, ret_why);
}

static void
lengths_are_bounded(void **state)
{
	const char *why = "";
	struct url url;

	(void)state;
	assert_int_equal(url_parse(long_host(URL_HOST_MAX_BYTES), ALL, false, &url, &why), 0);
	assert_int_equal(url_parse(long_host(URL_HOST_MAX_BYTES + 2), ALL, false, &url, &why),
	    -EINVAL);
	assert_non_null(strstr(why, "host that is too long"));

	assert_int_equal(parse_path("http://m", URL_PATH_MAX_BYTES, &why), 0);
	assert_int_equal(parse_path("http://m", URL_PATH_MAX_BYTES + 1, &why), -EINVAL);
	assert_non_null(strstr(why, "path that is too long"));

	/* sun_path has 108 bytes (unix(7)). */
	assert_int_equal(parse_path("unix://", 107, &why), 0);
	assert_int_equal(parse_path("unix://", 108, &why), -EINVAL);
	assert_non_null(strstr(why, "too long for a socket"));
}

static void
long_ipv6_is_refused(void **state)
{
	char text[600] = "http://[";
	const char *why = "";
	struct url url;

	(void)state;
	memset(text + 8, '0', 500);
	text[508] = ']';
	assert_int_equal(url_parse(text, ALL, false, &url, &why), -EINVAL);
	assert_non_null(strstr(why, "too long"));
}

static void
reasons_never_quote_the_value(void **state)
{
	static const char *const bad[] = { "http://user:SECRET@", "http://SECRET/..", "SECRET://a",
		"http://SECRET..SECRET", "http://[SECRET]", "http://m:SECRET" };
	const char *why = "";
	struct url url;

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(bad); at++) {
		assert_int_equal(url_parse(bad[at], ALL, true, &url, &why), -EINVAL);
		assert_null(strstr(why, "SECRET"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_parts),
		cmocka_unit_test(each_mistake_is_told),
		cmocka_unit_test(only_the_wanted_schemes_are_taken),
		cmocka_unit_test(user_information_is_taken_where_allowed),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(long_ipv6_is_refused),
		cmocka_unit_test(reasons_never_quote_the_value),
	};

	return RUN_TESTS(tests);
}
