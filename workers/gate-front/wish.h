/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  What a request asks for once its head was judged: a kind and a few typed fields. */
#ifndef GATE_FRONT_WISH_H
#define GATE_FRONT_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/message.h"

enum wish_kind {
	WISH_NONE,
	WISH_PING,
	WISH_VERSION,
	WISH_HEALTH,
	WISH_LIST,
	WISH_EVENTS,
	WISH_INSPECT,
	WISH_CREATE,
	WISH_START,
	WISH_STOP,
	WISH_REMOVE,
	WISH_NETWORK,
	WISH_IMAGE,
	WISH_PULL,
	WISH_COUNT,
};

struct wish {
	enum wish_kind kind;
	int64_t id;                             /* of the frame */
	char container[CONTAINER_ID_BYTES + 1]; /* the id that was asked for; "": the name */
	const char *image;                      /* the rules' own text; NULL: none */
	bool all;                               /* of a list */
	unsigned actions;                       /* of events: bits of action_bit(); 0: all */
	int64_t seconds;                        /* of a stop */
};

/* Whether its answer begins before it is whole. */
static inline bool
wish_is_stream(const struct wish *wish)
{
	return wish->kind == WISH_EVENTS || wish->kind == WISH_PULL;
}

#endif
