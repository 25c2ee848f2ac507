/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  What the launcher and its victim say to each other. */
#ifndef TESTS_ESCAPE_VICTIM_H
#define TESTS_ESCAPE_VICTIM_H

#define CANARY_TEXT "nobody may see this, or change it"
#define CANARY_BYTES sizeof(CANARY_TEXT)

/* The answer to a byte; its first words are the canary's address. */
#define VICTIM_WELL 'w'
#define VICTIM_SIGNALLED 's' /* well, but it got HARMLESS_SIGNAL since the last answer */
#define VICTIM_HARMED 'h'    /* its memory was written */

#endif
