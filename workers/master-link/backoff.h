/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  How long to wait after a failure: doubling from 1 s to 30 s, with jitter. */
#ifndef MASTER_LINK_BACKOFF_H
#define MASTER_LINK_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_LAST_MS 30000
/* A master that asks for more patience than this is asked again all the same. */
#define RETRY_AFTER_MAX_MS 300000

struct backoff {
	unsigned failures; /* in a row */
};

/*
 * Counts a failure; the milliseconds to wait.  `retry_after_ms` is what the master asked for
 * (RFC 9110 10.2.3), -1: nothing; it is obeyed up to RETRY_AFTER_MAX_MS.
 */
int64_t backoff_next(struct backoff *backoff, int64_t retry_after_ms);

static inline void
backoff_reset(struct backoff *backoff)
{
	backoff->failures = 0;
}

#endif
