/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  The agent's log: one line each, with time, level and the name of who says it,
 * escaped, on stderr; never waits for it.
 */
#ifndef COMMON_LOG_OUT_H
#define COMMON_LOG_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/log_event.h"

/*
 * The lowest level of the supervisor's own lines, by its name (workers leave out theirs), and the
 * time zone.  NULL, or a name that is none, leaves the level; a NULL zone is UTC.
 */
void log_out_set(const char *level, const char *zone);

/* Whether a line of this level would be written. */
bool log_out_wants(enum log_level level);

/* Whether lines are JSON objects: "json", else (NULL too) text. */
void log_out_format(const char *format);

/*
 * One line of `length` bytes said by `name`, an event (LOG_EVENT_COUNT: none) at `level`.  What is
 * not printable UTF-8 is written as \xNN, in both formats.  A line is at most PIPE_BUF bytes.
 */
void log_out_line(enum log_level level, const char *name, enum log_event event, const char *text,
    size_t length);

/* One line of the supervisor's own. */
void say(enum log_event event, const char *format, ...) PRINTF_LIKE(2, 3);

/* One for each line of a text; NULL is none. */
void say_lines(enum log_event event, const char *text);

/* Whether lines wait, and writing what stderr takes now. */
bool log_out_waits(void);
void log_out_flush(void);

#endif
