/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  What clients send to gate-front, through libmicrohttpd, to the frame that gate-engine
 * would get: at both endpoints, as a whole and in pieces.  Each frame is within the message table and
 * of the endpoint; each refusal says why, in one printable line.
 *
 * Covers: workers/gate-front/head.c workers/gate-front/query.c workers/gate-front/routes.c
 * workers/gate-front/events_filter.c workers/gate-front/create_body.c workers/gate-front/frame.c
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/buffer.h"
#include "frame.h"
#include "serve.h"
#include "tests/fuzz/fuzz.h"

/* Less than what a socket takes at once. */
#define INPUT_MAX_BYTES 32768
#define TURNS_MAX 200

struct endpoint {
	struct rules rules;
	struct server server;
	struct buffer said; /* what was asked and refused, in order */
};

static struct endpoint endpoints[LISTENER_COUNT];

/* A refusal's one line: ASCII without control characters, since it may show a name that was sent. */
static void
judge_text(const char *text)
{
	fuzz_assert(strnlen(text, REFUSAL_BYTES) < REFUSAL_BYTES);
	for (; *text != '\0'; text++)
		fuzz_assert(*text >= 0x20 && *text < 0x7f);
}

static void
judge_frame(const struct endpoint *endpoint, const struct message *message)
{
	enum process from = endpoint->rules.endpoint == LISTENER_READ ? PROCESS_GATE_READ :
									PROCESS_GATE_TUNNEL;
	struct buffer frame _cleanup_buffer_ = SECRET_BUFFER(MESSAGE_MAX_BYTES);
	char why[RECORD_WHY_BYTES] = "";
	struct message read;

	fuzz_assert(message_encode(message->id, &message->body, &frame, why) == 0);
	fuzz_assert(message_decode(from, PROCESS_GATE_ENGINE,
			(struct slice){ frame.bytes, frame.length }, &read, why) == 0);
	message_free(&read);
}

static void
judge_wish(const struct endpoint *endpoint, const struct wish *wish)
{
	bool reads = wish->kind == WISH_LIST || wish->kind == WISH_EVENTS;

	if (wish->kind > WISH_HEALTH)
		fuzz_assert(reads == (endpoint->rules.endpoint == LISTENER_READ));
	if (wish->image != NULL)
		fuzz_assert(rules_image(&endpoint->rules, wish->image) == wish->image);
	fuzz_assert(wish->container[0] == '\0' ||
		    (strlen(wish->container) == CONTAINER_ID_BYTES &&
			text_is(TEXT_HEX, wish->container, CONTAINER_ID_BYTES)));
	fuzz_assert(wish->seconds >= 0 && wish->seconds <= GATE_STOP_MAX_S);
}

static void
on_asked(void *context, struct exchange *exchange)
{
	struct endpoint *endpoint = context;
	struct arena arena _cleanup_arena_ = { .secret = true };
	struct slice body = { .bytes = exchange->body.bytes, .length = exchange->body.length };
	struct message message;

	judge_wish(endpoint, &exchange->wish);
	fuzz_assert(exchange->target != NULL && exchange->target[0] == '/');
	fuzz_assert(body.length == 0 || exchange->wish.kind == WISH_CREATE);
	fuzz_assert(body.length <= BODY_MAX_BYTES);
	exchange->wish.id = 1;
	if (!frame_make(&endpoint->rules, &exchange->wish, body, &arena, &message,
		&exchange->refusal)) {
		fuzz_assert(exchange->wish.kind == WISH_CREATE);
		judge_text(exchange->refusal.message);
		fuzz_assert(buffer_printf(&endpoint->said, "%s\n", exchange->refusal.message) == 0);
		exchange_refuse(exchange, exchange->refusal.status, exchange->refusal.message);
		return;
	}
	judge_frame(endpoint, &message);
	fuzz_assert(buffer_printf(&endpoint->said, "%d %s\n", message.id, exchange->target) == 0);
	exchange->answer = BUFFER(16);
	fuzz_assert(buffer_add_text(&exchange->answer, "{}") == 0);
	exchange_answer(exchange, 200, ANSWER_JSON);
}

static void
on_gone(void *context, struct exchange *exchange)
{
	(void)context;
	(void)exchange;
}

static void
on_refused(void *context, const struct exchange *exchange, const char *why)
{
	struct endpoint *endpoint = context;

	fuzz_assert(exchange != NULL && exchange->refusal.status >= 400);
	fuzz_assert(exchange->refusal.status < 500 && why[0] != '\0');
	judge_text(why);
	fuzz_assert(buffer_printf(&endpoint->said, "%s\n", why) == 0);
}

static const struct server_handlers handlers = {
	.asked = on_asked,
	.gone = on_gone,
	.refused = on_refused,
};

static void
turn(struct endpoint *endpoint, int turns)
{
	/* libFuzzer's own timer may interrupt it. */
	for (int at = 0; at < turns; at++)
		while (server_wait(&endpoint->server, NULL, 0, 0) < 0)
			fuzz_assert(errno == EINTR);
}

/* Answers are taken, so that none waits; they are HTTP's. */
static void
take_answers(int fd)
{
	char text[65536];
	ssize_t got = recv(fd, text, sizeof(text), MSG_DONTWAIT);

	fuzz_assert(got <= 0 || (got > 9 && memcmp(text, "HTTP/1.1 ", 9) == 0));
	while (got > 0)
		got = recv(fd, text, sizeof(text), MSG_DONTWAIT);
}

static void
send_all(int fd, struct slice text)
{
	/* A connection that was ended takes no more. */
	if (text.length > 0)
		(void)!send(fd, text.bytes, text.length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
take(struct endpoint *endpoint, struct slice text, bool cut)
{
	struct pieces pieces = pieces_begin(text);
	struct slice piece;
	int fds[2];

	endpoint->said = BUFFER(1024 * 1024);
	fuzz_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	fuzz_assert(server_add(&endpoint->server, fds[1]));
	if (cut) {
		while (pieces_next(&pieces, &piece)) {
			send_all(fds[0], piece);
			turn(endpoint, 1);
		}
	} else {
		send_all(fds[0], text);
	}
	for (int at = 0; at < TURNS_MAX; at++) {
		int64_t before = endpoint->server.requests;

		turn(endpoint, 3);
		if (endpoint->server.requests == before)
			break;
	}
	take_answers(fds[0]);
	server_drop(&endpoint->server);
	fuzz_assert(endpoint->server.client_count == 0 && endpoint->server.stream_count == 0);
	close(fds[0]);
}

static void
prepare(void)
{
	struct rules *read = &endpoints[LISTENER_READ].rules;
	struct rules *tunnel = &endpoints[LISTENER_TUNNEL].rules;

	fuzz_assert(rules_init(read, LISTENER_READ, NULL, NULL, NULL));
	fuzz_assert(rules_init(tunnel, LISTENER_TUNNEL, "net", "a/b:1", "h:5/c:2"));
	for (enum listener each = LISTENER_READ; each < LISTENER_COUNT; each++)
		fuzz_assert(server_open(&endpoints[each].server, &endpoints[each].rules, &handlers,
		    &endpoints[each]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length < INPUT_MAX_BYTES ? length : INPUT_MAX_BYTES);
	struct buffer whole;

	if (endpoints[LISTENER_READ].server.daemon == NULL)
		prepare();
	for (enum listener each = LISTENER_READ; each < LISTENER_COUNT; each++) {
		struct endpoint *endpoint = &endpoints[each];

		take(endpoint, text, false);
		whole = endpoint->said;
		take(endpoint, text, true);
		fuzz_assert(fuzz_equal((struct slice){ whole.bytes, whole.length },
		    (struct slice){ endpoint->said.bytes, endpoint->said.length }));
		buffer_free(&whole);
		buffer_free(&endpoint->said);
	}
	return 0;
}
