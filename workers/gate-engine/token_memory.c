/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  Remembers the token of the tunnel's container, whose file nobody in the container can
 * change.  So the file is read once, and not while Docker removes the container: to read from one
 * that does not run Docker mounts its files, and what is mounted can't be removed.
 */
#include <string.h>

#include "common/secret_memory.h"
#include "workers/gate-engine/gate.h"

struct known_token {
	char id[CONTAINER_ID_BYTES + 1];
	char token[TOKEN_MAX_BYTES + 1];
};

const char *
token_known(const struct gate *gate, const char *id)
{
	const struct known_token *known = gate->known;

	return known != NULL && strcmp(known->id, id) == 0 ? known->token : NULL;
}

void
token_remember(struct gate *gate, const char *id, const char *token)
{
	if (gate->known == NULL)
		gate->known = secret_alloc(sizeof(*gate->known));
	if (gate->known == NULL || strlen(token) > TOKEN_MAX_BYTES)
		fatal("a token can't be kept");
	explicit_bzero(gate->known, sizeof(*gate->known));
	memcpy(gate->known->id, id, strlen(id));
	memcpy(gate->known->token, token, strlen(token));
}
