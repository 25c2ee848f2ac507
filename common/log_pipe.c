/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See log_pipe.h.  The bytes are a worker's and may be hostile. */
#include "common/log_pipe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log_out.h"

#define READ_BYTES 16384
#define READS_A_TURN 4

void
log_pipe_open(struct log_pipe *pipe, int fd, enum process process)
{
	pipe->fd = fd;
	pipe->process = process;
	if (pipe->line.max_bytes == 0) {
		pipe->line = BUFFER(LOG_LINE_BYTES);
		pipe->last = BUFFER(LOG_LINE_BYTES);
	}
}

/* The level that the line's mark says, INFO without a mark; `*line` moves behind it. */
static enum log_level
take_mark(const char **line, size_t *length)
{
	for (enum log_level level = 0; level < LOG_LEVEL_COUNT; level++) {
		if (*length >= LOG_MARK_BYTES &&
		    memcmp(*line, log_level_marks[level], LOG_MARK_BYTES) == 0) {
			*line += LOG_MARK_BYTES;
			*length -= LOG_MARK_BYTES;
			return level;
		}
	}
	return LOG_LEVEL_INFO;
}

static void
tell(const struct log_pipe *pipe, const char *line, size_t length)
{
	enum log_level level = take_mark(&line, &length);
	enum log_event event = log_event_of_line(pipe->process, line, length);

	if (event != LOG_EVENT_COUNT) {
		line += LOG_ID_BYTES + 1;
		length -= LOG_ID_BYTES + 1;
	}
	log_out_line(level, processes[pipe->process].name, event, line, length);
}

/* What the supervisor says of the worker's lines, in the worker's name. */
static void
tell_of(const struct log_pipe *pipe, enum log_event event, const char *text)
{
	log_out_line(log_events[event].level, processes[pipe->process].name, event, text,
	    strlen(text));
}

static void
tell_repeats(struct log_pipe *pipe)
{
	char text[64];

	if (pipe->repeats == 0)
		return;
	snprintf(text, sizeof(text), "(the last line %lu times more)", pipe->repeats);
	pipe->repeats = 0;
	tell_of(pipe, LOG_LINE_REPEATED, text);
}

static void
tell_dropped(struct log_pipe *pipe, int64_t now_ms)
{
	char text[64];

	if (pipe->dropped == 0 || now_ms - pipe->dropped_told_ms < LOG_DROPPED_MS)
		return;
	pipe->dropped_told_ms = now_ms;
	snprintf(text, sizeof(text), "(%lu lines dropped: too many a second)", pipe->dropped);
	pipe->dropped = 0;
	tell_of(pipe, LOG_LINES_DROPPED, text);
}

static void
take_line(struct log_pipe *pipe, int64_t now_ms)
{
	if (pipe->line.length == 0)
		return;
	if (pipe->take != NULL &&
	    pipe->take(pipe->take_context, pipe->line.bytes, pipe->line.length))
		return;
	if (pipe->line.length == pipe->last.length &&
	    memcmp(pipe->line.bytes, pipe->last.bytes, pipe->last.length) == 0) {
		if (pipe->repeats++ == 0)
			pipe->repeats_since_ms = now_ms;
		return;
	}
	if (!rate_allows(&pipe->rate, now_ms, LOG_LINES_BURST, LOG_LINES_A_SECOND)) {
		pipe->dropped++;
		pipe->dropped_in_all++;
		return;
	}
	tell_repeats(pipe);
	tell_dropped(pipe, now_ms);
	tell(pipe, pipe->line.bytes, pipe->line.length);
	buffer_clear(&pipe->last);
	(void)buffer_add(&pipe->last, pipe->line.bytes, pipe->line.length);
}

static void
take_bytes(struct log_pipe *pipe, const char *bytes, size_t length, int64_t now_ms)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t piece = end == NULL ? length : (size_t)(end - bytes);
		size_t room = pipe->line.max_bytes - pipe->line.length;

		/* What is over a line's length is cut off. */
		(void)buffer_add(&pipe->line, bytes, piece < room ? piece : room);
		if (end == NULL)
			return;
		take_line(pipe, now_ms);
		buffer_clear(&pipe->line);
		bytes += piece + 1;
		length -= piece + 1;
	}
}

/* Tells what is left, closes. */
static void
end_pipe(struct log_pipe *pipe, int64_t now_ms)
{
	take_line(pipe, now_ms);
	buffer_clear(&pipe->line);
	tell_repeats(pipe);
	pipe->dropped_told_ms = now_ms - LOG_DROPPED_MS;
	tell_dropped(pipe, now_ms);
	close(pipe->fd);
	pipe->fd = -1;
}

void
log_pipe_read(struct log_pipe *pipe, int64_t now_ms)
{
	char bytes[READ_BYTES];

	for (int turn = 0; turn < READS_A_TURN; turn++) {
		ssize_t got = read(pipe->fd, bytes, sizeof(bytes));

		/* A worker may close its end and live on; poll would tell of it for ever. */
		if (got == 0)
			end_pipe(pipe, now_ms);
		if (got <= 0)
			return;
		take_bytes(pipe, bytes, (size_t)got, now_ms);
	}
}

void
log_pipe_tick(struct log_pipe *pipe, int64_t now_ms)
{
	if (pipe->repeats > 0 && now_ms - pipe->repeats_since_ms >= LOG_REPEAT_MS)
		tell_repeats(pipe);
	tell_dropped(pipe, now_ms);
}

void
log_pipe_close(struct log_pipe *pipe, int64_t now_ms)
{
	if (pipe->fd >= 0)
		log_pipe_read(pipe, now_ms);
	if (pipe->fd >= 0)
		end_pipe(pipe, now_ms);
}
