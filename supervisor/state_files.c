/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See state_files.h. */
#include "supervisor/state_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/data_folder.h"

#define NAME_MAX_BYTES 64

struct file_name {
	char text[NAME_MAX_BYTES];
};

static struct file_name
name_with(enum state_file file, const char *before, const char *behind)
{
	struct file_name name;

	snprintf(name.text, sizeof(name.text), "%s%s%s", before, state_file_names[file], behind);
	return name;
}

static struct file_name
temporary_name(enum state_file file)
{
	return name_with(file, ".", ".new");
}

void
state_folder_clean(int folder)
{
	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++)
		(void)unlinkat(folder, temporary_name(file).text, 0);
}

/* Whole content, -EFBIG over the bound. */
static int
read_all(int fd, struct buffer *content)
{
	char chunk[8192];
	ssize_t got;

	while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
		int error = buffer_add(content, chunk, (size_t)got);

		explicit_bzero(chunk, (size_t)got);
		if (error != 0)
			return error == -EMSGSIZE ? -EFBIG : error;
	}
	return got < 0 ? -errno : 0;
}

int
state_file_read(int folder, enum state_file file, struct buffer *content, bool *ret_exists)
{
	/* O_NONBLOCK: a FIFO must not hold us. */
	int fd _cleanup_close_ = openat(folder, state_file_names[file],
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	int error;

	*ret_exists = false;
	if (fd < 0 && errno == ENOENT)
		return 0;
	/* A symbolic link; a socket, or a device that is none. */
	if (fd < 0 && errno != ELOOP && errno != ENXIO)
		return -errno;
	error = fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ?
		    -EFBIG :
		    read_all(fd, content);
	*ret_exists = error == 0;
	if (error != 0)
		buffer_clear(content);
	return error;
}

static int
write_all(int fd, struct slice content)
{
	for (size_t done = 0; done < content.length;) {
		ssize_t written = write(fd, content.bytes + done, content.length - done);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0)
			done += (size_t)written;
	}
	return fsync(fd) != 0 ? -errno : 0;
}

int
state_file_save(int folder, enum state_file file, struct slice content)
{
	struct file_name name = temporary_name(file);
	int fd _cleanup_close_ = -1, error;

	(void)unlinkat(folder, name.text, 0);
	fd = openat(folder, name.text, DATA_FILE_NEW | O_EXCL, DATA_FILE_MODE);
	if (fd < 0)
		return -errno;
	error = write_all(fd, content);
	if (error == 0 && (renameat(folder, name.text, folder, state_file_names[file]) != 0 ||
			      fsync(folder) != 0))
		error = -errno;
	if (error != 0)
		(void)unlinkat(folder, name.text, 0);
	return error;
}

int
state_file_corrupt(int folder, enum state_file file)
{
	struct file_name aside = name_with(file, "", ".corrupt");
	struct stat status;

	/* The first one is what a person wants to see; of later ones the newest is kept. */
	if (fstatat(folder, aside.text, &status, AT_SYMLINK_NOFOLLOW) == 0)
		aside = name_with(file, "", ".corrupt.last");
	if (renameat(folder, state_file_names[file], folder, aside.text) != 0 && errno != ENOENT)
		return -errno;
	return fsync(folder) != 0 ? -errno : 0;
}
