/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every worker.  A worker writes its log lines to stderr, a pipe that the supervisor reads; the
 * supervisor adds time and name, escapes what is not printable and bounds lines a second.  Each
 * line is one write of at most LOG_LINE_BYTES: a level mark of three bytes, the event's id and a blank
 * where the line is an event (log_event.h), then the text.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

/* Under PIPE_BUF, so that one write is never torn (pipe(7)). */
#define LOG_LINE_BYTES 2048

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_CRITICAL
};

#define LOG_LEVEL_COUNT (LOG_LEVEL_CRITICAL + 1)
#define LOG_MARK_BYTES 3
/* Of an event (log_event.h) or a finding (finding.h): a letter and three digits. */
#define LOG_ID_BYTES 4

/* The level's name in lines and in LOG_LEVEL ("INFO"), and its mark on the pipe ("<1>"). */
extern const char *const log_level_names[LOG_LEVEL_COUNT + 1]; /* NULL behind the last */
extern const char *const log_level_marks[LOG_LEVEL_COUNT];

/* Lines below this level are not written.  INFO until it is set. */
void log_set_level(enum log_level level);

/* Whether a line of this level would be written. */
int log_wanted(enum log_level level);

/*
 * The same with an id of LOG_ID_BYTES (NULL: none) and a blank before the text, whatever the level
 * that is set.  A full pipe is waited for up to `wait_ms`; then the line is lost.
 */
void log_text(enum log_level level, const char *id, int wait_ms, const char *format,
    va_list arguments);

/* Whether a line's text begins with that id, byte for byte, and a blank behind it. */
bool log_text_has_id(const char *text, size_t length, const char *id);

/* One line.  Never blocks: a line that the pipe does not take is dropped. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* What tells an operator something is an event: log_event(). */
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Logs at CRITICAL and exits with 1: for what must not happen inside a worker. */
_Noreturn void fatal(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
