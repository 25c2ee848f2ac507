/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The master's commands: each action, its fields, and entries that are skipped with a reason. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "command.h"

#define TOKEN "dG9rZW4/c2VjcmV0"
#define TUNNEL_ID "6ff42ae2-765d-4adf-8112-31c55c1551ef"

struct good_row {
	const char *what;
	const char *text;
	enum command_kind kind;
	const char *name; /* tunnel_name, NULL: none */
};

static const struct good_row tunnel_rows[] = {
	{ "start",
	    "{\"action\":\"start_tunnel\",\"tunnel_name\":\"home\",\"tunnel_id\":\"" TUNNEL_ID
	    "\",\"token\":\"" TOKEN "\"}",
	    KIND_START, "home" },
	{ "restart, with its other name for the token",
	    "{\"action\":\"restart_tunnel\",\"tunnel_name\":\"home\",\"tunnel_id\":\"" TUNNEL_ID
	    "\",\"tunnel_token\":\"" TOKEN "\"}",
	    KIND_RESTART, "home" },
	{ "start with restart's name",
	    "{\"action\":\"start_tunnel\",\"tunnel_name\":\"home\",\"tunnel_id\":\"" TUNNEL_ID
	    "\",\"tunnel_token\":\"" TOKEN "\"}",
	    KIND_START, "home" },
	{ "restart with start's name",
	    "{\"action\":\"restart_tunnel\",\"tunnel_name\":\"home\",\"tunnel_id\":\"" TUNNEL_ID
	    "\",\"token\":\"" TOKEN "\"}",
	    KIND_RESTART, "home" },
	{ "both names, one null",
	    "{\"action\":\"start_tunnel\",\"tunnel_id\":\"" TUNNEL_ID
	    "\",\"token\":null,\"tunnel_token\":\"" TOKEN "\"}",
	    KIND_START, NULL },
	{ "both names, one empty",
	    "{\"action\":\"restart_tunnel\",\"tunnel_name\":\"home\",\"tunnel_id\":\"" TUNNEL_ID
	    "\",\"token\":\"\",\"tunnel_token\":\"" TOKEN "\"}",
	    KIND_RESTART, "home" },
	{ "start without a name",
	    "{\"action\":\"start_tunnel\",\"tunnel_id\":\"" TUNNEL_ID "\",\"token\":\"" TOKEN "\"}",
	    KIND_START, NULL },
	{ "start with an empty name",
	    "{\"action\":\"start_tunnel\",\"tunnel_name\":\"\",\"tunnel_id\":\"" TUNNEL_ID
	    "\",\"token\":\"" TOKEN "\"}",
	    KIND_START, NULL },
	{ "fields that a newer master may add",
	    "{\"id\":7,\"action\":\"start_tunnel\",\"tunnel_name\":\"B\303\274ro \\\"1\\\"\","
	    "\"tunnel_id\":\"" TUNNEL_ID "\",\"token\":\"" TOKEN "\",\"more\":[{}]}",
	    KIND_START, "B\303\274ro \"1\"" },
	{ "escapes",
	    "{\"action\":\"start\\u005ftunnel\",\"tunnel_id\":\"" TUNNEL_ID
	    "\",\"token\":\"dG9rZW4\\/c2VjcmV0\"}",
	    KIND_START, NULL },
};

static void
tunnel_commands_are_read(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(tunnel_rows); at++) {
		const struct good_row *row = &tunnel_rows[at];
		struct arena arena _cleanup_arena_ = { 0 };
		char why[COMMAND_WHY_BYTES];
		struct command command;

		row_int_equal(row->what, command_decode(slice_of(row->text), &arena, &command, why),
		    0);
		row_int_equal(row->what, command.kind, row->kind);
		row_string_equal(row->what, command.token, TOKEN);
		row_string_equal(row->what, command.tunnel_id, TUNNEL_ID);
		if (row->name == NULL)
			assert_null(command.tunnel_name);
		else
			row_string_equal(row->what, command.tunnel_name, row->name);
	}
}

static int
decode(const char *text, struct arena *arena, struct command *command)
{
	char why[COMMAND_WHY_BYTES];

	return command_decode(slice_of(text), arena, command, why);
}

static void
the_other_commands_are_read(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct command command;

	(void)state;
	assert_int_equal(decode("{\"action\":\"stop_tunnel\",\"token\":1}", &arena, &command), 0);
	assert_int_equal(command.kind, KIND_STOP);
	assert_null(command.token);
	assert_int_equal(
	    decode("{\"action\":\"update_tunnel_config\",\"rules\": {\"b\":1,\"a\":2} }", &arena,
		&command),
	    0);
	assert_int_equal(command.kind, KIND_CONFIGURE);
	assert_int_equal(command.rules.length, strlen("{\"b\":1,\"a\":2}"));
	assert_memory_equal(command.rules.bytes, "{\"b\":1,\"a\":2}", command.rules.length);
	assert_int_equal(decode("{\"action\":\"prepare_decommission\",\"protocol_version\":1,"
				"\"operation_id\":\"op-1\",\"command_id\":\"c 1\","
				"\"requested_self_action\":\"stop\"}",
			     &arena, &command),
	    0);
	assert_int_equal(command.kind, KIND_PREPARE);
	assert_string_equal(command.operation_id, "op-1");
	assert_string_equal(command.command_id, "c 1");
	assert_int_equal(decode("{\"action\":\"finalize_decommission\",\"operation_id\":\"op-1\","
				"\"command_id\":\"c-2\",\"protocol_version\":null}",
			     &arena, &command),
	    0);
	assert_int_equal(command.kind, KIND_FINALIZE);
	assert_string_equal(command.command_id, "c-2");
}

/* ---- what is skipped ---- */

struct bad_row {
	const char *what;
	struct slice text;
	const char *why;
};

#define START "{\"action\":\"start_tunnel\",\"tunnel_id\":\"t\",\"token\":\"secret\""
#define RESTART "{\"action\":\"restart_tunnel\",\"tunnel_id\":\"t\",\"tunnel_token\":\"secret\""
#define PREPARE "{\"action\":\"prepare_decommission\""
#define DEEP_17 "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"

static const struct bad_row bad_rows[] = {
	{ "nothing", SLICE(""), "too early" },
	{ "null", SLICE("null"), "not an object" },
	{ "a text", SLICE("\"stop_tunnel\""), "not an object" },
	{ "a list", SLICE("[\"stop_tunnel\"]"), "not an object" },
	{ "an empty object", SLICE("{}"), "no action" },
	{ "an action that is no text", SLICE("{\"action\":1}"), "no action" },
	{ "an action in a list", SLICE("{\"action\":[\"stop_tunnel\"]}"), "no action" },
	{ "null for an action", SLICE("{\"action\":null}"), "no action" },
	{ "a key written with an escape", SLICE("{\"\\u0061ction\":\"stop_tunnel\"}"),
	    "no action" },
	{ "an action that is not known", SLICE("{\"action\":\"run_shell\"}"),
	    "unknown action run_shell" },
	{ "another case", SLICE("{\"action\":\"STOP_TUNNEL\"}"), "unknown action" },
	{ "an empty action", SLICE("{\"action\":\"\"}"), "unknown action" },
	{ "a longer action", SLICE("{\"action\":\"stop_tunnel \"}"), "unknown action" },
	{ "an action that is no name is not shown", SLICE("{\"action\":\"\\u001b[2Jsecret\"}"),
	    "unknown action" },
	{ "an action of 65 bytes is not shown",
	    SLICE("{\"action\":\"secret" CONTAINER_ID("x") "\"}"), "unknown action" },
	{ "an action twice", SLICE("{\"action\":\"stop_tunnel\",\"action\":\"x\"}"), "duplicate" },
	{ "a token twice", SLICE(START ",\"t\\u006fken\":\"x\"}"), "duplicate" },
	{ "NUL in a token",
	    SLICE("{\"action\":\"start_tunnel\",\"tunnel_id\":\"t\","
		  "\"token\":\"secret\\u0000\"}"),
	    "NUL" },
	{ "bad UTF-8 in a name", SLICE(START ",\"tunnel_name\":\"\xff\"}"), "UTF-8" },
	{ "nested too deep", SLICE("{\"action\":\"stop_tunnel\",\"x\":" DEEP_17 "}"), "too deep" },
	{ "a number out of range", SLICE("{\"action\":\"stop_tunnel\",\"x\":99999999999999999999}"),
	    "out of range" },
	{ "cut", SLICE("{\"action\":\"stop_tunnel\""), "too early" },
	{ "more behind it", SLICE("{\"action\":\"stop_tunnel\"}x"), "behind" },
	{ "no token", SLICE("{\"action\":\"start_tunnel\",\"tunnel_id\":\"t\"}"), "missing" },
	{ "null for both tokens",
	    SLICE("{\"action\":\"start_tunnel\",\"tunnel_id\":\"t\",\"token\":null,"
		  "\"tunnel_token\":null}"),
	    "missing" },
	{ "a token that is no text",
	    SLICE("{\"action\":\"start_tunnel\",\"tunnel_id\":\"t\",\"token\":[\"secret\"]}"),
	    "token" },
	{ "a token with a blank",
	    SLICE("{\"action\":\"start_tunnel\",\"tunnel_id\":\"t\",\"token\":\"secret x\"}"),
	    "token" },
	{ "a bad token beside a good one", SLICE(START ",\"tunnel_token\":\"secret\\n\"}"),
	    "tunnel_token" },
	{ "no id", SLICE("{\"action\":\"start_tunnel\",\"token\":\"secret\"}"), "missing" },
	{ "an empty id",
	    SLICE("{\"action\":\"start_tunnel\",\"tunnel_id\":\"\",\"token\":\"secret\"}"),
	    "missing" },
	{ "an id that is a way",
	    SLICE("{\"action\":\"start_tunnel\",\"tunnel_id\":\"../x\",\"token\":\"secret\"}"),
	    "tunnel_id" },
	{ "an id that is no text",
	    SLICE("{\"action\":\"start_tunnel\",\"tunnel_id\":7,\"token\":\"secret\"}"),
	    "tunnel_id" },
	{ "an id of 65 bytes",
	    SLICE("{\"action\":\"start_tunnel\",\"tunnel_id\":\"" CONTAINER_ID(
		"a") "a\",\"token\":\"secret\"}"),
	    "tunnel_id" },
	{ "a name with a newline", SLICE(START ",\"tunnel_name\":\"a\\nb\"}"), "tunnel_name" },
	{ "a name that is no text", SLICE(START ",\"tunnel_name\":{}}"), "tunnel_name" },
	{ "restart without a name", SLICE(RESTART "}"), "missing" },
	{ "restart with an empty name", SLICE(RESTART ",\"tunnel_name\":\"\"}"), "missing" },
	{ "restart without a token",
	    SLICE("{\"action\":\"restart_tunnel\",\"tunnel_id\":\"t\",\"tunnel_name\":\"n\"}"),
	    "missing" },
	{ "no rules", SLICE("{\"action\":\"update_tunnel_config\"}"), "no rules" },
	{ "rules in a list", SLICE("{\"action\":\"update_tunnel_config\",\"rules\":[]}"),
	    "no rules" },
	{ "null for rules", SLICE("{\"action\":\"update_tunnel_config\",\"rules\":null}"),
	    "no rules" },
	{ "a text for rules", SLICE("{\"action\":\"update_tunnel_config\",\"rules\":\"{}\"}"),
	    "no rules" },
	{ "no operation", SLICE(PREPARE ",\"command_id\":\"c\"}"), "operation_id" },
	{ "no command id", SLICE(PREPARE ",\"operation_id\":\"o\"}"), "command_id" },
	{ "an empty operation", SLICE(PREPARE ",\"operation_id\":\"\",\"command_id\":\"c\"}"),
	    "operation_id" },
	{ "an operation that is a way",
	    SLICE(PREPARE ",\"operation_id\":\"../x\",\"command_id\":\"c\"}"), "operation_id" },
	{ "a command id of two lines",
	    SLICE(PREPARE ",\"operation_id\":\"o\",\"command_id\":\"c\\nd\"}"), "command_id" },
	{ "an operation of 129 bytes",
	    SLICE(PREPARE ",\"operation_id\":\"" CONTAINER_ID("a")
		    CONTAINER_ID("a") "a\","
				      "\"command_id\":\"c\"}"),
	    "operation_id" },
	{ "a protocol that is not known",
	    SLICE(PREPARE ",\"operation_id\":\"o\",\"command_id\":\"c\",\"protocol_version\":2}"),
	    "protocol_version" },
	{ "a protocol that is no number",
	    SLICE(
		PREPARE ",\"operation_id\":\"o\",\"command_id\":\"c\",\"protocol_version\":\"1\"}"),
	    "protocol_version" },
};

static void
bad_commands_are_skipped_with_a_reason(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(bad_rows); at++) {
		const struct bad_row *row = &bad_rows[at];
		struct arena arena _cleanup_arena_ = { 0 };
		char why[COMMAND_WHY_BYTES] = "";
		struct command command;

		row_int_equal(row->what, command_decode(row->text, &arena, &command, why),
		    -EBADMSG);
		row_string_holds(row->what, why, row->why);
		assert_null(strstr(why, "secret"));
	}
}

static void
the_longest_token_is_taken(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		struct buffer text _cleanup_buffer_ = BUFFER(8192);
		struct arena arena _cleanup_arena_ = { 0 };
		char why[COMMAND_WHY_BYTES];
		struct command command;

		assert_int_equal(buffer_add_text(&text, "{\"action\":\"start_tunnel\","
							"\"tunnel_id\":\"t\",\"token\":\""),
		    0);
		for (size_t at = 0; at < TOKEN_MAX_BYTES + more; at++)
			assert_int_equal(buffer_add_text(&text, "x"), 0);
		assert_int_equal(buffer_add_text(&text, "\"}"), 0);
		assert_int_equal(command_decode(slice_of(text.bytes), &arena, &command, why),
		    more == 0 ? 0 : -EBADMSG);
		if (more == 0)
			assert_int_equal(strlen(command.token), TOKEN_MAX_BYTES);
		else
			assert_null(strstr(why, "xx"));
	}
}

struct list_row {
	const char *answer;
	const char *list; /* NULL: none */
};

static const struct list_row list_rows[] = {
	{ "{\"status\":\"success\",\"commands\":[]}", "[]" },
	{ "{\"commands\": [1, {}] ,\"status\":\"success\"}", "[1, {}]" },
	{ "{\"commands\":{}}", NULL },
	{ "{\"commands\":null}", NULL },
	{ "{\"commands\":\"[]\"}", NULL },
	{ "{\"a\":{\"commands\":[]}}", NULL },
	{ "{}", NULL },
};

static void
the_list_is_found(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(list_rows); at++) {
		const struct list_row *row = &list_rows[at];
		struct slice list;

		row_int_equal(row->answer, commands_find(slice_of(row->answer), &list),
		    row->list != NULL);
		if (row->list == NULL)
			continue;
		row_int_equal(row->answer, (int64_t)list.length, (int64_t)strlen(row->list));
		assert_memory_equal(list.bytes, row->list, list.length);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnel_commands_are_read),
		cmocka_unit_test(the_other_commands_are_read),
		cmocka_unit_test(bad_commands_are_skipped_with_a_reason),
		cmocka_unit_test(the_longest_token_is_taken),
		cmocka_unit_test(the_list_is_found),
	};

	return RUN_TESTS(tests);
}
