/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  A bound on how often a worker may do something: a bucket of tokens. */
#ifndef COMMON_RATE_H
#define COMMON_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
	int64_t tokens_milli; /* thousandths of a token */
	int64_t since_ms;     /* when they were counted; 0: never, so the bucket is full */
};

/* Takes a token if there is one; `burst` fit, `a_second` come back each second. */
static inline bool
rate_allows(struct rate *rate, int64_t now_ms, int64_t burst, int64_t a_second)
{
	if (rate->since_ms == 0)
		rate->tokens_milli = burst * 1000;
	else
		rate->tokens_milli += (now_ms - rate->since_ms) * a_second;
	if (rate->tokens_milli > burst * 1000)
		rate->tokens_milli = burst * 1000;
	rate->since_ms = now_ms;
	if (rate->tokens_milli < 1000)
		return false;
	rate->tokens_milli -= 1000;
	return true;
}

#endif
