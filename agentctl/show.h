/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  The account as a person, or a program, gets it: on standard output. */
#ifndef AGENTCTL_SHOW_H
#define AGENTCTL_SHOW_H

#include "agentctl/account.h"
#include "agentctl/line.h"
#include "agentctl/verdict.h"

/* What workers say is escaped (printable.h). */
void show_text(const struct account *account, enum health health, const char *reasons,
    const struct output *output);

/* One object, on one line or on many.  0 or -ENOMEM. */
int show_json(const struct account *account, enum health health, const char *reasons,
    const struct output *output, bool one_line);

/* The part of show_text that tells of labelled containers. */
void show_seen(const struct account *account, const struct output *output);

/* Why nothing comes of it, "" where that needs its label's value, or all is well. */
const char *seen_reason(const struct seen_container *seen);

#endif
