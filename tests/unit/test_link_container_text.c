/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A container as the master hears of it: the JSON, what counts as equal, and the bytes it takes. */
#include "tests/unit/json_equal.h"

#include <errno.h>
#include <stdio.h>

#include "container_text.h"
#include "tests/unit/container.h"

#define ID CONTAINER_ID("a")

static void
it_is_what_the_contract_says(void **state)
{
	struct map_entry entries[] = { { "dockflare.enable", "true" },
		{ "dockflare.hostname", "a.example" }, { "dockflare.path", "/x\"y\\z" },
		{ "cloudflare.tunnel.\303\244", "" } };
	struct container_fact fact = container_fact_of(ID, "web", entries);
	struct buffer out _cleanup_buffer_ = BUFFER(4096);
	struct container_text *text;

	(void)state;
	fact.labels.count = ARRAY_LEN(entries);
	text = container_text_new(&fact);
	row_json_equal("event", text->json,
	    "{\"id\":\"" ID "\",\"name\":\"web\",\"labels\":{\"dockflare.enable\":\"true\","
	    "\"dockflare.hostname\":\"a.example\",\"dockflare.path\":\"/x\\\"y\\\\z\","
	    "\"cloudflare.tunnel.\303\244\":\"\"}}");
	assert_int_equal(strlen(text->json), text->length);
	assert_string_equal(text->name, "web");
	assert_string_equal(text->status, "running");
	assert_int_equal(container_text_write(text, &out), 0);
	row_json_equal("report", out.bytes,
	    "{\"id\":\"" ID "\",\"name\":\"web\",\"status\":\"running\",\"labels\":{"
	    "\"dockflare.enable\":\"true\",\"dockflare.hostname\":\"a.example\","
	    "\"dockflare.path\":\"/x\\\"y\\\\z\",\"cloudflare.tunnel.\303\244\":\"\"}}");
	container_text_unref(text);
}

static void
labels_stay_labels(void **state)
{
	struct map_entry entry = { "a\"}},\"id\":\"x", "\"},\"name\":\"evil\",\"y\":{\"z\":\"\n" };
	struct container_fact fact = container_fact_of(ID, "web", &entry);
	struct buffer out _cleanup_buffer_ = BUFFER(4096);
	struct container_text *text = container_text_new(&fact);

	(void)state;
	assert_int_equal(container_text_write(text, &out), 0);
	row_json_equal("hostile", out.bytes,
	    "{\"id\":\"" ID "\",\"name\":\"web\",\"status\":\"running\",\"labels\":{"
	    "\"a\\\"}},\\\"id\\\":\\\"x\":\"\\\"},\\\"name\\\":\\\"evil\\\",\\\"y\\\":{\\\"z"
	    "\\\":\\\"\\n\"}}");
	container_text_unref(text);
}

static void
no_labels_are_an_empty_object(void **state)
{
	struct container_fact fact = container_fact_of(ID, "web", NULL);
	struct container_text *text;

	(void)state;
	fact.labels.count = 0;
	text = container_text_new(&fact);
	row_json_equal("none", text->json, "{\"id\":\"" ID "\",\"name\":\"web\",\"labels\":{}}");
	container_text_unref(text);
}

struct equal_row {
	const char *what;
	const char *id;
	const char *name;
	const char *status;
	const char *value;
	bool equal;
};

static const struct equal_row equal_rows[] = {
	{ "the same", ID, "web", "running", "true", true },
	{ "another status", ID, "web", "paused", "true", true },
	{ "another name", ID, "wed", "running", "true", false },
	{ "another id", CONTAINER_ID("b"), "web", "running", "true", false },
	{ "another value", ID, "web", "running", "tru", false },
	{ "a value as long", ID, "web", "running", "True", false },
};

static void
status_does_not_count(void **state)
{
	struct map_entry entry = ENABLED_ENTRY;
	struct container_fact fact = container_fact_of(ID, "web", &entry);
	struct container_text *one = container_text_new(&fact);

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(equal_rows); at++) {
		const struct equal_row *row = &equal_rows[at];
		struct map_entry other_entry = { "dockflare.enable", row->value };
		struct container_fact other_fact = container_fact_of(row->id, row->name,
		    &other_entry);
		struct container_text *other;

		other_fact.status = row->status;
		other = container_text_new(&other_fact);
		row_int_equal(row->what, container_text_equal(one, other), row->equal);
		row_int_equal(row->what, container_text_equal(other, one), row->equal);
		container_text_unref(other);
	}
	assert_true(container_text_equal(one, one));
	assert_true(container_text_equal(NULL, NULL));
	assert_false(container_text_equal(one, NULL));
	assert_false(container_text_equal(NULL, one));
	container_text_unref(one);
}

static void
bytes_are_counted_once(void **state)
{
	size_t before = container_text_total_bytes(), with_one;
	struct map_entry entry = ENABLED_ENTRY;
	struct container_fact fact = container_fact_of(ID, "web", &entry);
	struct container_text *text = container_text_new(&fact);

	(void)state;
	with_one = container_text_total_bytes();
	assert_true(with_one > before + text->length);
	assert_ptr_equal(container_text_ref(text), text);
	assert_int_equal(container_text_total_bytes(), with_one);
	container_text_unref(text);
	assert_int_equal(container_text_total_bytes(), with_one);
	container_text_unref(text);
	assert_int_equal(container_text_total_bytes(), before);
	assert_null(container_text_ref(NULL));
	container_text_unref(NULL);
}

/* As much as the message table lets through, each byte written as six. */
static void
the_largest_has_room(void **state)
{
	static struct map_entry entries[LABELS_MAX];
	static char keys[LABELS_MAX][LABEL_KEY_MAX_BYTES + 1];
	static char value[LABEL_VALUE_MAX_BYTES + 1];
	struct container_fact fact = container_fact_of(ID, "web", entries);
	struct container_text *text;

	(void)state;
	memset(value, 1, LABEL_VALUE_MAX_BYTES);
	for (size_t at = 0; at < LABELS_MAX; at++) {
		memset(keys[at], 1, LABEL_KEY_MAX_BYTES);
		snprintf(keys[at], sizeof(keys[at]), "%03zx", at);
		keys[at][3] = 1;
		entries[at] = (struct map_entry){ keys[at], value };
	}
	fact.labels.count = LABELS_MAX;
	text = container_text_new(&fact);
	assert_true(text->length > (size_t)LABELS_MAX * LABEL_VALUE_MAX_BYTES * 6);
	container_text_unref(text);
}

static void
a_report_without_room_says_so(void **state)
{
	struct map_entry entry = ENABLED_ENTRY;
	struct container_fact fact = container_fact_of(ID, "web", &entry);
	struct buffer out _cleanup_buffer_ = BUFFER(64);
	struct container_text *text = container_text_new(&fact);

	(void)state;
	assert_int_equal(container_text_write(text, &out), -EMSGSIZE);
	container_text_unref(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_what_the_contract_says),
		cmocka_unit_test(labels_stay_labels),
		cmocka_unit_test(no_labels_are_an_empty_object),
		cmocka_unit_test(status_does_not_count),
		cmocka_unit_test(bytes_are_counted_once),
		cmocka_unit_test(the_largest_has_room),
		cmocka_unit_test(a_report_without_room_says_so),
	};

	return RUN_TESTS(tests);
}
