/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  The log of what was refused: what was asked, never with which value. */
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"
#include "front.h"

#define BURST 20
#define A_SECOND 1
#define PATH_SHOWN_BYTES 120

/* The path as a person may see it, without the query, cut. */
static void
show_path(const char *target, char shown[PATH_SHOWN_BYTES + 1])
{
	size_t at, length = strcspn(target, "?");

	for (at = 0; at < length && at < PATH_SHOWN_BYTES; at++)
		shown[at] = target[at] > 0x20 && target[at] < 0x7f ? target[at] : '?';
	shown[at] = '\0';
}

/* If so, what was left out before is told, too. */
static bool
may_log(struct refusals *refusals)
{
	if (!rate_allows(&refusals->rate, clock_ms(), BURST, A_SECOND))
		return false;
	if (refusals->left_out > 0)
		log_event(LOG_GATE_REFUSED, "refused: %lld more, which are not named here",
		    (long long)refusals->left_out);
	refusals->left_out = 0;
	return true;
}

void
refusals_add(struct front *front, const struct exchange *exchange, const char *why)
{
	const char *endpoint = front->process == PROCESS_GATE_READ ? "read" : "tunnel";
	char path[PATH_SHOWN_BYTES + 1] = "";

	front->refusals.total++;
	if (!may_log(&front->refusals)) {
		front->refusals.left_out++;
		return;
	}
	if (exchange == NULL) {
		log_event(LOG_GATE_REFUSED, "refused: %s (%s endpoint)", why, endpoint);
		return;
	}
	if (exchange->target != NULL)
		show_path(exchange->target, path);
	/* Without a method it never became a whole request. */
	log_event(LOG_GATE_REFUSED, "refused: %s %s: %s (%s endpoint)",
	    exchange->method[0] == '\0' ? "a request for" : exchange->method, path, why, endpoint);
}

void
refusals_tick(struct front *front)
{
	if (front->refusals.left_out > 0)
		(void)may_log(&front->refusals);
}
