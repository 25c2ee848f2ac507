/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  What a worker writes to its log pipe: whatever it is, the supervisor tells bounded
 * lines of its own making, and not too many of them.
 *
 * Covers: common/log_pipe.c common/printable.c
 */
#include <fcntl.h>

#include "common/log_out.h"
#include "common/log_pipe.h"
#include "common/printable.h"
#include "common/utf8.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX_BYTES 32768
#define SHOWN_MAX_BYTES 3000

static unsigned long told;

/* In place of the agent's log. */
void
log_out_line(enum log_level level, const char *name, enum log_event event, const char *text,
    size_t length)
{
	struct buffer shown _cleanup_buffer_ = BUFFER(2 * SHOWN_MAX_BYTES);
	struct buffer cut _cleanup_buffer_ = BUFFER(64);

	told++;
	fuzz_assert(level < LOG_LEVEL_COUNT && strcmp(name, "master-link") == 0);
	/* No other process's, but what the supervisor says of its lines. */
	fuzz_assert(event == LOG_EVENT_COUNT || event == LOG_LINE_REPEATED ||
		    event == LOG_LINES_DROPPED ||
		    (log_events[event].from & PROCESS_BIT(PROCESS_MASTER_LINK)) != 0);
	fuzz_assert(length <= LOG_LINE_BYTES && memchr(text, '\n', length) == NULL);
	printable_add(&shown, text, length, SHOWN_MAX_BYTES);
	fuzz_assert(shown.length < SHOWN_MAX_BYTES + 8 && (shown.length == 0) == (length == 0));
	fuzz_assert(utf8_is_valid(shown.length > 0 ? shown.bytes : "", shown.length));
	for (size_t at = 0; at < shown.length; at++)
		fuzz_assert((unsigned char)shown.bytes[at] >= 0x20 && shown.bytes[at] != 0x7f);
	printable_add(&cut, text, length, 16);
	fuzz_assert(cut.length < 16 + 8 && fuzz_equal((struct slice){ cut.bytes, cut.length },
					       (struct slice){ shown.bytes, cut.length }));
}

static unsigned long
count_lines(struct slice text)
{
	unsigned long count = 1;

	for (size_t at = 0; at < text.length; at++)
		count += text.bytes[at] == '\n' ? 1 : 0;
	return count;
}

static void
feed(struct log_pipe *pipe, int fd, struct slice text)
{
	struct pieces pieces = pieces_begin(text);
	struct slice piece;
	int64_t now_ms = 1;

	while (pieces_next(&pieces, &piece)) {
		fuzz_assert(write(fd, piece.bytes, piece.length) == (ssize_t)piece.length);
		now_ms += pieces_number(&pieces) % 64;
		log_pipe_read(pipe, now_ms);
		log_pipe_tick(pipe, now_ms);
		fuzz_assert(pipe->line.length <= LOG_LINE_BYTES);
		/* Each line that is told may bring two that sum up what was not. */
		fuzz_assert(told <= 3 * (LOG_LINES_BURST +
					    (unsigned long)now_ms * LOG_LINES_A_SECOND / 1000 + 1));
	}
	if (pipe->repeats > 0)
		log_pipe_tick(pipe, now_ms + LOG_REPEAT_MS);
	fuzz_assert(pipe->repeats == 0);
	log_pipe_close(pipe, now_ms + LOG_REPEAT_MS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);
	struct log_pipe pipe = { .fd = -1 };
	int fds[2];

	if (length > INPUT_MAX_BYTES)
		return 0;
	told = 0;
	fuzz_assert(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
	log_pipe_open(&pipe, fds[0], PROCESS_MASTER_LINK);
	feed(&pipe, fds[1], text);
	fuzz_assert(pipe.fd == -1);
	fuzz_assert((unsigned long)pipe.dropped_in_all <= count_lines(text));
	log_pipe_close(&pipe, 1);
	close(fds[1]);
	buffer_free(&pipe.line);
	buffer_free(&pipe.last);
	return 0;
}
