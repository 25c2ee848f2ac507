/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  The bodies of requests to the master, for both protocols. */
#ifndef MASTER_LINK_BODY_H
#define MASTER_LINK_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "container_text.h"

#define SESSION_ID_MAX_BYTES 256
/* A report of all that the view may hold. */
#define BODY_MAX_BYTES ((size_t)48 * 1024 * 1024)

/* What a registration gave, and what counts from there. */
struct session {
	int64_t protocol; /* 1 or 2; 0: none */
	bool modern;      /* the master knows protocol 2, whichever it picked */
	char id[SESSION_ID_MAX_BYTES + 1];
	int64_t event_sequence;  /* of the next event */
	int64_t report_sequence; /* of the next report */
};

/* Each appends one object to `out`.  0, -ENOMEM, -EMSGSIZE. */

struct registration {
	const char *display_name; /* NULL: the master chooses */
	const char *version;
	const char *agent_id; /* NULL: none yet */
};

int body_register(const struct registration *registration, struct buffer *out);

/* `type`, and `container` (NULL: none; stopped ones are told as they were last told). */
int body_event(const struct session *session, const char *type,
    const struct container_text *container, struct buffer *out);

struct tunnel_told {
	const char *name; /* NULL: not known */
	const char *status;
	const char *version; /* NULL: not known */
};

int body_tunnel_status(const struct session *session, const struct tunnel_told *tunnel,
    struct buffer *out);

/* `containers` is a JSON array; length 0: the inventory is not complete (protocol 2 only). */
int body_report(const struct session *session, struct slice containers, struct buffer *out);

/* The acknowledgements of a decommission. */
struct acknowledgement {
	const char *operation_id;
	const char *command_id;
	const char *phase; /* "prepared", "shutdown_scheduled" */
	bool tombstone_persisted;
	const char *tunnel_container; /* NULL when finalizing, as the next two */
	const char *cloudflared_image;
	const char *error_code;
};

int body_acknowledge(const struct session *session, const struct acknowledgement *acknowledgement,
    struct buffer *out);

#endif
