/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  The Cloudflare helper's text: from the master's rules to the configuration of a
 * tunnel, and the account out of the answer that lists them.
 */
#ifndef MASTER_LINK_INGRESS_H
#define MASTER_LINK_INGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/json_check.h"

#define ACCOUNT_ID_MAX_BYTES 64

/*
 * Appends {"config":{"ingress":[…]}}: the active rules in their order, then the catch-all.
 * `rules` is an object that json_check called good.  Rules that are malformed are left out and
 * counted in `ret_skipped`.  0, -EMSGSIZE beyond the buffer's bound, -ENOMEM.
 */
int ingress_write(struct slice rules, struct buffer *out, size_t *ret_skipped);

/*
 * Reads the first account's id out of {"success":true,"result":[{"id":…}]}.  0 or -EBADMSG.
 */
int account_read(struct slice answer, char account[ACCOUNT_ID_MAX_BYTES + 1]);

/* Whether {"success":true} is said. */
bool answer_is_success(struct slice answer);

#endif
