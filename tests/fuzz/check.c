/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  What a check reads beyond what the work does: the date of a master's answer, and
 * the networks of a container in Docker's list.
 *
 * Covers: common/http_date.c workers/docker-watcher/networks.c
 */
#include "common/http_date.h"
#include "tests/fuzz/fuzz.h"
#include "workers/docker-watcher/networks.h"

#define YEAR_10000_S 253402300800

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);
	int64_t seconds = http_date(text);
	enum on_network on;

	fuzz_assert(seconds >= -1 && seconds < YEAR_10000_S + 86400);
	/* What a date is, it is only as a whole. */
	if (seconds >= 0 && length > 0)
		fuzz_assert(http_date((struct slice){ text.bytes, length - 1 }) == -1);
	if (json_check_structure(text, JSON_MAX_DEPTH) != JSON_GOOD)
		return 0;
	on = list_network(text, "cloudflare-net");
	fuzz_assert(on == ON_NETWORK || on == OFF_NETWORK || on == NOT_TOLD);
	/* Whoever is on a network is on it by its name. */
	if (on == ON_NETWORK)
		fuzz_assert(memmem(text.bytes, text.length, "\"cloudflare-net\"", 16) != NULL ||
			    memmem(text.bytes, text.length, "\"host\"", 6) != NULL);
	return 0;
}
