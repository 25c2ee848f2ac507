/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pages of a list; and the engine's short answers. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "workers/gate-engine/rows.h"
#include "workers/gate-engine/said.h"

static bool
take(struct rows *rows, unsigned number, const char *name, const char *status, const char *labels)
{
	static char element[8192];

	snprintf(element, sizeof(element),
	    "{\"Id\":\"%064x\",\"Names\":[\"/%s\"],\"State\":%s,\"Image\":\"hidden\",\"Labels\":%s}",
	    number, name, status, labels);
	return rows_take(rows, "custom.", slice_of(element));
}

static void
only_the_published_are_kept(void **state)
{
	struct rows rows = { 0 };
	struct page *page;

	(void)state;
	assert_true(take(&rows, 1, "a", "\"exited\"", "{\"custom.x\":\"1\",\"other\":\"2\"}"));
	assert_true(take(&rows, 2, "b", "\"running\"", "{\"com.example\":\"1\"}"));
	assert_true(take(&rows, 3, "c", "\"running\"", "null"));
	assert_true(take(&rows, 4, "dockflare-agent-tunnel", "\"created\"", "{}"));
	assert_true(take(&rows, 5, "d", "\"odd\"", "{\"dockflare.enable\":\"false\"}"));
	assert_int_equal(rows.count, 3);
	page = rows_next(&rows);
	assert_null(rows_next(&rows));
	assert_int_equal(page->count, 3);
	assert_string_equal(page->facts[0].name, "a");
	assert_string_equal(page->facts[0].status, "exited");
	assert_int_equal(page->facts[0].labels.count, 1);
	assert_string_equal(page->facts[0].labels.entries[0].key, "custom.x");
	assert_string_equal(page->facts[1].name, "dockflare-agent-tunnel");
	assert_string_equal(page->facts[2].status, "odd");
	page_free(page);
	rows_free(&rows);
}

static void
dropped_labels_are_noted(void **state)
{
	struct notes notes = { 0 };
	struct rows rows = { .notes = &notes, .list_number = 7 };

	(void)state;
	assert_true(take(&rows, 1, "a", "\"running\"",
	    "{\"dockflare.enable\":\"true\",\"dockflare.x\":\"a\\u0000b\"}"));
	/* Of one that nobody sees nothing is told. */
	assert_true(take(&rows, 2, "b", "\"running\"", "{\"dockflare.x\":\"a\\u0000b\"}"));
	assert_int_equal(rows.count, 1);
	assert_int_equal(notes.count, 1);
	assert_int_equal(notes.items[0].list_number, 7);
	assert_non_null(strstr(notes.items[0].text, "container a: label dockflare.x is dropped: "));
	rows_free(&rows);
}

static void
pages_are_bounded(void **state)
{
	struct rows rows = { 0 };
	struct page *page;
	char labels[4200];
	size_t count = 0, pages = 0;

	(void)state;
	memset(labels, 'x', sizeof(labels));
	memcpy(labels, "{\"dockflare.a\":\"", 16);
	memcpy(labels + 4000, "\"}", 3);
	for (unsigned i = 0; i < 1000; i++)
		assert_true(take(&rows, i, "n", "\"running\"",
		    i % 2 ? labels :
			    "{\"dockflare.b\":"
			    "\"\"}"));
	while ((page = rows_next(&rows)) != NULL) {
		assert_true(page->count <= PAGE_CONTAINERS_MAX);
		assert_true(page->weight_bytes <= ROWS_PAGE_WEIGHT_MAX_BYTES);
		count += page->count;
		pages++;
		page_free(page);
	}
	assert_int_equal(count, 1000);
	assert_true(pages > 4);
	rows_free(&rows);
}

static void
a_list_that_is_too_much_is_refused(void **state)
{
	struct rows rows = { .weight_bytes = ROWS_WEIGHT_MAX_BYTES };

	(void)state;
	assert_true(take(&rows, 1, "a", "\"running\"", "null"));
	assert_false(take(&rows, 1, "a", "\"running\"", "{\"dockflare.a\":\"\"}"));
	assert_string_not_equal(rows.why, "");
	rows_free(&rows);
	assert_string_equal(rows.why, "");
	assert_false(take(&rows, 1, "a", "7", "{\"dockflare.a\":\"\"}"));
	assert_string_not_equal(rows.why, "");
	rows_free(&rows);
	assert_false(rows_take(&rows, NULL, SLICE("{\"Id\":7}")));
	rows_free(&rows);
}

#define ID CONTAINER_ID("a")

static void
ids_are_read(void **state)
{
	char id[CONTAINER_ID_BYTES + 1];

	(void)state;
	assert_int_equal(said_id(SLICE("{\"Id\":\"sha256:" ID "\",\"x\":1}"), id), 0);
	assert_string_equal(id, ID);
	assert_int_equal(said_id(SLICE("{\"Id\":\"" ID "\"}"), id), 0);
	assert_string_equal(id, ID);
	assert_int_equal(said_id(SLICE("{\"Id\":\"sha512:" ID "\"}"), id), -EBADMSG);
	assert_string_equal(id, "");
	assert_int_equal(said_id(SLICE("{\"Id\":\"abc\"}"), id), -EBADMSG);
	assert_int_equal(said_id(SLICE("{}"), id), -EBADMSG);
	assert_int_equal(said_id(SLICE(""), id), -EBADMSG);
}

static void
progress_is_read(void **state)
{
	struct said_progress said;

	(void)state;
	assert_int_equal(said_progress(SLICE("{\"status\":\"a\\nb\",\"id\":\"abc\","
					     "\"progressDetail\":{\"current\":5,\"total\":-1}}"),
			     &said),
	    0);
	assert_string_equal(said.text, "a?b");
	assert_string_equal(said.layer, "abc");
	assert_int_equal(said.current, 5);
	assert_int_equal(said.total, 0);
	assert_int_equal(said_progress(SLICE("{\"error\":\"e\",\"id\":\"a b\"}"), &said), 0);
	assert_string_equal(said.error, "e");
	assert_string_equal(said.layer, "");
	assert_int_equal(said_progress(SLICE("{\"status\":7}"), &said), -EBADMSG);
}

static void
the_engine_is_read(void **state)
{
	struct said_about about;

	(void)state;
	assert_int_equal(said_about(SLICE("{\"Version\":\"20.10.24+dfsg1\",\"Os\":\"linux\","
					  "\"Arch\":\"amd64\",\"ApiVersion\":\"1.41\"}"),
			     &about),
	    0);
	assert_string_equal(about.version, "20.10.24+dfsg1");
	assert_string_equal(about.arch, "amd64");
	assert_int_equal(said_about(SLICE("{\"Version\":\"1\",\"Os\":\"linux\"}"), &about),
	    -EBADMSG);
	assert_int_equal(said_about(SLICE("{\"Version\":\"1\",\"Os\":\"a b\",\"Arch\":\"x\"}"),
			     &about),
	    -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_published_are_kept),
		cmocka_unit_test(dropped_labels_are_noted),
		cmocka_unit_test(pages_are_bounded),
		cmocka_unit_test(a_list_that_is_too_much_is_refused),
		cmocka_unit_test(ids_are_read),
		cmocka_unit_test(progress_is_read),
		cmocka_unit_test(the_engine_is_read),
	};

	return RUN_TESTS(tests);
}
