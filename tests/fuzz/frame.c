/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  A channel's frames, from a sender that writes any bytes in any pieces, then the table
 * of messages for each sender and receiver.  What is decoded is encoded and decoded again.
 *
 * Covers: common/channel.c common/message.c
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "common/channel.h"
#include "common/message.h"
#include "tests/fuzz/fuzz.h"

/* Less than what a socket takes at once, so that the sender never has to wait. */
#define INPUT_MAX_BYTES 32768

static void
encode(const struct message *message, struct buffer *out)
{
	char why[RECORD_WHY_BYTES] = "";
	const void *body = messages[message->id].record.field_count > 0 ? &message->body : NULL;

	fuzz_assert(message_encode(message->id, body, out, why) == 0);
}

static void
decode(enum process from, enum process to, struct slice frame)
{
	struct buffer once _cleanup_buffer_ = BUFFER(2 * MESSAGE_MAX_BYTES);
	struct buffer twice _cleanup_buffer_ = BUFFER(2 * MESSAGE_MAX_BYTES);
	char why[RECORD_WHY_BYTES] = "";
	struct message message;

	if (message_decode(from, to, frame, &message, why) != 0) {
		fuzz_judge_why(why, sizeof(why));
		fuzz_assert(why[0] != '\0');
		return;
	}
	fuzz_assert((messages[message.id].from & PROCESS_BIT(from)) != 0);
	fuzz_assert((messages[message.id].to & PROCESS_BIT(to)) != 0);
	encode(&message, &once);
	message_free(&message);
	fuzz_assert(message_decode(from, to, (struct slice){ once.bytes, once.length }, &message,
			why) == 0);
	encode(&message, &twice);
	message_free(&message);
	fuzz_assert(strcmp(once.bytes, twice.bytes) == 0);
}

/* One frame arrives as it was sent, with its descriptor.  One that is not taken is closed with it. */
static void
receive(struct channel *channel, struct slice frame, bool with_fd)
{
	int taken;

	fuzz_assert(channel_read(channel, FRAME_MAX_BYTES, 1) == 1);
	fuzz_assert(fuzz_equal(channel_frame(channel), frame));
	if (frame.length % 3 == 0) {
		taken = channel_take_fd(channel);
		fuzz_assert((taken >= 0) == with_fd);
		if (taken >= 0)
			close(taken);
	}
	channel_next(channel);
}

/*
 * Sends a frame over a channel of our own, every other one with a descriptor, and reads it back.
 * Short ones as often as descriptors may wait.
 */
static void
echo(struct channel ends[2], struct slice frame)
{
	bool with_fd = frame.length % 2 == 1;
	int fd _cleanup_close_ = with_fd ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
	int count = frame.length < 512 ? CHANNEL_DESCRIPTORS_MAX : 1;

	for (int at = 0; at < count; at++)
		fuzz_assert(channel_send(&ends[0], frame, fd) == 0);
	fuzz_assert(!with_fd || count == 1 || channel_send(&ends[0], frame, fd) == -EBUSY);
	fuzz_assert(channel_wants_write(&ends[0]) && channel_flush(&ends[0]) == 0);
	for (int at = 0; at < count; at++)
		receive(&ends[1], frame, with_fd);
}

static void
open_pair(struct channel ends[2], bool descriptors)
{
	int fds[2];

	fuzz_assert(channel_pair(fds) == 0);
	channel_open(&ends[0], fds[0], false);
	channel_open(&ends[1], fds[1], descriptors);
}

static void
take_frame(struct channel *channel, struct channel ends[2], size_t max_bytes)
{
	struct slice frame = channel_frame(channel);

	fuzz_assert(frame.length <= max_bytes);
	for (enum process from = 0; from < PROCESS_COUNT; from++)
		for (enum process to = 0; to < PROCESS_COUNT; to++)
			decode(from, to, frame);
	echo(ends, frame);
	channel_next(channel);
	fuzz_assert(channel_take_fd(channel) == -1);
}

/* Reads until the channel waits or breaks; its last answer. */
static int
read_all(struct channel *channel, struct channel ends[2], size_t max_bytes, int64_t now_ms)
{
	int result;

	while ((result = channel_read(channel, max_bytes, now_ms)) == 1)
		take_frame(channel, ends, max_bytes);
	return result;
}

/* What ends a channel: its peer goes in the middle, or never finishes. */
static void
finish(struct channel input[2], struct channel echo_ends[2], struct slice whole, size_t max_bytes)
{
	size_t left = input[1].input.length;
	int expected = left == 0 ? -EPIPE : -EPROTO;

	if (left > 0)
		fuzz_assert(read_all(&input[1], echo_ends, max_bytes, 1000000) == -ETIMEDOUT);
	if (whole.length % 5 == 0)
		fuzz_assert(shutdown(input[0].fd, SHUT_WR) == 0);
	else
		channel_close(&input[0]);
	fuzz_assert(read_all(&input[1], echo_ends, max_bytes, 1) == expected);
	channel_close(&input[1]);
	fuzz_assert(channel_read(&input[1], FRAME_MAX_BYTES, 1) == -EPIPE);
	fuzz_assert(channel_send(&input[1], whole, -1) == -EPIPE);
	fuzz_assert(channel_flush(&input[1]) == -EPIPE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice whole = fuzz_slice(bytes, length), piece;
	struct pieces pieces = pieces_begin(whole);
	struct channel input[2], echo_ends[2], never = { 0 };
	size_t max_bytes = length % 4 == 0 ? 256 : FRAME_MAX_BYTES;
	int64_t now_ms = 1;
	int result = 0;

	if (length > INPUT_MAX_BYTES)
		return 0;
	open_pair(input, length % 2 == 0);
	open_pair(echo_ends, true);
	while (pieces_next(&pieces, &piece)) {
		if (result != 0)
			continue;
		fuzz_assert(send(input[0].fd, piece.bytes, piece.length, MSG_NOSIGNAL) ==
			    (ssize_t)piece.length);
		result = read_all(&input[1], echo_ends, max_bytes, now_ms++);
		fuzz_assert(result == 0 || result == -EPROTO);
	}
	if (result == 0)
		finish(input, echo_ends, whole, max_bytes);
	channel_close(&input[0]);
	channel_close(&input[1]);
	channel_close(&echo_ends[0]);
	fuzz_assert(channel_read(&echo_ends[1], FRAME_MAX_BYTES, 1) == -EPIPE);
	channel_close(&echo_ends[1]);
	channel_close(&never);
	return 0;
}
