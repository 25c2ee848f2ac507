/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  A listening socket, which it opens before its sandbox and hands to a worker. */
#ifndef COMMON_LISTENER_H
#define COMMON_LISTENER_H

#include "common/config.h"

/*
 * Opens each listening socket of the configuration, before the sandbox, which lets nobody bind.  What
 * can't be opened is a mistake of it.  The caller owns the descriptors; -1: none.
 */
void listeners_open(struct config *config, int listeners[LISTENER_COUNT]);

/*
 * Binds and listens at a tcp:// address or a unix:// path (mode 0666: who may connect is judged by
 * user id, peer by peer); close-on-exec and non-blocking.  A socket file that nobody listens at is
 * replaced; one, or a port, that is in use is waited for, a second at most.  The descriptor, which
 * the caller owns; or -errno with one line in `why`.
 */
int listener_open(const struct url *url, struct buffer *why);

/*
 * Makes a listening socket fit for a next worker, whatever the last one did to it: listening, which
 * shutdown(2) ends (a unix socket does not come back from that), and non-blocking.
 * Returns the descriptor.
 */
int listener_renew(int fd);

#endif
