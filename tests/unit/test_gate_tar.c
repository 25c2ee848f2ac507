/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Archives of one file: what is written, byte for byte where it counts; what is not read. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>

#include "workers/gate-engine/tar.h"

#define ARCHIVE_BYTES 8192

static struct buffer
archive_of(const char *name, const char *content)
{
	struct buffer out = SECRET_BUFFER(ARCHIVE_BYTES);

	assert_int_equal(tar_write(&out, name, 65532, slice_of(content)), 0);
	return out;
}

static void
the_header_is_posix(void **state)
{
	struct buffer out _cleanup_buffer_ = archive_of("token", "abc");

	(void)state;
	assert_int_equal(out.length, 4 * 512);
	assert_string_equal(out.bytes, "token");
	assert_string_equal(out.bytes + 100, "0000440");
	assert_string_equal(out.bytes + 108, "0000000");
	assert_string_equal(out.bytes + 116, "0177774");
	assert_string_equal(out.bytes + 124, "00000000003");
	assert_string_equal(out.bytes + 136, "00000000000");
	assert_int_equal(out.bytes[156], '0');
	assert_memory_equal(out.bytes + 257, "ustar\00000", 8);
	assert_string_equal(out.bytes + 512, "abc");
}

static void
what_is_written_is_read(void **state)
{
	char content[1025];

	(void)state;
	for (size_t length = 0; length <= 1024; length += 256) {
		struct buffer out;
		struct slice read;

		memset(content, 'x', length);
		content[length] = '\0';
		out = archive_of("token", content);
		assert_int_equal(out.length % 512, 0);
		assert_int_equal(tar_read((struct slice){ out.bytes, out.length }, "token", &read),
		    0);
		assert_int_equal(read.length, length);
		assert_memory_equal(read.bytes, content, length);
		buffer_free(&out);
	}
}

static void
bad_arguments_are_refused(void **state)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(1024);
	char name[128];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[100] = '\0';
	assert_int_equal(tar_write(&out, name, 1, SLICE("")), -EINVAL);
	assert_int_equal(tar_write(&out, "a/b", 1, SLICE("")), -EINVAL);
	assert_int_equal(tar_write(&out, "a", 07777777 + 1, SLICE("")), -EINVAL);
	assert_int_equal(tar_write(&out, "a", 1, SLICE("x")), -EMSGSIZE);
}

/* Writes the checksum anew, so that only the change counts. */
static void
sum_anew(char *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t at = 0; at < 512; at++)
		sum += (unsigned char)block[at];
	assert_int_equal(snprintf(block + 148, 8, "%06o", sum), 6);
	block[155] = ' ';
}

struct change_row {
	const char *what;
	size_t at;
	const char *bytes;
	size_t count;
	bool sum;
	int error;
};

static const struct change_row change_rows[] = {
	{ "nothing", 0, "t", 1, true, 0 },
	{ "a wrong checksum", 100, "7", 1, false, -EBADMSG },
	{ "a link", 156, "2", 1, true, -EBADMSG },
	{ "a hard link", 156, "1", 1, true, -EBADMSG },
	{ "a folder", 156, "5", 1, true, -EBADMSG },
	{ "a file of the old kind", 156, "\0", 1, true, 0 },
	{ "another name", 0, "x", 1, true, -EBADMSG },
	{ "a longer name", 5, "s", 1, true, -EBADMSG },
	{ "a prefix", 345, "a", 1, true, -EBADMSG },
	{ "beyond the archive", 124, "00000010000", 12, true, -EBADMSG },
	{ "a huge size", 124, "77777777777", 12, true, -EBADMSG },
	{ "a size in base 256", 124, "\200", 1, true, -EBADMSG },
	{ "a size without an end", 124, "000000000003", 12, true, -EBADMSG },
	{ "something behind", 1024, "x", 1, false, -EBADMSG },
};

static void
only_one_plain_file_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(change_rows); i++) {
		const struct change_row *row = &change_rows[i];
		struct buffer out _cleanup_buffer_ = archive_of("token", "abc");
		struct slice read;

		memcpy(out.bytes + row->at, row->bytes, row->count);
		if (row->sum)
			sum_anew(out.bytes);
		row_int_equal(row->what,
		    tar_read((struct slice){ out.bytes, out.length }, "token", &read), row->error);
	}
}

static void
pax_headers_are_passed_over(void **state)
{
	struct buffer pax _cleanup_buffer_ = archive_of("pax", "30 mtime=1.5\n");
	struct buffer file _cleanup_buffer_ = archive_of("token", "abc");
	struct buffer both _cleanup_buffer_ = SECRET_BUFFER(ARCHIVE_BYTES);
	struct slice read;

	(void)state;
	pax.bytes[156] = 'x';
	sum_anew(pax.bytes);
	assert_int_equal(buffer_add(&both, pax.bytes, 1024), 0);
	assert_int_equal(tar_read((struct slice){ both.bytes, both.length }, "token", &read),
	    -EBADMSG);
	assert_int_equal(buffer_add(&both, file.bytes, file.length), 0);
	assert_int_equal(tar_read((struct slice){ both.bytes, both.length }, "token", &read), 0);
	assert_int_equal(read.length, 3);
}

static void
a_cut_archive_is_refused(void **state)
{
	struct buffer out _cleanup_buffer_ = archive_of("token", "abc");
	struct slice read;

	(void)state;
	for (size_t length = 0; length < 1024; length++)
		assert_int_equal(tar_read((struct slice){ out.bytes, length }, "token", &read),
		    -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_posix),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(only_one_plain_file_is_read),
		cmocka_unit_test(pax_headers_are_passed_over),
		cmocka_unit_test(a_cut_archive_is_refused),
	};

	return RUN_TESTS(tests);
}
