/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-gate's configuration: its own variables, and where its two endpoints listen. */
#include "tests/unit/folder.h"

#include <errno.h>

#include "common/config.h"

#define ROW_MAX 4

struct row {
	const char *what;
	const char *variables[ROW_MAX];
	const char *mistake; /* a part of it; NULL: none */
	const char *warning;
};

static const struct row rows[] = {
	{ .what = "nothing is set" },
	{ .what = "the agent's variables are not looked at",
	    .variables = { "DOCKFLARE_MASTER_URL=nonsense", "DOCKER_TLS_VERIFY=1" } },
	{ .what = "one port for both",
	    .variables = { "GATE_READ_LISTEN=tcp://127.0.0.1:2376" },
	    .mistake = "GATE_TUNNEL_LISTEN: is where the read endpoint listens too" },
	{ .what = "one port at two addresses",
	    .variables = { "GATE_READ_LISTEN=tcp://127.0.0.1:1",
		"GATE_TUNNEL_LISTEN=tcp://[::1]:1" },
	    .mistake = "GATE_TUNNEL_LISTEN: is where" },
	{ .what = "one socket for both",
	    .variables = { "GATE_READ_LISTEN=unix:///run/a", "GATE_TUNNEL_LISTEN=unix:///run/a" },
	    .mistake = "GATE_TUNNEL_LISTEN: is where" },
	{ .what = "a port and a socket", .variables = { "GATE_READ_LISTEN=unix:///run/a" } },
	{ .what = "a name to listen at",
	    .variables = { "GATE_READ_LISTEN=tcp://localhost:2375" },
	    .mistake = "GATE_READ_LISTEN: \"tcp://localhost:2375\" has a name where an address" },
	{ .what = "a name for the engine",
	    .variables = { "GATE_DOCKER_HOST=tcp://docker:2375" },
	    .mistake = "GATE_DOCKER_HOST: \"tcp://docker:2375\" has a name where an address" },
	{ .what = "an engine over TCP",
	    .variables = { "GATE_DOCKER_HOST=tcp://127.0.0.1:2375" },
	    .warning = "GATE_DOCKER_HOST: is a TCP endpoint" },
	{ .what = "peers that are none",
	    .variables = { "GATE_READ_PEERS=everybody" },
	    .mistake = "GATE_READ_PEERS: \"everybody\" " },
	{ .what = "an image that is none",
	    .variables = { "GATE_IMAGES=a:1,B B" },
	    .mistake = "GATE_IMAGES: " },
	{ .what = "as many images as fit beside CLOUDFLARED_IMAGE",
	    .variables = { "GATE_IMAGES=b,c,d,e,f,g,h,i,j,k,l,m,n,o,p" } },
	{ .what = "one image too many",
	    .variables = { "GATE_IMAGES=b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" },
	    .mistake = "q\" has more than 15 images" },
	{ .what = "no way for a token",
	    .variables = { "GATE_TOKEN_IN=pocket" },
	    .mistake = "GATE_TOKEN_IN: \"pocket\" is neither auto, file nor environment" },
	{ .what = "too little memory",
	    .variables = { "GATE_TUNNEL_MEMORY_MIB=15" },
	    .mistake = "GATE_TUNNEL_MEMORY_MIB: \"15\" is not a whole number from 16 to 65536" },
};

static int
read_row(const char *const variables[ROW_MAX], struct config *config)
{
	char *environment[ROW_MAX + 1] = { NULL };
	int error;

	for (size_t at = 0; at < ROW_MAX && variables[at] != NULL; at++)
		environment[at] = strdup(variables[at]);
	error = config_read(PROGRAM_GATE, environment, config);
	for (size_t at = 0; at < ROW_MAX; at++)
		free(environment[at]);
	return error;
}

/* One line that holds the part, or none. */
static void
expect_line(const char *what, const struct buffer *lines, const char *part)
{
	const char *text = lines->length == 0 ? "" : lines->bytes;

	if (part == NULL)
		row_string_equal(what, text, "");
	else
		row_string_holds(what, text, part);
	assert_true(strchr(text, '\n') == NULL || strchr(text, '\n')[1] == '\0');
}

static void
each_environment_is_judged(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct config config;
		int error = read_row(rows[at].variables, &config);

		expect_line(rows[at].what, &config.mistakes, rows[at].mistake);
		expect_line(rows[at].what, &config.warnings, rows[at].warning);
		row_int_equal(rows[at].what, error, rows[at].mistake == NULL ? 0 : -EINVAL);
		config_free(&config);
	}
}

static void
values_are_kept(void **state)
{
	static const char *const variables[ROW_MAX] = { "GATE_READ_LISTEN=tcp://[::1]:99",
		"GATE_TUNNEL_LISTEN=unix:///run/gate/t.sock",
		"GATE_READ_PEERS= 10.0.0.0/8, uid:7" };
	struct config config;

	(void)state;
	assert_int_equal(read_row(variables, &config), 0);
	assert_int_equal(config.docker[ENDPOINT_ENGINE].scheme, URL_UNIX);
	assert_string_equal(config.docker[ENDPOINT_ENGINE].path, "/var/run/docker.sock");
	assert_int_equal(config.listen[LISTENER_READ].port, 99);
	assert_string_equal(config.listen[LISTENER_TUNNEL].path, "/run/gate/t.sock");
	assert_string_equal(config.values[SETTING_GATE_READ_PEERS], "10.0.0.0/8,uid:7");
	assert_null(config.values[SETTING_MASTER_URL]);
	assert_null(config.values[SETTING_DATA_DIR]);
	config_free(&config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_environment_is_judged),
		cmocka_unit_test(values_are_kept),
	};

	return RUN_TESTS(tests);
}
