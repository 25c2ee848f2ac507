/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agent_id.txt as anybody may have left it, and ids and names inside of URLs. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "agent_id.h"

#define UUID "6ff42ae2-765d-4adf-8112-31c55c1551ef"
#define ID_128 CONTAINER_ID("x") CONTAINER_ID("x")

struct row {
	const char *what;
	struct slice content;
	const char *id; /* NULL: refused */
};

static const struct row rows[] = {
	{ "no file", SLICE(""), "" },
	{ "as the Python agent writes it", SLICE(UUID), UUID },
	{ "an ending newline", SLICE(UUID "\n"), UUID },
	{ "written by hand on Windows", SLICE(UUID "\r\n"), UUID },
	{ "blanks around it", SLICE(" \t\n" UUID "  \n\n"), UUID },
	{ "blanks only", SLICE(" \n\r\t"), "" },
	{ "no UUID", SLICE("agent/7?x=1&y#..%41"), "agent/7?x=1&y#..%41" },
	{ "one byte", SLICE("a"), "a" },
	{ "the longest", SLICE(ID_128), ID_128 },
	{ "one byte more", SLICE(ID_128 "x"), NULL },
	{ "a blank inside", SLICE("a b"), NULL },
	{ "two lines", SLICE(UUID "\n" UUID "\n"), NULL },
	{ "a header's end", SLICE("a\r\nX-Evil: 1"), NULL },
	{ "a NUL behind it", SLICE(UUID "\0"), NULL },
	{ "a NUL inside", SLICE("a\0b"), NULL },
	{ "a control character", SLICE("a\033b"), NULL },
	{ "DEL", SLICE("a\x7f"), NULL },
	{ "beyond ASCII", SLICE("\303\244"), NULL },
	{ "bad UTF-8", SLICE("\xff"), NULL },
	{ "a byte order mark", SLICE("\357\273\277" UUID), NULL },
	{ "another file's content", SLICE("{\"token\": null, \"id\": null}"), NULL },
};

static void
a_file_holds_an_id_or_none(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		const struct row *row = &rows[at];
		char id[AGENT_ID_MAX_BYTES + 1] = "left over";

		row_int_equal(row->what, agent_id_read(row->content, id),
		    row->id == NULL ? -EBADMSG : 0);
		row_string_equal(row->what, id, row->id == NULL ? "" : row->id);
	}
}

static void
an_id_is_visible_and_bounded(void **state)
{
	(void)state;
	assert_true(agent_id_is_good(SLICE("a")));
	assert_true(agent_id_is_good(SLICE(ID_128)));
	assert_false(agent_id_is_good(SLICE(ID_128 "x")));
	assert_false(agent_id_is_good(SLICE("")));
	assert_false(agent_id_is_good(SLICE("a b")));
	assert_false(agent_id_is_good(SLICE("a\n")));
	assert_false(agent_id_is_good(SLICE("a\0")));
}

struct segment_row {
	const char *text;
	const char *encoded;
};

static const struct segment_row segment_rows[] = {
	{ UUID, UUID },
	{ "AZaz09-._~", "AZaz09-._~" },
	{ "a/b", "a%2Fb" },
	{ "../x", "..%2Fx" },
	{ ".", "%2E" },
	{ "..", "%2E%2E" },
	{ "...", "..." },
	{ ".a", ".a" },
	{ "%2e", "%252e" },
	{ "a?b#c", "a%3Fb%23c" },
	{ "a b\r\n", "a%20b%0D%0A" },
	{ "!$&'()*+,;=:@", "%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%40" },
	{ "[\\]^`{|}\"<>", "%5B%5C%5D%5E%60%7B%7C%7D%22%3C%3E" },
	{ "\303\244\xff", "%C3%A4%FF" },
	{ "", "" },
};

static void
a_segment_stays_one(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(segment_rows); at++) {
		struct buffer out _cleanup_buffer_ = BUFFER(256);

		assert_int_equal(buffer_add_text(&out, "/"), 0);
		assert_int_equal(url_append_segment(&out, segment_rows[at].text), 0);
		row_string_equal(segment_rows[at].text, out.bytes + 1, segment_rows[at].encoded);
	}
}

static void
a_segment_has_no_room(void **state)
{
	struct buffer out _cleanup_buffer_ = BUFFER(4);

	(void)state;
	assert_int_equal(url_append_segment(&out, "a/"), 0);
	assert_int_equal(url_append_segment(&out, "/"), -EMSGSIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_holds_an_id_or_none),
		cmocka_unit_test(an_id_is_visible_and_bounded),
		cmocka_unit_test(a_segment_stays_one),
		cmocka_unit_test(a_segment_has_no_room),
	};

	return RUN_TESTS(tests);
}
