/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  Waits that double: see backoff.h. */
#include "backoff.h"

#include "common/clock.h"

int64_t
backoff_wait_ms(struct backoff *backoff)
{
	int64_t wait = backoff->next_ms == 0 ? backoff->first_ms : backoff->next_ms;

	backoff->next_ms = wait > backoff->max_ms / 2 ? backoff->max_ms : wait * 2;
	return wait - clock_jitter(wait / 4 + 1);
}

void
backoff_reset(struct backoff *backoff)
{
	backoff->next_ms = 0;
}
