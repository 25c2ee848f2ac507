/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  The command line, from one table: what is accepted, what --help prints, and
 * the manual page's list.
 */
#ifndef AGENTCTL_OPTIONS_H
#define AGENTCTL_OPTIONS_H

#include <stdbool.h>

enum command { COMMAND_STATUS, COMMAND_HEALTH, COMMAND_REPORT, COMMAND_COUNT };

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

#define WATCH_FALLBACK_S 2
#define WATCH_MAX_S 3600

struct command_line {
	enum command command;
	bool json;
	bool strict;
	int watch_s; /* 0: once */
	enum colour colour;
};

struct agentctl_option {
	const char *name;
	const char *argument; /* that it may have, behind "="; NULL: none */
	int letter;
	unsigned commands; /* a bit, 1 << enum command, of each that takes it; 0: in place of one */
	const char *help;
};

#define AGENTCTL_OPTIONS 6
extern const struct agentctl_option agentctl_options[AGENTCTL_OPTIONS];

struct agentctl_command {
	const char *name;
	const char *help;
};

extern const struct agentctl_command agentctl_commands[COMMAND_COUNT];

/* -1: go on; else the exit status, with what is to be said about it said. */
int agentctl_options_read(int argc, char **argv, struct command_line *ret_options);

/* Whether standard output gets colours: as asked for, else on a terminal without NO_COLOR. */
bool agentctl_colour(const struct command_line *options);

#endif
