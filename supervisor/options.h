/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  The command line of dockflare-agent and docker-gate, from one table: what is
 * accepted, what --help prints, and the manual pages' lists.
 */
#ifndef SUPERVISOR_OPTIONS_H
#define SUPERVISOR_OPTIONS_H

#include <stdbool.h>

#include "common/buffer.h"
#include "policy/process.h"

struct supervisor_option {
	const char *name;
	const char *argument; /* that it may have, behind "="; NULL: none */
	int letter;
	unsigned programs; /* PROGRAM_BIT of each that has it */
	const char *help;
};

#define SUPERVISOR_OPTIONS 6
extern const struct supervisor_option supervisor_options[SUPERVISOR_OPTIONS];

struct options {
	bool check_only;
	bool online;
	bool print_policy;
	enum process printed; /* PROCESS_COUNT: all */
};

/* -1: go on; else the exit status, with what is to be said about it said. */
int options_read(enum program program, int argc, char **argv, struct options *ret_options);

#endif
