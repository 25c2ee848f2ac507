/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See frame.h. */
#include "frame.h"

#include <string.h>

#include "create_body.h"

static const int tunnel_verbs[WISH_COUNT] = {
	[WISH_INSPECT] = GATE_INSPECT,
	[WISH_START] = GATE_START,
	[WISH_STOP] = GATE_STOP,
	[WISH_REMOVE] = GATE_REMOVE,
	[WISH_NETWORK] = GATE_NETWORK,
	[WISH_IMAGE] = GATE_IMAGE,
	[WISH_PULL] = GATE_PULL,
};

static void
make_read(const struct wish *wish, struct message *message)
{
	message->id = MESSAGE_GATE_READ;
	message->body.gate_read = (struct message_gate_read){ .id = wish->id,
		.verb = wish->kind == WISH_LIST ? GATE_LIST : GATE_EVENTS,
		.all = wish->all };
}

static void
make_tunnel(const struct wish *wish, struct message *message)
{
	message->id = MESSAGE_GATE_TUNNEL;
	message->body.gate_tunnel = (struct message_gate_tunnel){ .id = wish->id,
		.verb = tunnel_verbs[wish->kind],
		.container = wish->container[0] == '\0' ? NULL : wish->container,
		.image = wish->image,
		.seconds = wish->seconds };
}

bool
frame_make(const struct rules *rules, const struct wish *wish, struct slice body,
    struct arena *arena, struct message *ret_message, struct refusal *refusal)
{
	memset(ret_message, 0, sizeof(*ret_message));
	switch (wish->kind) {
	case WISH_PING:
	case WISH_VERSION:
	case WISH_HEALTH:
		ret_message->id = MESSAGE_GATE_ABOUT;
		ret_message->body.gate_about.id = wish->id;
		return true;
	case WISH_LIST:
	case WISH_EVENTS:
		make_read(wish, ret_message);
		return true;
	case WISH_CREATE:
		ret_message->id = MESSAGE_GATE_CREATE;
		if (!create_body_read(rules, body, arena, &ret_message->body.gate_create, refusal))
			return false;
		ret_message->body.gate_create.id = wish->id;
		return true;
	case WISH_INSPECT:
	case WISH_START:
	case WISH_STOP:
	case WISH_REMOVE:
	case WISH_NETWORK:
	case WISH_IMAGE:
	case WISH_PULL:
		make_tunnel(wish, ret_message);
		return true;
	case WISH_NONE:
	case WISH_COUNT:
		break;
	}
	return refuse(refusal, 500, "no request has this kind");
}
