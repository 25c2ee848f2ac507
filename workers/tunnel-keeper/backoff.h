/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  Waits that double: for Docker, for steps that fail, for a container that ends. */
#ifndef TUNNEL_KEEPER_BACKOFF_H
#define TUNNEL_KEEPER_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t first_ms;
	int64_t max_ms;
	int64_t next_ms; /* 0: nothing has failed */
};

#define BACKOFF(first, max) ((struct backoff){ .first_ms = (first), .max_ms = (max) })

/* How long to wait now: first_ms, doubled each time up to max_ms, less a jitter of a quarter. */
int64_t backoff_wait_ms(struct backoff *backoff);

/* It works again. */
void backoff_reset(struct backoff *backoff);

#endif
