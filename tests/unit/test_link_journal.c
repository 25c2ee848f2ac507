/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal of commands: what overrides what, the file in both directions, and hostile files. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "journal.h"

static const struct command start = {
	.kind = KIND_START,
	.tunnel_id = "t-1",
	.tunnel_name = "B\303\274ro \"1\"",
	.token = "dG9r/2Vu",
};
static const struct command start_nameless = {
	.kind = KIND_START,
	.tunnel_id = "t-2",
	.token = "c2Vj",
};
static const struct command restart = {
	.kind = KIND_RESTART,
	.tunnel_id = "t-3",
	.tunnel_name = "home",
	.token = "c2Vj",
};
static const struct command stop = { .kind = KIND_STOP };

/* ---- what overrides what ---- */

struct row {
	const char *given; /* s: start, n: another start, r: restart, x: stop */
	const char *kept;
};

static const struct row rows[] = {
	{ "", "" },
	{ "s", "s" },
	{ "r", "r" },
	{ "x", "x" },
	{ "sn", "n" },
	{ "sx", "x" },
	{ "sr", "r" },
	{ "rs", "rs" },
	{ "xs", "xs" },
	{ "xsn", "xn" },
	{ "rsn", "rn" },
	{ "rx", "x" },
	{ "xr", "r" },
	{ "xx", "x" },
	{ "rsx", "x" },
	{ "xsr", "r" },
	{ "rsnsnsn", "rn" },
	{ "sxrsxrsn", "rn" },
};

static const struct command *
command_of(char letter)
{
	switch (letter) {
	case 's':
		return &start;
	case 'n':
		return &start_nameless;
	case 'r':
		return &restart;
	default:
		return &stop;
	}
}

static char
letter_of(const struct journal_entry *entry)
{
	if (entry->action == COMMAND_STOP)
		return 'x';
	if (entry->action == COMMAND_RESTART)
		return 'r';
	return entry->tunnel_name[0] != '\0' ? 's' : 'n';
}

static void
kept_letters(const struct journal *journal, char letters[JOURNAL_ENTRIES_MAX + 1])
{
	for (size_t at = 0; at < journal->count; at++)
		letters[at] = letter_of(&journal->entries[at]);
	letters[journal->count] = '\0';
}

static void
newer_commands_override(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		char letters[JOURNAL_ENTRIES_MAX + 1];
		struct journal journal = { 0 };

		for (const char *letter = rows[at].given; *letter != '\0'; letter++)
			journal_add(&journal, command_of(*letter));
		kept_letters(&journal, letters);
		row_string_equal(rows[at].given, letters, rows[at].kept);
		journal_free(&journal);
	}
}

static void
an_entry_has_what_the_command_has(void **state)
{
	struct journal journal = { 0 };
	char id[COMMAND_ID_MAX_BYTES + 1];

	(void)state;
	journal_add(&journal, &restart);
	journal_add(&journal, &start);
	assert_int_equal(journal.entries[1].action, COMMAND_START);
	assert_string_equal(journal.entries[1].tunnel_id, "t-1");
	assert_string_equal(journal.entries[1].tunnel_name, "B\303\274ro \"1\"");
	assert_string_equal(journal.entries[1].token, "dG9r/2Vu");
	assert_false(journal.entries[1].settled);
	assert_int_equal(strlen(journal.entries[0].id), 32);
	assert_string_not_equal(journal.entries[0].id, journal.entries[1].id);
	assert_false(journal_drop(&journal, "x"));
	assert_false(journal_drop(&journal, ""));
	snprintf(id, sizeof(id), "%s", journal.entries[0].id);
	assert_true(journal_drop(&journal, id));
	assert_false(journal_drop(&journal, id));
	assert_int_equal(journal.count, 1);
	assert_string_equal(journal.entries[0].tunnel_id, "t-1");
	/* Nothing of what was dropped is left in memory. */
	for (size_t at = 0; at < sizeof(journal.entries[1]); at++)
		assert_int_equal(((const char *)&journal.entries[1])[at], 0);
	journal_free(&journal);
}

/* ---- the file ---- */

static void
write_to(const struct journal *journal, struct buffer *out, bool left_out)
{
	bool told = !left_out;

	*out = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	assert_int_equal(journal_write(journal, out, &told), 0);
	assert_int_equal(told, left_out);
	assert_int_equal(json_check(slice_of(out->bytes), JSON_MAX_DEPTH), JSON_GOOD);
}

static void
what_is_written_is_read(void **state)
{
	struct journal journal = { .finalize = "c 1" }, again;
	struct buffer out _cleanup_buffer_ = { 0 };

	(void)state;
	journal_add(&journal, &restart);
	journal_add(&journal, &start_nameless);
	journal_set_configuration(&journal, "{\"config\":{\"ingress\":[]}}");
	write_to(&journal, &out, false);
	assert_int_equal(journal_read(slice_of(out.bytes), &again), 0);
	assert_int_equal(again.count, 2);
	for (size_t at = 0; at < again.count; at++) {
		assert_string_equal(again.entries[at].id, journal.entries[at].id);
		assert_int_equal(again.entries[at].action, journal.entries[at].action);
		assert_string_equal(again.entries[at].tunnel_id, journal.entries[at].tunnel_id);
		assert_string_equal(again.entries[at].tunnel_name, journal.entries[at].tunnel_name);
		assert_string_equal(again.entries[at].token, journal.entries[at].token);
		/* What comes from the disk is on the disk. */
		assert_true(again.entries[at].settled);
	}
	assert_string_equal(again.configuration, "{\"config\":{\"ingress\":[]}}");
	assert_string_equal(again.finalize, "c 1");
	journal_free(&again);
	journal_free(&journal);
}

static void
an_empty_journal_is_written(void **state)
{
	struct buffer out _cleanup_buffer_ = { 0 };
	struct journal journal = { 0 };

	(void)state;
	write_to(&journal, &out, false);
	assert_string_equal(out.bytes, "{\"entries\":[]}");
	assert_int_equal(journal_read(slice_of(out.bytes), &journal), 0);
	assert_int_equal(journal.count, 0);
	assert_null(journal.configuration);
}

struct size_row {
	const char *what;
	size_t bytes;
	char byte;
	bool left_out;
};

static const struct size_row size_rows[] = {
	{ "the largest", JOURNAL_CONFIGURATION_MAX_BYTES, 'x', false },
	{ "one byte more", JOURNAL_CONFIGURATION_MAX_BYTES + 1, 'x', true },
	{ "far more", 1024 * 1024, 'x', true },
	{ "the largest, escaped", JOURNAL_CONFIGURATION_MAX_BYTES, '"', true },
	{ "half of it, escaped", JOURNAL_CONFIGURATION_MAX_BYTES / 2, '"', false },
};

static void
too_large_a_configuration_is_left_out(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(size_rows); at++) {
		const struct size_row *row = &size_rows[at];
		struct buffer out _cleanup_buffer_ = { 0 };
		struct journal journal = { 0 }, again;
		char *text = calloc(1, row->bytes + 1);

		assert_non_null(text);
		memset(text, row->byte, row->bytes);
		journal_add(&journal, &start);
		journal_set_configuration(&journal, text);
		write_to(&journal, &out, row->left_out);
		assert_int_equal(journal_read(slice_of(out.bytes), &again), 0);
		/* The commands are never left out. */
		row_int_equal(row->what, (int64_t)again.count, 1);
		if (row->left_out)
			assert_null(again.configuration);
		else
			row_string_equal(row->what, again.configuration, text);
		assert_string_equal(journal.configuration, text);
		free(text);
		journal_free(&again);
		journal_free(&journal);
	}
}

/* As many and as long as they come, all escaped. */
static void
full_entries_have_room(void **state)
{
	static char token[TOKEN_MAX_BYTES + 1], name[TUNNEL_NAME_MAX_BYTES + 1];
	const struct command command = { .kind = KIND_START,
		.tunnel_id = CONTAINER_ID("t"),
		.tunnel_name = name,
		.token = token };
	struct buffer out _cleanup_buffer_ = { 0 };
	struct journal journal = { 0 }, again;

	(void)state;
	memset(token, '"', TOKEN_MAX_BYTES);
	memset(name, '\\', TUNNEL_NAME_MAX_BYTES);
	for (journal.count = 0; journal.count < JOURNAL_ENTRIES_MAX;) {
		struct journal one = { 0 };

		journal_add(&one, &command);
		journal.entries[journal.count++] = one.entries[0];
	}
	write_to(&journal, &out, false);
	assert_int_equal(journal_read(slice_of(out.bytes), &again), 0);
	assert_string_equal(again.entries[0].token, token);
	journal_free(&again);
	journal_free(&journal);
}

static void
the_newest_configuration_counts(void **state)
{
	struct journal journal = { 0 };

	(void)state;
	journal_set_configuration(&journal, "one");
	journal_set_configuration(&journal, "two");
	assert_string_equal(journal.configuration, "two");
	journal_set_configuration(&journal, journal.configuration);
	assert_string_equal(journal.configuration, "two");
	journal_set_configuration(&journal, NULL);
	assert_null(journal.configuration);
	journal_free(&journal);
}

/* ---- hostile files ---- */

#define STOP(id) "{\"id\":\"" id "\",\"action\":\"stop\"}"
#define START(id) \
	"{\"id\":\"" id "\",\"action\":\"start\",\"tunnel_id\":\"t\",\"token\":\"secret\"}"
#define RESTART(id)                                                      \
	"{\"id\":\"" id "\",\"action\":\"restart\",\"tunnel_id\":\"t\"," \
	"\"tunnel_name\":\"n\",\"token\":\"secret\"}"

struct bad_row {
	const char *what;
	struct slice content;
};

static const struct bad_row bad_rows[] = {
	{ "a blank", SLICE(" ") },
	{ "null", SLICE("null") },
	{ "a list", SLICE("[]") },
	{ "no entries", SLICE("{}") },
	{ "entries in an object", SLICE("{\"entries\":{}}") },
	{ "cut", SLICE("{\"entries\":[" STOP("a")) },
	{ "a NUL behind it", SLICE("{\"entries\":[]}\0") },
	{ "bad UTF-8", SLICE("{\"entries\":[],\"finalize\":\"\xff\"}") },
	{ "a key twice", SLICE("{\"entries\":[],\"entries\":[]}") },
	{ "a field that is not ours", SLICE("{\"entries\":[],\"x\":1}") },
	{ "more entries than are ever kept",
	    SLICE("{\"entries\":[" STOP("a") "," STOP("b") "," STOP("c") "," STOP("d") "," STOP(
		"e") "]}") },
	{ "an entry that is none", SLICE("{\"entries\":[\"stop\"]}") },
	{ "no id", SLICE("{\"entries\":[{\"action\":\"stop\"}]}") },
	{ "an empty id", SLICE("{\"entries\":[" STOP("") "]}") },
	{ "an id that is a way", SLICE("{\"entries\":[" STOP("../a") "]}") },
	{ "no action", SLICE("{\"entries\":[{\"id\":\"a\"}]}") },
	{ "an action that is not known",
	    SLICE("{\"entries\":[{\"id\":\"a\",\"action\":\"run\"}]}") },
	{ "start without a token",
	    SLICE("{\"entries\":[{\"id\":\"a\",\"action\":\"start\",\"tunnel_id\":\"t\"}]}") },
	{ "restart without a tunnel",
	    SLICE("{\"entries\":[{\"id\":\"a\",\"action\":\"restart\",\"token\":\"x\"}]}") },
	{ "the last one is not whole",
	    SLICE("{\"entries\":[" STOP("a") ",{\"id\":\"b\",\"action\":\"start\"}]}") },
	{ "a token with a blank", SLICE("{\"entries\":[{\"id\":\"a\",\"action\":\"start\","
					"\"tunnel_id\":\"t\",\"token\":\"a b\"}]}") },
	{ "a configuration that is no text", SLICE("{\"entries\":[],\"configuration\":{}}") },
	{ "a configuration of two lines", SLICE("{\"entries\":[],\"configuration\":\"{\\n}\"}") },
	{ "a finalize that is no text", SLICE("{\"entries\":[],\"finalize\":true}") },
};

static void
other_files_are_refused(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(bad_rows); at++) {
		struct journal journal = { .count = 2, .finalize = "x" };

		row_int_equal(bad_rows[at].what, journal_read(bad_rows[at].content, &journal),
		    -EBADMSG);
		row_int_equal(bad_rows[at].what, (int64_t)journal.count, 0);
		row_string_equal(bad_rows[at].what, journal.finalize, "");
		assert_null(journal.configuration);
	}
}

struct file_row {
	const char *what;
	struct slice content;
	const char *kept; /* x: stop, n: start, r: restart */
};

static const struct file_row file_rows[] = {
	{ "no file", SLICE(""), "" },
	{ "nothing", SLICE("{\"entries\":[]}"), "" },
	{ "null where it may be",
	    SLICE("{\"entries\":[],\"configuration\":null,\"finalize\":null}"), "" },
	{ "as it was written", SLICE("{\"entries\":[" STOP("a") "," START("b") "]}"), "xn" },
	{ "the same twice", SLICE("{\"entries\":[" STOP("a") "," STOP("a") "]}"), "x" },
	{ "full of what is overridden",
	    SLICE("{\"entries\":[" START("a") "," STOP("b") "," START("c") "," RESTART("d") "]}"),
	    "r" },
	{ "full of stops",
	    SLICE("{\"entries\":[" STOP("a") "," STOP("b") "," STOP("c") "," STOP("d") "]}"), "x" },
	{ "full of starts",
	    SLICE("{\"entries\":[" START("a") "," START("b") "," START("c") "," START("d") "]}"),
	    "n" },
};

/* Whatever the file held, there is room for the next command. */
static void
a_file_never_fills_the_journal(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(file_rows); at++) {
		const struct file_row *row = &file_rows[at];
		char letters[JOURNAL_ENTRIES_MAX + 1];
		struct journal journal;

		row_int_equal(row->what, journal_read(row->content, &journal), 0);
		kept_letters(&journal, letters);
		row_string_equal(row->what, letters, row->kept);
		for (size_t entry = 0; entry < journal.count; entry++)
			row_int_equal(row->what, journal.entries[entry].settled, true);
		journal_add(&journal, &start);
		row_string_equal(row->what, journal.entries[journal.count - 1].tunnel_id, "t-1");
		journal_free(&journal);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newer_commands_override),
		cmocka_unit_test(an_entry_has_what_the_command_has),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(an_empty_journal_is_written),
		cmocka_unit_test(too_large_a_configuration_is_left_out),
		cmocka_unit_test(full_entries_have_room),
		cmocka_unit_test(the_newest_configuration_counts),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(a_file_never_fills_the_journal),
	};

	return RUN_TESTS(tests);
}
