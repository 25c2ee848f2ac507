/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests.  A folder for each test, and what is in it. */
#ifndef TESTS_UNIT_FOLDER_H
#define TESTS_UNIT_FOLDER_H

#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct folder {
	char path[32];
	int fd;
};

static inline int
make_folder(void **state)
{
	static struct folder folder;

	snprintf(folder.path, sizeof(folder.path), "/tmp/unit-folder-XXXXXX");
	if (mkdtemp(folder.path) == NULL)
		return -1;
	folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &folder;
	return folder.fd < 0 ? -1 : 0;
}

static inline int
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

static inline void
put(const struct folder *folder, const char *name, const char *content)
{
	int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static inline bool
exists(const struct folder *folder, const char *name)
{
	struct stat status;

	return fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What a file holds, as far as a test writes it: the first 63 bytes. */
static inline void
expect_content(const struct folder *folder, const char *name, const char *content)
{
	int fd = openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char bytes[64] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, bytes, sizeof(bytes) - 1) >= 0);
	close(fd);
	assert_string_equal(bytes, content);
}

static inline unsigned
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

/* ---- what may be in a file's place and is none ---- */

static inline void
make_symlink(const struct folder *folder, const char *name)
{
	put(folder, "elsewhere", "mine");
	assert_int_equal(symlinkat("elsewhere", folder->fd, name), 0);
}

static inline void
make_dangling_symlink(const struct folder *folder, const char *name)
{
	assert_int_equal(symlinkat("nowhere", folder->fd, name), 0);
}

static inline void
make_fifo(const struct folder *folder, const char *name)
{
	assert_int_equal(mkfifoat(folder->fd, name, 0600), 0);
}

static inline void
make_directory(const struct folder *folder, const char *name)
{
	assert_int_equal(mkdirat(folder->fd, name, 0700), 0);
}

static inline void
make_socket(const struct folder *folder, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder->path, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static const struct {
	const char *what;
	void (*make)(const struct folder *folder, const char *name);
	mode_t type;
} no_files[] = {
	{ "a symbolic link", make_symlink, S_IFLNK },
	{ "one to nothing", make_dangling_symlink, S_IFLNK },
	{ "a FIFO", make_fifo, S_IFIFO },
	{ "a directory", make_directory, S_IFDIR },
	{ "a socket", make_socket, S_IFSOCK },
};

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

#endif
