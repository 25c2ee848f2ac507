/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  What the launcher and its victim say to each other. */
#ifndef TESTS_ESCAPE_VICTIM_H
#define TESTS_ESCAPE_VICTIM_H

#include <stdbool.h>
#include <sys/types.h>

#define CANARY_TEXT "nobody may see this, or change it"
#define CANARY_BYTES sizeof(CANARY_TEXT)

/* The answer to a byte; what it says first is the canary's address. */
struct answer {
	bool signalled; /* scene.signal came since the last answer */
	bool harmed;    /* its memory was written */
	pid_t by;       /* who sent it; 0: unknown, as of a signal to everybody */
};

#endif
