/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  One agent at a time on a data folder: two would undo each other's work. */
#ifndef COMMON_FOLDER_LOCK_H
#define COMMON_FOLDER_LOCK_H

#include "common/buffer.h"

#define FOLDER_LOCK_FILE "agent.lock"

/*
 * Takes the lock (flock(2)) of `folder`, whose path is only for messages, and writes into its
 * agent.lock who has it since when: text for people, which is shown escaped and cut, never obeyed.
 * The descriptor, which the caller keeps: the lock ends with it, and so with the process, whatever
 * ends that.  A child of fork(2) holds it too until it closes its copy, which a worker does before
 * all else: so the lock is tried for half a second.  -EWOULDBLOCK if another process has it, -errno if the file can't be opened, each with
 * a line in `why` that says what to do.  Where the file system has no locks there is a line in
 * `why` too, a warning: the descriptor then keeps nobody off.
 */
int folder_lock_take(int folder, const char *path, struct buffer *why);

/*
 * Looks whether another process has it, and writes nothing.  0 if none has; -EWOULDBLOCK with
 * who has it in `why`; another -errno with a line if that can't be known.  For an instant it holds a
 * shared lock, which an agent that starts just then waits out.
 */
int folder_lock_look(int folder, const char *path, struct buffer *why);

#endif
