/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration as a whole, from environments made up here: every mistake at once, and never a
 * secret in a line.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/config.h"
#include "common/config_check.h"

#define ENVIRONMENT_MAX 64
#define ROW_MAX 8
#define LINES_MAX 8

static const char good_ca[] = "DOCKFLARE_CA_FILE=" SOURCE_DIR "/LICENSE";

/* What is right, and gives no warning.  A row's variables come before and win; empty is unset. */
static const char *const right[] = {
	"DOCKFLARE_MASTER_URL=https://master.example.com",
	"DOCKFLARE_API_KEY=hunter2-key",
	good_ca,
	"DOCKER_HOST=tcp://read:2375",
	"DOCKER_TUNNEL_HOST=tcp://tunnel:2376",
	NULL,
};

static size_t
add_all(char **environment, size_t count, const char *const *variables)
{
	for (; *variables != NULL; variables++) {
		assert_true(count < ENVIRONMENT_MAX - 1);
		environment[count] = strdup(*variables);
		assert_non_null(environment[count++]);
	}
	environment[count] = NULL;
	return count;
}

/* Reads `variables` before those that are right.  The caller frees the config. */
static int
read_with(const char *const *variables, struct config *config)
{
	char *environment[ENVIRONMENT_MAX];
	size_t count = add_all(environment, 0, variables);
	int error;

	count = add_all(environment, count, right);
	error = config_read(PROGRAM_AGENT, environment, config);
	/* What it holds is its own. */
	for (size_t at = 0; at < count; at++)
		free(environment[at]);
	return error;
}

/* Whether `lines` are just those, each by a part of it. */
static void
expect_lines(const char *what, const struct buffer *lines, const char *const *parts)
{
	const char *text = lines->length > 0 ? lines->bytes : "", *at = text;

	for (; *parts != NULL; parts++) {
		const char *end = strchr(at, '\n');
		const char *found = strstr(at, *parts);

		if (end == NULL || found == NULL || found > end)
			fail_msg("%s: no line \"%s\" at its place in\n%s", what, *parts, text);
		at = end == NULL ? at : end + 1;
	}
	if (*at != '\0')
		fail_msg("%s: more than expected: %s", what, at);
	if (strstr(text, "hunter2") != NULL)
		fail_msg("%s: a secret in: %s", what, text);
}

struct row {
	const char *what;
	const char *variables[ROW_MAX];
	const char *mistakes[LINES_MAX];
	const char *warnings[LINES_MAX];
};

static const struct row rows[] = {
	{ .what = "all is right" },
	{ .what = "nothing is set",
	    .variables = { "DOCKFLARE_MASTER_URL=", "DOCKFLARE_API_KEY= \t" },
	    .mistakes = { "DOCKFLARE_MASTER_URL: is not set; it is the base URL",
		"DOCKFLARE_API_KEY: is not set; make a key" } },
	{ .what = "everything is wrong at once",
	    .variables = { "DOCKFLARE_MASTER_URL=master", "DOCKFLARE_API_KEY=hunter2 hunter2",
		"LOG_LEVEL=loud", "TUNNEL_METRICS_PORT=70000", "DOCKER_TLS_VERIFY=1",
		"CF_ACCESS_CLIENT_ID=hunter2-id", "DOCKFLARE_CA_FILE=/nowhere" },
	    .mistakes = { "DOCKFLARE_MASTER_URL: \"master\" has no scheme",
		"DOCKFLARE_API_KEY: has a blank", "LOG_LEVEL: \"loud\" is no level",
		"TUNNEL_METRICS_PORT: \"70000\" is not a whole number",
		"CF_ACCESS_CLIENT_SECRET: is not set, but the other half",
		"DOCKER_TLS_VERIFY: " } },
	{ .what = "blanks around values do not count",
	    .variables = { "DOCKFLARE_MASTER_URL= https://master \r\n",
		"DOCKFLARE_API_KEY=\thunter2\n" } },
	{ .what = "quotes count",
	    .variables = { "DOCKFLARE_MASTER_URL=\"https://master\"", "DOCKFLARE_API_KEY='hunter2'",
		"AGENT_DISPLAY_NAME=\"", "LABEL_PREFIX='a\"" },
	    .mistakes = { "DOCKFLARE_MASTER_URL: begins and ends with a quote",
		"DOCKFLARE_API_KEY: begins and ends with a quote" } },
	{ .what = "not UTF-8",
	    .variables = { "AGENT_DISPLAY_NAME=caf\xe9", "DOCKFLARE_API_KEY=hunter2\xff" },
	    .mistakes = { "DOCKFLARE_API_KEY: is not UTF-8", "AGENT_DISPLAY_NAME: is not UTF-8" } },
	{ .what = "what is quoted is printable",
	    .variables = { "LOG_LEVEL=\x1b[31m\xc3\xa9\nDEBUG" },
	    .mistakes = { "LOG_LEVEL: \"\\x1b[31m\\xc3\\xa9\\x0aDEBUG\" is no level" } },
	{ .what = "what is quoted is short",
	    .variables = { "LOG_LEVEL=0123456789012345678901234567890123456789"
			   "01234567890123456789012345678901234567890123456789" },
	    .mistakes = { "0123456789…\" is no level" } },
	{ .what = "a password in a URL is not quoted",
	    .variables = { "DOCKFLARE_MASTER_URL=https://user:hunter2@master",
		"DOCKER_HOST=tcp://hunter2@read:2375" },
	    .mistakes = { "DOCKFLARE_MASTER_URL: \"…@master\" has user information",
		"DOCKER_HOST: \"…@read:2375\" has user information" } },
	{ .what = "the key where its file's path belongs is not quoted",
	    .variables = { "DOCKFLARE_API_KEY=", "DOCKFLARE_API_KEY_FILE=hunter2-key" },
	    .mistakes = { "DOCKFLARE_API_KEY_FILE: is not an absolute path" } },
	{ .what = "an unset key's mistake is told once",
	    .variables = { "DOCKFLARE_API_KEY=", "DOCKFLARE_API_KEY_FILE=/nowhere/key" },
	    .mistakes = { "DOCKFLARE_API_KEY_FILE: /nowhere/key can't be read by uid" } },
	{ .what = "a variable and its _FILE",
	    .variables = { "DOCKFLARE_API_KEY_FILE=/nowhere" },
	    .mistakes = { "DOCKFLARE_API_KEY_FILE: is set beside the variable without _FILE" } },
	{ .what = "the proxy twice",
	    .variables = { "HTTPS_PROXY=http://hunter2@proxy:1", "HTTPS_PROXY_FILE=/nowhere" },
	    .mistakes = { "HTTPS_PROXY_FILE: is set beside" } },
	{ .what = "half of an Access token",
	    .variables = { "CF_ACCESS_CLIENT_ID=hunter2" },
	    .mistakes = { "CF_ACCESS_CLIENT_SECRET: is not set, but the other half" } },
	{ .what = "the other half",
	    .variables = { "CF_ACCESS_CLIENT_SECRET=hunter2" },
	    .mistakes = { "CF_ACCESS_CLIENT_ID: is not set, but the other half" } },
	{ .what = "both halves",
	    .variables = { "CF_ACCESS_CLIENT_ID=hunter21", "CF_ACCESS_CLIENT_SECRET=hunter22" } },
	{ .what = "both halves, the first is wrong",
	    .variables = { "CF_ACCESS_CLIENT_ID=hunter2 1", "CF_ACCESS_CLIENT_SECRET=hunter22" },
	    .mistakes = { "CF_ACCESS_CLIENT_ID: has a blank" } },
	{ .what = "both halves, the second is wrong",
	    .variables = { "CF_ACCESS_CLIENT_ID=hunter21", "CF_ACCESS_CLIENT_SECRET=hunter2 2" },
	    .mistakes = { "CF_ACCESS_CLIENT_SECRET: has a blank" } },
	{ .what = "a name of a variable in a value hides no mistake",
	    .variables = { "DOCKFLARE_API_KEY=", "LOG_LEVEL=DOCKFLARE_API_KEY" },
	    .mistakes = { "LOG_LEVEL: ", "DOCKFLARE_API_KEY: is not set" } },
	{ .what = "TLS to Docker",
	    .variables = { "DOCKER_TLS_VERIFY=1", "DOCKER_HOST=https://docker:2376" },
	    .mistakes = { "DOCKER_HOST: \"https://docker:2376\" is https://",
		"DOCKER_TLS_VERIFY: is set, but this agent does not speak TLS" } },
	{ .what = "TLS to Docker, switched off", .variables = { "DOCKER_TLS_VERIFY=" } },
	{ .what = "what is accepted and not used",
	    .variables = { "HEALTH_CHECK_PORT=8080", "DOCKFLARE_AGENT_VERSION=1" },
	    .warnings = { "HEALTH_CHECK_PORT: is not used", "DOCKFLARE_AGENT_VERSION: is not" } },
	{ .what = "sockets of Docker",
	    .variables = { "DOCKER_HOST=", "DOCKER_TUNNEL_HOST=" },
	    .warnings = { "DOCKER_HOST: is a unix socket", "DOCKER_TUNNEL_HOST: is a unix" } },
	{ .what = "one socket of Docker",
	    .variables = { "DOCKER_HOST=unix:///run/docker.sock" },
	    .warnings = { "DOCKER_HOST: is a unix socket" } },
	{ .what = "the other socket of Docker",
	    .variables = { "DOCKER_TUNNEL_HOST=unix:///run/docker.sock" },
	    .warnings = { "DOCKER_TUNNEL_HOST: is a unix socket" } },
	{ .what = "one port for both proxies",
	    .variables = { "DOCKER_HOST=tcp://a:2376" },
	    .warnings = { "DOCKER_TUNNEL_HOST: has the port of DOCKER_HOST" } },
	{ .what = "one proxy for both",
	    .variables = { "DOCKER_TUNNEL_HOST=" },
	    .warnings = { "DOCKER_TUNNEL_HOST: has the port of DOCKER_HOST" } },
	{ .what = "the plain port by default",
	    .variables = { "DOCKER_HOST=tcp://a", "DOCKER_TUNNEL_HOST=tcp://b:2375" },
	    .warnings = { "DOCKER_TUNNEL_HOST: has the port of DOCKER_HOST" } },
	{ .what = "plain HTTP to a container",
	    .variables = { "DOCKFLARE_MASTER_URL=http://dockflare-master:5000" },
	    .warnings = { "DOCKFLARE_MASTER_URL: is http://" } },
	{ .what = "plain HTTP to a private address",
	    .variables = { "DOCKFLARE_MASTER_URL=http://192.168.0.1" },
	    .warnings = { "DOCKFLARE_MASTER_URL: is http://" } },
	{ .what = "plain HTTP to this host",
	    .variables = { "DOCKFLARE_MASTER_URL=http://[::1]:5000" },
	    .warnings = { "DOCKFLARE_MASTER_URL: is http://" } },
	{ .what = "plain HTTP to a public name",
	    .variables = { "DOCKFLARE_MASTER_URL=http://master.example.com" },
	    .mistakes = { "DOCKFLARE_MASTER_URL: is http:// to a host that is not on a private" } },
	{ .what = "plain HTTP to a public address",
	    .variables = { "DOCKFLARE_MASTER_URL=http://1.1.1.1" },
	    .mistakes = { "DOCKFLARE_MASTER_URL: is http:// to a host that is not on a private" } },
	{ .what = "plain HTTP to a link-local address",
	    .variables = { "DOCKFLARE_MASTER_URL=http://169.254.169.254" },
	    .mistakes = { "DOCKFLARE_MASTER_URL: is http:// to a host that is not on a private" } },
	{ .what = "plain HTTP, allowed",
	    .variables = { "DOCKFLARE_MASTER_URL=http://master.example.com",
		"ALLOW_PLAINTEXT_MASTER=yes" },
	    .warnings = { "DOCKFLARE_MASTER_URL: is http://" } },
	{ .what = "plain HTTP, not allowed",
	    .variables = { "DOCKFLARE_MASTER_URL=http://master.example.com",
		"ALLOW_PLAINTEXT_MASTER=no" },
	    .mistakes = { "DOCKFLARE_MASTER_URL: is http:// to a host" } },
	{ .what = "no CA",
	    .variables = { "DOCKFLARE_CA_FILE=/nowhere/ca.pem" },
	    .mistakes = { "DOCKFLARE_CA_FILE: /nowhere/ca.pem can't be read" } },
	{ .what = "no CA is needed",
	    .variables = { "DOCKFLARE_CA_FILE=/nowhere/ca.pem", "DOCKFLARE_MASTER_URL=http://m" },
	    .warnings = { "DOCKFLARE_MASTER_URL: is http://" } },
	{ .what = "what is worked out is not read",
	    .variables = { "PROXY_ENDPOINT=http://evil:1" } },
};

static void
each_environment_is_judged(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		struct config config;
		int error = read_with(row->variables, &config);

		expect_lines(row->what, &config.mistakes, row->mistakes);
		expect_lines(row->what, &config.warnings, row->warnings);
		assert_int_equal(error, row->mistakes[0] == NULL ? 0 : -EINVAL);
		if (error == 0)
			assert_null(config.values[SETTING_PROXY_ENDPOINT]);
		config_free(&config);
	}
}

static void
values_are_kept(void **state)
{
	static const char *const variables[] = { "DOCKFLARE_MASTER_URL=https://Master:8443/a/",
		"DOCKER_TUNNEL_HOST=", "LOG_LEVEL=warn", "LOG_LEVEL=DEBUG", "LOG_LEVEL_X=1",
		"AGENT_DISPLAY_NAME=a=b", NULL };
	struct config config;

	(void)state;
	assert_int_equal(read_with(variables, &config), 0);
	assert_string_equal(config.values[SETTING_MASTER_URL], "https://Master:8443/a");
	assert_string_equal(config.master.host, "master");
	assert_int_equal(config.master.port, 8443);
	assert_string_equal(config.docker[ENDPOINT_READ].host, "read");
	assert_string_equal(config.docker[ENDPOINT_TUNNEL].host, "read");
	assert_string_equal(config.values[SETTING_DOCKER_TUNNEL_HOST], "tcp://read:2375");
	assert_string_equal(config.values[SETTING_LOG_LEVEL], "WARNING"); /* as in getenv(3) */
	assert_string_equal(config.values[SETTING_DISPLAY_NAME], "a=b");
	assert_string_equal(config.values[SETTING_REPORT_INTERVAL], "30");
	assert_null(config.values[SETTING_ALLOWED_TUNNELS]);
	/* Only config_secret has the secrets. */
	for (enum setting setting = 0; setting < SETTING_COUNT; setting++)
		if (settings[setting].secret)
			assert_null(config.values[setting]);
	assert_string_equal(config.secrets[SECRET_API_KEY], "hunter2-key");
	config_free(&config);
	assert_null(config.secrets[SECRET_API_KEY]);
	config_free(&config);
}

static void
long_values_are_told(void **state)
{
	char key[SETTING_VALUE_MAX_BYTES + 64] = "DOCKFLARE_API_KEY=";
	char name[SETTING_VALUE_MAX_BYTES + 64] = "AGENT_DISPLAY_NAME=";
	const char *const variables[] = { key, name, NULL };
	static const char *const mistakes[] = { "DOCKFLARE_API_KEY: is too long",
		"AGENT_DISPLAY_NAME: \"aaaa", NULL };
	struct config config;

	(void)state;
	memset(key + strlen(key), 'a', SETTING_VALUE_MAX_BYTES + 1);
	memset(name + strlen(name), 'a', SETTING_VALUE_MAX_BYTES + 1);
	assert_int_equal(read_with(variables, &config), -EINVAL);
	expect_lines("long values", &config.mistakes, mistakes);
	assert_null(strstr(config.mistakes.bytes, "API_KEY: \""));
	config_free(&config);
}

static void
a_long_path_is_told(void **state)
{
	char path[4096] = "DOCKFLARE_API_KEY_FILE=/";
	const char *const variables[] = { "DOCKFLARE_API_KEY=", path, NULL };
	static const char *const mistakes[] = { "File name too long", NULL };
	struct config config;

	(void)state;
	memset(path + strlen(path), 'a', 3000);
	assert_int_equal(read_with(variables, &config), -EINVAL);
	expect_lines("a long path", &config.mistakes, mistakes);
	assert_true(config.mistakes.length < 1000);
	config_free(&config);
}

/* ---- the proxy ---- */

struct proxy_row {
	const char *what;
	const char *variables[ROW_MAX];
	const char *endpoint; /* NULL: the master is reached without it */
};

static const struct proxy_row proxy_rows[] = {
	{ "a proxy", { "HTTPS_PROXY=http://proxy:3128" }, "http://proxy:3128" },
	{ "with a password", { "HTTPS_PROXY=http://user:hunter2@Proxy:3128/" },
	    "http://proxy:3128" },
	{ "IPv6", { "HTTPS_PROXY=http://[FD00::1]:3128" }, "http://[fd00::1]:3128" },
	{ "not for plain HTTP",
	    { "HTTPS_PROXY=http://proxy:3128", "DOCKFLARE_MASTER_URL=http://master" }, NULL },
	{ "not for this master",
	    { "HTTPS_PROXY=http://proxy:3128", "NO_PROXY=localhost,.example.com" }, NULL },
	{ "for this master", { "HTTPS_PROXY=http://proxy:3128", "NO_PROXY=localhost,.example.org" },
	    "http://proxy:3128" },
};

static void
the_proxy_is_used_where_it_is_due(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(proxy_rows); at++) {
		const struct proxy_row *row = &proxy_rows[at];
		struct config config;
		const char *endpoint;

		assert_int_equal(read_with(row->variables, &config), 0);
		endpoint = config.values[SETTING_PROXY_ENDPOINT];
		if ((endpoint == NULL) != (row->endpoint == NULL) ||
		    (endpoint != NULL && strcmp(endpoint, row->endpoint) != 0))
			fail_msg("%s: %s", row->what, endpoint == NULL ? "none" : endpoint);
		assert_int_equal(config.proxy.scheme, endpoint == NULL ? URL_NONE : URL_HTTP);
		config_free(&config);
	}
}

struct no_proxy_row {
	const char *list;
	const char *master;
	bool matches;
};

static const struct no_proxy_row no_proxy_rows[] = {
	{ NULL, "https://master", false },
	{ "", "https://master", false },
	{ "*", "https://master", true },
	{ "master", "https://master", true },
	{ "MASTER", "https://master", true },
	{ "other, master", "https://master", true },
	{ "other\tmaster", "https://master", true },
	{ "aster", "https://master", false },
	{ "example.com", "https://example.com", true },
	{ "example.com", "https://master.example.com", true },
	{ ".example.com", "https://master.example.com", true },
	{ ".example.com", "https://example.com", true },
	{ "*.example.com", "https://master.example.com", true },
	{ "example.com", "https://badexample.com", false },
	{ ".example.com", "https://badexample.com", false },
	{ "*.example.com", "https://badexample.com", false },
	{ "master.example.com", "https://example.com", false },
	{ "example.com.evil", "https://example.com", false },
	{ "master:443", "https://master", true },
	{ "master:8443", "https://master", false },
	{ "master:8443", "https://master:8443", true },
	{ "master:", "https://master", false },
	{ "10.0.0.1", "https://10.0.0.1", true },
	{ "10.0.0.1:443", "https://10.0.0.1", true },
	{ "10.0.0.1:80", "https://10.0.0.1", false },
	{ "0.0.0.1", "https://10.0.0.1", false },
	{ "10.0.0.0/8", "https://10.9.8.7", true },
	{ "10.0.0.0/8", "https://11.9.8.7", false },
	{ "10.0.0.0/8", "https://master", false },
	{ "fd00::1", "https://[fd00::1]", true },
	{ "FD00:0::1", "https://[fd00::1]", true },
	{ "fd00::/8", "https://[fdff::1]", true },
	{ "[fd00::1]", "https://[fd00::1]", true },
	{ "[fd00::1]:443", "https://[fd00::1]", true },
	{ "[fd00::1]:8443", "https://[fd00::1]", false },
	{ "[fd00::2]", "https://[fd00::1]", false },
	{ "[fd00::1", "https://[fd00::1]", false },
	{ ".", "https://master", false },
	{ ":443", "https://master", false },
};

static void
no_proxy_is_matched(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(no_proxy_rows); at++) {
		const struct no_proxy_row *row = &no_proxy_rows[at];
		const char *why = "";
		struct url master;

		assert_int_equal(url_parse(row->master, URL_SCHEME_BIT(URL_HTTPS), false, &master,
				     &why),
		    0);
		if (config_no_proxy(row->list, &master) != row->matches)
			fail_msg("\"%s\" and %s", row->list == NULL ? "" : row->list, row->master);
	}
}

/* ---- the process's own environment ---- */

static void
secrets_are_wiped_from_the_environment(void **state)
{
	static const char *const variables[] = { "DOCKFLARE_API_KEY=hunter2",
		"CF_ACCESS_CLIENT_ID=hunter2", "CF_ACCESS_CLIENT_SECRET=hunter2",
		"HTTPS_PROXY=http://hunter2", "DOCKFLARE_API_KEY=hunter2",
		"DOCKFLARE_API_KEY_FILE=/key", "LOG_LEVEL=hunter2", "DOCKFLARE_API_KEY",
		"PATH=/bin", NULL };
	char *environment[ENVIRONMENT_MAX];
	size_t count = add_all(environment, 0, variables);

	(void)state;
	config_wipe_environment(environment);
	for (size_t at = 0; at < count; at++) {
		size_t name = strcspn(variables[at], "="), length = strlen(variables[at]);

		if (at >= 5) {
			assert_string_equal(environment[at], variables[at]);
		} else {
			assert_memory_equal(environment[at], variables[at], name + 1);
			for (size_t byte = name + 1; byte < length; byte++)
				assert_int_equal(environment[at][byte], 0);
		}
		free(environment[at]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_environment_is_judged),
		cmocka_unit_test(values_are_kept),
		cmocka_unit_test(long_values_are_told),
		cmocka_unit_test(a_long_path_is_told),
		cmocka_unit_test(the_proxy_is_used_where_it_is_due),
		cmocka_unit_test(no_proxy_is_matched),
		cmocka_unit_test(secrets_are_wiped_from_the_environment),
	};

	return RUN_TESTS(tests);
}
