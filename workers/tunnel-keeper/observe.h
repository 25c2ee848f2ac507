/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  What Docker says of the container of our name, as a plain struct (answer of
 * GET /containers/NAME/json, Docker API 1.24 to 1.44).  Trusts neither the engine nor whoever made
 * that container: everything is bounded, and its environment is looked at and not kept.
 */
#ifndef TUNNEL_KEEPER_OBSERVE_H
#define TUNNEL_KEEPER_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/image.h"
#include "common/json_check.h"
#include "common/message.h"
#include "common/printable.h"
#include "common/tunnel_container.h"

#define STARTED_AT_BYTES 40
#define CONTAINER_ERROR_BYTES 160
#define CONTAINER_ID_SHOWN 12

enum presence { PRESENCE_UNSEEN, PRESENCE_ABSENT, PRESENCE_OURS, PRESENCE_FOREIGN, PRESENCE_COUNT };

/* Docker's State.Status; anything else is DEAD, which is replaced. */
enum container_state {
	CONTAINER_STATE_CREATED,
	CONTAINER_STATE_RUNNING,
	CONTAINER_STATE_PAUSED,
	CONTAINER_STATE_RESTARTING,
	CONTAINER_STATE_REMOVING,
	CONTAINER_STATE_EXITED,
	CONTAINER_STATE_DEAD,
	CONTAINER_STATE_COUNT,
};

extern const char *const container_state_names[CONTAINER_STATE_COUNT + 1];

struct observed {
	int presence; /* enum presence; what follows only counts for OURS, `id` for FOREIGN too */
	char id[CONTAINER_ID_BYTES + 1];
	int state; /* enum container_state */
	int64_t exit_code;
	char error[CONTAINER_ERROR_BYTES]; /* of the engine, printable ASCII */
	int64_t restart_count;
	char started_at[STARTED_AT_BYTES];
	char command_id[COMMAND_ID_MAX_BYTES + 1];
	struct image image;
	bool labelled;                            /* carries our owner label */
	bool token_matches;                       /* it runs with the token that is wanted */
	bool on_network;                          /* attached to the configured network */
	char address[ADDRESS_TEXT_MAX_BYTES + 1]; /* on that network; "" if it has none */
};

/* What the container is compared with. */
struct expected {
	const struct image *image;
	const char *network;
	const char *token; /* "": none */
};

/*
 * Reads an inspect answer.  0; -EBADMSG with one line in `why` (never a value) for what is no such
 * answer; -ENOMEM.  On failure `ret_observed` is PRESENCE_UNSEEN.
 */
int observe(struct slice answer, const struct expected *expected, struct observed *ret_observed,
    char why[RECORD_WHY_BYTES]);

#endif
