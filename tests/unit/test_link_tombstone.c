/* SPDX-License-Identifier: GPL-3.0-or-later */
/* decommission.json: the Python agent's form in both directions, and what is no such file. */
#include "tests/unit/json_equal.h"

#include <errno.h>

#include "tombstone.h"

#define PREPARED_AT "2026-11-24T10:00:00.123456+00:00"
#define FINALIZED_AT "2026-11-24T11:00:00.123+00:00"

struct row {
	const char *what;
	struct slice content;
	int error;
	enum lifecycle phase;
	const char *prepared_at;
	const char *finalized_at;
};

#define OPERATION "\"operation_id\":\"op-1\",\"agent_id\":\"6ff42ae2\""

static const struct row rows[] = {
	{ "no file", SLICE(""), 0, LIFECYCLE_ACTIVE, "", "" },
	{ "as the Python agent writes it",
	    SLICE("{\n  \"schema_version\": 1,\n  \"operation_id\": \"op-1\",\n  \"agent_id\": "
		  "\"6ff42ae2\",\n  \"phase\": \"prepared\",\n  \"requested_self_action\": "
		  "\"stop\",\n  \"prepared_at\": \"" PREPARED_AT
		  "\",\n  \"finalized_at\": null\n}\n"),
	    0, LIFECYCLE_PREPARED, PREPARED_AT, "" },
	{ "finalized",
	    SLICE("{\"schema_version\":1," OPERATION ",\"phase\":\"finalized\","
		  "\"requested_self_action\":\"stop\",\"prepared_at\":\"" PREPARED_AT
		  "\",\"finalized_at\":\"" FINALIZED_AT "\"}"),
	    0, LIFECYCLE_FINALIZED, PREPARED_AT, FINALIZED_AT },
	{ "no times", SLICE("{\"schema_version\":1," OPERATION ",\"phase\":\"finalized\"}"), 0,
	    LIFECYCLE_FINALIZED, "", "" },
	{ "times that are none",
	    SLICE("{\"schema_version\":1," OPERATION ",\"phase\":\"finalized\",\"prepared_at\":7,"
		  "\"finalized_at\":\"to day\"}"),
	    0, LIFECYCLE_FINALIZED, "", "" },
	{ "a time that is too long",
	    SLICE("{\"schema_version\":1," OPERATION
		  ",\"phase\":\"prepared\",\"prepared_at\":\"" CONTAINER_ID("1") "\"}"),
	    0, LIFECYCLE_PREPARED, "", "" },
	{ "fields that were added later",
	    SLICE("{\"schema_version\":1," OPERATION ",\"phase\":\"prepared\",\"x\":[{}]}"), 0,
	    LIFECYCLE_PREPARED, "", "" },
	{ "null where it may be",
	    SLICE("{\"schema_version\":1,\"operation_id\":\"op-1\",\"agent_id\":null,"
		  "\"requested_self_action\":null,\"phase\":\"prepared\"}"),
	    0, LIFECYCLE_PREPARED, "", "" },
	{ "another schema", SLICE("{\"schema_version\":2," OPERATION ",\"phase\":\"prepared\"}"),
	    -EBADMSG, 0, "", "" },
	{ "no schema", SLICE("{" OPERATION ",\"phase\":\"prepared\"}"), -EBADMSG, 0, "", "" },
	{ "no operation", SLICE("{\"schema_version\":1,\"phase\":\"prepared\"}"), -EBADMSG, 0, "",
	    "" },
	{ "an operation that is a way",
	    SLICE("{\"schema_version\":1,\"operation_id\":\"../x\",\"phase\":\"prepared\"}"),
	    -EBADMSG, 0, "", "" },
	{ "no phase", SLICE("{\"schema_version\":1," OPERATION "}"), -EBADMSG, 0, "", "" },
	{ "a phase that is not known",
	    SLICE("{\"schema_version\":1," OPERATION ",\"phase\":\"active\"}"), -EBADMSG, 0, "",
	    "" },
	{ "a phase that is no text", SLICE("{\"schema_version\":1," OPERATION ",\"phase\":1}"),
	    -EBADMSG, 0, "", "" },
	{ "a phase twice",
	    SLICE("{\"schema_version\":1," OPERATION
		  ",\"phase\":\"prepared\",\"phase\":\"finalized\"}"),
	    -EBADMSG, 0, "", "" },
	{ "NUL", SLICE("{\"schema_version\":1," OPERATION ",\"phase\":\"prepared\"}\0"), -EBADMSG,
	    0, "", "" },
	{ "cut", SLICE("{\"schema_version\":1," OPERATION ",\"phase\":\"prep"), -EBADMSG, 0, "",
	    "" },
	{ "another file", SLICE("6ff42ae2\n"), -EBADMSG, 0, "", "" },
	{ "a list", SLICE("[]"), -EBADMSG, 0, "", "" },
	{ "null", SLICE("null"), -EBADMSG, 0, "", "" },
};

static void
it_is_read_or_refused_whole(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		struct tombstone read = { .phase = LIFECYCLE_FINALIZED, .operation_id = "old" };

		row_int_equal(row->what, tombstone_read(row->content, &read), row->error);
		row_int_equal(row->what, read.phase, row->phase);
		row_string_equal(row->what, read.operation_id,
		    row->phase == LIFECYCLE_ACTIVE ? "" : "op-1");
		row_string_equal(row->what, read.prepared_at, row->prepared_at);
		row_string_equal(row->what, read.finalized_at, row->finalized_at);
	}
}

struct written_row {
	const char *what;
	struct tombstone tombstone;
	const char *expected;
};

static const struct written_row written_rows[] = {
	{ "prepared",
	    { .phase = LIFECYCLE_PREPARED,
		.operation_id = "op-1",
		.agent_id = "a\"b",
		.prepared_at = PREPARED_AT },
	    "{\"schema_version\":1,\"operation_id\":\"op-1\",\"agent_id\":\"a\\\"b\","
	    "\"phase\":\"prepared\",\"requested_self_action\":\"stop\",\"prepared_at\":\"" PREPARED_AT
	    "\",\"finalized_at\":null}" },
	{ "finalized",
	    { .phase = LIFECYCLE_FINALIZED,
		.operation_id = "op-1",
		.agent_id = "6ff42ae2",
		.prepared_at = PREPARED_AT,
		.finalized_at = FINALIZED_AT },
	    "{\"schema_version\":1," OPERATION
	    ",\"phase\":\"finalized\",\"requested_self_action\":\"stop\",\"prepared_at\":\"" PREPARED_AT
	    "\",\"finalized_at\":\"" FINALIZED_AT "\"}" },
};

static void
it_is_written_as_python_does(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(written_rows); at++) {
		const struct written_row *row = &written_rows[at];
		struct buffer out _cleanup_buffer_ = BUFFER(4096);
		struct tombstone again;

		assert_int_equal(tombstone_write(&row->tombstone, &out), 0);
		row_json_equal(row->what, out.bytes, row->expected);
		assert_int_equal(tombstone_read(slice_of(out.bytes), &again), 0);
		assert_int_equal(again.phase, row->tombstone.phase);
		assert_string_equal(again.operation_id, row->tombstone.operation_id);
		assert_string_equal(again.agent_id, row->tombstone.agent_id);
		assert_string_equal(again.prepared_at, row->tombstone.prepared_at);
		assert_string_equal(again.finalized_at, row->tombstone.finalized_at);
	}
}

/* A file with nothing in it that is not needed can be written again. */
static void
what_was_read_can_be_written(void **state)
{
	struct buffer out _cleanup_buffer_ = BUFFER(4096);
	struct tombstone read;

	(void)state;
	assert_int_equal(tombstone_read(SLICE("{\"schema_version\":1,\"operation_id\":\"op-1\","
					      "\"phase\":\"finalized\"}"),
			     &read),
	    0);
	assert_int_equal(tombstone_write(&read, &out), 0);
	assert_int_equal(tombstone_read(slice_of(out.bytes), &read), 0);
	assert_int_equal(read.phase, LIFECYCLE_FINALIZED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_read_or_refused_whole),
		cmocka_unit_test(it_is_written_as_python_does),
		cmocka_unit_test(what_was_read_can_be_written),
	};

	return RUN_TESTS(tests);
}
