/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Docker and Podman say about a container, in lists and in events, and what is no container. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "common/fact.h"

#define ID CONTAINER_ID("a")
#define SHORT_ID "aaaaaaaaaaaa"
#define ID_MEMBER "\"Id\":\"" ID "\""
#define LABELS "\"Labels\":{\"dockflare.enable\":\"true\",\"dockflare.hostname\":\"a.example\"}"
#define RUNNING "\"State\":\"running\""

/* 255 bytes, and one more. */
#define NAME_255          \
	CONTAINER_ID("n") \
	CONTAINER_ID("n") \
	CONTAINER_ID("n") DIGITS16("n") DIGITS16("n") DIGITS16("n") "nnnnnnnnnnnnnnn"

/* ---- the list ---- */

struct list_row {
	const char *what;
	struct slice text;
	const char *name;
	bool runs;
	enum run_status status;
	bool enabled;
};

static const struct list_row list_rows[] = {
	{ "as Docker writes it",
	    SLICE(
		"{" ID_MEMBER ",\"Names\":[\"/web\"],\"Image\":\"nginx\",\"ImageID\":\"sha256:x\","
		"\"Command\":\"nginx -g 'daemon off;'\",\"Created\":1764000000,\"Ports\":[{\"IP\":"
		"\"0.0.0.0\",\"PrivatePort\":80,\"Type\":\"tcp\"}]," LABELS "," RUNNING
		",\"Status\":\"Up 2 hours\",\"HostConfig\":{\"NetworkMode\":\"bridge\"},"
		"\"NetworkSettings\":{\"Networks\":{\"bridge\":{\"Links\":null}}},\"Mounts\":[]}"),
	    "web", true, RUN_RUNNING, true },
	{ "paused", SLICE("{" ID_MEMBER ",\"Names\":[\"/web\"]," LABELS ",\"State\":\"paused\"}"),
	    "web", true, RUN_PAUSED, true },
	{ "restarting counts as running",
	    SLICE("{" ID_MEMBER ",\"Names\":[\"/web\"]," LABELS ",\"State\":\"restarting\"}"),
	    "web", true, RUN_RESTARTING, true },
	{ "exited", SLICE("{" ID_MEMBER "," LABELS ",\"State\":\"exited\"}"), SHORT_ID, false, 0,
	    true },
	{ "another case of a state", SLICE("{" ID_MEMBER "," LABELS ",\"State\":\"Running\"}"),
	    SHORT_ID, false, 0, true },
	{ "a state of another kind",
	    SLICE("{" ID_MEMBER "," LABELS ",\"State\":{\"Status\":"
		  "\"running\"}}"),
	    SHORT_ID, false, 0, true },
	{ "the links' aliases stand first",
	    SLICE(
		"{" ID_MEMBER ",\"Names\":[\"/app/db\",\"/other/db\",\"/postgres\"]," RUNNING "}"),
	    "postgres", true, RUN_RUNNING, false },
	{ "aliases only", SLICE("{" ID_MEMBER ",\"Names\":[\"/app/db\"]," RUNNING "}"), SHORT_ID,
	    true, RUN_RUNNING, false },
	{ "Podman's name without a slash", SLICE("{" ID_MEMBER ",\"Names\":[\"web\"]," RUNNING "}"),
	    "web", true, RUN_RUNNING, false },
	{ "no names", SLICE("{" ID_MEMBER "," RUNNING "}"), SHORT_ID, true, RUN_RUNNING, false },
	{ "null for names", SLICE("{" ID_MEMBER ",\"Names\":null," RUNNING "}"), SHORT_ID, true,
	    RUN_RUNNING, false },
	{ "an empty list of names", SLICE("{" ID_MEMBER ",\"Names\":[]," RUNNING "}"), SHORT_ID,
	    true, RUN_RUNNING, false },
	{ "names of another kind",
	    SLICE("{" ID_MEMBER ",\"Names\":[1,null,{},\"\",\"/\",\"a b\",\"a\\u0062\",\"\xff\","
		  "\"/ok\"]," RUNNING "}"),
	    "ok", true, RUN_RUNNING, false },
	{ "a text for names", SLICE("{" ID_MEMBER ",\"Names\":\"/web\"," RUNNING "}"), SHORT_ID,
	    true, RUN_RUNNING, false },
	{ "the longest name", SLICE("{" ID_MEMBER ",\"Names\":[\"/" NAME_255 "\"]," RUNNING "}"),
	    NAME_255, true, RUN_RUNNING, false },
	{ "a name of one byte more",
	    SLICE("{" ID_MEMBER ",\"Names\":[\"/n" NAME_255 "\"]," RUNNING "}"), SHORT_ID, true,
	    RUN_RUNNING, false },
	{ "labels null", SLICE("{" ID_MEMBER "," RUNNING ",\"Labels\":null}"), SHORT_ID, true,
	    RUN_RUNNING, false },
	{ "a tenant's bad label",
	    SLICE("{" ID_MEMBER "," RUNNING ",\"Labels\":{\"dockflare.x\":\"\xff\\u0000\","
		  "\"dockflare.enable\":\"true\",\"dockflare.x\":\"\001\"}}"),
	    SHORT_ID, true, RUN_RUNNING, true },
	{ "members in another order, blanks",
	    SLICE("{ " LABELS " ,\n" RUNNING " , \"Names\" : [ \"/web\" ] , " ID_MEMBER " }"),
	    "web", true, RUN_RUNNING, true },
	{ "a label is no member",
	    SLICE("{\"Labels\":{\"Id\":\"x\",\"State\":\"exited\",\"Names\":\"y\"}," ID_MEMBER
		  "," RUNNING "}"),
	    SHORT_ID, true, RUN_RUNNING, false },
};

static void
elements_of_lists_are_read(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(list_rows); at++) {
		const struct list_row *row = &list_rows[at];
		struct arena arena _cleanup_arena_ = { 0 };
		char why[FACT_WHY_BYTES];
		struct fact fact;

		row_int_equal(row->what, fact_from_list(row->text, NULL, &arena, &fact, why), 0);
		row_string_equal(row->what, fact.id, ID);
		row_string_equal(row->what, fact.name, row->name);
		row_int_equal(row->what, fact.runs, row->runs);
		if (row->runs)
			row_int_equal(row->what, fact.status, row->status);
		row_int_equal(row->what, fact.labels.enabled, row->enabled);
	}
}

struct bad_row {
	const char *what;
	struct slice text;
	const char *why;
};

#define DEEP_16 "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"

static const struct bad_row bad_elements[] = {
	{ "empty", SLICE(""), "too early" },
	{ "cut", SLICE("{" ID_MEMBER "," RUNNING), "too early" },
	{ "brackets that do not match", SLICE("{" ID_MEMBER "]"), "not JSON" },
	{ "too deep", SLICE("{" ID_MEMBER "," RUNNING ",\"x\":" DEEP_16 "}"), "too deep" },
	{ "no id", SLICE("{" RUNNING "}"), "without an id" },
	{ "a short id", SLICE("{\"Id\":\"" SHORT_ID "\"," RUNNING "}"), "without an id" },
	{ "a long id", SLICE("{\"Id\":\"" ID "a\"," RUNNING "}"), "without an id" },
	{ "an id in capitals", SLICE("{\"Id\":\"" CONTAINER_ID("A") "\"," RUNNING "}"),
	    "without an id" },
	{ "an id of other letters", SLICE("{\"Id\":\"" CONTAINER_ID("g") "\"," RUNNING "}"),
	    "without an id" },
	{ "an id of dots", SLICE("{\"Id\":\"" CONTAINER_ID(".") "\"," RUNNING "}"),
	    "without an id" },
	{ "an escaped id",
	    SLICE("{\"Id\":\"\\u0061" DIGITS16("a") DIGITS16("a")
		    DIGITS16("a") "aaaaaaaaaaaaaaa\"," RUNNING "}"),
	    "without an id" },
	{ "an id that is no text", SLICE("{\"Id\":1," RUNNING "}"), "without an id" },
	{ "an id of 66 bytes that are no text",
	    SLICE("{\"Id\":[" CONTAINER_ID("1") "]," RUNNING "}"), "" },
	{ "no state", SLICE("{" ID_MEMBER "}"), "without a state" },
	{ "labels in a list", SLICE("{" ID_MEMBER "," RUNNING ",\"Labels\":[\"a=b\"]}"),
	    "no object" },
	{ "labels in a text", SLICE("{" ID_MEMBER "," RUNNING ",\"Labels\":\"a=b\"}"),
	    "no object" },
};

static void
other_elements_are_refused(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(bad_elements); at++) {
		const struct bad_row *row = &bad_elements[at];
		struct arena arena _cleanup_arena_ = { 0 };
		char why[FACT_WHY_BYTES] = "";
		struct fact fact;

		row_int_equal(row->what, fact_from_list(row->text, NULL, &arena, &fact, why),
		    -EBADMSG);
		row_string_holds(row->what, why, row->why);
	}
}

static void
the_custom_prefix_is_used(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[FACT_WHY_BYTES];
	struct event event;
	struct fact fact;

	(void)state;
	assert_int_equal(fact_from_list(SLICE("{" ID_MEMBER "," RUNNING
					      ",\"Labels\":{\"my.enable\":\"1\"}}"),
			     "my.", &arena, &fact, why),
	    0);
	assert_true(fact.labels.enabled);
	assert_int_equal(fact_from_event(SLICE("{\"Type\":\"container\",\"Action\":\"start\","
					       "\"Actor\":{\"ID\":\"" ID "\",\"Attributes\":{"
					       "\"my.enable\":\"1\",\"name\":\"web\"}}}"),
			     "my.", &arena, &event, why),
	    0);
	assert_true(event.fact.labels.enabled);
}

/* ---- events ---- */

#define EVENT(action, attributes)                                                          \
	SLICE("{\"status\":\"" action "\",\"id\":\"" ID "\",\"from\":\"nginx\","           \
	      "\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" ID   \
	      "\",\"Attributes\":" attributes "},\"scope\":\"local\",\"time\":1764000000," \
	      "\"timeNano\":1764000000000000001}")
#define WEB "{\"image\":\"nginx\",\"name\":\"web\"}"
#define ENABLED "{\"dockflare.enable\":\"true\",\"image\":\"nginx\",\"name\":\"web\"}"

struct event_row {
	const char *what;
	struct slice text;
	enum event_kind kind;
	const char *action;
	const char *name;
	enum run_status status;
	bool enabled;
};

static const struct event_row event_rows[] = {
	{ "start", EVENT("start", ENABLED), EVENT_START, "start", "web", RUN_RUNNING, true },
	{ "start of another", EVENT("start", WEB), EVENT_START, "start", "web", RUN_RUNNING,
	    false },
	{ "die", EVENT("die", "{\"exitCode\":\"0\",\"name\":\"web\"}"), EVENT_END, "die", "web", 0,
	    false },
	{ "stop", EVENT("stop", ENABLED), EVENT_END, "stop", "web", 0, true },
	{ "destroy", EVENT("destroy", WEB), EVENT_END, "destroy", "web", 0, false },
	{ "Podman's died", EVENT("died", WEB), EVENT_END, "die", "web", 0, false },
	{ "Podman's remove", EVENT("remove", WEB), EVENT_END, "destroy", "web", 0, false },
	{ "pause", EVENT("pause", WEB), EVENT_PAUSE, "pause", "web", RUN_PAUSED, false },
	{ "unpause", EVENT("unpause", WEB), EVENT_UNPAUSE, "unpause", "web", RUN_RUNNING, false },
	{ "no name", EVENT("start", "{}"), EVENT_START, "start", SHORT_ID, RUN_RUNNING, false },
	{ "null for attributes", EVENT("die", "null"), EVENT_END, "die", SHORT_ID, 0, false },
	{ "a name that is none", EVENT("start", "{\"name\":\"a/b\"}"), EVENT_START, "start",
	    SHORT_ID, RUN_RUNNING, false },
	{ "a label that shadows Docker's word",
	    EVENT("start", "{\"Action\":\"die\",\"Type\":\"image\",\"dockflare.name\":\"evil\","
			   "\"image\":\"x\",\"name\":\"web\"}"),
	    EVENT_START, "start", "web", RUN_RUNNING, false },
	{ "a name written with an escape is no name",
	    EVENT("start", "{\"n\\u0061me\":\"evil\",\"name\":\"web\"}"), EVENT_START, "start",
	    "web", RUN_RUNNING, false },
	{ "a tenant's bad label",
	    EVENT("start", "{\"a\":\"\xff\",\"dockflare.x\":\"\\u0000\","
			   "\"dockflare.enable\":\"true\",\"name\":\"web\"}"),
	    EVENT_START, "start", "web", RUN_RUNNING, true },
	{ "exec", EVENT("exec_start: sh", WEB), EVENT_OTHER, NULL, NULL, 0, false },
	{ "health", EVENT("health_status: healthy", WEB), EVENT_OTHER, NULL, NULL, 0, false },
	{ "create", EVENT("create", WEB), EVENT_OTHER, NULL, NULL, 0, false },
	{ "another case", EVENT("Start", WEB), EVENT_OTHER, NULL, NULL, 0, false },
	{ "another type",
	    SLICE("{\"Type\":\"network\",\"Action\":\"destroy\",\"Actor\":{\"ID\":\"x\"}}"),
	    EVENT_OTHER, NULL, NULL, 0, false },
	{ "a type that is no text", SLICE("{\"Type\":1,\"Action\":\"die\"}"), EVENT_OTHER, NULL,
	    NULL, 0, false },
	{ "no type", SLICE("{\"Action\":\"die\"}"), EVENT_OTHER, NULL, NULL, 0, false },
	{ "no action", SLICE("{\"Type\":\"container\"}"), EVENT_OTHER, NULL, NULL, 0, false },
	{ "an action that is no text", SLICE("{\"Type\":\"container\",\"Action\":[]}"), EVENT_OTHER,
	    NULL, NULL, 0, false },
	{ "an empty object", SLICE("{}"), EVENT_OTHER, NULL, NULL, 0, false },
};

static void
events_are_read(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(event_rows); at++) {
		const struct event_row *row = &event_rows[at];
		struct arena arena _cleanup_arena_ = { 0 };
		char why[FACT_WHY_BYTES];
		struct event event;

		row_int_equal(row->what, fact_from_event(row->text, NULL, &arena, &event, why), 0);
		row_int_equal(row->what, event.kind, row->kind);
		if (row->kind == EVENT_OTHER)
			continue;
		row_string_equal(row->what, event.action, row->action);
		row_string_equal(row->what, event.fact.id, ID);
		row_string_equal(row->what, event.fact.name, row->name);
		row_string_equal(row->what, event.old_name, "");
		row_int_equal(row->what, event.fact.runs, row->kind != EVENT_END);
		if (event.fact.runs)
			row_int_equal(row->what, event.fact.status, row->status);
		row_int_equal(row->what, event.fact.labels.enabled, row->enabled);
	}
}

struct word_row {
	struct slice text;
	const char *state;
};

static const struct word_row word_rows[] = {
	{ SLICE("{" ID_MEMBER ",\"State\":\"paused\"}"), "paused" },
	{ SLICE("{" ID_MEMBER ",\"State\":\"exited\"}"), "exited" },
	{ SLICE("{" ID_MEMBER ",\"State\":\"configured\"}"), "configured" },
	{ SLICE("{" ID_MEMBER ",\"State\":\"\"}"), "" },
	{ SLICE("{" ID_MEMBER ",\"State\":7}"), "" },
	{ SLICE("{" ID_MEMBER ",\"State\":\"a b\"}"), "" },
	{ SLICE("{" ID_MEMBER ",\"State\":\"12345678901234567890123456789012\"}"),
	    "12345678901234567890123456789012" },
	{ SLICE("{" ID_MEMBER ",\"State\":\"123456789012345678901234567890123\"}"), "" },
};

static void
any_state_keeps_its_word(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(word_rows); at++) {
		struct arena arena _cleanup_arena_ = { 0 };
		char why[FACT_WHY_BYTES];
		struct fact fact;

		assert_int_equal(fact_from_list(word_rows[at].text, NULL, &arena, &fact, why), 0);
		row_string_equal(word_rows[at].text.bytes, fact.state, word_rows[at].state);
	}
}

#define TIMED(value)                                                               \
	SLICE("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"" ID \
	      "\",\"Attributes\":{}}," value "}")

static void
an_event_has_its_time(void **state)
{
	static const struct {
		struct slice text;
		int64_t time_ns;
	} rows[] = {
		{ TIMED("\"timeNano\":1767323045600000001"), 1767323045600000001 },
		{ TIMED("\"timeNano\":9223372036854775807"), INT64_MAX },
		{ TIMED("\"timeNano\":-1"), 0 },
		{ TIMED("\"timeNano\":1.5"), 0 },
		{ TIMED("\"timeNano\":\"1\""), 0 },
		{ TIMED("\"time\":1"), 0 },
	};

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct arena arena _cleanup_arena_ = { 0 };
		char why[FACT_WHY_BYTES];
		struct event event;

		assert_int_equal(fact_from_event(rows[at].text, NULL, &arena, &event, why), 0);
		row_int_equal(rows[at].text.bytes, event.time_ns, rows[at].time_ns);
	}
}

static void
a_rename_has_two_names(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[FACT_WHY_BYTES];
	struct event event;

	(void)state;
	assert_int_equal(fact_from_event(EVENT("rename", "{\"name\":\"new\","
							 "\"oldName\":\"/old\"}"),
			     NULL, &arena, &event, why),
	    0);
	assert_int_equal(event.kind, EVENT_RENAME);
	assert_string_equal(event.fact.name, "new");
	assert_string_equal(event.old_name, "old");
	/* A label of that name, in an event that is no rename. */
	assert_int_equal(fact_from_event(EVENT("start", "{\"name\":\"new\",\"oldName\":\"/old\"}"),
			     NULL, &arena, &event, why),
	    0);
	assert_string_equal(event.old_name, "");
}

static const struct bad_row bad_events[] = {
	{ "empty", SLICE(""), "too early" },
	{ "brackets that do not match", SLICE("{]"), "not JSON" },
	{ "no actor", SLICE("{\"Type\":\"container\",\"Action\":\"die\"}"), "id" },
	{ "an actor that is none",
	    SLICE("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":\"x\"}"), "id" },
	{ "no id",
	    SLICE("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"Attributes\":{}}}"),
	    "id" },
	{ "the old form's id alone",
	    SLICE("{\"Type\":\"container\",\"Action\":\"die\",\"id\":\"" ID "\"}"), "id" },
	{ "an id of wrong form",
	    SLICE("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"" SHORT_ID
		  "\",\"Attributes\":{}}}"),
	    "id" },
	{ "no attributes",
	    SLICE("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"" ID "\"}}"),
	    "attributes" },
	{ "attributes in a list", EVENT("start", "[]"), "no object" },
};

static void
other_events_are_refused(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(bad_events); at++) {
		const struct bad_row *row = &bad_events[at];
		struct arena arena _cleanup_arena_ = { 0 };
		char why[FACT_WHY_BYTES] = "";
		struct event event;

		row_int_equal(row->what, fact_from_event(row->text, NULL, &arena, &event, why),
		    -EBADMSG);
		row_string_holds(row->what, why, row->why);
	}
}

/* ---- the head of an element that is too large ---- */

struct head_row {
	const char *what;
	struct slice head;
	bool known;
};

static const struct head_row head_rows[] = {
	{ "as Docker begins", SLICE("{" ID_MEMBER ",\"Names\":[\"/we"), true },
	{ "the id and no more", SLICE("{" ID_MEMBER), true },
	{ "cut in the id", SLICE("{\"Id\":\"aaaaaaaaaaaaa"), false },
	{ "one byte short", SLICE("{\"Id\":\"" ID), false },
	{ "a longer id", SLICE("{\"Id\":\"" ID "a\""), false },
	{ "something else first", SLICE("{\"Names\":[\"/web\"]," ID_MEMBER), false },
	{ "blanks", SLICE("{ \"Id\" : \"" ID "\","), false },
	{ "an id in capitals", SLICE("{\"Id\":\"" CONTAINER_ID("A") "\""), false },
	{ "nothing", SLICE(""), false },
};

static void
a_head_tells_whose_it_is(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(head_rows); at++) {
		char id[CONTAINER_ID_BYTES + 1] = "";

		row_int_equal(head_rows[at].what, fact_id_of_head(head_rows[at].head, id),
		    head_rows[at].known);
		if (head_rows[at].known)
			row_string_equal(head_rows[at].what, id, ID);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_of_lists_are_read),
		cmocka_unit_test(other_elements_are_refused),
		cmocka_unit_test(the_custom_prefix_is_used),
		cmocka_unit_test(events_are_read),
		cmocka_unit_test(any_state_keeps_its_word),
		cmocka_unit_test(an_event_has_its_time),
		cmocka_unit_test(a_rename_has_two_names),
		cmocka_unit_test(other_events_are_refused),
		cmocka_unit_test(a_head_tells_whose_it_is),
	};

	return RUN_TESTS(tests);
}
