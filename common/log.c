/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every worker.  See log.h. */
#include "common/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log_event.h"

const char *const log_level_names[LOG_LEVEL_COUNT + 1] = {
	[LOG_LEVEL_DEBUG] = "DEBUG",
	[LOG_LEVEL_INFO] = "INFO",
	[LOG_LEVEL_WARNING] = "WARNING",
	[LOG_LEVEL_ERROR] = "ERROR",
	[LOG_LEVEL_CRITICAL] = "CRITICAL",
};

const char *const log_level_marks[LOG_LEVEL_COUNT] = {
	[LOG_LEVEL_DEBUG] = "<0>",
	[LOG_LEVEL_INFO] = "<1>",
	[LOG_LEVEL_WARNING] = "<2>",
	[LOG_LEVEL_ERROR] = "<3>",
	[LOG_LEVEL_CRITICAL] = "<4>",
};

static enum log_level least = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	least = level;
}

int
log_wanted(enum log_level level)
{
	return level >= least;
}

void
log_text(enum log_level level, const char *id, int wait_ms, const char *format, va_list arguments)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[LOG_LINE_BYTES];
	size_t length;

	length = (size_t)snprintf(line, sizeof(line), "%s%s%s", log_level_marks[level],
	    id == NULL ? "" : id, id == NULL ? "" : " ");
	if (vsnprintf(line + length, sizeof(line) - length - 1, format, arguments) < 0)
		return;
	length += strlen(line + length);
	/* A newline inside would forge a second line of our own. */
	for (size_t at = 0; at < length; at++)
		if (line[at] == '\n')
			line[at] = ' ';
	line[length++] = '\n';
	/* The pipe is non-blocking; a line that does not fit is lost rather than waited for. */
	if (write(STDERR_FILENO, line, length) < 0 && wait_ms > 0 && poll(&out, 1, wait_ms) > 0 &&
	    write(STDERR_FILENO, line, length) < 0)
		return;
}

bool
log_text_has_id(const char *text, size_t length, const char *id)
{
	return length > LOG_ID_BYTES && text[LOG_ID_BYTES] == ' ' &&
	       memcmp(text, id, LOG_ID_BYTES) == 0;
}

void
log_line(enum log_level level, const char *format, ...)
{
	va_list arguments;

	if (!log_wanted(level))
		return;
	va_start(arguments, format);
	log_text(level, NULL, 0, format, arguments);
	va_end(arguments);
}

void
fatal(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_text(log_events[LOG_GAVE_UP].level, log_events[LOG_GAVE_UP].id, 0, format, arguments);
	va_end(arguments);
	_exit(1);
}
