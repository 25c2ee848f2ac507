/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process.  One end of a channel: frames of a 4-byte big-endian length and that many bytes,
 * over a non-blocking stream socketpair, with bounded queues in both directions.  Knows nothing
 * of JSON.
 */
#ifndef COMMON_CHANNEL_H
#define COMMON_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/json_check.h"

#define FRAME_HEADER_BYTES 4
#define FRAME_MAX_BYTES (1024 * 1024)
/* What may wait to be written: a peer that reads this slowly is replaced or loses the channel. */
#define CHANNEL_QUEUE_MAX_BYTES (8 * 1024 * 1024)
/* A frame that has begun must be complete within this time. */
#define CHANNEL_FRAME_DEADLINE_MS 10000
/* Descriptors that may wait to be sent: a worker that is slow gets one for each of its peers. */
#define CHANNEL_DESCRIPTORS_MAX 8

/* A descriptor that waits. */
struct channel_descriptor {
	int fd;    /* owned */
	size_t at; /* goes out with this byte of the output, the first of its frame */
};

struct channel {
	int fd;              /* owned; -1: closed */
	bool descriptors;    /* whether frames may bring descriptors; elsewhere they are dropped */
	struct buffer input; /* at most one frame with its header */
	size_t wanted;       /* bytes of the frame with its header, 0: header not complete */
	int received_fd;     /* owned; came with the frame in `input`; -1: none */
	int64_t frame_since_ms; /* when the unfinished frame began; 0: none */
	struct buffer output;
	size_t waiting_count;
	struct channel_descriptor waiting[CHANNEL_DESCRIPTORS_MAX]; /* in the output's order */
};

/* Takes over `fd` (a stream socket), makes it non-blocking.  Never fails. */
void channel_open(struct channel *channel, int fd, bool descriptors);

/* Closes and releases, wiping the queues.  A closed channel may be closed again. */
void channel_close(struct channel *channel);

static inline bool
channel_is_open(const struct channel *channel)
{
	return channel->fd >= 0;
}

/*
 * Reads what is there, at most one frame's worth.  1: a frame is complete (channel_frame gives
 * it); 0: not yet; -EPIPE: the peer is gone; -EPROTO: a frame cut by the end of the stream, or
 * longer than `max_bytes`; -ETIMEDOUT: a frame began too long ago; other -errno of recvmsg.
 * A length of 0 is a good frame: an empty blob.
 */
int channel_read(struct channel *channel, size_t max_bytes, int64_t now_ms);

/* Whether a frame began too long ago; a peer that sends nothing more is not seen by reading. */
bool channel_is_late(const struct channel *channel, int64_t now_ms);

/* The complete frame, without its header; valid until channel_next. */
struct slice channel_frame(const struct channel *channel);

/* Takes the descriptor that came with the complete frame; the caller owns it.  -1: none. */
int channel_take_fd(struct channel *channel);

/* Forgets (and wipes) the complete frame; a descriptor that was not taken is closed. */
void channel_next(struct channel *channel);

/*
 * Queues one frame.  `fd` goes along (-1: none) and is duplicated: the caller keeps its own.  0,
 * -EMSGSIZE, -ENOBUFS if the queue is full, -EBUSY if too many descriptors wait, -EPIPE on a
 * closed channel, -ENOMEM.
 */
int channel_send(struct channel *channel, struct slice frame, int fd);

/* Whether bytes wait to be written (so: poll for POLLOUT). */
bool channel_wants_write(const struct channel *channel);

/* Writes what the socket takes.  0, -EPIPE if the peer is gone, other -errno of sendmsg. */
int channel_flush(struct channel *channel);

/* A pair of connected stream sockets, close-on-exec, non-blocking.  0 or -errno. */
int channel_pair(int fds[2]);

#endif
