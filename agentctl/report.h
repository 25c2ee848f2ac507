/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  `report`: the whole account as a text that may be pasted in public.  What
 * is written as it came is the supervisor's own, a number, or a word of a table; all else goes
 * through mask.h.
 */
#ifndef AGENTCTL_REPORT_H
#define AGENTCTL_REPORT_H

#include <stdio.h>

#include "agentctl/account.h"
#include "agentctl/verdict.h"

void report(const struct account *account, enum health health, const char *reasons, FILE *file);

/* What is left to tell where no agent answers. */
void report_nothing(const char *why, FILE *file);

#endif
