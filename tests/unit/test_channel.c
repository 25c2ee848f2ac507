/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames over a real socketpair: whole, in pieces, hostile, with descriptors, queued and bounded. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/channel.h"

struct pair {
	struct channel one;
	struct channel other;
};

static struct pair
open_pair(bool descriptors)
{
	struct pair pair;
	int fds[2];

	assert_int_equal(channel_pair(fds), 0);
	channel_open(&pair.one, fds[0], descriptors);
	channel_open(&pair.other, fds[1], descriptors);
	return pair;
}

static void
close_pair(struct pair *pair)
{
	channel_close(&pair->one);
	channel_close(&pair->other);
}

static void
expect_frame(struct channel *channel, const char *text)
{
	struct slice frame;

	assert_int_equal(channel_read(channel, FRAME_MAX_BYTES, 0), 1);
	frame = channel_frame(channel);
	assert_int_equal(frame.length, strlen(text));
	assert_memory_equal(frame.bytes, text, frame.length);
	channel_next(channel);
}

static void
frames_arrive_in_order(void **state)
{
	struct pair pair = open_pair(false);

	(void)state;
	assert_int_equal(channel_send(&pair.one, SLICE("first"), -1), 0);
	assert_int_equal(channel_send(&pair.one, SLICE(""), -1), 0);
	assert_int_equal(channel_send(&pair.one, SLICE("third"), -1), 0);
	assert_true(channel_wants_write(&pair.one));
	assert_int_equal(channel_flush(&pair.one), 0);
	assert_false(channel_wants_write(&pair.one));
	expect_frame(&pair.other, "first");
	expect_frame(&pair.other, "");
	expect_frame(&pair.other, "third");
	assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 0), 0);
	close_pair(&pair);
}

static void
a_frame_may_come_byte_by_byte(void **state)
{
	static const char bytes[] = "\0\0\0\3abc";
	struct pair pair = open_pair(false);

	(void)state;
	for (size_t at = 0; at < sizeof(bytes) - 2; at++) {
		assert_int_equal(write(pair.one.fd, bytes + at, 1), 1);
		assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 5), 0);
	}
	assert_int_equal(write(pair.one.fd, "c", 1), 1);
	expect_frame(&pair.other, "abc");
	close_pair(&pair);
}

static void
lengths_are_judged_before_memory_is_taken(void **state)
{
	static const struct {
		const char *header;
		int result;
	} rows[] = {
		{ "\0\0\0\0", 1 },
		{ "\0\x10\0\0", 0 },
		{ "\0\x10\0\1", -EPROTO },
		{ "\xff\xff\xff\xff", -EPROTO },
		{ "\x7f\xff\xff\xff", -EPROTO },
	};

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct pair pair = open_pair(false);

		assert_int_equal(write(pair.one.fd, rows[at].header, 4), 4);
		assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 0), rows[at].result);
		assert_true(pair.other.input.capacity < 4096);
		close_pair(&pair);
	}
}

static void
the_receiver_sets_the_bound(void **state)
{
	struct pair pair = open_pair(false);

	(void)state;
	assert_int_equal(channel_send(&pair.one, SLICE("12345"), -1), 0);
	assert_int_equal(channel_flush(&pair.one), 0);
	assert_int_equal(channel_read(&pair.other, 4, 0), -EPROTO);
	close_pair(&pair);
}

static void
an_end_inside_a_frame_is_an_error(void **state)
{
	struct pair pair = open_pair(false);

	(void)state;
	assert_int_equal(write(pair.one.fd, "\0\0\0\5ab", 6), 6);
	channel_close(&pair.one);
	assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 0), -EPROTO);
	close_pair(&pair);

	pair = open_pair(false);
	channel_close(&pair.one);
	assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 0), -EPIPE);
	close_pair(&pair);
}

static void
a_frame_that_stalls_is_given_up(void **state)
{
	struct pair pair = open_pair(false);

	(void)state;
	assert_int_equal(write(pair.one.fd, "\0\0", 2), 2);
	assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 1000), 0);
	assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES,
			     1000 + CHANNEL_FRAME_DEADLINE_MS),
	    0);
	assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES,
			     1001 + CHANNEL_FRAME_DEADLINE_MS),
	    -ETIMEDOUT);
	close_pair(&pair);
}

static void
descriptors_come_with_their_frame(void **state)
{
	struct pair pair = open_pair(true);
	int pipe_fds[2], got;
	char byte = 0;

	(void)state;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(channel_send(&pair.one, SLICE("before"), -1), 0);
	assert_int_equal(channel_send(&pair.one, SLICE("with"), pipe_fds[1]), 0);
	assert_int_equal(channel_send(&pair.one, SLICE("after"), -1), 0);
	assert_int_equal(channel_flush(&pair.one), 0);

	assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 0), 1);
	assert_int_equal(channel_take_fd(&pair.other), -1);
	channel_next(&pair.other);
	assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 0), 1);
	got = channel_take_fd(&pair.other);
	assert_true(got >= 0);
	assert_int_equal(fcntl(got, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	channel_next(&pair.other);
	expect_frame(&pair.other, "after");

	assert_int_equal(write(got, "x", 1), 1);
	assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
	close(got);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close_pair(&pair);
}

/* As many as there may be, before the other end reads the first. */
static void
descriptors_wait_in_order(void **state)
{
	struct pair pair = open_pair(true);
	int pipes[CHANNEL_DESCRIPTORS_MAX][2];

	(void)state;
	for (unsigned at = 0; at < CHANNEL_DESCRIPTORS_MAX; at++) {
		assert_int_equal(pipe2(pipes[at], O_CLOEXEC), 0);
		assert_int_equal(channel_send(&pair.one, SLICE("with"), pipes[at][1]), 0);
		assert_int_equal(channel_send(&pair.one, SLICE("without"), -1), 0);
	}
	assert_int_equal(channel_send(&pair.one, SLICE("busy"), pipes[0][1]), -EBUSY);
	assert_int_equal(channel_flush(&pair.one), 0);
	assert_int_equal(channel_send(&pair.one, SLICE("again"), pipes[0][1]), 0);
	for (unsigned at = 0; at < CHANNEL_DESCRIPTORS_MAX; at++) {
		char byte = 0, expected = (char)('0' + at);
		int got;

		assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 0), 1);
		got = channel_take_fd(&pair.other);
		assert_int_equal(write(got, &expected, 1), 1);
		assert_int_equal(read(pipes[at][0], &byte, 1), 1);
		assert_int_equal(byte, expected);
		close(got);
		channel_next(&pair.other);
		assert_int_equal(channel_read(&pair.other, FRAME_MAX_BYTES, 0), 1);
		assert_int_equal(channel_take_fd(&pair.other), -1);
		channel_next(&pair.other);
		close(pipes[at][0]);
		close(pipes[at][1]);
	}
	close_pair(&pair); /* and with it the one that still waits */
}

static int
count_open(void)
{
	int open = 0;

	for (int fd = 0; fd < 256; fd++)
		open += fcntl(fd, F_GETFD) >= 0;
	return open;
}

static void
descriptors_where_none_belong_are_dropped(void **state)
{
	struct pair pair = open_pair(false);
	int before;

	(void)state;
	assert_int_equal(channel_send(&pair.one, SLICE("smuggled"), STDIN_FILENO), 0);
	assert_int_equal(channel_flush(&pair.one), 0);
	before = count_open();
	expect_frame(&pair.other, "smuggled");
	assert_int_equal(count_open(), before);

	/* And where they may come, one that nobody takes is closed with its frame. */
	pair.other.descriptors = true;
	before = count_open();
	assert_int_equal(channel_send(&pair.one, SLICE("untaken"), STDIN_FILENO), 0);
	assert_int_equal(channel_flush(&pair.one), 0);
	expect_frame(&pair.other, "untaken");
	assert_int_equal(count_open(), before);
	close_pair(&pair);
}

static void
the_queue_is_bounded(void **state)
{
	char *large _cleanup_free_ = calloc(1, FRAME_MAX_BYTES + 1);
	struct pair pair = open_pair(false);
	int sent = 0, error;

	(void)state;
	assert_non_null(large);
	assert_int_equal(channel_send(&pair.one,
			     (struct slice){ .bytes = large, .length = FRAME_MAX_BYTES + 1 }, -1),
	    -EMSGSIZE);
	while ((error = channel_send(&pair.one,
		    (struct slice){ .bytes = large, .length = FRAME_MAX_BYTES }, -1)) == 0) {
		assert_true(++sent < 100);
		assert_int_equal(channel_flush(&pair.one), 0);
	}
	assert_int_equal(error, -ENOBUFS);
	/* What was queued is whole. */
	for (int got = 0; got < sent;) {
		int result = channel_read(&pair.other, FRAME_MAX_BYTES, 0);

		assert_true(result >= 0);
		if (result == 1) {
			assert_int_equal(channel_frame(&pair.other).length, FRAME_MAX_BYTES);
			channel_next(&pair.other);
			got++;
		}
		assert_int_equal(channel_flush(&pair.one), 0);
	}
	close_pair(&pair);
}

static void
a_closed_channel_stays_closed(void **state)
{
	struct channel never = { 0 };

	(void)state;
	channel_close(&never);
	channel_close(&never);
	assert_false(channel_is_open(&never));
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD) >= 0, 1);
	assert_int_equal(channel_send(&never, SLICE("x"), -1), -EPIPE);
	assert_int_equal(channel_read(&never, 10, 0), -EPIPE);
	assert_int_equal(channel_flush(&never), -EPIPE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_arrive_in_order),
		cmocka_unit_test(a_frame_may_come_byte_by_byte),
		cmocka_unit_test(lengths_are_judged_before_memory_is_taken),
		cmocka_unit_test(the_receiver_sets_the_bound),
		cmocka_unit_test(an_end_inside_a_frame_is_an_error),
		cmocka_unit_test(a_frame_that_stalls_is_given_up),
		cmocka_unit_test(descriptors_come_with_their_frame),
		cmocka_unit_test(descriptors_wait_in_order),
		cmocka_unit_test(descriptors_where_none_belong_are_dropped),
		cmocka_unit_test(the_queue_is_bounded),
		cmocka_unit_test(a_closed_channel_stays_closed),
	};

	return RUN_TESTS(tests);
}
