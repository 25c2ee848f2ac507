/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  What it all comes to, in one word and one line.  Whoever restarts what is
 * unhealthy must not make it worse, so only what a restart can't harm is called that: no answer, a
 * tunnel that should serve and does not, or one of the two workers that talk to Docker gives signs
 * of life and does nothing.
 */
#ifndef AGENTCTL_VERDICT_H
#define AGENTCTL_VERDICT_H

#include "agentctl/account.h"

/* Without a contact for so long the link is degraded, as on the Python agent's health page. */
#define CONTACT_OLD_S 120

enum health { HEALTHY, DEGRADED, UNHEALTHY, PREPARED, DECOMMISSIONED, HEALTH_COUNT };

extern const char *const health_names[HEALTH_COUNT];

/* Judges; appends the reasons to `reasons` (not yet escaped), joined by "; ", none if healthy. */
enum health verdict(const struct account *account, struct buffer *reasons);

#endif
