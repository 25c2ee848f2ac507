/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker that is none: put in a real one's place in the agent's container, it says that it is
 * ready although it did not confine itself, or did, and then breaks the rules.  What it does is
 * compiled in, since a worker gets neither arguments nor an environment.
 *
 * It runs below the supervisor's filter and its first Landlock layer, as every worker does.
 *
 *   FILTERS=N     installs N seccomp filters that allow everything
 *   THREADS       starts a second thread before it says that it is ready
 *   SAYS="..."    sends this text after `ready`, as one frame
 *   DIES          exits once a state file has arrived
 *   ALIVE         gives signs of life
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allow_all.h"

#ifndef FILTERS
#define FILTERS 1
#endif

static void
say(const char *text)
{
	uint32_t length = htonl((uint32_t)strlen(text));

	if (write(3, &length, sizeof(length)) < 0 || write(3, text, strlen(text)) < 0)
		_exit(3);
}

#ifdef THREADS
static void *
wait_for_ever(void *nothing)
{
	for (;;)
		poll(NULL, 0, -1);
	return nothing;
}
#endif

int
main(void)
{
	char input[65536];
	ssize_t got;

	for (int at = 0; at < FILTERS; at++)
		allow_all();
#ifdef THREADS
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
		_exit(5);
#endif
	say("{\"type\":\"ready\"}");
#ifdef SAYS
	poll(NULL, 0, 1000);
	say(SAYS);
#endif
#ifdef ALIVE
	say("{\"type\":\"alive\"}");
#endif
	/* The channel does not block. */
	while ((got = read(3, input, sizeof(input))) > 0 || errno == EAGAIN) {
		struct pollfd control = { .fd = 3, .events = POLLIN };

		poll(&control, 1, -1);
		errno = 0;
#ifdef DIES
		if (got > 0 && memmem(input, (size_t)got, "\"state\"", 7) != NULL)
			_exit(7);
#endif
	}
	_exit(got == 0 ? 0 : 6);
}
