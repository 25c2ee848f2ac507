/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  A worker's stderr: bytes become lines, a worker can neither forge a line nor
 * flood the log, and what it repeats is summed up.
 */
#ifndef COMMON_LOG_PIPE_H
#define COMMON_LOG_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/log_event.h"
#include "policy/process.h"
#include "common/rate.h"

#define LOG_LINES_BURST 200
#define LOG_LINES_A_SECOND 20
#define LOG_REPEAT_MS 5000  /* how long repeats are counted before they are told */
#define LOG_DROPPED_MS 1000 /* the same for lines that were too many */

struct log_pipe {
	/* Sees each whole line first, mark included, and may take it: then it is neither told nor
	   counted.  NULL: none. */
	bool (*take)(void *context, const char *line, size_t length);
	void *take_context;
	int fd;               /* owned; -1: closed */
	enum process process; /* whose it is */
	struct buffer line;   /* begun and not ended */
	struct buffer last;   /* the last line told, with its mark */
	unsigned long repeats;
	int64_t repeats_since_ms;
	struct rate rate;
	unsigned long dropped; /* since that was told */
	int64_t dropped_told_ms;
	int64_t dropped_in_all;
};

/* Takes over the reading end. */
void log_pipe_open(struct log_pipe *pipe, int fd, enum process process);

/* Reads what is there and tells its lines; closes at the end.  At most a bounded number of bytes a
   call. */
void log_pipe_read(struct log_pipe *pipe, int64_t now_ms);

/* Tells repeats and dropped lines whose time has come. */
void log_pipe_tick(struct log_pipe *pipe, int64_t now_ms);

/* Reads the rest, tells what is left, closes. */
void log_pipe_close(struct log_pipe *pipe, int64_t now_ms);

#endif
