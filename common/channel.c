/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  See channel.h.  The other end may be hostile: nothing here trusts a length. */
#include "common/channel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_CHUNK_BYTES 65536
#define READ_LEAST_BYTES 3072

void
channel_open(struct channel *channel, int fd, bool descriptors)
{
	int flags = fcntl(fd, F_GETFL);

	*channel = (struct channel){
		.fd = fd,
		.descriptors = descriptors,
		.input = SECRET_BUFFER(FRAME_HEADER_BYTES + FRAME_MAX_BYTES),
		.received_fd = -1,
		.output = SECRET_BUFFER(CHANNEL_QUEUE_MAX_BYTES),
	};
	if (flags >= 0 && (flags & O_NONBLOCK) == 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
channel_close(struct channel *channel)
{
	/* A zeroed channel was never opened: its 0 is nobody's descriptor. */
	if (channel->input.max_bytes == 0) {
		channel->fd = channel->received_fd = -1;
		return;
	}
	close_fd(&channel->fd);
	close_fd(&channel->received_fd);
	for (size_t at = 0; at < channel->waiting_count; at++)
		close_fd(&channel->waiting[at].fd);
	channel->waiting_count = 0;
	buffer_free(&channel->input);
	buffer_free(&channel->output);
	channel->wanted = 0;
	channel->frame_since_ms = 0;
}

/* Keeps the first descriptor of a message where one may come, and closes all others. */
static void
take_descriptors(struct channel *channel, struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);

	for (; control != NULL; control = CMSG_NXTHDR(header, control)) {
		size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at < count; at++) {
			int fd;

			memcpy(&fd, CMSG_DATA(control) + at * sizeof(int), sizeof(fd));
			if (channel->received_fd < 0)
				channel->received_fd = fd;
			else
				close(fd);
		}
	}
}

/* How much of `length` to make room for: as much again as came, as a length may only be claimed. */
static size_t
piece_length(const struct channel *channel, size_t length)
{
	size_t most = channel->input.length;

	if (most < READ_LEAST_BYTES)
		most = READ_LEAST_BYTES;
	if (most > READ_CHUNK_BYTES)
		most = READ_CHUNK_BYTES;
	return length < most ? length : most;
}

/* Reads at most `length` bytes into the input.  Bytes read, 0 at the end of the stream, -errno. */
static ssize_t
receive(struct channel *channel, size_t length)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec piece = { .iov_len = piece_length(channel, length) };
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	char *room;
	ssize_t got;
	int error = buffer_room(&channel->input, piece.iov_len, &room);

	if (error != 0)
		return error;
	piece.iov_base = room;
	/* Without room for control data the kernel drops descriptors (unix(7)). */
	if (channel->descriptors) {
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
	}
	got = recvmsg(channel->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (channel->descriptors)
		take_descriptors(channel, &header);
	buffer_took(&channel->input, (size_t)got);
	return got;
}

/* Once the header is there: how long the frame is.  0 or -EPROTO. */
static int
read_header(struct channel *channel, size_t max_bytes)
{
	uint32_t length;

	memcpy(&length, channel->input.bytes, sizeof(length));
	length = ntohl(length);
	if (length > max_bytes || length > FRAME_MAX_BYTES)
		return -EPROTO;
	channel->wanted = FRAME_HEADER_BYTES + (size_t)length;
	return 0;
}

static bool
frame_is_complete(const struct channel *channel)
{
	return channel->wanted != 0 && channel->input.length == channel->wanted;
}

bool
channel_is_late(const struct channel *channel, int64_t now_ms)
{
	return channel->frame_since_ms != 0 &&
	       now_ms - channel->frame_since_ms > CHANNEL_FRAME_DEADLINE_MS;
}

/* Nothing to read now: fine, unless a frame that began is overdue. */
static int
wait_for_more(struct channel *channel, int64_t now_ms)
{
	if (channel->input.length == 0)
		return 0;
	if (channel->frame_since_ms == 0)
		channel->frame_since_ms = now_ms;
	return channel_is_late(channel, now_ms) ? -ETIMEDOUT : 0;
}

int
channel_read(struct channel *channel, size_t max_bytes, int64_t now_ms)
{
	if (channel->fd < 0)
		return -EPIPE;
	while (!frame_is_complete(channel)) {
		size_t target = channel->wanted != 0 ? channel->wanted : FRAME_HEADER_BYTES;
		ssize_t got = receive(channel, target - channel->input.length);
		int error;

		if (got == -EAGAIN)
			return wait_for_more(channel, now_ms);
		if (got == -ECONNRESET)
			return -EPIPE;
		if (got < 0)
			return (int)got;
		if (got == 0)
			return channel->input.length == 0 ? -EPIPE : -EPROTO;
		if (channel->wanted == 0 && channel->input.length == FRAME_HEADER_BYTES) {
			error = read_header(channel, max_bytes);
			if (error != 0)
				return error;
		}
	}
	return 1;
}

struct slice
channel_frame(const struct channel *channel)
{
	return (struct slice){ .bytes = channel->input.bytes + FRAME_HEADER_BYTES,
		.length = channel->input.length - FRAME_HEADER_BYTES };
}

int
channel_take_fd(struct channel *channel)
{
	return steal_fd(&channel->received_fd);
}

void
channel_next(struct channel *channel)
{
	/* A large frame's memory is not kept for the small ones that follow. */
	if (channel->input.capacity > READ_CHUNK_BYTES)
		buffer_free(&channel->input);
	else
		buffer_clear(&channel->input);
	close_fd(&channel->received_fd);
	channel->wanted = 0;
	channel->frame_since_ms = 0;
}

int
channel_send(struct channel *channel, struct slice frame, int fd)
{
	uint32_t length = htonl((uint32_t)frame.length);
	size_t start = channel->output.length;
	int copy = -1;

	if (channel->fd < 0)
		return -EPIPE;
	if (frame.length > FRAME_MAX_BYTES)
		return -EMSGSIZE;
	if (FRAME_HEADER_BYTES + frame.length > channel->output.max_bytes - start)
		return -ENOBUFS;
	if (fd >= 0) {
		if (channel->waiting_count == CHANNEL_DESCRIPTORS_MAX)
			return -EBUSY;
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy < 0)
			return -errno;
	}
	if (buffer_add(&channel->output, &length, sizeof(length)) != 0 ||
	    buffer_add(&channel->output, frame.bytes, frame.length) != 0) {
		channel->output.length = start;
		close_fd(&copy);
		return -ENOMEM;
	}
	if (copy >= 0)
		channel->waiting[channel->waiting_count++] =
		    (struct channel_descriptor){ .fd = copy, .at = start };
	return 0;
}

bool
channel_wants_write(const struct channel *channel)
{
	return channel->fd >= 0 && channel->output.length > 0;
}

/* Writes the first `length` bytes, with `fd` if it is not -1.  Bytes written or -errno. */
static ssize_t
transmit(const struct channel *channel, size_t length, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec piece = { .iov_base = channel->output.bytes, .iov_len = length };
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
	}
	sent = sendmsg(channel->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	return sent;
}

/* The first `length` bytes of the output are sent, and with them the first descriptor. */
static void
forget_sent(struct channel *channel, size_t length, bool with_fd)
{
	if (with_fd) {
		close_fd(&channel->waiting[0].fd);
		channel->waiting_count--;
		memmove(channel->waiting, channel->waiting + 1,
		    channel->waiting_count * sizeof(channel->waiting[0]));
	}
	for (size_t at = 0; at < channel->waiting_count; at++)
		channel->waiting[at].at -= length;
	buffer_drop(&channel->output, length);
}

int
channel_flush(struct channel *channel)
{
	while (channel_wants_write(channel)) {
		bool with_fd = channel->waiting_count > 0 && channel->waiting[0].at == 0;
		size_t next = with_fd ? 1 : 0;
		/* Bytes before a descriptor's frame go first, so that it arrives with it. */
		size_t length = channel->waiting_count > next ? channel->waiting[next].at :
								channel->output.length;
		ssize_t sent = transmit(channel, length, with_fd ? channel->waiting[0].fd : -1);

		if (sent == -EAGAIN)
			return 0;
		if (sent == -ECONNRESET)
			return -EPIPE;
		if (sent < 0)
			return (int)sent;
		forget_sent(channel, (size_t)sent, with_fd);
	}
	if (channel->fd >= 0 && channel->output.capacity > READ_CHUNK_BYTES)
		buffer_free(&channel->output);
	return channel->fd >= 0 ? 0 : -EPIPE;
}

int
channel_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
		return -errno;
	return 0;
}
