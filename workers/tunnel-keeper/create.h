/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  The one form in which the tunnel's container is made: nothing in it comes from
 * the master but the token and an id.
 */
#ifndef TUNNEL_KEEPER_CREATE_H
#define TUNNEL_KEEPER_CREATE_H

#include <stdint.h>

#include "common/buffer.h"
#include "common/record.h"

struct create {
	const char *image;
	const char *network;
	const char *token;
	const char *command_id; /* "": no label of it */
	int64_t metrics_port;
};

/*
 * Appends the body of POST /containers/create (Docker API 1.24 to 1.44) to a secret buffer.  0,
 * -EINVAL with a reason in `why`, -EMSGSIZE, -ENOMEM.
 */
int create_body(const struct create *create, struct buffer *out, char why[RECORD_WHY_BYTES]);

/* Reads the id from the answer (64 hex digits) into `ret_id` (65 bytes).  0 or -EBADMSG, -ENOMEM. */
int create_read_id(struct slice answer, char *ret_id);

#endif
