/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  What is wanted of the tunnel, and its form on disk: tunnel_state.json as the
 * Python agent writes it, so that a volume serves either.
 */
#ifndef TUNNEL_KEEPER_DESIRED_H
#define TUNNEL_KEEPER_DESIRED_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/json_check.h"
#include "common/message.h"

enum wanted { WANTED_RUNNING, WANTED_STOPPED, WANTED_UNKNOWN };

/*
 * Empty texts mean none.  `command_id` is the last command's; with `pending` that command is not
 * carried out yet: a restart until the container carries its id, a stop until the container is
 * gone.  Only while it is pending does the file hold it, in a field that the Python agent ignores:
 * a crash in between loses nothing.
 */
struct desired {
	int state;                       /* enum wanted */
	char token[TOKEN_MAX_BYTES + 1]; /* a secret */
	char id[TUNNEL_ID_MAX_BYTES + 1];
	char name[TUNNEL_NAME_MAX_BYTES + 1];
	char command_id[COMMAND_ID_MAX_BYTES + 1];
	bool pending;
};

/*
 * Reads the file.  Empty content means that there is none yet.  0, -EBADMSG with one line in
 * `why` (never a value), -ENOMEM; on failure nothing is wanted (WANTED_UNKNOWN).
 */
int desired_read(struct slice content, struct desired *ret_desired, char why[RECORD_WHY_BYTES]);

/* Appends the file's content to a secret buffer.  0, -EMSGSIZE, -ENOMEM. */
int desired_write(const struct desired *desired, struct buffer *out);

/* Sets the tunnel; NULL counts as empty.  The texts are within the bounds of their messages. */
void desired_set_tunnel(struct desired *desired, const char *token, const char *id,
    const char *name);

/* Sets the command that is not carried out yet; NULL: there is none. */
void desired_set_command(struct desired *desired, const char *command_id, bool pending);

#endif
