/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz targets.  A main that needs no libFuzzer: gives a target every file of the folders that it is
 * called with, and prints TAP.  Each file is named before it is tried, so that a crash tells which.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define PATH_MAX_BYTES 4096

/* Reads into memory of just the file's size, as libFuzzer gives it. */
static void
replay_file(const char *path)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes _cleanup_free_ = NULL;
	struct stat status;
	size_t size;

	fuzz_assert(fd >= 0 && fstat(fd, &status) == 0);
	size = (size_t)status.st_size;
	bytes = malloc(size);
	fuzz_assert(bytes != NULL || size == 0);
	fuzz_assert(read(fd, bytes, size) == (ssize_t)size);
	fuzz_assert(LLVMFuzzerTestOneInput(bytes, size) == 0);
}

static int
is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The number of files in the folder, all of which were taken. */
static int
replay_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_input, alphasort);

	for (int at = 0; at < count; at++) {
		char path[PATH_MAX_BYTES];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, entries[at]->d_name);
		printf("# %s\n", path);
		(void)fflush(stdout);
		replay_file(path);
		free(entries[at]);
	}
	if (count >= 0)
		free(entries);
	return count;
}

int
main(int argument_count, char **arguments)
{
	int failed = 0;

	printf("1..%d\n", argument_count - 1);
	for (int at = 1; at < argument_count; at++) {
		int count = replay_folder(arguments[at]);

		failed += count < 1 ? 1 : 0;
		printf("%s %d - %d inputs of %s\n", count < 1 ? "not ok" : "ok", at, count,
		    arguments[at]);
	}
	return failed > 0 ? 1 : 0;
}
