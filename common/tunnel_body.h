/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper and gate-front.  The body with which the agent asks for the tunnel's container (POST
 * /containers/create, Docker API 1.24 to 1.52): tunnel-keeper writes it, and the gate takes no other.
 */
#ifndef COMMON_TUNNEL_BODY_H
#define COMMON_TUNNEL_BODY_H

#include "common/record.h"

/* The environment variables in it, each with its "=". */
#define TUNNEL_TOKEN_MARK "TUNNEL_TOKEN="
#define TUNNEL_GRACE_MARK "TUNNEL_GRACE_PERIOD="
#define TUNNEL_METRICS_MARK "TUNNEL_METRICS=0.0.0.0:"

struct tunnel_restart {
	const char *name;
};

struct tunnel_host {
	const char *network;
	const struct tunnel_restart *restart;
	bool read_only;
	struct texts cap_drop;
	struct texts security;
};

struct tunnel_body {
	const char *image;
	struct texts command;
	struct texts environment; /* holds the token */
	struct map labels;
	const struct tunnel_host *host;
};

/* Closed: a field that is not in it refuses the whole. */
extern const struct record tunnel_body_record;

/* What the agent always asks for: the command, no capability, no new privilege, and when Docker
   starts it again. */
extern const struct texts tunnel_command, tunnel_no_capabilities, tunnel_no_privileges;
extern const struct tunnel_restart tunnel_unless_stopped;

#endif
