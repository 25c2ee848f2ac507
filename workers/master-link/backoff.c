/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  See backoff.h. */
#include "backoff.h"

#include "common/clock.h"

/* 2^5 seconds is over the last step already. */
#define BACKOFF_STEPS 5

int64_t
backoff_next(struct backoff *backoff, int64_t retry_after_ms)
{
	unsigned step = backoff->failures < BACKOFF_STEPS ? backoff->failures : BACKOFF_STEPS;
	int64_t delay_ms = (int64_t)BACKOFF_FIRST_MS << step;

	backoff->failures++;
	if (delay_ms > BACKOFF_LAST_MS)
		delay_ms = BACKOFF_LAST_MS;
	/* A quarter less at the most, so that many agents do not come back in step. */
	delay_ms -= clock_jitter(delay_ms / 4 + 1);
	if (retry_after_ms > RETRY_AFTER_MAX_MS)
		retry_after_ms = RETRY_AFTER_MAX_MS;
	return retry_after_ms > delay_ms ? retry_after_ms : delay_ms;
}
