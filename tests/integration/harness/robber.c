/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper as somebody who has taken it over would have it: in the real one's place, below the
 * supervisor's filter and the first Landlock layer, it sends what it likes to its Docker endpoint.
 * Each request of REQUESTS (a header that the test writes: `static const struct request requests[]`)
 * goes to 127.0.0.1:PORT on a connection of its own; what comes back is told in the log, a line for
 * each piece of text in it.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "allow_all.h"

struct request {
	const char *name;
	const char *bytes;
	size_t length;
};

#include REQUESTS

#define ANSWER_MAX_BYTES (256 * 1024)
#define ANSWER_MS 5000

static void
say(const char *text)
{
	uint32_t length = htonl((uint32_t)strlen(text));

	if (write(3, &length, sizeof(length)) < 0 || write(3, text, strlen(text)) < 0)
		_exit(3);
}

static int
connect_to_docker(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

static size_t
take_answer(int fd, char *answer)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	size_t length = 0;
	ssize_t got = 1;

	while (got > 0 && length < ANSWER_MAX_BYTES && poll(&input, 1, ANSWER_MS) > 0) {
		got = read(fd, answer + length, ANSWER_MAX_BYTES - length);
		length += got > 0 ? (size_t)got : 0;
	}
	return length;
}

/* The status, and whether what was looked for is in it: the log may be short of lines, not of words. */
static void
tell(const struct request *request, const char *answer, size_t length)
{
	const char *loot = memmem(answer, length, LOOT, strlen(LOOT));
	char line[13] = "no answer";

	if (length > 12)
		memcpy(line, answer, 12);
	fprintf(stderr, "<6>robber %s: %s%s\n", request->name, line, loot == NULL ? "" : ", LOOT");
}

int
main(void)
{
	static char answer[ANSWER_MAX_BYTES];

	allow_all();
	say("{\"type\":\"ready\"}");
	poll(NULL, 0, 300);
	for (size_t at = 0; at < sizeof(requests) / sizeof(requests[0]); at++) {
		int fd = connect_to_docker();

		say("{\"type\":\"alive\"}");
		if (fd < 0 || write(fd, requests[at].bytes, requests[at].length) < 0) {
			fprintf(stderr, "<6>robber %s: no connection\n", requests[at].name);
			continue;
		}
		tell(&requests[at], answer, take_answer(fd, answer));
		close(fd);
	}
	fprintf(stderr, "<6>robber is done\n");
	for (;;) {
		say("{\"type\":\"alive\"}");
		poll(NULL, 0, 3000);
	}
}
