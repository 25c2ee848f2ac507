/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The data folder's lock, between processes: who has it keeps others off until it ends, and nothing
 * that lies in its file's place, or in it, is obeyed.
 */
#include "tests/unit/folder.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/folder_lock.h"
#include "policy/process.h"

#define AGENT_UID 65532
#define LINE_BYTES 1024
#define SHOWN_MAX_BYTES (200 + 3) /* the last byte may be written as \xNN */
#define SAYS "its agent.lock says: "

/* ---- a file system without locks: flock is linked to this ---- */

static int flock_error;
static int flock_busy; /* so many times somebody has it */

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);

int
__wrap_flock(int fd, int operation)
{
	if (flock_error == 0 && flock_busy == 0)
		return __real_flock(fd, operation);
	errno = flock_busy > 0 ? EWOULDBLOCK : flock_error;
	flock_busy -= flock_busy > 0 ? 1 : 0;
	return -1;
}

/* ---- another process ---- */

struct other {
	pid_t pid;
	int result; /* of folder_lock_take there */
};

static void
wait_for_ever(void)
{
	/* At most: a test that fails does not end it. */
	alarm(60);
	for (;;)
		pause();
}

/* One that takes the lock by a descriptor of its own, and stays; `forks`: with a child that does. */
static struct other
start_other(const struct folder *folder, pid_t *ret_child)
{
	struct other other = { .result = -1 };
	pid_t child = -1;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	other.pid = fork();
	assert_true(other.pid >= 0);
	if (other.pid == 0) {
		struct buffer why = BUFFER(LINE_BYTES);
		int own = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		other.result = folder_lock_take(own, folder->path, &why);
		child = ret_child != NULL ? fork() : -1;
		if (child != 0 && (write(ends[1], &other.result, sizeof(other.result)) < 0 ||
				      write(ends[1], &child, sizeof(child)) < 0))
			_exit(1);
		wait_for_ever();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &other.result, sizeof(other.result)), sizeof(other.result));
	assert_int_equal(read(ends[0], &child, sizeof(child)), sizeof(child));
	if (ret_child != NULL)
		*ret_child = child;
	close(ends[0]);
	return other;
}

static void
end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- who has it ---- */

static void
one_process_has_it(void **state)
{
	const struct folder *folder = *state;
	struct other other = start_other(folder, NULL);
	struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
	char host[HOST_NAME_MAX + 1] = "", due[LINE_BYTES];
	int fd;

	assert_true(other.result >= 0);
	assert_int_equal(folder_lock_take(folder->fd, folder->path, &why), -EWOULDBLOCK);
	gethostname(host, sizeof(host) - 1);
	snprintf(due, sizeof(due), "another agent holds %s (" SAYS "host %s, pid %d, since 20",
	    folder->path, host, other.pid);
	assert_string_equal(strstr(why.bytes, "another"), why.bytes);
	assert_memory_equal(why.bytes, due, strlen(due));
	assert_non_null(strstr(why.bytes, "+00:00, version "));
	assert_non_null(
	    strstr(why.bytes, "); stop that one, or give this one a folder of its own"));

	/* Whatever ends it, at once; and the file stays. */
	end(other.pid);
	buffer_clear(&why);
	assert_true(exists(folder, FOLDER_LOCK_FILE));
	fd = folder_lock_take(folder->fd, folder->path, &why);
	assert_true(fd >= 0);
	assert_int_equal(why.length, 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	other = start_other(folder, NULL);
	assert_int_equal(other.result, -EWOULDBLOCK);
	end(other.pid);
	close(fd);
	other = start_other(folder, NULL);
	assert_true(other.result >= 0);
	end(other.pid);
}

/* The child of an agent that was just killed, which has not closed its copy yet. */
static void
who_has_it_for_a_moment_is_waited_for(void **state)
{
	const struct folder *folder = *state;
	struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
	int fd;

	flock_busy = 3;
	fd = folder_lock_take(folder->fd, folder->path, &why);
	assert_true(fd >= 0);
	assert_int_equal(why.length, 0);
	assert_int_equal(flock_busy, 0);
	close(fd);
}

/* The control run: what keeps the second one off is the lock. */
static void
without_locks_two_start_and_are_warned(void **state)
{
	static const int errors[] = { ENOLCK, EOPNOTSUPP, ENOSYS, EPERM };
	const struct folder *folder = *state;

	for (size_t at = 0; at < ARRAY_LEN(errors); at++) {
		struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
		struct other other;
		int fd;

		flock_error = errors[at];
		other = start_other(folder, NULL);
		fd = folder_lock_take(folder->fd, folder->path, &why);
		flock_error = 0;
		assert_true(other.result >= 0 && fd >= 0);
		row_string_holds("warning", why.bytes, strerror(errors[at]));
		row_string_holds("warning", why.bytes, folder->path);
		row_string_holds("warning", why.bytes, "can't be locked");
		close(fd);
		end(other.pid);
	}
}

/* As a worker between fork and exec, should the supervisor end just then. */
static void
a_child_has_it_too_until_it_closes_its_copy(void **state)
{
	const struct folder *folder = *state;
	struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
	pid_t child;
	struct other other = start_other(folder, &child);
	int fd;

	assert_true(other.result >= 0 && child > 0);
	end(other.pid);
	assert_int_equal(folder_lock_take(folder->fd, folder->path, &why), -EWOULDBLOCK);
	assert_int_equal(kill(child, SIGKILL), 0);
	/* It is nobody's child here, so its end is waited for by looking. */
	while ((fd = folder_lock_take(folder->fd, folder->path, &why)) == -EWOULDBLOCK)
		usleep(1000);
	assert_true(fd >= 0);
	close(fd);
}

/* The order of supervisor/spawn.c: closed first, and then whatever takes its time. */
static void
a_child_that_closed_its_copy_holds_nothing(void **state)
{
	const struct folder *folder = *state;
	struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
	int fd = folder_lock_take(folder->fd, folder->path, &why), ends[2];
	pid_t child;
	char byte = 0;

	assert_true(fd >= 0);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (dup2(ends[1], WORKER_FD_CONTROL) < 0 ||
		    close_range(WORKER_FD_COUNT, ~0u, 0) != 0 ||
		    write(WORKER_FD_CONTROL, &byte, 1) < 0)
			_exit(1);
		wait_for_ever();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(fd);
	fd = folder_lock_take(folder->fd, folder->path, &why);
	assert_true(fd >= 0);
	close(fd);
	end(child);
}

/* ---- what the file holds ---- */

static void
the_file_says_who_has_it_and_nothing_else(void **state)
{
	const struct folder *folder = *state;
	struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
	char old[LINE_BYTES], text[LINE_BYTES] = "", pid[32];
	struct stat status;
	mode_t mask = umask(0);
	int fd, since;

	memset(old, 'x', sizeof(old) - 1);
	old[sizeof(old) - 1] = '\0';
	fd = folder_lock_take(folder->fd, folder->path, &why);
	umask(mask);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fstatat(folder->fd, FOLDER_LOCK_FILE, &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	put(folder, FOLDER_LOCK_FILE, old);
	fd = folder_lock_take(folder->fd, folder->path, &why);
	assert_true(fd >= 0);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	close(fd);
	snprintf(pid, sizeof(pid), ", pid %d, since ", getpid());
	assert_memory_equal(text, "host ", 5);
	assert_non_null(strstr(text, pid));
	since = (int)(strstr(text, pid) - text) + (int)strlen(pid);
	assert_true(
	    strspn(text + since, "0123456789-T:.+") == strlen("2026-01-02T03:04:05.678+00:00"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_null(strchr(text, 'x'));
}

static void
put_bytes(const struct folder *folder, struct slice content)
{
	int fd = openat(folder->fd, FOLDER_LOCK_FILE, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.bytes, content.length), content.length);
	close(fd);
}

/* Whatever another agent, or somebody else, has left in it. */
static void
what_it_says_is_shown_escaped_and_cut(void **state)
{
	static char huge[1024 * 1024], binary[4096];
	static const struct {
		const char *what;
		struct slice content;
		const char *shown; /* NULL: only the bounds are looked at */
	} rows[] = {
		{ "nothing yet", { "", 0 }, "nothing" },
		{ "an empty line", { "\nhost", 5 }, "nothing" },
		{ "half a line", { "host a, pi", 10 }, "host a, pi" },
		{ "two lines", { "one\ntwo\n", 8 }, "one" },
		{ "controls", { "a\x1b[31mb\0c\x7f\r", 10 }, "a\\x1b[31mb\\x00c\\x7f" },
		{ "another's encoding", { "caf\xe9", 4 }, "caf\\xe9" },
		{ "words of ours", { "%s%n); all is well", 18 }, "%s%n); all is well" },
		{ "a huge line", { huge, sizeof(huge) }, NULL },
		{ "all bytes", { binary, sizeof(binary) }, NULL },
	};
	const struct folder *folder = *state;
	struct other other = start_other(folder, NULL);

	memset(huge, 'h', sizeof(huge));
	for (size_t at = 0; at < sizeof(binary); at++)
		binary[at] = (char)(255 - at % 245);
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
		const char *shown, *behind;

		put_bytes(folder, rows[at].content);
		row_int_equal(rows[at].what, folder_lock_take(folder->fd, folder->path, &why),
		    -EWOULDBLOCK);
		shown = strstr(why.bytes, SAYS) + strlen(SAYS);
		behind = strstr(why.bytes, "); stop that one, or give this one");
		assert_non_null(behind);
		assert_true(behind >= shown && behind - shown <= SHOWN_MAX_BYTES);
		for (size_t byte = 0; byte < why.length; byte++)
			assert_true(why.bytes[byte] >= ' ' && why.bytes[byte] <= '~');
		if (rows[at].shown != NULL)
			row_int_equal(rows[at].what, behind - shown, (int)strlen(rows[at].shown));
		if (rows[at].shown != NULL)
			assert_memory_equal(shown, rows[at].shown, strlen(rows[at].shown));
	}
	end(other.pid);
}

/* ---- what is in its place ---- */

static void
what_is_no_file_is_told_and_left(void **state)
{
	const struct folder *folder = *state;

	for (size_t at = 0; at < ARRAY_LEN(no_files); at++) {
		struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
		struct stat status;

		no_files[at].make(folder, FOLDER_LOCK_FILE);
		if (folder_lock_take(folder->fd, folder->path, &why) >= 0)
			fail_msg("%s", no_files[at].what);
		row_string_holds(no_files[at].what, why.bytes,
		    "/agent.lock can't be opened by uid");
		row_string_holds(no_files[at].what, why.bytes,
		    ": it is no regular file; remove it while no agent runs on this folder");
		assert_int_equal(fstatat(folder->fd, FOLDER_LOCK_FILE, &status,
				     AT_SYMLINK_NOFOLLOW),
		    0);
		assert_int_equal(status.st_mode & S_IFMT, no_files[at].type);
		assert_int_equal(unlinkat(folder->fd, FOLDER_LOCK_FILE,
				     no_files[at].type == S_IFDIR ? AT_REMOVEDIR : 0),
		    0);
	}
	expect_content(folder, "elsewhere", "mine");
	assert_false(exists(folder, "nowhere"));
}

/* In a child, for root may open everything.  0: it has the lock. */
static int
take_as_agent(const struct folder *folder, struct buffer *why)
{
	uid_t uid = geteuid() == 0 ? AGENT_UID : geteuid();
	int ends[2], status;
	char text[LINE_BYTES] = "";
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int result;

		if (geteuid() == 0 &&
		    (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0))
			_exit(2);
		result = folder_lock_take(folder->fd, folder->path, why);
		if (write(ends[1], why->bytes, why->length) < 0)
			_exit(3);
		_exit(result < 0 ? 1 : 0);
	}
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	assert_true(read(ends[0], text, sizeof(text) - 1) >= 0);
	close(ends[0]);
	buffer_add_text(why, text);
	return WEXITSTATUS(status);
}

static void
a_file_that_can_not_be_written(void **state)
{
	const struct folder *folder = *state;
	uid_t uid = geteuid() == 0 ? AGENT_UID : geteuid();
	struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
	struct stat status;

	assert_int_equal(fchown(folder->fd, uid, (gid_t)-1), 0);
	put(folder, FOLDER_LOCK_FILE, "old");
	assert_int_equal(fchmodat(folder->fd, FOLDER_LOCK_FILE, 0400, 0), 0);
	/* Its own: as a copy of the volume may have it. */
	assert_int_equal(fchownat(folder->fd, FOLDER_LOCK_FILE, uid, (gid_t)-1, 0), 0);
	assert_int_equal(take_as_agent(folder, &why), 0);
	assert_int_equal(why.length, 0);
	assert_int_equal(fstatat(folder->fd, FOLDER_LOCK_FILE, &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	assert_true(status.st_size > 3);
	/* Not to be opened at all: as another uid's is. */
	assert_int_equal(fchmodat(folder->fd, FOLDER_LOCK_FILE, 0, 0), 0);
	assert_int_equal(take_as_agent(folder, &why), 1);
	row_string_holds("mode 0", why.bytes, "can't be opened by uid ");
	row_string_holds("mode 0", why.bytes, ": Permission denied; remove it while no agent runs");
	if (geteuid() != 0)
		return;
	buffer_clear(&why);
	assert_int_equal(fchmodat(folder->fd, FOLDER_LOCK_FILE, 0644, 0), 0);
	assert_int_equal(fchownat(folder->fd, FOLDER_LOCK_FILE, 0, (gid_t)-1, 0), 0);
	assert_int_equal(take_as_agent(folder, &why), 1);
	row_string_holds("root's", why.bytes, "by uid 65532: Operation not permitted; remove it");
}

/* It is told who has it, and it can be taken as before: nothing is held, made or written. */
static void
a_look_changes_nothing(void **state)
{
	const struct folder *folder = *state;
	struct buffer why _cleanup_buffer_ = BUFFER(LINE_BYTES);
	struct other other;
	struct stat before, after;
	int fd;

	assert_int_equal(folder_lock_look(folder->fd, folder->path, &why), 0);
	assert_int_equal(fstatat(folder->fd, FOLDER_LOCK_FILE, &before, 0), -1);
	other = start_other(folder, NULL);
	assert_int_equal(fstatat(folder->fd, FOLDER_LOCK_FILE, &before, 0), 0);
	assert_int_equal(folder_lock_look(folder->fd, folder->path, &why), -EWOULDBLOCK);
	row_string_holds("held", why.bytes, SAYS "host ");
	assert_int_equal(fstatat(folder->fd, FOLDER_LOCK_FILE, &after, 0), 0);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
	end(other.pid);
	buffer_clear(&why);
	assert_int_equal(folder_lock_look(folder->fd, folder->path, &why), 0);
	fd = folder_lock_take(folder->fd, folder->path, &why);
	assert_true(fd >= 0);
	close(fd);
	buffer_clear(&why);
	flock_error = ENOLCK;
	assert_int_equal(folder_lock_look(folder->fd, folder->path, &why), -ENOLCK);
	flock_error = 0;
	row_string_holds("no locks", why.bytes, "can't be looked at");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(one_process_has_it),
		FOLDER_TEST(who_has_it_for_a_moment_is_waited_for),
		FOLDER_TEST(without_locks_two_start_and_are_warned),
		FOLDER_TEST(a_child_has_it_too_until_it_closes_its_copy),
		FOLDER_TEST(a_child_that_closed_its_copy_holds_nothing),
		FOLDER_TEST(the_file_says_who_has_it_and_nothing_else),
		FOLDER_TEST(what_it_says_is_shown_escaped_and_cut),
		FOLDER_TEST(what_is_no_file_is_told_and_left),
		FOLDER_TEST(a_file_that_can_not_be_written),
		FOLDER_TEST(a_look_changes_nothing),
	};

	return RUN_TESTS(tests);
}
