/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  The account as a person, or a program, gets it: on standard output. */
#ifndef AGENTCTL_SHOW_H
#define AGENTCTL_SHOW_H

#include "agentctl/account.h"
#include "agentctl/verdict.h"

/* A text longer than this is cut. */
#define SHOWN_MAX_BYTES 2048

/* Each: 0 or -ENOMEM.  What workers say is escaped (printable.h). */
int show_text(const struct account *account, enum health health, const char *reasons);
int show_json(const struct account *account, enum health health, const char *reasons);

#endif
