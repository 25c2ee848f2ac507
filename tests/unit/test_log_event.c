/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of events: its ids, what a line of a worker's is taken for, and docs/events.md, which is
 * made from it (`test_log_event --write` writes it anew).
 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/log_event.h"
#include "tests/unit/document.h"

/* A letter for the process and three digits; "C" is a finding's. */
static bool
is_id(const char *text)
{
	return strchr("SWLDTNFG", text[0]) != NULL &&
	       strspn(text + 1, "0123456789") == LOG_ID_BYTES - 1;
}

static void
each_row_is_whole(void **state)
{
	(void)state;
	for (enum log_event event = 0; event < LOG_EVENT_COUNT; event++) {
		const struct log_event_entry *entry = &log_events[event];

		assert_int_equal(strlen(entry->id), LOG_ID_BYTES);
		assert_true(is_id(entry->id));
		assert_non_null(entry->means);
		assert_int_not_equal(entry->from, 0);
		assert_int_not_equal(entry->level, LOG_LEVEL_DEBUG);
		for (enum log_event other = 0; other < event; other++)
			assert_string_not_equal(log_events[other].id, entry->id);
	}
}

struct line_row {
	const char *what;
	enum process from;
	const char *line;
	enum log_event event;
};

static const struct line_row line_rows[] = {
	{ "its own", PROCESS_MASTER_LINK, "L010 master is away", LOG_MASTER_AWAY },
	{ "any worker's", PROCESS_MASTER_LINK, "W001 poll", LOG_GAVE_UP },
	{ "any worker's, of another", PROCESS_GATE_ENGINE, "W001 poll", LOG_GAVE_UP },
	{ "of two processes", PROCESS_GATE_ENGINE, "D003 dropped", LOG_LABEL_DROPPED },
	{ "another worker's", PROCESS_DOCKER_WATCHER, "L010 master is away", LOG_EVENT_COUNT },
	{ "the supervisor's", PROCESS_MASTER_LINK, "S001 started", LOG_EVENT_COUNT },
	{ "what the supervisor says of it", PROCESS_MASTER_LINK, "S051 1 dropped",
	    LOG_EVENT_COUNT },
	{ "no such id", PROCESS_MASTER_LINK, "L999 all is well", LOG_EVENT_COUNT },
	{ "none", PROCESS_MASTER_LINK, "---- all is well", LOG_EVENT_COUNT },
	{ "lower case", PROCESS_MASTER_LINK, "l010 master is away", LOG_EVENT_COUNT },
	{ "further on", PROCESS_MASTER_LINK, " L010 master is away", LOG_EVENT_COUNT },
	{ "a longer id", PROCESS_MASTER_LINK, "L0100 master is away", LOG_EVENT_COUNT },
	{ "an id alone", PROCESS_MASTER_LINK, "L010", LOG_EVENT_COUNT },
	{ "nothing behind", PROCESS_MASTER_LINK, "L010 ", LOG_MASTER_AWAY },
	{ "nothing", PROCESS_MASTER_LINK, "", LOG_EVENT_COUNT },
};

static void
a_line_is_only_ones_own(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(line_rows); at++)
		row_int_equal(line_rows[at].what,
		    log_event_of_line(line_rows[at].from, line_rows[at].line,
			strlen(line_rows[at].line)),
		    line_rows[at].event);
}

/* ---- docs/events.md ---- */

static void
render(struct buffer *out)
{
	buffer_add_text(out, "\n| id | level | who says it | what it means | what to do |\n"
			     "| --- | --- | --- | --- | --- |\n");
	for (enum log_event event = 0; event < LOG_EVENT_COUNT; event++) {
		const struct log_event_entry *entry = &log_events[event];

		buffer_printf(out, "| %s | %s | ", entry->id, log_level_names[entry->level]);
		add_processes(out, entry->from);
		buffer_printf(out, " | %s | %s |\n", entry->means,
		    entry->todo == NULL ? "-" : entry->todo);
	}
}

static const struct section section = {
	.path = SOURCE_DIR "/docs/events.md",
	.begin = "<!-- the rest is made from common/log_event.c -->\n",
	.render = render,
};

static void
the_document_is_the_table(void **state)
{
	(void)state;
	section_check(&section);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_whole),
		cmocka_unit_test(a_line_is_only_ones_own),
		cmocka_unit_test(the_document_is_the_table),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		section_write(&section);
		return 0;
	}
	return RUN_TESTS(tests);
}
