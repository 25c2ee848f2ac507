/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel_state.json: the Python agent's form in both directions, and what is no such file. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "desired.h"

static void
write_one(const struct desired *desired, const char *expected)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);

	assert_int_equal(desired_write(desired, &out), 0);
	assert_string_equal(out.bytes, expected);
}

static void
it_is_written_as_python_does(void **state)
{
	struct desired desired = { .state = WANTED_UNKNOWN };

	(void)state;
	write_one(&desired, "{\"token\":null,\"id\":null,\"name\":null,"
			    "\"desired_state\":\"unknown\"}");
	desired_set_tunnel(&desired, "dG9r/2Vu", "t-1", "B\303\274ro \"1\"");
	desired.state = WANTED_RUNNING;
	desired_set_command(&desired, "c1", false);
	write_one(&desired, "{\"token\":\"dG9r/2Vu\",\"id\":\"t-1\","
			    "\"name\":\"B\303\274ro \\\"1\\\"\",\"desired_state\":\"running\"}");
	desired_set_tunnel(&desired, NULL, NULL, NULL);
	desired_set_command(&desired, "c2", true);
	desired.state = WANTED_STOPPED;
	write_one(&desired, "{\"token\":null,\"id\":null,\"name\":null,"
			    "\"desired_state\":\"stopped\",\"command_id\":\"c2\"}");
}

struct row {
	const char *content;
	int error;
	int state;
	const char *token;
	const char *name;
};

static const struct row rows[] = {
	{ "", 0, WANTED_UNKNOWN, "", "" },
	{ "{}", 0, WANTED_UNKNOWN, "", "" },
	{ "{\"token\": \"abc\", \"id\": \"i\", \"name\": \"n\", \"desired_state\": \"running\"}\n",
	    0, WANTED_RUNNING, "abc", "n" },
	{ "{\"token\": null, \"id\": null, \"name\": null, \"desired_state\": \"stopped\"}", 0,
	    WANTED_STOPPED, "", "" },
	{ "{\"token\":\"\",\"id\":\"\",\"name\":\"\",\"desired_state\":\"unknown\"}", 0,
	    WANTED_UNKNOWN, "", "" },
	{ "{\"desired_state\":\"running\",\"added_later\":[1]}", 0, WANTED_RUNNING, "", "" },
	{ "{\"desired_state\":\"paused\"}", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "{\"token\":\"abc\",\"desired_state\":\"run", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "{\"token\":1}", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "{\"token\":\"a b\"}", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "{\"token\":\"a\\u0000b\"}", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "{\"token\":\"a\",\"token\":\"b\"}", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "{\"name\":\"a\\nb\"}", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "{\"id\":\"../x\"}", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "[]", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "null", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "\xff\xfe", -EBADMSG, WANTED_UNKNOWN, "", "" },
	{ "{}{}", -EBADMSG, WANTED_UNKNOWN, "", "" },
};

static void
it_is_read_or_refused_whole(void **state)
{
	char why[RECORD_WHY_BYTES];

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct desired desired = { .token = "left over", .state = WANTED_RUNNING };

		assert_int_equal(desired_read(slice_of(rows[at].content), &desired, why),
		    rows[at].error);
		assert_int_equal(desired.state, rows[at].state);
		assert_string_equal(desired.token, rows[at].token);
		assert_string_equal(desired.name, rows[at].name);
	}
}

static void
too_long_is_refused(void **state)
{
	static char content[TOKEN_MAX_BYTES + 64];
	char why[RECORD_WHY_BYTES];
	struct desired desired;

	(void)state;
	memset(content, 'x', sizeof(content));
	memcpy(content, "{\"token\":\"", 10);
	memcpy(content + 10 + TOKEN_MAX_BYTES, "\"}", 3);
	assert_int_equal(desired_read(slice_of(content), &desired, why), 0);
	assert_int_equal(strlen(desired.token), TOKEN_MAX_BYTES);
	memcpy(content + 10 + TOKEN_MAX_BYTES, "x\"}", 4);
	assert_int_equal(desired_read(slice_of(content), &desired, why), -EBADMSG);
	assert_null(strstr(why, "xx"));
}

/* What was written is read as it was: an order that is not carried out yet survives. */
static void
an_order_survives(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	struct desired desired = { .state = WANTED_RUNNING }, again;
	char why[RECORD_WHY_BYTES];

	(void)state;
	desired_set_tunnel(&desired, "abc", "i", "n");
	desired_set_command(&desired, "entry-7", true);
	assert_int_equal(desired_write(&desired, &out), 0);
	assert_int_equal(desired_read(slice_of(out.bytes), &again, why), 0);
	assert_true(again.pending);
	assert_string_equal(again.command_id, "entry-7");
	assert_string_equal(again.id, "i");
	desired_set_command(&desired, NULL, true);
	assert_false(desired.pending);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_written_as_python_does),
		cmocka_unit_test(it_is_read_or_refused_whole),
		cmocka_unit_test(too_long_is_refused),
		cmocka_unit_test(an_order_survives),
	};

	return RUN_TESTS(tests);
}
