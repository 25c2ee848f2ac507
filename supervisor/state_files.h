/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  The workers' state files, kept as opaque blobs of at most STATE_FILE_MAX_BYTES:
 * it never looks inside.
 */
#ifndef SUPERVISOR_STATE_FILES_H
#define SUPERVISOR_STATE_FILES_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/json_check.h"
#include "policy/process.h"

/* Removes what an interrupted save left.  Only for who holds the folder's lock. */
void state_folder_clean(int folder);

/*
 * Reads a file into `content` (a secret buffer).  0 with ret_exists; -EFBIG for one that is larger
 * than the bound, or no regular file; -errno otherwise.
 */
int state_file_read(int folder, enum state_file file, struct buffer *content, bool *ret_exists);

/*
 * Writes a file atomically: a new file, fsync, rename, fsync of the folder; mode 0600.  0, and then
 * it stays so if the power fails; or -errno, and then the old content is as before (or, if only the
 * folder could not be synced, either).
 */
int state_file_save(int folder, enum state_file file, struct slice content);

/*
 * Renames to NAME.corrupt; where that is there already, to NAME.corrupt.last.  0, and then it stays so
 * if the power fails; or -errno.
 */
int state_file_corrupt(int folder, enum state_file file);

#endif
