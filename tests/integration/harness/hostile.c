/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker that somebody has taken over: it takes a real one's place, is let in, and misbehaves in
 * one of the ways of the table below, which BEHAVIOUR names.  It learns from `config` whose place it
 * has.  It runs below the supervisor's filter and the first Landlock layer, as every worker does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "allow_all.h"

#define CONTROL 3
#define HUGE_BYTES (64 * 1024)
#define FRAMES_MAX_BYTES (4 * 1024 * 1024)
#define ALIVE_MS 3000

enum worker { LINK, WATCHER, KEEPER, RESOLVER, WORKERS };

static const char *const names[WORKERS] = { "master-link", "docker-watcher", "tunnel-keeper",
	"name-resolver" };
static enum worker me;
static int peers[WORKERS] = { -1, -1, -1, -1 };
static bool deaf, mute;
static char huge[HUGE_BYTES];

/* ---- saying ---- */

static bool
put(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		struct pollfd writable = { .fd = fd, .events = POLLOUT };
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return false;
		/* Half a frame would be another offence than the one meant: a busy machine has time. */
		if (sent < 0 && poll(&writable, 1, 5000) <= 0)
			return false;
		at += sent > 0 ? sent : 0;
		length -= sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

static bool
frame(int fd, const void *bytes, size_t length)
{
	uint32_t header = htonl((uint32_t)length);

	return put(fd, &header, sizeof(header)) && put(fd, bytes, length);
}

static bool
text(int fd, const char *words)
{
	return frame(fd, words, strlen(words));
}

/* A frame that brings a descriptor where none belongs. */
static void
text_with_descriptor(int fd, const char *words)
{
	uint32_t header = htonl((uint32_t)strlen(words));
	struct iovec parts[] = { { &header, sizeof(header) },
		{ (void *)(uintptr_t)words, strlen(words) } };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	int given = 0;

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(given));
	memcpy(CMSG_DATA(head), &given, sizeof(given));
	(void)sendmsg(fd, &message, MSG_NOSIGNAL);
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- whom a worker may tell what ---- */

/* The peer that a worker misbehaves towards. */
static int
victim(void)
{
	return peers[me == LINK ? KEEPER : LINK];
}

/* What only others may send there. */
static const char *const foreign[WORKERS] = {
	"{\"type\":\"tunnel-hint\",\"action\":\"x\"}",
	"{\"type\":\"tunnel\",\"state\":\"running\"}",
	"{\"type\":\"docker-lost\",\"reason\":\"x\"}",
	"{\"type\":\"halted\",\"id\":\"x\",\"result\":\"stopped\"}",
};

/* What it may send, a little different each time. */
static void
allowed(char words[512], unsigned long number)
{
	static const char *const formats[WORKERS] = {
		"{\"type\":\"command\",\"id\":\"c%lu\",\"action\":\"stop\"}",
		"{\"type\":\"container\",\"change\":\"runs\",\"id\":\"%064lx\",\"name\":\"flood\","
		"\"status\":\"running\",\"labels\":{\"dockflare.enable\":\"true\"}}",
		"{\"type\":\"tunnel\",\"state\":\"running\",\"name\":\"n%lu\"}",
		"{\"type\":\"addresses\",\"id\":%lu,\"addresses\":[\"127.0.0.1\"]}",
	};

	snprintf(words, 512, formats[me], number);
}

/* ---- misbehaviour ---- */

static void
die(void)
{
	_exit(7);
}

static void
hang(void)
{
	for (;;)
		poll(NULL, 0, -1);
}

static void
go_deaf(void)
{
	deaf = true;
}

static void
half_frame_to(int fd)
{
	uint32_t header = htonl(100);

	(void)(put(fd, &header, sizeof(header)) && put(fd, "{\"type\":", 8));
}

static void
half_frame(void)
{
	half_frame_to(CONTROL);
	mute = true;
}

static void
oversized_frame_to(int fd)
{
	uint32_t header = htonl(64 * 1024 * 1024);

	(void)put(fd, &header, sizeof(header));
}

static void
oversized_frame(void)
{
	oversized_frame_to(CONTROL);
}

static void
garbage(void)
{
	memset(huge, 0xff, 300);
	frame(CONTROL, huge, 300);
}

static void
alive(void)
{
	text(CONTROL, "{\"type\":\"alive\"}");
}

static void
ready_again(void)
{
	text(CONTROL, "{\"type\":\"ready\"}");
}

static void
foreign_text(void)
{
	text(CONTROL, "{\"type\":\"shutdown\"}");
}

/* A file of its own where it has one, its content without an announcement. */
static void
blob_without_announcement(void)
{
	frame(CONTROL, huge, sizeof(huge));
}

static const char *
own_file(void)
{
	return me == LINK ? "journal.json" : "tunnel_state.json";
}

static void
save(const char *type, bool content)
{
	char words[96];

	snprintf(words, sizeof(words), "{\"type\":\"%s\",\"file\":\"%s\"}", type, own_file());
	memset(huge, 'x', sizeof(huge));
	(void)(text(CONTROL, words) && (!content || frame(CONTROL, huge, sizeof(huge))));
}

static void
save_of_another(void)
{
	text(CONTROL, me == LINK ? "{\"type\":\"save\",\"file\":\"tunnel_state.json\"}" :
				   "{\"type\":\"save\",\"file\":\"agent_id.txt\"}");
}

static void
saves(void)
{
	save("save", true);
}

static void
unread_saves(void)
{
	deaf = true;
	save("save", true);
}

static void
corrupts(void)
{
	save("corrupt", false);
}

static void
statuses(void)
{
	memset(huge, 'x', sizeof(huge));
	(void)(text(CONTROL, "{\"type\":\"status\"}") && frame(CONTROL, huge, sizeof(huge)));
}

static void
log_lines(void)
{
	char words[200];
	static unsigned long number;
	int length = snprintf(words, sizeof(words), "<3>line %lu %0100d\n", number++, 0);
	struct pollfd writable = { .fd = 2, .events = POLLOUT };

	if (write(2, words, (size_t)length) < 0)
		poll(&writable, 1, 100);
}

/* A line that never ends. */
static void
log_bytes(void)
{
	struct pollfd writable = { .fd = 2, .events = POLLOUT };

	memset(huge, 'y', sizeof(huge));
	if (write(2, huge, sizeof(huge)) < 0)
		poll(&writable, 1, 100);
}

static void
descriptors(void)
{
	text_with_descriptor(CONTROL, "{\"type\":\"alive\"}");
}

static void
peer_garbage(void)
{
	memset(huge, 0xff, 300);
	frame(victim(), huge, 300);
}

static void
peer_oversized(void)
{
	oversized_frame_to(victim());
}

static void
peer_half_frame(void)
{
	half_frame_to(victim());
}

static void
peer_foreign(void)
{
	text(victim(), foreign[me]);
}

static void
peer_descriptors(void)
{
	static unsigned long number = 1000;
	char words[512];

	allowed(words, number++);
	text_with_descriptor(victim(), words);
	poll(NULL, 0, 1);
}

static void
peer_flood(void)
{
	static unsigned long number = 1000;
	char words[512];

	for (int at = 0; at < 64; at++) {
		allowed(words, number++);
		text(victim(), words);
	}
}

/* A snapshot without an end: only docker-watcher may tell one. */
static void
endless_snapshot(void)
{
	static unsigned long page;
	char words[512];

	snprintf(words, sizeof(words),
	    "{\"type\":\"snapshot\",\"generation\":1,\"page\":%lu,\"last\":false,\"containers\":["
	    "{\"id\":\"%064lx\",\"name\":\"a\",\"status\":\"running\",\"labels\":{}}]}",
	    page, page);
	page++;
	text(victim(), words);
}

/* In a check: rows of others', a row of its own with all that may deceive, more than it may say. */
static void
say_line(const char *words)
{
	struct pollfd writable = { .fd = 2, .events = POLLOUT };

	while (write(2, words, strlen(words)) < 0 && errno == EAGAIN)
		poll(&writable, 1, 100);
}

static void
checked(void)
{
	text(CONTROL, "{\"type\":\"checked\"}");
}

static void
finds(void)
{
	char words[64];

	say_line("<1>C230 forged: the master takes the key\n");
	say_line("<1>C020 forged: the data folder is good\n");
	say_line("<1>C001 forged\nok       C001  settings  forged\n");
	say_line("<1>C400 \033[31m red \r ok       C001  settings  all is well\n");
	for (int at = 0; at < 400; at++) {
		snprintf(words, sizeof(words), "<1>C400 %d\n", at);
		say_line(words);
	}
	checked();
}

static void
saves_and_ends(void)
{
	save("save", true);
	save("corrupt", false);
	checked();
}

enum moment { AT_START, AT_CONFIG, AT_READY, AT_STATE, AT_SECRET, AT_PEER, ALWAYS };

static const struct {
	const char *name;
	enum moment moment;
	void (*act)(void);
} behaviours[] = {
	{ "useless", ALWAYS, NULL },
	{ "deaf", AT_PEER, go_deaf },
	{ "dies-at-start", AT_START, die },
	{ "dies-at-config", AT_CONFIG, die },
	{ "dies-at-ready", AT_READY, die },
	{ "dies-at-state", AT_STATE, die },
	{ "dies-at-secret", AT_SECRET, die },
	{ "dies-at-peer", AT_PEER, die },
	{ "never-ready", AT_CONFIG, hang },
	{ "no-sign-of-life", AT_READY, hang },
	{ "alive-before-ready", AT_CONFIG, alive },
	{ "ready-again", AT_PEER, ready_again },
	{ "half-frame", AT_PEER, half_frame },
	{ "oversized-frame", AT_PEER, oversized_frame },
	{ "garbage", AT_PEER, garbage },
	{ "foreign-text", AT_PEER, foreign_text },
	{ "blob-without-announcement", AT_PEER, blob_without_announcement },
	{ "save-of-another", AT_PEER, save_of_another },
	{ "descriptors", ALWAYS, descriptors },
	{ "saves", ALWAYS, saves },
	{ "unread-saves", ALWAYS, unread_saves },
	{ "corrupts", ALWAYS, corrupts },
	{ "statuses", ALWAYS, statuses },
	{ "signs-of-life", ALWAYS, alive },
	{ "log-lines", ALWAYS, log_lines },
	{ "log-bytes", ALWAYS, log_bytes },
	{ "peer-garbage", AT_PEER, peer_garbage },
	{ "peer-oversized", AT_PEER, peer_oversized },
	{ "peer-half-frame", AT_PEER, peer_half_frame },
	{ "peer-foreign", AT_PEER, peer_foreign },
	{ "peer-descriptors", ALWAYS, peer_descriptors },
	{ "peer-flood", ALWAYS, peer_flood },
	{ "endless-snapshot", ALWAYS, endless_snapshot },
	{ "checked", AT_PEER, checked },
	{ "finds", AT_PEER, finds },
	{ "saves-and-ends", AT_STATE, saves_and_ends },
};
static size_t behaviour;

static void
happened(enum moment moment)
{
	if (behaviours[behaviour].moment == moment && behaviours[behaviour].act != NULL)
		behaviours[behaviour].act();
}

/* ---- listening ---- */

static char input[FRAMES_MAX_BYTES];
static size_t held;

static void
take_peer(const char *words, size_t length, int fd)
{
	for (enum worker peer = 0; peer < WORKERS; peer++) {
		if (peer == me || memmem(words, length, names[peer], strlen(names[peer])) == NULL)
			continue;
		if (peers[peer] >= 0)
			close(peers[peer]);
		peers[peer] = fd;
	}
	if (victim() == fd)
		happened(AT_PEER);
}

static bool
has_type(const char *words, size_t length, const char *type)
{
	return memmem(words, length < 40 ? length : 40, type, strlen(type)) != NULL;
}

static void
take(const char *words, size_t length, int fd)
{
	if (has_type(words, length, "\"config\"")) {
		for (enum worker worker = 0; worker < WORKERS; worker++)
			if (memmem(words, length < 60 ? length : 60, names[worker],
				strlen(names[worker])) != NULL)
				me = worker;
	} else if (has_type(words, length, "\"state\"")) {
		happened(AT_STATE);
	} else if (has_type(words, length, "\"secret\"")) {
		happened(AT_SECRET);
	} else if (has_type(words, length, "\"peer\"") && fd >= 0) {
		take_peer(words, length, fd);
	} else if (has_type(words, length, "\"shutdown\"")) {
		_exit(0);
	}
}

static size_t
take_frames(int fd)
{
	size_t at = 0, frames = 0;
	uint32_t length;

	while (held - at >= sizeof(length)) {
		memcpy(&length, input + at, sizeof(length));
		length = ntohl(length);
		if (length > held - at - sizeof(length))
			break;
		take(input + at + sizeof(length), length, fd);
		at += sizeof(length) + length;
		frames++;
	}
	memmove(input, input + at, held - at);
	held -= at;
	return frames;
}

/* The control channel; a descriptor belongs to the frame that it came with. */
static size_t
listen_to_control(void)
{
	struct iovec space = { input + held, sizeof(input) - held };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &space,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(CONTROL, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	int fd = -1;

	if (got == 0 || (got < 0 && errno != EAGAIN))
		_exit(6);
	if (head != NULL && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	held += got > 0 ? (size_t)got : 0;
	return take_frames(fd);
}

static void
drop_what_peers_say(void)
{
	char dropped[65536];

	for (enum worker peer = 0; peer < WORKERS; peer++)
		if (peers[peer] >= 0)
			(void)recv(peers[peer], dropped, sizeof(dropped), MSG_DONTWAIT);
}

static void
serve(void)
{
	bool busy = behaviours[behaviour].moment == ALWAYS && behaviours[behaviour].act != NULL;
	struct pollfd control = { .fd = CONTROL, .events = POLLIN };
	int64_t alive_ms = 0;

	for (;;) {
		if (!mute && now_ms() - alive_ms >= ALIVE_MS) {
			alive_ms = now_ms();
			alive();
		}
		if (!deaf && poll(&control, 1, busy ? 0 : 100) > 0)
			listen_to_control();
		if (deaf && !busy)
			poll(NULL, 0, 100);
		if (!deaf)
			drop_what_peers_say();
		/* Towards a peer only when there is one. */
		if (busy && victim() >= 0)
			happened(ALWAYS);
		else if (busy)
			poll(NULL, 0, 1);
	}
}

/* ---- being let in ---- */

int
main(void)
{
	while (strcmp(behaviours[behaviour].name, BEHAVIOUR) != 0)
		behaviour++;
	happened(AT_START);
	while (listen_to_control() == 0)
		poll(&(struct pollfd){ .fd = CONTROL, .events = POLLIN }, 1, -1);
	happened(AT_CONFIG);
	allow_all();
	text(CONTROL, "{\"type\":\"ready\"}");
	happened(AT_READY);
	serve();
	return 0;
}
