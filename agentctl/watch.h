/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  `status --watch`: the same text again and again, on a terminal always in the
 * same place.
 */
#ifndef AGENTCTL_WATCH_H
#define AGENTCTL_WATCH_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Has `draw` write a frame every `seconds`, without end: a signal ends the process, and a terminal
 * is left as it was, also while the process is stopped (Ctrl-Z).  Returns 1 if standard output
 * takes nothing more.
 */
int watch(int seconds, void (*draw)(FILE *file, void *context), void *context);

/* Whether that is on a terminal, where each frame takes the place of the last. */
bool watch_on_terminal(void);

#endif
