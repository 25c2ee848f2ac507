/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  decommission.json, in the Python agent's form: that the master has taken this
 * agent out of service, and how far.
 */
#ifndef MASTER_LINK_TOMBSTONE_H
#define MASTER_LINK_TOMBSTONE_H

#include "common/buffer.h"
#include "common/clock.h"
#include "common/json_check.h"
#include "common/message.h"

struct tombstone {
	enum lifecycle phase; /* LIFECYCLE_ACTIVE: there is none */
	char operation_id[OPERATION_ID_MAX_BYTES + 1];
	char agent_id[AGENT_ID_MAX_BYTES + 1];
	char prepared_at[CLOCK_TEXT_BYTES];  /* RFC 3339, "" for unknown */
	char finalized_at[CLOCK_TEXT_BYTES]; /* "" before */
};

/* Reads the file, active if it is empty.  0; -EBADMSG if it holds something else. */
int tombstone_read(struct slice content, struct tombstone *ret_tombstone);

/* Appends the file's text.  Not for an active one.  Errors as record_encode. */
int tombstone_write(const struct tombstone *tombstone, struct buffer *out);

#endif
