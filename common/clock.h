/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  Time: one monotonic clock for waiting, one wall clock for what is written down. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_BYTES 40

/* Milliseconds of CLOCK_MONOTONIC, which stands still while the host is suspended. */
int64_t clock_ms(void);

/* Writes the wall clock in UTC as 2026-01-02T03:04:05.678+00:00 (RFC 3339) into `text`. */
void clock_utc(char text[CLOCK_TEXT_BYTES]);

/* A random number from 0 to `below` - 1, for jitter, not for secrets.  `below` is at least 1. */
int64_t clock_jitter(int64_t below);

#endif
