/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state files: saved whole or not at all; what is none is told, and put aside, never deleted. */
#include "tests/unit/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/data_folder.h"
#include "supervisor/state_files.h"

#define FILE_UNDER_TEST STATE_TUNNEL
#define NAME "tunnel_state.json"
#define OTHER_UID 65532
#define PATH_BYTES 128

/* Reads the file under test: whether it exists; then it holds `content`. */
static bool
read_back(const struct folder *folder, const char *content)
{
	struct buffer bytes _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	bool is_there;

	assert_int_equal(state_file_read(folder->fd, FILE_UNDER_TEST, &bytes, &is_there), 0);
	assert_int_equal(bytes.length, is_there ? strlen(content) : 0);
	if (bytes.length > 0)
		assert_string_equal(bytes.bytes, content);
	return is_there;
}

/* ---- reading and saving ---- */

static void
what_is_saved_is_read(void **state)
{
	const struct folder *folder = *state;
	struct stat status;
	mode_t mask = umask(0);

	assert_false(read_back(folder, ""));
	assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, SLICE("one")), 0);
	assert_true(read_back(folder, "one"));
	assert_int_equal(fstatat(folder->fd, NAME, &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, SLICE("two")), 0);
	assert_true(read_back(folder, "two"));
	/* Empty is not absent. */
	assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, SLICE("")), 0);
	assert_true(read_back(folder, ""));
	assert_int_equal(count_entries(folder), 1);
	umask(mask);
}

static void
each_has_a_file_of_its_own(void **state)
{
	const struct folder *folder = *state;

	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++)
		assert_int_equal(state_file_save(folder->fd, file,
				     slice_of(state_file_names[file])),
		    0);
	assert_int_equal(count_entries(folder), STATE_FILE_COUNT);
	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++)
		expect_content(folder, state_file_names[file], state_file_names[file]);
	assert_null(state_file_names[STATE_FILE_COUNT]);
}

static void
a_blob_of_the_bound_passes_one_beyond_does_not(void **state)
{
	const struct folder *folder = *state;
	char *blob _cleanup_free_ = malloc(STATE_FILE_MAX_BYTES + 1);
	struct buffer bytes _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	struct slice whole = { blob, STATE_FILE_MAX_BYTES };
	struct stat status;
	bool is_there;

	assert_non_null(blob);
	for (size_t at = 0; at <= STATE_FILE_MAX_BYTES; at++)
		blob[at] = (char)(at * 7);
	assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, whole), 0);
	assert_int_equal(state_file_read(folder->fd, FILE_UNDER_TEST, &bytes, &is_there), 0);
	assert_true(is_there);
	assert_int_equal(bytes.length, STATE_FILE_MAX_BYTES);
	assert_memory_equal(bytes.bytes, blob, bytes.length);
	buffer_clear(&bytes);

	whole.length++;
	assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, whole), 0);
	assert_int_equal(state_file_read(folder->fd, FILE_UNDER_TEST, &bytes, &is_there), -EFBIG);
	assert_false(is_there);
	assert_int_equal(bytes.length, 0);
	assert_int_equal(state_file_corrupt(folder->fd, FILE_UNDER_TEST), 0);
	assert_false(exists(folder, NAME));
	assert_int_equal(fstatat(folder->fd, NAME ".corrupt", &status, 0), 0);
	assert_int_equal(status.st_size, STATE_FILE_MAX_BYTES + 1);
}

static void
a_save_follows_no_link(void **state)
{
	const struct folder *folder = *state;

	put(folder, "elsewhere", "mine");
	assert_int_equal(symlinkat("elsewhere", folder->fd, NAME), 0);
	assert_int_equal(symlinkat("elsewhere", folder->fd, "." NAME ".new"), 0);
	assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, SLICE("new")), 0);
	expect_content(folder, "elsewhere", "mine");
	expect_content(folder, NAME, "new");
	assert_int_equal(count_entries(folder), 2);
}

static void
a_save_that_fails_leaves_the_old_content(void **state)
{
	const struct folder *folder = *state;

	assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, SLICE("old")), 0);
	/* A folder can't be replaced by a file: the rename is what fails. */
	assert_int_equal(renameat(folder->fd, NAME, folder->fd, "kept"), 0);
	assert_int_equal(mkdirat(folder->fd, NAME, 0700), 0);
	assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, SLICE("new")), -EISDIR);
	assert_int_equal(count_entries(folder), 2);
	expect_content(folder, "kept", "old");
	assert_int_equal(state_file_save(-1, FILE_UNDER_TEST, SLICE("new")), -EBADF);
}

/* ---- what is no state file ---- */

static void
what_is_no_file_is_told_and_put_aside(void **state)
{
	const struct folder *folder = *state;

	for (size_t at = 0; at < ARRAY_LEN(no_files); at++) {
		struct buffer bytes _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
		struct stat status;
		bool is_there = true;
		int error;

		no_files[at].make(folder, NAME);
		error = state_file_read(folder->fd, FILE_UNDER_TEST, &bytes, &is_there);
		if (error != -EFBIG || is_there)
			fail_msg("%s: %d", no_files[at].what, error);
		assert_int_equal(state_file_corrupt(folder->fd, FILE_UNDER_TEST), 0);
		assert_false(exists(folder, NAME));
		assert_int_equal(fstatat(folder->fd, NAME ".corrupt", &status, AT_SYMLINK_NOFOLLOW),
		    0);
		assert_int_equal(status.st_mode & S_IFMT, no_files[at].type);
		/* And the next save works. */
		assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, SLICE("new")), 0);
		assert_true(read_back(folder, "new"));
		assert_int_equal(unlinkat(folder->fd, NAME, 0), 0);
		assert_int_equal(unlinkat(folder->fd, NAME ".corrupt",
				     no_files[at].type == S_IFDIR ? AT_REMOVEDIR : 0),
		    0);
	}
}

static void
the_first_and_the_last_corrupt_file_are_kept(void **state)
{
	static const char *const contents[] = { "first", "second", "third" };
	const struct folder *folder = *state;

	assert_int_equal(state_file_corrupt(folder->fd, FILE_UNDER_TEST), 0);
	assert_int_equal(count_entries(folder), 0);
	for (size_t at = 0; at < ARRAY_LEN(contents); at++) {
		assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST,
				     slice_of(contents[at])),
		    0);
		assert_int_equal(state_file_corrupt(folder->fd, FILE_UNDER_TEST), 0);
		assert_false(exists(folder, NAME));
		expect_content(folder, NAME ".corrupt", "first");
		if (at > 0)
			expect_content(folder, NAME ".corrupt.last", contents[at]);
	}
	assert_int_equal(count_entries(folder), 2);
}

/* ---- the folder ---- */

/* Opening does not, for the save may be another agent's, and not interrupted. */
static void
cleaning_removes_what_an_interrupted_save_left(void **state)
{
	const struct folder *folder = *state;
	struct buffer why _cleanup_buffer_ = BUFFER(1024);
	int fd;

	put(folder, NAME, "old");
	put(folder, "other", "not ours");
	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++) {
		char name[PATH_BYTES];

		snprintf(name, sizeof(name), ".%s.new", state_file_names[file]);
		put(folder, name, "half");
	}
	fd = data_folder_open(folder->path, &why);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(why.length, 0);
	assert_int_equal(count_entries(folder), 2 + STATE_FILE_COUNT);
	state_folder_clean(fd);
	assert_int_equal(count_entries(folder), 2);
	expect_content(folder, NAME, "old");
	close(fd);
}

static void
expect_refusal(const char *path, int error, const char *part, const char *not_part)
{
	struct buffer why _cleanup_buffer_ = BUFFER(1024);

	assert_int_equal(data_folder_open(path, &why), error);
	if (strstr(why.bytes, path) == NULL || strstr(why.bytes, part) == NULL ||
	    strstr(why.bytes, not_part) != NULL)
		fail_msg("%s", why.bytes);
}

static void
what_is_no_folder_is_told(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/absent", folder->path);
	expect_refusal(path, -ENOENT, "make the folder, or mount a volume", "chown");
	put(folder, "file", "");
	snprintf(path, sizeof(path), "%s/file", folder->path);
	expect_refusal(path, -ENOTDIR, "Not a directory", "chown");
}

static void
a_deleted_folder_is_told(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_BYTES];
	int fd;

	snprintf(path, sizeof(path), "%s/gone", folder->path);
	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_string_equal(data_folder_error(fd, ENOENT), strerror(ENOENT));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(state_file_save(fd, FILE_UNDER_TEST, SLICE("new")), -ENOENT);
	assert_non_null(strstr(data_folder_error(fd, ENOENT), "restart the agent"));
	assert_string_equal(data_folder_error(fd, ENOSPC), strerror(ENOSPC));
	close(fd);
}

/* In a child of another uid, for root may write everywhere. */
static void
an_unwritable_folder_is_told(void **state)
{
	const struct folder *folder = *state;
	uid_t uid = geteuid() == 0 ? OTHER_UID : geteuid();
	char owner[64], advice[64];
	pid_t child;
	int status;

	snprintf(owner, sizeof(owner), "not writable for uid %u (it belongs to uid %u, mode 0555)",
	    uid, geteuid());
	snprintf(advice, sizeof(advice),
	    "Permission denied; on the host: chown -R %u:%u the folder", uid, uid);
	assert_int_equal(fchmod(folder->fd, 0555), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct buffer why = BUFFER(1024);

		if (geteuid() == 0 &&
		    (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0))
			_exit(2);
		if (data_folder_open(folder->path, &why) != -EACCES)
			_exit(3);
		_exit(strstr(why.bytes, owner) != NULL &&
			      (uid != OTHER_UID || strstr(why.bytes, advice) != NULL) ?
			  0 :
			  1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(what_is_saved_is_read),
		FOLDER_TEST(each_has_a_file_of_its_own),
		FOLDER_TEST(a_blob_of_the_bound_passes_one_beyond_does_not),
		FOLDER_TEST(a_save_follows_no_link),
		FOLDER_TEST(a_save_that_fails_leaves_the_old_content),
		FOLDER_TEST(what_is_no_file_is_told_and_put_aside),
		FOLDER_TEST(the_first_and_the_last_corrupt_file_are_kept),
		FOLDER_TEST(cleaning_removes_what_an_interrupted_save_left),
		FOLDER_TEST(what_is_no_folder_is_told),
		FOLDER_TEST(a_deleted_folder_is_told),
		FOLDER_TEST(an_unwritable_folder_is_told),
	};

	return RUN_TESTS(tests);
}
