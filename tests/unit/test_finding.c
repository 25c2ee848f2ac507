/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of findings: its ids, what a line of a worker's is taken for, docs/findings.md, which is
 * made from it (`test_finding --write` writes it anew), and the README's troubleshooting table,
 * each row of which names findings.
 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/finding.h"
#include "tests/unit/document.h"

#define README SOURCE_DIR "/README.md"
#define TROUBLES "\n## When something is wrong\n"

/* ---- the table ---- */

static bool
is_id(const char *text)
{
	return text[0] == 'C' && strspn(text + 1, "0123456789") >= LOG_ID_BYTES - 1;
}

static void
each_row_is_whole(void **state)
{
	(void)state;
	for (enum finding finding = 0; finding < FINDING_COUNT; finding++) {
		const struct finding_entry *entry = &findings[finding];

		assert_int_equal(strlen(entry->id), LOG_ID_BYTES);
		assert_true(is_id(entry->id));
		assert_non_null(entry->means);
		assert_int_not_equal(entry->from, 0);
		for (enum finding other = 0; other < finding; other++)
			assert_string_not_equal(findings[other].id, entry->id);
		/* What is wrong comes with what to do, by the row or, for these, by the line. */
		if (entry->verdict == CHECK_WRONG && entry->remedy == NULL)
			row_int_equal(entry->id,
			    finding == FINDING_SETTING_WRONG || finding == FINDING_DATA_UNUSABLE ||
				finding == FINDING_NETWORK_MISSING,
			    true);
		if (entry->verdict == CHECK_OK)
			assert_null(entry->remedy);
	}
}

static void
each_has_a_subject(void **state)
{
	(void)state;
	for (enum finding finding = 0; finding < FINDING_COUNT; finding++)
		for (enum process from = 0; from < PROCESS_COUNT; from++)
			if ((findings[finding].from & PROCESS_BIT(from)) != 0)
				assert_string_not_equal(finding_subject(finding, from), "");
}

/* ---- a worker's line ---- */

struct line_row {
	const char *what;
	enum process from;
	const char *line;
	enum finding finding;
};

static const struct line_row line_rows[] = {
	{ "its own", PROCESS_MASTER_LINK, "C230 the master takes the key", FINDING_KEY_GOOD },
	{ "of two processes", PROCESS_TUNNEL_KEEPER, "C302 denied", FINDING_CALL_DENIED },
	{ "the other of them", PROCESS_DOCKER_WATCHER, "C302 denied", FINDING_CALL_DENIED },
	{ "nothing behind", PROCESS_MASTER_LINK, "C230 ", FINDING_KEY_GOOD },
	{ "another worker's", PROCESS_DOCKER_WATCHER, "C230 the master takes the key",
	    FINDING_COUNT },
	{ "the supervisor's", PROCESS_MASTER_LINK, "C020 the data folder is good", FINDING_COUNT },
	{ "the supervisor's end", PROCESS_TUNNEL_KEEPER, "C040 ended", FINDING_COUNT },
	{ "no such id", PROCESS_MASTER_LINK, "C999 all is well", FINDING_COUNT },
	{ "a longer id", PROCESS_MASTER_LINK, "C2300 all is well", FINDING_COUNT },
	{ "lower case", PROCESS_MASTER_LINK, "c230 all is well", FINDING_COUNT },
	{ "further on", PROCESS_MASTER_LINK, " C230 all is well", FINDING_COUNT },
	{ "an id alone", PROCESS_MASTER_LINK, "C230", FINDING_COUNT },
	{ "a part of one", PROCESS_MASTER_LINK, "C2", FINDING_COUNT },
	{ "nothing", PROCESS_MASTER_LINK, "", FINDING_COUNT },
	{ "a tab", PROCESS_MASTER_LINK, "C230\tall is well", FINDING_COUNT },
	{ "a gate's process", PROCESS_GATE_ENGINE, "C302 denied", FINDING_COUNT },
};

static void
a_line_is_only_ones_own(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(line_rows); at++)
		row_int_equal(line_rows[at].what,
		    finding_of_line(line_rows[at].from, line_rows[at].line,
			strlen(line_rows[at].line)),
		    line_rows[at].finding);
}

/* ---- documents ---- */

static void
render(struct buffer *out)
{
	buffer_add_text(out, "\n| id | verdict | who finds it | what it says | what to do |\n"
			     "| --- | --- | --- | --- | --- |\n");
	for (enum finding finding = 0; finding < FINDING_COUNT; finding++) {
		const struct finding_entry *entry = &findings[finding];

		buffer_printf(out, "| %s | %s | ", entry->id, check_verdict_names[entry->verdict]);
		add_processes(out, entry->from);
		buffer_printf(out, " | %s | %s |\n", entry->means,
		    entry->remedy == NULL ? "-" : entry->remedy);
	}
}

static const struct section section = {
	.path = SOURCE_DIR "/docs/findings.md",
	.begin = "<!-- the rest is made from common/finding.c -->\n",
	.render = render,
};

static void
the_document_is_the_table(void **state)
{
	(void)state;
	section_check(&section);
}

static bool
is_known(const char *id)
{
	for (enum finding finding = 0; finding < FINDING_COUNT; finding++)
		if (memcmp(findings[finding].id, id, LOG_ID_BYTES) == 0)
			return true;
	return false;
}

/* The ids of one row of a Markdown table; each must be one of the table's. */
static unsigned
ids_of_row(const char *row, size_t length)
{
	unsigned count = 0;

	for (size_t at = 1; at + LOG_ID_BYTES < length; at++) {
		bool begins = row[at - 1] == ' ' || row[at - 1] == '|';

		if (!begins || !is_id(row + at))
			continue;
		if (!is_known(row + at))
			fail_msg("no finding %.4s: %.*s", row + at, (int)length, row);
		count++;
	}
	return count;
}

static void
each_trouble_is_a_finding(void **state)
{
	struct buffer document _cleanup_buffer_ = BUFFER(DOCUMENT_MAX_BYTES);
	const char *at;
	unsigned rows = 0;

	(void)state;
	document_read(README, &document);
	at = strstr(document.bytes, TROUBLES);
	assert_non_null(at);
	at = strstr(at, "\n| --- |");
	assert_non_null(at);
	for (at += strcspn(at + 1, "\n") + 2; *at == '|'; rows++) {
		size_t length = strcspn(at, "\n");

		if (ids_of_row(at, length) == 0)
			fail_msg("no finding is named: %.*s", (int)length, at);
		at += length + 1;
	}
	assert_true(rows >= 12);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_whole),
		cmocka_unit_test(each_has_a_subject),
		cmocka_unit_test(a_line_is_only_ones_own),
		cmocka_unit_test(the_document_is_the_table),
		cmocka_unit_test(each_trouble_is_a_finding),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		section_write(&section);
		return 0;
	}
	return RUN_TESTS(tests);
}
