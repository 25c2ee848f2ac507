/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers, as the agent's own readers take them; and frames, within the table's bounds. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "answer.h"
#include "common/fact.h"
#include "frame.h"
#include "observe.h"

#define ID CONTAINER_ID("a")
#define TOKEN                                                                                  \
	"eyJhIjoiMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYiLCJ0IjoiNmZmNDJhZTItNzY1ZC00YWRm" \
	"LTgxMTItMzFjNTVjMTU1MWVmIiwicyI6ImMyVmpjbVYwIn0="

static const struct message_gate_container ours = { .id = 1,
	.ours = true,
	.labelled = true,
	.container = ID,
	.image = "a/b:1",
	.state = "exited",
	.error = "it \"failed\"\n",
	.started_at = "2026-01-02T03:04:05.6Z",
	.command_id = "c-1",
	.token = TOKEN,
	.on_network = true,
	.address = "172.18.0.2",
	.exit_code = 137,
	.restart_count = 4 };

static void
look(const struct message_gate_container *container, struct observed *ret_observed)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(65536);
	struct image image;
	struct expected expected = { .image = &image, .network = "net-1", .token = TOKEN };
	char why[RECORD_WHY_BYTES] = "";

	assert_true(image_split("a/b:1", &image));
	assert_int_equal(answer_container(&out, container, "net-1"), 0);
	assert_int_equal(observe((struct slice){ .bytes = out.bytes, .length = out.length },
			     &expected, ret_observed, why),
	    0);
}

static void
tunnel_keeper_sees_its_container(void **state)
{
	struct message_gate_container container = ours;
	struct observed observed;

	(void)state;
	look(&container, &observed);
	assert_int_equal(observed.presence, PRESENCE_OURS);
	assert_string_equal(observed.id, ID);
	assert_int_equal(observed.state, CONTAINER_STATE_EXITED);
	assert_int_equal(observed.exit_code, 137);
	assert_int_equal(observed.restart_count, 4);
	assert_string_equal(observed.error, "it \"failed\"?");
	assert_string_equal(observed.started_at, "2026-01-02T03:04:05.6Z");
	assert_string_equal(observed.command_id, "c-1");
	assert_true(observed.labelled && observed.token_matches && observed.on_network);
	assert_string_equal(observed.address, "172.18.0.2");
	container.labelled = false; /* the Python agent's */
	container.command_id = NULL;
	container.on_network = false;
	look(&container, &observed);
	assert_int_equal(observed.presence, PRESENCE_OURS);
	assert_false(observed.labelled || observed.on_network);
	container.ours = false;
	look(&container, &observed);
	assert_int_equal(observed.presence, PRESENCE_FOREIGN);
	assert_string_equal(observed.id, ID);
}

static void
nothing_is_told_of_a_foreign_container(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(65536);
	struct message_gate_container container = ours;

	(void)state;
	container.ours = false;
	assert_int_equal(answer_container(&out, &container, "net-1"), 0);
	assert_string_equal(out.bytes,
	    "{\"Id\":\"" ID "\",\"Name\":\"/dockflare-agent-tunnel\",\"State\":{\"Status\":"
	    "\"exited\"},\"Config\":{\"Image\":\"a/b:1\"}}\n");
}

static struct map_entry entries[] = { { "dockflare.a", "\"1\"\\" }, { "name", "evil" } };

static void
docker_watcher_reads_rows_and_events(void **state)
{
	struct buffer out _cleanup_buffer_ = BUFFER(65536);
	struct arena arena _cleanup_arena_ = { 0 };
	struct container_fact row = { .id = ID,
		.name = "web",
		.status = "running",
		.labels = { .count = 1, .entries = entries } };
	struct message_gate_event event = { .action = "rename",
		.container = ID,
		.name = "new",
		.old_name = "old",
		.labels = { .count = 2, .entries = entries },
		.time_ns = 1234567890123456789 };
	char why[FACT_WHY_BYTES] = "";
	struct fact fact;
	struct event read;

	(void)state;
	assert_int_equal(answer_row(&out, &row, true), 0);
	assert_int_equal(fact_from_list((struct slice){ .bytes = out.bytes, .length = out.length },
			     NULL, &arena, &fact, why),
	    0);
	assert_string_equal(fact.id, ID);
	assert_string_equal(fact.name, "web");
	assert_true(fact.runs);
	assert_string_equal(fact.labels.map.entries[0].value, "\"1\"\\");
	buffer_clear(&out);
	assert_int_equal(answer_event(&out, &event), 0);
	assert_int_equal(json_check((struct slice){ .bytes = out.bytes, .length = out.length }, 8),
	    JSON_GOOD);
	assert_int_equal(fact_from_event((struct slice){ .bytes = out.bytes, .length = out.length },
			     NULL, &arena, &read, why),
	    0);
	assert_int_equal(read.kind, EVENT_RENAME);
	assert_string_equal(read.fact.name, "new");
	assert_string_equal(read.old_name, "old");
	assert_non_null(strstr(out.bytes, "\"time\":1234567890,\"timeNano\":1234567890123456789"));
	assert_null(strstr(out.bytes, "evil"));
}

static void
a_full_buffer_is_an_error(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(100);

	(void)state;
	assert_true(answer_container(&out, &ours, "net-1") < 0);
}

static void
every_wish_is_a_frame(void **state)
{
	struct rules rules;
	struct refusal refusal = { 0 };

	(void)state;
	assert_true(rules_init(&rules, LISTENER_TUNNEL, "net-1", "a/b:1", NULL));
	for (enum wish_kind kind = WISH_NONE; kind <= WISH_COUNT; kind++) {
		struct buffer out _cleanup_buffer_ = SECRET_BUFFER(65536);
		struct arena arena _cleanup_arena_ = { 0 };
		struct wish wish = { .kind = kind, .id = 7, .image = "a/b:1", .container = ID };
		char why[RECORD_WHY_BYTES] = "";
		struct message message;
		bool made = frame_make(&rules, &wish, SLICE("{}"), &arena, &message, &refusal);

		assert_int_equal(made,
		    kind != WISH_NONE && kind != WISH_COUNT && kind != WISH_CREATE);
		if (made)
			assert_int_equal(message_encode(message.id, &message.body, &out, why), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnel_keeper_sees_its_container),
		cmocka_unit_test(nothing_is_told_of_a_foreign_container),
		cmocka_unit_test(docker_watcher_reads_rows_and_events),
		cmocka_unit_test(a_full_buffer_is_an_error),
		cmocka_unit_test(every_wish_is_a_frame),
	};

	return RUN_TESTS(tests);
}
