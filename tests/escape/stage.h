/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  What there is to be reached for: files in a folder, and listeners. */
#ifndef TESTS_ESCAPE_STAGE_H
#define TESTS_ESCAPE_STAGE_H

#include "tests/escape/attempt.h"

/*
 * Makes secret, data/, scratch/, the certificate and the sockets in the scene's folder, and listens on
 * loopback at the ports that it chooses, and at those above them.  0 or -errno.
 */
int stage_build(struct scene *scene);

/* Puts scratch/ back to what it was. */
void stage_reset(const struct scene *scene);

/* Whether scratch/ is what it was. */
bool stage_is_whole(const struct scene *scene);

/* Takes the connections that an attempt left. */
void stage_drain(void);

#endif
