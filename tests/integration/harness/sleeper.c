/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a wake costs on this machine, now: wakes a few times a second until it is killed, and does
 * each time what any program with a loop must do, a byte to itself and back.
 */
#include <poll.h>
#include <unistd.h>

#define SLEEP_MS 500

int
main(void)
{
	int ends[2];
	char byte = 0;

	if (pipe(ends) != 0)
		return 1;
	for (;;) {
		struct pollfd end = { .fd = ends[0], .events = POLLIN };

		if (poll(&end, 1, SLEEP_MS) < 0 || write(ends[1], &byte, 1) != 1 ||
		    read(ends[0], &byte, 1) != 1)
			return 1;
	}
}
