/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  The data folder as such: whether it can be used, and why it no longer can. */
#ifndef COMMON_DATA_FOLDER_H
#define COMMON_DATA_FOLDER_H

#include "common/buffer.h"

/* How a file is made there: for the agent alone, through no link, waiting for nobody (open(2)). */
#define DATA_FILE_MODE 0600
#define DATA_FILE_NEW (O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/*
 * Opens the data folder and proves that it can be written, without disturbing an agent that runs
 * on it.  The descriptor, or -errno with a line in `why` that says what to do.
 */
int data_folder_open(const char *path, struct buffer *why);

/* The same without writing anything: the kernel is asked. */
int data_folder_look(const char *path, struct buffer *why);

/*
 * What a person should read for an errno that a call in the folder gave.  A folder that was deleted
 * is told apart: Landlock holds the agent to the folder that there was at its start, so one that is
 * made again is another.
 */
const char *data_folder_error(int folder, int error);

#endif
