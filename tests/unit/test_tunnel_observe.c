/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Docker's account of the tunnel's container: what is taken from it, whose it is, what is refused. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "observe.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TOKEN "dG9rZW4/dG9rZW4+"

/* The parts of an inspect answer that differ from row to row. */
struct parts {
	const char *state;
	const char *args;
	const char *env;
	const char *cmd;
	const char *labels;
	const char *image;
	const char *networks;
};

static int
observe_parts(const struct parts *parts, struct observed *ret_observed)
{
	static char answer[16384];
	struct image image;
	struct expected expected = { .image = &image, .network = "cloudflare-net", .token = TOKEN };
	char why[RECORD_WHY_BYTES];

	assert_true(image_split("cloudflare/cloudflared:2025.9.0", &image));
	snprintf(answer, sizeof(answer),
	    "{\"Id\":\"" ID "\",\"Name\":\"/dockflare-agent-tunnel\",\"RestartCount\":3,"
	    "\"Args\":%s,\"State\":%s,\"Config\":{\"Image\":\"%s\",\"Env\":%s,\"Cmd\":%s,"
	    "\"Labels\":%s},\"NetworkSettings\":{\"Networks\":%s}}",
	    parts->args == NULL ? "[\"tunnel\",\"run\"]" : parts->args,
	    parts->state == NULL ? "{\"Status\":\"running\"}" : parts->state,
	    parts->image == NULL ? "cloudflare/cloudflared:2025.8.1" : parts->image,
	    parts->env == NULL ? "[\"PATH=/bin\"]" : parts->env,
	    parts->cmd == NULL ? "null" : parts->cmd, parts->labels == NULL ? "{}" : parts->labels,
	    parts->networks == NULL ? "{}" : parts->networks);
	return observe(slice_of(answer), &expected, ret_observed, why);
}

struct owner_row {
	const char *what;
	struct parts parts;
	enum presence presence;
	bool token_matches;
};

#define OURS_LABEL "{\"dockflare.agent.owner\":\"dockflare-agent\"}"

static const struct owner_row owner_rows[] = {
	{ "our label", { .labels = OURS_LABEL, .env = "[\"TUNNEL_TOKEN=" TOKEN "\"]" },
	    PRESENCE_OURS, true },
	{ "our label, another token", { .labels = OURS_LABEL, .env = "[\"TUNNEL_TOKEN=x\"]" },
	    PRESENCE_OURS, false },
	{ "our label, no token", { .labels = OURS_LABEL }, PRESENCE_OURS, false },
	{ "our label, another image", { .labels = OURS_LABEL, .image = "other:1" }, PRESENCE_OURS,
	    false },
	{ "another owner",
	    { .labels = "{\"dockflare.agent.owner\":\"somebody\"}",
		.env = "[\"TUNNEL_TOKEN=" TOKEN "\"]" },
	    PRESENCE_FOREIGN, true },
	{ "an owner that is no text",
	    { .labels = "{\"dockflare.agent.owner\":1}", .env = "[\"TUNNEL_TOKEN=" TOKEN "\"]" },
	    PRESENCE_FOREIGN, true },
	{ "the Python agent's", { .env = "[\"A=b\",\"TUNNEL_TOKEN=" TOKEN "\"]" }, PRESENCE_OURS,
	    true },
	{ "the older Python agent's", { .cmd = "[\"tunnel\",\"run\",\"--token\",\"" TOKEN "\"]" },
	    PRESENCE_OURS, true },
	{ "token behind =", { .args = "[\"tunnel\",\"run\",\"--token=" TOKEN "\"]" }, PRESENCE_OURS,
	    true },
	{ "the argument wins",
	    { .args = "[\"--token\",\"other\"]", .env = "[\"TUNNEL_TOKEN=" TOKEN "\"]" },
	    PRESENCE_OURS, false },
	{ "--token without one", { .args = "[\"--token\"]" }, PRESENCE_FOREIGN, false },
	{ "the last variable wins", { .env = "[\"TUNNEL_TOKEN=" TOKEN "\",\"TUNNEL_TOKEN=x\"]" },
	    PRESENCE_OURS, false },
	{ "an empty token", { .env = "[\"TUNNEL_TOKEN=\"]" }, PRESENCE_FOREIGN, false },
	{ "a variable with a longer name", { .env = "[\"MY_TUNNEL_TOKEN=" TOKEN "\"]" },
	    PRESENCE_FOREIGN, false },
	{ "no token", { 0 }, PRESENCE_FOREIGN, false },
	{ "another image", { .image = "nginx:1", .env = "[\"TUNNEL_TOKEN=" TOKEN "\"]" },
	    PRESENCE_FOREIGN, true },
	{ "another registry's image",
	    { .image = "evil.example/cloudflare/cloudflared:1",
		.env = "[\"TUNNEL_TOKEN=" TOKEN "\"]" },
	    PRESENCE_FOREIGN, true },
	{ "a longer token", { .env = "[\"TUNNEL_TOKEN=" TOKEN "x\"]" }, PRESENCE_OURS, false },
	{ "an escaped token", { .env = "[\"TUNNEL_TOKEN=\\u0064G9rZW4/dG9rZW4+\"]" }, PRESENCE_OURS,
	    false },
	{ "no labels at all", { .labels = "null", .env = "[\"TUNNEL_TOKEN=" TOKEN "\"]" },
	    PRESENCE_OURS, true },
	{ "no environment at all", { .labels = OURS_LABEL, .env = "null" }, PRESENCE_OURS, false },
};

static void
the_owner_is_known(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(owner_rows); at++) {
		const struct owner_row *row = &owner_rows[at];
		struct observed seen;

		assert_int_equal(observe_parts(&row->parts, &seen), 0);
		if (seen.presence != (int)row->presence || seen.token_matches != row->token_matches)
			print_error("row \"%s\"\n", row->what);
		assert_int_equal(seen.presence, row->presence);
		assert_int_equal(seen.token_matches, row->token_matches);
	}
}

static void
everything_is_taken(void **state)
{
	struct parts parts = {
		.labels = "{\"dockflare.agent.owner\":\"dockflare-agent\","
			  "\"dockflare.agent.command-id\":\"c-7\",\"other\":\"\\u0001\"}",
		.state = "{\"Status\":\"exited\",\"ExitCode\":255,\"Error\":\"no\\nway \303\274\","
			 "\"StartedAt\":\"2026-11-24T01:02:03.4Z\",\"Health\":{\"Log\":[]}}",
		.networks = "{\"other\":{\"IPAddress\":\"10.0.0.1\"},\"cloudflare-net\":"
			    "{\"IPAddress\":\"172.18.0.5\",\"GlobalIPv6Address\":\"\"}}",
	};
	struct observed seen;

	(void)state;
	assert_int_equal(observe_parts(&parts, &seen), 0);
	assert_string_equal(seen.id, ID);
	assert_int_equal(seen.state, CONTAINER_STATE_EXITED);
	assert_int_equal(seen.exit_code, 255);
	assert_string_equal(seen.error, "no?way ??");
	assert_int_equal(seen.restart_count, 3);
	assert_string_equal(seen.started_at, "2026-11-24T01:02:03.4Z");
	assert_string_equal(seen.command_id, "c-7");
	assert_string_equal(seen.image.tag, "2025.8.1");
	assert_true(seen.labelled);
	assert_true(seen.on_network);
	assert_string_equal(seen.address, "172.18.0.5");
}

struct address_row {
	const char *networks;
	bool on_network;
	const char *address;
};

static const struct address_row address_rows[] = {
	{ "{}", false, "" },
	{ "null", false, "" },
	{ "{\"other\":{\"IPAddress\":\"10.0.0.1\"}}", false, "" },
	{ "{\"cloudflare-net\":{}}", true, "" },
	{ "{\"cloudflare-net\":{\"IPAddress\":\"\",\"GlobalIPv6Address\":\"fd00::5\"}}", true,
	    "fd00::5" },
	{ "{\"cloudflare-net\":{\"IPAddress\":\"10.0.0.1:80\"}}", true, "" },
	{ "{\"cloudflare-net\":{\"IPAddress\":\"evil.example\"}}", true, "" },
};

static void
the_address_is_one_or_none(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(address_rows); at++) {
		struct parts parts = { .networks = address_rows[at].networks };
		struct observed seen;

		assert_int_equal(observe_parts(&parts, &seen), 0);
		assert_int_equal(seen.on_network, address_rows[at].on_network);
		assert_string_equal(seen.address, address_rows[at].address);
	}
}

static void
every_state_is_known(void **state)
{
	struct observed seen;
	struct parts parts = { 0 };
	char text[64];

	(void)state;
	for (int at = 0; at < CONTAINER_STATE_COUNT; at++) {
		snprintf(text, sizeof(text), "{\"Status\":\"%s\"}", container_state_names[at]);
		parts.state = text;
		assert_int_equal(observe_parts(&parts, &seen), 0);
		assert_int_equal(seen.state, at);
	}
	parts.state = "{\"Status\":\"frozen\"}";
	assert_int_equal(observe_parts(&parts, &seen), 0);
	assert_int_equal(seen.state, CONTAINER_STATE_DEAD);
}

#define HEAD "{\"Id\":\"" ID "\",\"Name\":\"/dockflare-agent-tunnel\""
#define STATE ",\"State\":{\"Status\":\"running\"}"
#define CONFIG ",\"Config\":{\"Image\":\"a:1\"}"

static const char *const bad_answers[] = {
	"",
	"null",
	"[]",
	"{}",
	"<html>no</html>",
	HEAD STATE CONFIG, /* cut */
	HEAD STATE CONFIG "}}",
	HEAD STATE CONFIG ",\"Id\":\"" ID "\"}", /* a key twice */
	HEAD STATE CONFIG ",\"x\":\"\\u0000\"}",
	HEAD STATE CONFIG ",\"x\":\"\xff\"}",
	HEAD STATE CONFIG ",\"x\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
	HEAD STATE "}",
	HEAD CONFIG "}",
	HEAD ",\"State\":\"running\"" CONFIG "}",
	HEAD ",\"State\":{\"Status\":1}" CONFIG "}",
	HEAD STATE ",\"Config\":{\"Image\":7}}",
	HEAD STATE ",\"Config\":[]}",
	"{\"Id\":\"abc\",\"Name\":\"/dockflare-agent-tunnel\"" STATE CONFIG "}",
	"{\"Id\":\"../../x\",\"Name\":\"/dockflare-agent-tunnel\"" STATE CONFIG "}",
	"{\"Id\":\"" ID "\",\"Name\":\"/other\"" STATE CONFIG "}",
	"{\"Name\":\"/dockflare-agent-tunnel\"" STATE CONFIG "}",
};

static void
bad_answers_are_refused(void **state)
{
	struct image image;
	struct expected expected = { .image = &image, .network = "n", .token = "" };
	char why[RECORD_WHY_BYTES];

	(void)state;
	assert_true(image_split("a:1", &image));
	for (size_t at = 0; at < ARRAY_LEN(bad_answers); at++) {
		struct observed seen;

		assert_int_equal(observe(slice_of(bad_answers[at]), &expected, &seen, why),
		    -EBADMSG);
		assert_int_equal(seen.presence, PRESENCE_UNSEEN);
		assert_string_not_equal(why, "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_is_known),
		cmocka_unit_test(everything_is_taken),
		cmocka_unit_test(the_address_is_one_or_none),
		cmocka_unit_test(every_state_is_known),
		cmocka_unit_test(bad_answers_are_refused),
	};

	return RUN_TESTS(tests);
}
