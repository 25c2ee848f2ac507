/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor and gate-front.  Who may connect to an endpoint of the gate: addresses over TCP,
 * user ids over a unix socket (GATE_READ_PEERS, GATE_TUNNEL_PEERS).
 */
#ifndef COMMON_ADMISSION_H
#define COMMON_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/address.h"

#define ADMITTED_UIDS_MAX 16

struct admission {
	struct networks networks;
	size_t uid_count;
	uid_t uids[ADMITTED_UIDS_MAX];
};

/*
 * Reads a comma-separated list of addresses, networks and "uid:N".  0, or -EINVAL with a reason in
 * `ret_why` (a constant string).
 */
int admission_parse(const char *text, struct admission *ret_admission, const char **ret_why);

/* Without any network in the list: loopback, RFC 1918 and ULA addresses. */
bool admission_takes_address(const struct admission *admission, const struct address *address);

bool admission_takes_uid(const struct admission *admission, uid_t uid);

#endif
