/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state files: saved whole or not at all; what is none is told, and put aside, never deleted. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/state_files.h"

#define FILE_UNDER_TEST STATE_TUNNEL
#define NAME "tunnel_state.json"
#define OTHER_UID 65532
#define PATH_BYTES 128

/* ---- a folder for each test ---- */

struct folder {
	char path[32];
	int fd;
};

static int
make_folder(void **state)
{
	static struct folder folder;

	snprintf(folder.path, sizeof(folder.path), "/tmp/unit-state-XXXXXX");
	if (mkdtemp(folder.path) == NULL)
		return -1;
	folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &folder;
	return folder.fd < 0 ? -1 : 0;
}

static int
remove_folder(void **state)
{
	struct folder *folder = *state;
	DIR *entries = opendir(folder->path);
	struct dirent *entry;

	if (entries == NULL)
		return -1;
	(void)fchmod(folder->fd, 0700);
	while ((entry = readdir(entries)) != NULL)
		if (unlinkat(folder->fd, entry->d_name, 0) != 0)
			(void)unlinkat(folder->fd, entry->d_name, AT_REMOVEDIR);
	closedir(entries);
	close(folder->fd);
	return rmdir(folder->path);
}

static void
put(const struct folder *folder, const char *name, const char *content)
{
	int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static bool
exists(const struct folder *folder, const char *name)
{
	struct stat status;

	return fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What a file holds, as far as a test writes it. */
static void
expect_content(const struct folder *folder, const char *name, const char *content)
{
	int fd = openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char bytes[64] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, bytes, sizeof(bytes) - 1) >= 0);
	close(fd);
	assert_string_equal(bytes, content);
}

static unsigned
count_entries(const struct folder *folder)
{
	DIR *entries = opendir(folder->path);
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(entries);
	while ((entry = readdir(entries)) != NULL)
		count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
	closedir(entries);
	return count;
}

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
make_symlink(const struct folder *folder)
{
	put(folder, "elsewhere", "mine");
	assert_int_equal(symlinkat("elsewhere", folder->fd, NAME), 0);
}

static void
make_dangling_symlink(const struct folder *folder)
{
	assert_int_equal(symlinkat("nowhere", folder->fd, NAME), 0);
}

static void
make_fifo(const struct folder *folder)
{
	assert_int_equal(mkfifoat(folder->fd, NAME, 0600), 0);
}

static void
make_directory(const struct folder *folder)
{
	assert_int_equal(mkdirat(folder->fd, NAME, 0700), 0);
}

static void
make_socket(const struct folder *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" NAME, folder->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void
what_is_no_file_is_told_and_put_aside(void **state)
{
	static const struct {
		const char *what;
		void (*make)(const struct folder *folder);
		mode_t type;
	} rows[] = {
		{ "a symbolic link", make_symlink, S_IFLNK },
		{ "one to nothing", make_dangling_symlink, S_IFLNK },
		{ "a FIFO", make_fifo, S_IFIFO },
		{ "a directory", make_directory, S_IFDIR },
		{ "a socket", make_socket, S_IFSOCK },
	};
	const struct folder *folder = *state;

	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct buffer bytes _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
		struct stat status;
		bool is_there = true;
		int error;

		rows[at].make(folder);
		error = state_file_read(folder->fd, FILE_UNDER_TEST, &bytes, &is_there);
		if (error != -EFBIG || is_there)
			fail_msg("%s: %d", rows[at].what, error);
		assert_int_equal(state_file_corrupt(folder->fd, FILE_UNDER_TEST), 0);
		assert_false(exists(folder, NAME));
		assert_int_equal(fstatat(folder->fd, NAME ".corrupt", &status, AT_SYMLINK_NOFOLLOW),
		    0);
		assert_int_equal(status.st_mode & S_IFMT, rows[at].type);
		/* And the next save works. */
		assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, SLICE("new")), 0);
		assert_true(read_back(folder, "new"));
		assert_int_equal(unlinkat(folder->fd, NAME, 0), 0);
		assert_int_equal(unlinkat(folder->fd, NAME ".corrupt",
				     rows[at].type == S_IFDIR ? AT_REMOVEDIR : 0),
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

static void
opening_removes_what_an_interrupted_save_left(void **state)
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
	fd = state_folder_open(folder->path, &why);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(why.length, 0);
	assert_int_equal(count_entries(folder), 2);
	expect_content(folder, NAME, "old");
	close(fd);
}

static void
expect_refusal(const char *path, int error, const char *part, const char *not_part)
{
	struct buffer why _cleanup_buffer_ = BUFFER(1024);

	assert_int_equal(state_folder_open(path, &why), error);
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
	snprintf(advice, sizeof(advice), "Permission denied; chown %u:%u it", uid, uid);
	assert_int_equal(fchmod(folder->fd, 0555), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct buffer why = BUFFER(1024);

		if (geteuid() == 0 &&
		    (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0))
			_exit(2);
		if (state_folder_open(folder->path, &why) != -EACCES)
			_exit(3);
		_exit(strstr(why.bytes, owner) != NULL &&
			      (uid != OTHER_UID || strstr(why.bytes, advice) != NULL) ?
			  0 :
			  1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(what_is_saved_is_read),
		STATE_TEST(each_has_a_file_of_its_own),
		STATE_TEST(a_blob_of_the_bound_passes_one_beyond_does_not),
		STATE_TEST(a_save_follows_no_link),
		STATE_TEST(a_save_that_fails_leaves_the_old_content),
		STATE_TEST(what_is_no_file_is_told_and_put_aside),
		STATE_TEST(the_first_and_the_last_corrupt_file_are_kept),
		STATE_TEST(opening_removes_what_an_interrupted_save_left),
		STATE_TEST(what_is_no_folder_is_told),
		STATE_TEST(an_unwritable_folder_is_told),
	};

	return RUN_TESTS(tests);
}
