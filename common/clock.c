/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  See clock.h. */
#include "common/clock.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
clock_utc(char text[CLOCK_TEXT_BYTES])
{
	struct timespec now;
	struct tm utc;
	char seconds[24];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, CLOCK_TEXT_BYTES, "%s.%03ld+00:00", seconds, now.tv_nsec / 1000000 % 1000);
}

int64_t
clock_jitter(int64_t below)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		random = (uint64_t)clock_ms() * 2654435761u;
	return (int64_t)(random % (uint64_t)below);
}
