/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See folder_lock.h. */
#include "common/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/data_folder.h"
#include "common/printable.h"
#include "version.h"

#define LOCK_TRIES 11
#define LOCK_PAUSE_US 50000
#define SAID_MAX_BYTES 200
/* No link is followed, and a FIFO must not hold us. */
#define OPEN_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

static bool
is_no_file(int folder)
{
	struct stat status;

	return fstatat(folder, FOLDER_LOCK_FILE, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       !S_ISREG(status.st_mode);
}

/* For writing, which a lock over NFS needs (flock(2)).  -1 with errno. */
static int
open_file(int folder)
{
	int fd = openat(folder, FOLDER_LOCK_FILE, O_RDWR | O_CREAT | OPEN_FLAGS, DATA_FILE_MODE);
	int old _cleanup_close_ = -1;

	if (fd >= 0 || errno != EACCES)
		return fd;
	/* Ours but read-only, as a copy may have made it. */
	old = openat(folder, FOLDER_LOCK_FILE, O_RDONLY | OPEN_FLAGS);
	if (old < 0 || fchmod(old, DATA_FILE_MODE) != 0)
		return -1;
	return openat(folder, FOLDER_LOCK_FILE, O_RDWR | OPEN_FLAGS);
}

/* A full disk is no reason not to start: what is written here is only for people. */
static void
write_holder(int fd)
{
	char host[HOST_NAME_MAX + 1] = "", since[CLOCK_TEXT_BYTES];

	(void)gethostname(host, sizeof(host) - 1);
	clock_utc(since);
	if (ftruncate(fd, 0) == 0)
		(void)dprintf(fd, "host %s, pid %d, since %s, version " AGENT_VERSION "\n", host,
		    getpid(), since);
}

/* The first line of the file, whoever wrote it. */
static void
add_holder(int fd, struct buffer *why)
{
	char said[SAID_MAX_BYTES];
	ssize_t got = read(fd, said, sizeof(said));
	const char *end = got <= 0 ? said : memchr(said, '\n', (size_t)got);
	size_t length = end == NULL ? (size_t)got : (size_t)(end - said);

	if (length == 0)
		(void)buffer_add_text(why, "nothing");
	else
		printable_add(why, said, length, SAID_MAX_BYTES);
}

static int
refuse_file(int folder, int error, const char *path, struct buffer *why)
{
	(void)buffer_printf(why,
	    "%s/" FOLDER_LOCK_FILE " can't be opened by uid %u: %s; remove it while no agent runs "
	    "on this folder",
	    path, geteuid(), is_no_file(folder) ? "it is no regular file" : strerror(error));
	return -error;
}

static void
say_holder(int fd, const char *path, struct buffer *why)
{
	(void)buffer_printf(why, "another agent holds %s (its " FOLDER_LOCK_FILE " says: ", path);
	add_holder(fd, why);
	(void)buffer_add_text(why, ")");
}

static int
refuse_holder(int fd, const char *path, struct buffer *why)
{
	say_holder(fd, path, why);
	(void)buffer_add_text(why, "; stop that one, or give this one a folder of its own");
	return -EWOULDBLOCK;
}

/*
 * Tries for half a second: the child of an agent that was killed at just this moment holds the lock
 * until it has closed its copy.  0, or -1 with errno as flock(2) has it.
 */
static int
take(int fd)
{
	for (int tries = 1; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (errno != EWOULDBLOCK || tries == LOCK_TRIES)
			return -1;
		(void)usleep(LOCK_PAUSE_US);
	}
	return 0;
}

int
folder_lock_take(int folder, const char *path, struct buffer *why)
{
	int fd _cleanup_close_ = open_file(folder);

	if (fd < 0)
		return refuse_file(folder, errno, path, why);
	if (is_no_file(folder))
		return refuse_file(folder, EINVAL, path, why);
	if (take(fd) == 0)
		write_holder(fd);
	else if (errno == EWOULDBLOCK)
		return refuse_holder(fd, path, why);
	else
		(void)buffer_printf(why,
		    "%s can't be locked: %s; nothing keeps a second agent off it: see to it that "
		    "there is none",
		    path, strerror(errno));
	return steal_fd(&fd);
}

int
folder_lock_look(int folder, const char *path, struct buffer *why)
{
	int fd _cleanup_close_ = openat(folder, FOLDER_LOCK_FILE, O_RDONLY | OPEN_FLAGS);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || is_no_file(folder))
		return refuse_file(folder, fd < 0 ? errno : EINVAL, path, why);
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK) {
		say_holder(fd, path, why);
		return -EWOULDBLOCK;
	}
	(void)buffer_printf(why, "the lock of %s can't be looked at: %s", path, strerror(errno));
	return -errno;
}
