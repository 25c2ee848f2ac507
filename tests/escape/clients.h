/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  A front's endpoint: a listening socket, and clients that come to it. */
#ifndef TESTS_ESCAPE_CLIENTS_H
#define TESTS_ESCAPE_CLIENTS_H

#include <stdbool.h>

#define CLIENTS_MAX 256

/* A listening socket on loopback at which `count` clients wait, for the caller to close; or -errno. */
int clients_come(unsigned count);

/* Whether one more can connect to it. */
bool clients_may_come(int listener);

/* Closes the clients' ends. */
void clients_leave(void);

#endif
