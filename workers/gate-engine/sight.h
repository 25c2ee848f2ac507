/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  What Docker says of the container of the tunnel's name, as a plain struct (answer
 * of GET /containers/NAME/json, Docker API 1.24 to 1.44).  Trusts neither the engine nor whoever
 * made that container: everything is bounded, and of its environment only the token is kept.
 */
#ifndef GATE_ENGINE_SIGHT_H
#define GATE_ENGINE_SIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/image.h"
#include "common/printable.h"
#include "common/json_check.h"
#include "common/message.h"
#include "common/record.h"

#define SIGHT_TIME_BYTES 64
#define SIGHT_STATE_BYTES 32

/* Lives on pages for secrets. */
struct sight {
	char id[CONTAINER_ID_BYTES + 1];
	char image[GATE_IMAGE_MAX_BYTES + 1];
	char state[SIGHT_STATE_BYTES + 1]; /* Docker's State.Status */
	bool ours;                         /* what follows is only told of ours */
	bool labelled;
	bool token_in_file; /* its environment names the gate's own file */
	char token[TOKEN_MAX_BYTES + 1];
	char error[GATE_TEXT_MAX_BYTES + 1]; /* printable; the engine's, on why it does not run */
	char started_at[SIGHT_TIME_BYTES + 1];
	char finished_at[SIGHT_TIME_BYTES + 1];
	char command_id[COMMAND_ID_MAX_BYTES + 1];
	bool on_network;
	char address[ADDRESS_TEXT_MAX_BYTES + 1];
	char address6[ADDRESS_TEXT_MAX_BYTES + 1];
	int64_t exit_code;
	int64_t restart_count;
};

/*
 * Reads an inspect answer; `image` is the configured one, by which the Python agent's container is
 * known.  0; -EBADMSG with one line in `why` (never a value) for what is no such answer; -ENOMEM.
 * On failure `ret_sight` is zeroed.
 */
int sight_read(struct slice answer, const struct image *image, const char *network,
    struct sight *ret_sight, char why[RECORD_WHY_BYTES]);

/* Takes the token from the archive of its file.  0 or -EBADMSG. */
int sight_take_token(struct sight *sight, struct slice archive);

/* What gate-tunnel is told; its texts are the sight's. */
void sight_tell(const struct sight *sight, int64_t id, struct message_gate_container *ret_message);

#endif
