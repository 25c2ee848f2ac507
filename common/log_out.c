/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See log_out.h. */
#include "common/log_out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/json_check.h"
#include "common/json_out.h"
#include "common/printable.h"

#define QUEUE_MAX_BYTES (256 * 1024)
#define TEXT_MAX_BYTES 3000      /* of a line, escaped, so that a line stays below PIPE_BUF */
#define JSON_TEXT_MAX_BYTES 1900 /* the same, where each byte may become two */

static struct buffer queue = { .max_bytes = QUEUE_MAX_BYTES };
static unsigned long lost;
static enum log_level least = LOG_LEVEL_INFO;
static bool json;

void
log_out_set(const char *level_name, const char *zone)
{
	for (enum log_level level = 0; level < LOG_LEVEL_COUNT; level++)
		if (level_name != NULL && strcmp(level_name, log_level_names[level]) == 0)
			least = level;
	setenv("TZ", zone != NULL ? zone : "UTC", 1);
	tzset();
}

/* "2026-01-02T03:04:05.678+01:00" in the zone of TZ. */
static void
add_time(struct buffer *line)
{
	struct timespec now;
	struct tm local;
	char date[24], zone[8];

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &local);
	strftime(zone, sizeof(zone), "%z", &local);
	(void)buffer_printf(line, "%s.%03ld%.3s:%s", date, now.tv_nsec / 1000000, zone,
	    strlen(zone) == 5 ? zone + 3 : "00");
}

bool
log_out_wants(enum log_level level)
{
	return level >= least;
}

void
log_out_format(const char *format)
{
	json = format != NULL && strcmp(format, "json") == 0;
}

static void
compose_text(struct buffer *line, enum log_level level, const char *name, const char *id,
    struct slice text)
{
	add_time(line);
	(void)buffer_printf(line, " %s %s %s: ", id == NULL ? LOG_ID_NONE : id,
	    log_level_names[level], name);
	printable_add(line, text.bytes, text.length, TEXT_MAX_BYTES);
	(void)buffer_add_text(line, "\n");
}

/* The names and ids are ours and need no escaping; the text is a worker's. */
static void
compose_json(struct buffer *line, enum log_level level, const char *name, const char *id,
    struct slice text)
{
	struct buffer shown _cleanup_buffer_ = BUFFER(PIPE_BUF);

	printable_add(&shown, text.bytes, text.length, JSON_TEXT_MAX_BYTES);
	(void)buffer_add_text(line, "{\"time\":\"");
	add_time(line);
	(void)buffer_printf(line, "\",\"level\":\"%s\",\"event\":", log_level_names[level]);
	(void)buffer_printf(line, id == NULL ? "null" : "\"%s\"", id);
	(void)buffer_printf(line, ",\"worker\":\"%s\",\"message\":", name);
	(void)json_add_text(line, shown.length > 0 ? shown.bytes : "");
	(void)buffer_add_text(line, "}\n");
}

/* Puts a whole line into the queue, or nothing.  False: it did not fit. */
static bool
enqueue(enum log_level level, const char *name, enum log_event event, struct slice text)
{
	struct buffer line _cleanup_buffer_ = BUFFER(PIPE_BUF);
	const char *id = event == LOG_EVENT_COUNT ? NULL : log_events[event].id;

	if (json)
		compose_json(&line, level, name, id, text);
	else
		compose_text(&line, level, name, id, text);
	return line.length > 0 && line.bytes[line.length - 1] == '\n' &&
	       buffer_add(&queue, line.bytes, line.length) == 0;
}

static void
tell_lost(void)
{
	char text[64];

	snprintf(text, sizeof(text), "%lu lines lost: stderr was not read", lost);
	if (enqueue(log_events[LOG_LINES_LOST].level, "supervisor", LOG_LINES_LOST,
		(struct slice){ .bytes = text, .length = strlen(text) }))
		lost = 0;
}

void
log_out_line(enum log_level level, const char *name, enum log_event event, const char *text,
    size_t length)
{
	if (lost > 0)
		tell_lost();
	if (!enqueue(level, name, event, (struct slice){ .bytes = text, .length = length }))
		lost++;
	log_out_flush();
}

void
say(enum log_event event, const char *format, ...)
{
	char text[LOG_LINE_BYTES];
	va_list arguments;

	if (!log_out_wants(log_events[event].level))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_out_line(log_events[event].level, "supervisor", event, text, strlen(text));
}

bool
log_out_waits(void)
{
	return queue.length > 0;
}

void
log_out_flush(void)
{
	/* stderr may be shared with other programs, so its flags are left alone: a pipe that polls
	   as writable takes PIPE_BUF bytes without blocking (pipe(7)). */
	while (queue.length > 0) {
		struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
		size_t length = queue.length < PIPE_BUF ? queue.length : PIPE_BUF;
		ssize_t written;

		if (poll(&out, 1, 0) != 1)
			return;
		if ((out.revents & POLLOUT) == 0) {
			/* Closed, or full without a reader; poll would tell of it for ever. */
			buffer_clear(&queue);
			return;
		}
		written = write(STDERR_FILENO, queue.bytes, length);
		if (written < 0 && errno != EINTR && errno != EAGAIN) {
			/* Nobody will ever read it. */
			buffer_clear(&queue);
			return;
		}
		if (written > 0)
			buffer_drop(&queue, (size_t)written);
	}
}

void
say_lines(enum log_event event, const char *text)
{
	while (text != NULL && *text != '\0') {
		int length = (int)strcspn(text, "\n");

		say(event, "%.*s", length, text);
		text += length + (text[length] == '\n' ? 1 : 0);
	}
}
