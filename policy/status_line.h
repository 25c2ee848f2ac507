/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  One line of a process's /proc/PID/status (proc(5)), whose name a worker chooses. */
#ifndef POLICY_STATUS_LINE_H
#define POLICY_STATUS_LINE_H

#include <stdbool.h>

#define STATUS_LINE_BYTES 160

/*
 * The value of the first line of that name, blanks folded to one, cut to fit; false, and empty, if
 * there is no such line.
 */
bool status_line(const char *text, const char *name, char value[STATUS_LINE_BYTES]);

#endif
