/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of messages: complete, and holding every frame to its fields, bounds and sides. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "common/message.h"
#include "common/setting.h"

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
the_table_is_complete(void **state)
{
	(void)state;
	for (enum message_id id = 0; id < MESSAGE_COUNT; id++) {
		const struct message_entry *entry = &messages[id];

		assert_non_null(entry->name);
		assert_non_null(entry->why);
		assert_int_not_equal(entry->from, 0);
		assert_int_not_equal(entry->to, 0);
		assert_true(entry->record.size_bytes <= sizeof(union message_body));
		for (enum message_id other = 0; other < id; other++)
			assert_string_not_equal(entry->name, messages[other].name);
	}
	for (enum process process = 0; process < PROCESS_COUNT; process++)
		assert_string_equal(process_choices[process], processes[process].name);
	assert_null(process_choices[PROCESS_COUNT]);
}

static void
peers_have_channels_both_ways(void **state)
{
	(void)state;
	for (enum process one = 0; one < PROCESS_COUNT; one++)
		for (enum process other = 0; other < PROCESS_COUNT; other++)
			assert_int_equal((processes[one].peers & PROCESS_BIT(other)) != 0,
			    (processes[other].peers & PROCESS_BIT(one)) != 0);
}

struct row {
	enum process from;
	enum process to;
	const char *frame;
	const char *why; /* part of the reason; NULL: good */
};

#define LINK PROCESS_MASTER_LINK
#define WATCHER PROCESS_DOCKER_WATCHER
#define KEEPER PROCESS_TUNNEL_KEEPER
#define RESOLVER PROCESS_NAME_RESOLVER

static const struct row rows[] = {
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":1,\"host\":\"master.example\"}", NULL },
	{ LINK, RESOLVER, "{\"id\":1,\"host\":\"m\",\"type\":\"resolve\"}", NULL },
	{ LINK, KEEPER, "{\"type\":\"resolve\",\"id\":1,\"host\":\"m\"}", "may not send" },
	{ RESOLVER, LINK, "{\"type\":\"resolve\",\"id\":1,\"host\":\"m\"}", "may not send" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":1}", "\"host\" is missing" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":null,\"host\":\"m\"}",
	    "\"id\" is missing" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":0,\"host\":\"m\"}", "outside" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":1.0,\"host\":\"m\"}", "whole number" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":\"1\",\"host\":\"m\"}", "whole number" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":true,\"host\":\"m\"}", "whole number" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":1,\"host\":\"\"}", "0 bytes" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":1,\"host\":\"a b\"}", "character" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"id\":1,\"host\":\"m\",\"x\":1}",
	    "not in the table" },
	{ LINK, RESOLVER, "{\"type\":\"resolve\",\"type\":\"resolve\",\"id\":1,\"host\":\"m\"}",
	    "duplicate" },
	{ LINK, RESOLVER, "{\"type\":\"r\\u0065solve\",\"id\":1,\"host\":\"m\"}", "unknown type" },
	{ LINK, RESOLVER, "{\"type\":\"nothing\"}", "unknown type" },
	{ LINK, RESOLVER, "{\"type\":1}", "unknown type" },
	{ LINK, RESOLVER, "{}", "unknown type" },
	{ LINK, RESOLVER, "[]", "unknown type" },
	{ LINK, RESOLVER, "7", "unknown type" },
	{ LINK, RESOLVER, "", "too early" },
	{ LINK, KEEPER, "{\"type\":\"command\",\"id\":\"e1\",\"action\":\"stop\"}", NULL },
	{ LINK, KEEPER, "{\"type\":\"command\",\"id\":\"e1\",\"action\":\"halt\"}", "choices" },
	{ LINK, KEEPER, "{\"type\":\"command\",\"id\":\"e1\",\"action\":2}", "not a text" },
	{ KEEPER, LINK, "{\"type\":\"command\",\"id\":\"e1\",\"action\":\"stop\"}",
	    "may not send" },
	{ WATCHER, KEEPER, "{\"type\":\"command\",\"id\":\"e1\",\"action\":\"stop\"}",
	    "may not send" },
	{ WATCHER, LINK,
	    "{\"type\":\"container\",\"change\":\"runs\",\"id\":\"" ID64
	    "\",\"name\":\"web\",\"status\":\"running\",\"labels\":{\"dockflare.enable\":\"true\"}}",
	    NULL },
	{ WATCHER, LINK,
	    "{\"type\":\"container\",\"change\":\"runs\",\"id\":\"" ID64
	    "\",\"name\":\"web\",\"status\":\"running\",\"labels\":{\"a\":1}}",
	    "not a text" },
	{ WATCHER, LINK,
	    "{\"type\":\"container\",\"change\":\"runs\",\"id\":\"abc"
	    "\",\"name\":\"web\",\"status\":\"running\",\"labels\":{}}",
	    "3 bytes" },
	{ PROCESS_SUPERVISOR, LINK, "{\"type\":\"shutdown\"}", NULL },
	{ PROCESS_SUPERVISOR, LINK, "{\"type\":\"shutdown\",\"now\":true}", "not in the table" },
	{ PROCESS_SUPERVISOR, WATCHER,
	    "{\"type\":\"secret\",\"name\":\"DOCKFLARE_API_KEY\",\"value\":\"k\"}",
	    "may not send" },
};

static void
frames_are_held_to_the_table(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct message message;
		char why[RECORD_WHY_BYTES] = "";
		int error = message_decode(rows[at].from, rows[at].to, slice_of(rows[at].frame),
		    &message, why);

		if (rows[at].why == NULL && error != 0)
			fail_msg("row %zu refused: %s", at, why);
		if (rows[at].why != NULL &&
		    (error != -EBADMSG || strstr(why, rows[at].why) == NULL))
			fail_msg("row %zu: %d, \"%s\", expected \"%s\"", at, error, why,
			    rows[at].why);
		if (error == 0)
			message_free(&message);
	}
}

/* Encodes, decodes and compares the JSON of the second encoding. */
static void
round_trip(enum process from, enum process to, enum message_id id, const void *body)
{
	struct buffer first _cleanup_buffer_ = BUFFER(MESSAGE_MAX_BYTES);
	struct buffer second _cleanup_buffer_ = BUFFER(MESSAGE_MAX_BYTES);
	char why[RECORD_WHY_BYTES] = "";
	struct message message;

	if (message_encode(id, body, &first, why) != 0)
		fail_msg("%s: %s", messages[id].name, why);
	if (message_decode(from, to, (struct slice){ .bytes = first.bytes, .length = first.length },
		&message, why) != 0)
		fail_msg("%s: %s in %s", messages[id].name, why, first.bytes);
	assert_int_equal(message.id, id);
	assert_int_equal(message_encode(id, &message.body, &second, why), 0);
	assert_string_equal(first.bytes, second.bytes);
	message_free(&message);
}

static void
messages_survive_a_round_trip(void **state)
{
	struct map_entry labels[] = { { "dockflare.enable", "true" },
		{ "dockflare.x", "a\nb\"\\é" } };
	struct container_fact facts[] = {
		{ .id = ID64, .name = "web", .status = "running", .labels = { 2, labels } },
		{ .id = ID64, .name = "db", .status = "paused" }
	};
	const char *addresses[] = { "10.0.0.1", "fd00::1" };

	(void)state;
	round_trip(WATCHER, LINK, MESSAGE_SNAPSHOT,
	    &(struct message_snapshot){ .generation = 3,
		.page = 1,
		.last = true,
		.containers = { 2, facts } });
	round_trip(WATCHER, LINK, MESSAGE_CONTAINER,
	    &(struct message_container){ .change = CONTAINER_GONE,
		.id = ID64,
		.name = "web",
		.status = "exited",
		.labels = { 2, labels } });
	round_trip(LINK, KEEPER, MESSAGE_COMMAND,
	    &(struct message_command){ .id = "e-1",
		.action = COMMAND_RESTART,
		.tunnel_id = "t1",
		.tunnel_name = "my tunnel",
		.token = "abc=" });
	round_trip(LINK, KEEPER, MESSAGE_COMMAND,
	    &(struct message_command){ .id = "e-2", .action = COMMAND_STOP });
	round_trip(RESOLVER, KEEPER, MESSAGE_ADDRESSES,
	    &(struct message_addresses){ .id = 9, .addresses = { 2, addresses } });
	round_trip(KEEPER, PROCESS_AGENTCTL, MESSAGE_STATUS_TUNNEL,
	    &(struct message_status_tunnel){ .state = TUNNEL_RUNNING, .ready_connections = -1 });
}

static void
senders_are_held_to_the_bounds(void **state)
{
	struct buffer out _cleanup_buffer_ = BUFFER(MESSAGE_MAX_BYTES);
	struct message_resolve body = { .id = 1, .host = "two words" };
	char why[RECORD_WHY_BYTES] = "";

	(void)state;
	assert_int_equal(buffer_add_text(&out, "before"), 0);
	assert_int_equal(message_encode(MESSAGE_RESOLVE, &body, &out, why), -EINVAL);
	assert_non_null(strstr(why, "host"));
	assert_string_equal(out.bytes, "before");
	body.host = NULL;
	assert_int_equal(message_encode(MESSAGE_RESOLVE, &body, &out, why), -EINVAL);
}

static void
reasons_never_quote_a_value(void **state)
{
	struct message message;
	char why[RECORD_WHY_BYTES] = "";

	(void)state;
	assert_int_equal(message_decode(LINK, KEEPER,
			     SLICE("{\"type\":\"command\",\"id\":\"e\",\"action\":\"start\","
				   "\"token\":\"SECRET VALUE\"}"),
			     &message, why),
	    -EBADMSG);
	assert_null(strstr(why, "SECRET"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_complete),
		cmocka_unit_test(peers_have_channels_both_ways),
		cmocka_unit_test(frames_are_held_to_the_table),
		cmocka_unit_test(messages_survive_a_round_trip),
		cmocka_unit_test(senders_are_held_to_the_bounds),
		cmocka_unit_test(reasons_never_quote_a_value),
	};

	return RUN_TESTS(tests);
}
