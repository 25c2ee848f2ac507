/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notes about containers: each is logged once, and stands as long as lists give reason for it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/mman.h>

#include "common/notes.h"

/* Stands in for stderr, where a worker's lines go. */
static int log_fd = -1;

static int
catch_log(void **state)
{
	(void)state;
	log_fd = memfd_create("log", MFD_CLOEXEC);
	return log_fd < 0 ? -1 : 0;
}

static int
release_log(void **state)
{
	(void)state;
	return close(log_fd);
}

/* How many lines the call logged. */
static unsigned
add(struct notes *notes, const char *id, uint64_t list_number, const char *text)
{
	int stderr_fd _cleanup_close_ = dup(STDERR_FILENO);
	static char lines[8192];
	unsigned count = 0;
	ssize_t length;

	assert_true(stderr_fd >= 0);
	assert_int_equal(ftruncate(log_fd, 0), 0);
	assert_true(dup2(log_fd, STDERR_FILENO) >= 0);
	(void)lseek(log_fd, 0, SEEK_SET);
	notes_add(notes, id, list_number, text);
	assert_true(dup2(stderr_fd, STDERR_FILENO) >= 0);
	length = pread(log_fd, lines, sizeof(lines), 0);
	for (ssize_t at = 0; at < length; at++)
		count += lines[at] == '\n' ? 1 : 0;
	return count;
}

static void
each_is_logged_once(void **state)
{
	struct notes notes = { 0 };

	(void)state;
	assert_int_equal(add(&notes, CONTAINER_ID("a"), 1, "one"), 1);
	assert_int_equal(add(&notes, CONTAINER_ID("a"), 1, "one"), 0);
	assert_int_equal(add(&notes, CONTAINER_ID("a"), 2, "one"), 0);
	assert_int_equal(add(&notes, CONTAINER_ID("b"), 2, "one"), 1);
	assert_int_equal(add(&notes, CONTAINER_ID("a"), 2, "two"), 1);
	assert_int_equal(notes.count, 2);
	assert_string_equal(notes.items[0].text, "two");
	assert_string_equal(notes.items[1].id, CONTAINER_ID("b"));
}

static void
a_list_drops_what_it_gave_no_reason_for(void **state)
{
	struct notes notes = { 0 };

	(void)state;
	add(&notes, "a", 1, "one");
	add(&notes, "b", 1, "two");
	add(&notes, "c", 1, "three");
	add(&notes, "b", 2, "two");
	notes_prune(&notes, 2);
	assert_int_equal(notes.count, 1);
	assert_string_equal(notes.items[0].id, "b");
	assert_int_equal(add(&notes, "a", 3, "one"), 1);
	notes_prune(&notes, 4);
	assert_int_equal(notes.count, 0);
	notes_prune(&notes, 5);
	assert_int_equal(notes.count, 0);
}

static void
fill(struct notes *notes, uint64_t list_number)
{
	char id[16];

	for (int at = 0; at < NOTES_MAX; at++) {
		snprintf(id, sizeof(id), "%d", at);
		add(notes, id, list_number, "one");
	}
}

static void
too_many_are_said_once(void **state)
{
	struct notes notes = { 0 };

	(void)state;
	fill(&notes, 1);
	assert_int_equal(add(&notes, "x", 1, "one"), 1);
	assert_int_equal(add(&notes, "y", 1, "one"), 0);
	assert_int_equal(notes.count, NOTES_MAX);
	/* The next list finds the same. */
	fill(&notes, 2);
	assert_int_equal(add(&notes, "x", 2, "one"), 0);
	notes_prune(&notes, 2);
	assert_int_equal(add(&notes, "x", 3, "one"), 0);
	/* There is room, and then none again. */
	notes_prune(&notes, 4);
	fill(&notes, 5);
	assert_int_equal(add(&notes, "x", 5, "one"), 1);
}

static void
a_long_text_is_cut_and_logged_once(void **state)
{
	struct notes notes = { 0 };
	char text[2 * NOTE_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(add(&notes, "a", 1, text), 1);
	assert_int_equal(add(&notes, "a", 2, text), 0);
	assert_int_equal(strlen(notes.items[0].text), NOTE_BYTES - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_logged_once),
		cmocka_unit_test(a_list_drops_what_it_gave_no_reason_for),
		cmocka_unit_test(too_many_are_said_once),
		cmocka_unit_test(a_long_text_is_cut_and_logged_once),
	};

	return cmocka_run_group_tests(tests, catch_log, release_log);
}
