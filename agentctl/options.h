/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  The command line. */
#ifndef AGENTCTL_OPTIONS_H
#define AGENTCTL_OPTIONS_H

#include <stdbool.h>

enum command { COMMAND_STATUS, COMMAND_HEALTH, COMMAND_REPORT, COMMAND_COUNT };

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

#define WATCH_FALLBACK_S 2
#define WATCH_MAX_S 3600

struct options {
	enum command command;
	bool json;
	bool strict;
	int watch_s; /* 0: once */
	enum colour colour;
};

/* -1: go on; else the exit status, with what is to be said about it said. */
int options_read(int argc, char **argv, struct options *ret_options);

/* Whether standard output gets colours: as asked for, else on a terminal without NO_COLOR. */
bool options_colour(const struct options *options);

#endif
