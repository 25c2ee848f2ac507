/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * name-resolver.  Lookups by c-ares, which never blocks: the hosts file first, then DNS, IPv4 and
 * IPv6 both.
 */
#ifndef NAME_RESOLVER_LOOKUP_H
#define NAME_RESOLVER_LOOKUP_H

#include <poll.h>

#include "common/message.h"

struct lookup;

/* NULL if the library can't be set up.  Reads the resolver's files. */
struct lookup *lookup_new(void);

enum lookup_end {
	LOOKUP_FOUND,
	LOOKUP_UNKNOWN, /* the DNS answered: there is no such name, or no address of it */
	LOOKUP_FAILED,  /* no server answered, or none could */
};

/* The addresses, at most ADDRESSES_MAX, or none and why; valid during the call. */
typedef void lookup_done(void *context, enum lookup_end end, struct texts addresses,
    const char *why);

/*
 * Looks a name up; calls `done` once, maybe before it returns.  `host` must stay until then.
 * resolv.conf is read anew where it has changed, or all servers have failed.
 */
void lookup_start(struct lookup *lookup, const char *host, lookup_done *done, void *context);

/* For struct worker_handlers.wait: poll over `fds` and the library's sockets. */
int lookup_wait(struct lookup *lookup, struct pollfd *fds, unsigned count, int timeout_ms);

#endif
