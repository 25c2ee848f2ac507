/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every worker.  The channels to the other workers, none of which is trusted: each frame is judged
 * before anything looks at it, and a peer that breaks the table is reported.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"
#include "common/worker_private.h"

void
peers_close(struct worker *worker, enum process peer)
{
	if (!channel_is_open(&worker->peers[peer]))
		return;
	channel_close(&worker->peers[peer]);
	if (worker->handlers->peer_down != NULL)
		worker->handlers->peer_down(worker, peer);
}

void
peers_open(struct worker *worker, enum process peer, int fd)
{
	/* What the kernel could not give us it leaves out (unix(7)). */
	if (fd < 0)
		fatal("the channel to %s came without its descriptor: there may be none left",
		    processes[peer].name);
	if ((worker->entry->peers & PROCESS_BIT(peer)) == 0)
		fatal("the supervisor sent a peer that is not due");
	peers_close(worker, peer);
	channel_open(&worker->peers[peer], fd, false);
	worker->heard_ms[peer] = worker->said_ms[peer] = clock_ms();
	log_debug("channel to %s", processes[peer].name);
	if (worker->stage == STAGE_STARTED && worker->handlers->peer_up != NULL)
		worker->handlers->peer_up(worker, peer);
}

void
worker_bad_peer(struct worker *worker, enum process peer, const char *why)
{
	char text[96];

	log_event(LOG_PEER_BROKE, "%s broke the protocol: %s", processes[peer].name, why);
	peers_close(worker, peer);
	snprintf(text, sizeof(text), "{\"type\":\"bad-peer\",\"peer\":\"%s\"}",
	    processes[peer].name);
	control_say(worker, text);
}

static void
take_frame(struct worker *worker, enum process peer)
{
	struct slice frame = channel_frame(&worker->peers[peer]);
	char why[RECORD_WHY_BYTES];
	struct message message;
	int error = message_decode(peer, worker->handlers->process, frame, &message, why);

	if (error == -ENOMEM)
		fatal("out of memory");
	channel_next(&worker->peers[peer]);
	if (error != 0) {
		worker_bad_peer(worker, peer, why);
		return;
	}
	log_debug("%s <- %s: %s (%zu bytes)", worker->entry->name, processes[peer].name,
	    messages[message.id].name, frame.length);
	worker->heard_ms[peer] = clock_ms();
	if (message.id != MESSAGE_AT_WORK)
		worker->handlers->message(worker, peer, &message);
	message_free(&message);
}

void
peers_read(struct worker *worker, enum process peer)
{
	struct channel *channel = &worker->peers[peer];

	for (int turn = 0; turn < WORKER_FRAMES_A_TURN && channel_is_open(channel); turn++) {
		int got = channel_read(channel, FRAME_MAX_BYTES, clock_ms());

		if (got == 0)
			return;
		if (got == -EPIPE) {
			log_debug("channel to %s ended", processes[peer].name);
			peers_close(worker, peer);
		} else if (got < 0) {
			worker_bad_peer(worker, peer, strerror(-got));
		} else {
			take_frame(worker, peer);
		}
	}
}

int
worker_send(struct worker *worker, enum process peer, enum message_id id, const void *body)
{
	struct buffer frame _cleanup_buffer_ = SECRET_BUFFER(FRAME_MAX_BYTES);
	char why[RECORD_WHY_BYTES];
	int error;

	if (!channel_is_open(&worker->peers[peer]))
		return -ENOTCONN;
	if (message_encode(id, body, &frame, why) != 0)
		fatal("%s can't be sent: %s", messages[id].name, why);
	log_debug("%s -> %s: %s (%zu bytes)", worker->entry->name, processes[peer].name,
	    messages[id].name, frame.length);
	worker->said_ms[peer] = clock_ms();
	error = channel_send(&worker->peers[peer],
	    (struct slice){ .bytes = frame.bytes, .length = frame.length }, -1);
	if (error == -ENOBUFS)
		worker_bad_peer(worker, peer, "reads too slowly");
	else if (error != 0)
		fatal("%s can't be queued: %s", messages[id].name, strerror(-error));
	return error;
}

size_t
worker_unsent_bytes(const struct worker *worker, enum process peer)
{
	return channel_is_open(&worker->peers[peer]) ? worker->peers[peer].output.length : 0;
}

bool
worker_has_peer(const struct worker *worker, enum process peer)
{
	return channel_is_open(&worker->peers[peer]);
}

void
peers_expire(struct worker *worker)
{
	int64_t now = clock_ms();

	for (enum process peer = 0; peer < PROCESS_COUNT; peer++)
		if (channel_is_open(&worker->peers[peer]) &&
		    channel_is_late(&worker->peers[peer], now))
			worker_bad_peer(worker, peer, "a frame that does not end");
}

int
peers_wait_ms(const struct worker *worker, int timeout_ms)
{
	int64_t now = clock_ms();

	for (enum process peer = 0; peer < PROCESS_COUNT; peer++) {
		int64_t since = worker->peers[peer].frame_since_ms;
		int64_t left = since + CHANNEL_FRAME_DEADLINE_MS + 1 - now;

		if (!channel_is_open(&worker->peers[peer]) || since == 0)
			continue;
		if (timeout_ms < 0 || left < timeout_ms)
			timeout_ms = left > 0 ? (int)left : 0;
	}
	return timeout_ms;
}

int64_t
worker_heard_ms(const struct worker *worker, enum process peer)
{
	return channel_is_open(&worker->peers[peer]) ? worker->heard_ms[peer] : -1;
}

void
worker_at_work(struct worker *worker, enum process peer, int64_t worked_ms)
{
	int64_t now = clock_ms();

	if (now - worked_ms < WORKER_IDLE_MAX_MS &&
	    now - worker->said_ms[peer] >= WORKER_AT_WORK_MS - WORKER_ALIVE_MS / 2)
		(void)worker_send(worker, peer, MESSAGE_AT_WORK, NULL);
}

void
peers_flush(struct worker *worker)
{
	for (enum process peer = 0; peer < PROCESS_COUNT; peer++)
		if (channel_is_open(&worker->peers[peer]) &&
		    channel_flush(&worker->peers[peer]) != 0)
			peers_close(worker, peer);
}
