/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  What the answer to a registration says.  Masters of protocol 1 put their whole record
 * of the agent into it, secrets included.
 */
#ifndef MASTER_LINK_REGISTERED_H
#define MASTER_LINK_REGISTERED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/record.h"

struct registered {
	const char *agent_id;
	int64_t protocol_version; /* 0: not said, so 1 */
	const char *agent_session_id;
};

/*
 * Reads the answer; the texts live in `arena`.  0, or -EBADMSG (-ENOMEM) with one line in `why`,
 * which quotes nothing.
 */
int registered_read(struct slice answer, struct arena *arena, struct registered *ret_registered,
    char why[RECORD_WHY_BYTES]);

/* Whether the master knows protocol 2, whichever it picked. */
bool registered_is_modern(struct slice answer, const struct registered *registered);

/* The master's record of the agent; each may be NULL. */
struct agent_record {
	const char *status;
	const char *assigned_tunnel_id;
	const char *assigned_tunnel_name;
	const char *assigned_tunnel_token; /* a secret */
};

/* The same for the record in an answer that registered_read took; -ENOENT if it holds none. */
int agent_record_read(struct slice answer, struct arena *arena, struct agent_record *ret_record,
    char why[RECORD_WHY_BYTES]);

#endif
