/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See data_folder.h. */
#include "common/data_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE_NAME ".agent.probe"

static int
refuse_folder(const char *path, int error, struct buffer *why)
{
	struct stat status;

	if (stat(path, &status) != 0)
		(void)buffer_printf(why, "%s: %s; make the folder, or mount a volume there", path,
		    strerror(errno));
	else if (error != EACCES && error != EPERM)
		(void)buffer_printf(why, "%s: %s; it must be a folder that can be written", path,
		    strerror(error));
	else
		(void)buffer_printf(why,
		    "%s is not writable for uid %u (it belongs to uid %u, mode %04o): %s; on the "
		    "host: chown -R %u:%u the folder that is mounted there, or for a volume: "
		    "docker run --rm -v VOLUME:/data debian chown -R %u:%u /data",
		    path, geteuid(), status.st_uid, status.st_mode & 07777, strerror(error),
		    geteuid(), getegid(), geteuid(), getegid());
	return -error;
}

int
data_folder_open(const char *path, struct buffer *why)
{
	int folder _cleanup_close_ = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Not O_EXCL: another agent's probe is as good as ours. */
	int probe _cleanup_close_ = folder < 0 ?
					-1 :
					openat(folder, PROBE_NAME, DATA_FILE_NEW, DATA_FILE_MODE);

	if (probe < 0)
		return refuse_folder(path, errno, why);
	(void)unlinkat(folder, PROBE_NAME, 0);
	return steal_fd(&folder);
}

int
data_folder_look(const char *path, struct buffer *why)
{
	int folder _cleanup_close_ = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0 || faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return refuse_folder(path, errno, why);
	return steal_fd(&folder);
}

const char *
data_folder_error(int folder, int error)
{
	struct stat status;

	/* A folder that is gone has no link, and takes no file (unlink(2), openat(2)). */
	if (error == ENOENT && fstat(folder, &status) == 0 && status.st_nlink == 0)
		return "the data folder was deleted; make it again and restart the agent, which "
		       "can't get at another one while it runs";
	return strerror(error);
}
