/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Docker's account of the tunnel's container: what gate-engine takes from it, and what it tells. */
#include "tests/unit/gate.h"

#include <errno.h>
#include <stdio.h>

#include "common/buffer.h"
#include "workers/gate-engine/tar.h"

#define ID CONTAINER_ID("a")
#define OURS "{\"dockflare.agent.owner\":\"dockflare-agent\"}"
#define FILE_VARIABLE "\"TUNNEL_TOKEN_FILE=/etc/dockflare-tunnel/token\""

struct parts {
	const char *top;
	const char *state;
	const char *image;
	const char *env;
	const char *cmd;
	const char *labels;
	const char *networks;
};

static const char * or (const char *text, const char *fallback)
{
	return text == NULL ? fallback : text;
}

static int
read_parts(const struct parts *parts, struct sight *ret_sight)
{
	static char answer[32768];
	struct gate_rules rules = gate_rules_of();
	char why[RECORD_WHY_BYTES] = "";

	snprintf(answer, sizeof(answer),
	    "{%s,\"State\":%s,\"Config\":{\"Image\":%s,\"Env\":%s,\"Cmd\":%s,\"Labels\":%s},"
	    "\"NetworkSettings\":{\"Networks\":%s}}",
	    or (parts->top,
		   "\"Id\":\"" ID "\",\"Name\":\"/dockflare-agent-tunnel\",\"RestartCount\":3"),
	    or (parts->state, "{\"Status\":\"running\"}"),
	    or (parts->image, "\"cloudflare/cloudflared:2025.8.1\""), or (parts->env, "null"),
	    or (parts->cmd, "null"), or (parts->labels, "null"), or (parts->networks, "null"));
	return sight_read(slice_of(answer), &rules.images.list[0], rules.network, ret_sight, why);
}

struct owner_row {
	const char *what;
	struct parts parts;
	bool ours;
	bool labelled;
	bool in_file;
	const char *token;
};

static const struct owner_row owner_rows[] = {
	{ "our label", { .labels = OURS }, true, true, false, "" },
	{ "our label and file", { .labels = OURS, .env = "[" FILE_VARIABLE "]" }, true, true, true,
	    "" },
	{ "our label and token", { .labels = OURS, .env = "[\"TUNNEL_TOKEN=abc\"]" }, true, true,
	    false, "abc" },
	{ "the token before the file",
	    { .labels = OURS, .env = "[\"TUNNEL_TOKEN=abc\"," FILE_VARIABLE "]" }, true, true,
	    false, "abc" },
	{ "another file", { .labels = OURS, .env = "[\"TUNNEL_TOKEN_FILE=/etc/shadow\"]" }, true,
	    true, false, "" },
	{ "a file that begins alike",
	    { .labels = OURS, .env = "[\"TUNNEL_TOKEN_FILE=/etc/dockflare-tunnel/token2\"]" }, true,
	    true, false, "" },
	{ "the file without our label", { .env = "[" FILE_VARIABLE "]" }, false, false, false, "" },
	{ "the Python agent's", { .env = "[\"TUNNEL_TOKEN=abc\"]" }, true, false, false, "abc" },
	{ "the older Python agent's", { .cmd = "[\"tunnel\",\"run\",\"--token\",\"abc\"]" }, true,
	    false, false, "abc" },
	{ "no token", { 0 }, false, false, false, "" },
	{ "another image", { .image = "\"nginx:1\"", .env = "[\"TUNNEL_TOKEN=abc\"]" }, false,
	    false, false, "" },
	{ "another owner",
	    { .labels = "{\"dockflare.agent.owner\":\"x\"}", .env = "[\"TUNNEL_TOKEN=abc\"]" },
	    false, false, false, "" },
	{ "a token with an escape", { .labels = OURS, .env = "[\"TUNNEL_TOKEN=a b\"]" }, true, true,
	    false, "" },
};

static void
the_owner_is_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(owner_rows); i++) {
		const struct owner_row *row = &owner_rows[i];
		struct sight sight;

		row_int_equal(row->what, read_parts(&row->parts, &sight), 0);
		row_int_equal(row->what, sight.ours, row->ours);
		row_int_equal(row->what, sight.labelled, row->labelled);
		row_int_equal(row->what, sight.token_in_file, row->in_file);
		row_string_equal(row->what, sight.token, row->token);
	}
}

static void
ours_is_told_in_full(void **state)
{
	struct parts parts = {
		.state = "{\"Status\":\"exited\",\"Error\":\"oh\\nno\",\"ExitCode\":137,"
			 "\"StartedAt\":\"2026-01-02T03:04:05Z\",\"FinishedAt\":\"2026-01-03\"}",
		.labels = "{\"dockflare.agent.owner\":\"dockflare-agent\","
			  "\"dockflare.agent.command-id\":\"c-1\"}",
		.env = "[\"TUNNEL_TOKEN=abc\"]",
		.networks = "{\"other\":{\"IPAddress\":\"10.0.0.9\"},\"cf-net\":{\"IPAddress\":"
			    "\"172.18.0.5\",\"GlobalIPv6Address\":\"fd00::5\"}}",
	};
	struct message_gate_container told;
	struct sight sight;

	(void)state;
	assert_int_equal(read_parts(&parts, &sight), 0);
	sight_tell(&sight, 4, &told);
	assert_int_equal(told.id, 4);
	assert_true(told.ours && told.labelled && told.on_network);
	assert_string_equal(told.container, ID);
	assert_string_equal(told.image, "cloudflare/cloudflared:2025.8.1");
	assert_string_equal(told.state, "exited");
	assert_string_equal(told.error, "oh?no");
	assert_string_equal(told.started_at, "2026-01-02T03:04:05Z");
	assert_string_equal(told.finished_at, "2026-01-03");
	assert_string_equal(told.command_id, "c-1");
	assert_string_equal(told.token, "abc");
	assert_string_equal(told.address, "172.18.0.5");
	assert_string_equal(told.address6, "fd00::5");
	assert_int_equal(told.exit_code, 137);
	assert_int_equal(told.restart_count, 3);
}

static void
of_a_foreign_one_little_is_told(void **state)
{
	struct parts parts = {
		.image = "\"nginx:1\"",
		.state = "{\"Status\":\"running\",\"Error\":\"x\",\"ExitCode\":9,"
			 "\"StartedAt\":\"2026-01-02T03:04:05Z\"}",
		.labels = "{\"dockflare.agent.command-id\":\"c-1\"}",
		.env = "[\"TUNNEL_TOKEN=abc\"]",
		.networks = "{\"cf-net\":{\"IPAddress\":\"172.18.0.5\"}}",
	};
	struct message_gate_container told;
	struct sight sight;

	(void)state;
	assert_int_equal(read_parts(&parts, &sight), 0);
	sight_tell(&sight, 4, &told);
	assert_false(told.ours || told.labelled || told.on_network);
	assert_string_equal(told.image, "nginx:1");
	assert_null(told.error);
	assert_null(told.started_at);
	assert_null(told.command_id);
	assert_null(told.token);
	assert_null(told.address);
	assert_int_equal(told.exit_code, 0);
	assert_int_equal(told.restart_count, 0);
}

/* The engine quotes the arguments of what it can't start. */
static void
an_error_with_the_token_is_dropped(void **state)
{
	struct parts parts = {
		.labels = OURS,
		.cmd = "[\"--token\",\"" GATE_TOKEN "\"]",
		.state = "{\"Status\":\"created\",\"Error\":\"exec --token " GATE_TOKEN "\"}",
	};
	struct sight sight;

	(void)state;
	assert_int_equal(read_parts(&parts, &sight), 0);
	assert_string_equal(sight.error, "");
	assert_string_equal(sight.token, GATE_TOKEN);
}

static void
the_token_comes_from_the_file(void **state)
{
	struct buffer archive _cleanup_buffer_ = SECRET_BUFFER(8192);
	struct buffer bad _cleanup_buffer_ = SECRET_BUFFER(8192);
	struct sight sight = { 0 };

	(void)state;
	assert_int_equal(tar_write(&bad, "token", 1, SLICE("a b")), 0);
	assert_int_equal(sight_take_token(&sight, (struct slice){ bad.bytes, bad.length }),
	    -EBADMSG);
	assert_int_equal(sight_take_token(&sight, SLICE("no archive")), -EBADMSG);
	assert_string_equal(sight.token, "");
	assert_int_equal(tar_write(&archive, "token", 1, SLICE(GATE_TOKEN)), 0);
	assert_int_equal(sight_take_token(&sight, (struct slice){ archive.bytes, archive.length }),
	    0);
	assert_string_equal(sight.token, GATE_TOKEN);
}

static const struct parts bad_parts[] = {
	{ .top = "\"Id\":\"" ID "\"" },
	{ .top = "\"Id\":\"abc\",\"Name\":\"/dockflare-agent-tunnel\"" },
	{ .top = "\"Id\":\"" ID "\",\"Name\":\"/another\"" },
	{ .top = "\"Id\":\"" ID "\",\"Name\":\"/dockflare-agent-tunnel\",\"Id\":\"" ID "\"" },
	{ .state = "{}" },
	{ .state = "[]" },
	{ .state = "{\"Status\":\"a b\"}" },
	{ .image = "7" },
	{ .image = "\"\"" },
};

static void
bad_answers_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_parts); i++) {
		struct sight sight;

		assert_int_equal(read_parts(&bad_parts[i], &sight), -EBADMSG);
		assert_string_equal(sight.id, "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_is_judged),
		cmocka_unit_test(ours_is_told_in_full),
		cmocka_unit_test(of_a_foreign_one_little_is_told),
		cmocka_unit_test(an_error_with_the_token_is_dropped),
		cmocka_unit_test(the_token_comes_from_the_file),
		cmocka_unit_test(bad_answers_are_refused),
	};

	return RUN_TESTS(tests);
}
