/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  The commands in the answer to a poll.  Each is judged on its own, so that an
 * unknown, malformed or hostile one costs only itself: the master has forgotten them all by then.
 */
#ifndef MASTER_LINK_COMMAND_H
#define MASTER_LINK_COMMAND_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/json_check.h"
#include "common/message.h"

#define COMMAND_WHY_BYTES 240

enum command_kind {
	KIND_START,
	KIND_RESTART,
	KIND_STOP,
	KIND_CONFIGURE, /* update_tunnel_config */
	KIND_PREPARE,   /* prepare_decommission */
	KIND_FINALIZE,  /* finalize_decommission */
	KIND_COUNT,
};

/* The master's names, by enum command_kind; NULL-ended. */
extern const char *const command_actions[KIND_COUNT + 1];

struct command {
	enum command_kind kind;
	const char *tunnel_id; /* start, restart; the name may be missing for start */
	const char *tunnel_name;
	const char *token;        /* a secret */
	struct slice rules;       /* configure: an object */
	const char *operation_id; /* prepare, finalize */
	const char *command_id;
};

/*
 * Finds the list of commands in an answer that answer_judge called the master's.  False if there
 * is none.
 */
bool commands_find(struct slice answer, struct slice *ret_list);

/*
 * Judges one element of the list.  0, with texts in `arena` and `rules` inside `element`; or
 * -EBADMSG with one line in `why`, which quotes nothing secret.
 */
int command_decode(struct slice element, struct arena *arena, struct command *ret_command,
    char why[COMMAND_WHY_BYTES]);

#endif
