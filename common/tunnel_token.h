/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper and the gate's workers.  What a tunnel token says: base64 of {"a": account,
 * "t": tunnel, "s": secret} (cloudflared 2025.9, connection/connection.go).  And which tokens ALLOWED_TUNNELS lets through.
 */
#ifndef COMMON_TUNNEL_TOKEN_H
#define COMMON_TUNNEL_TOKEN_H

#include <stdbool.h>

#define TOKEN_PART_MAX_BYTES 64

struct token_facts {
	char account[TOKEN_PART_MAX_BYTES + 1];
	char tunnel[TOKEN_PART_MAX_BYTES + 1];
};

/* 0; -EINVAL for what is no tunnel token; -ENOMEM.  What is decoded on the way is wiped. */
int token_read(const char *token, struct token_facts *ret_facts);

/*
 * Whether ALLOWED_TUNNELS (a comma list of ACCOUNT or ACCOUNT/TUNNEL, in any case; NULL: not set,
 * everything is allowed) holds the token.
 */
bool token_is_allowed(const char *allowed, const struct token_facts *facts);

/*
 * Whether a text holds the token, or so much of it that it would be a secret told: Docker's texts
 * may be cut within it.
 */
bool token_is_in(const char *token, const char *text);

#endif
