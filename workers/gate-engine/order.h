/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  What a front asks for, judged: a frame becomes an order, in which nothing is left
 * of the frame's texts but what gate-engine knows by itself, or a refusal.  No I/O.
 */
#ifndef GATE_ENGINE_ORDER_H
#define GATE_ENGINE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/gate-engine/calls.h"
#include "common/image.h"
#include "common/message.h"
#include "workers/gate-engine/sight.h"

/* How cloudflared gets its token. */
enum token_in { TOKEN_IN_AUTO, TOKEN_IN_FILE, TOKEN_IN_ENVIRONMENT };

/* What the gate is configured to. */
struct gate_rules {
	struct images images;
	const char *network;
	const char *allowed; /* ALLOWED_TUNNELS; NULL: not set */
	enum token_in token_in;
	int64_t memory_mib;
};

enum verb {
	VERB_ABOUT,
	VERB_LIST,
	VERB_EVENTS,
	VERB_INSPECT,
	VERB_START,
	VERB_STOP,
	VERB_REMOVE,
	VERB_NETWORK,
	VERB_IMAGE,
	VERB_PULL,
	VERB_CREATE,
	VERB_COUNT,
};

struct order {
	int64_t id;
	enum verb verb;
	bool all;                               /* of a list */
	char container[CONTAINER_ID_BYTES + 1]; /* the id that was asked for; "": the name */
	const struct image *image;              /* the gate's own; NULL: none */
	int64_t seconds;                        /* of a stop */
	bool token_in_file;                     /* of a create; and what follows */
	char *token;                            /* on pages for secrets; owned */
	char command_id[COMMAND_ID_MAX_BYTES + 1];
	int64_t grace_s;
	int64_t metrics_port;
};

/* Why an order is not carried out. */
struct refusal {
	int status;                         /* as HTTP has it */
	char text[GATE_TEXT_MAX_BYTES + 1]; /* one line, without a secret */
	bool alarming;                      /* a front that is in order never asks for it */
};

/*
 * Judges a frame that message_decode called good.  0; -EPERM with the refusal; -ENOMEM.  The caller
 * frees the order with order_free either way; its id is set in any case.
 */
int order_take(const struct gate_rules *rules, const struct message *message,
    struct order *ret_order, struct refusal *ret_refusal);

void order_free(struct order *order);

/* The call with which an order begins. */
enum call order_first_call(const struct order *order);

/*
 * Judges the container that was found under the name.  0, and the call that comes next (CALL_COUNT:
 * none, the sight is all that was asked for); -EPERM with the refusal.
 */
int order_judge(const struct order *order, const struct sight *sight, enum call *ret_call,
    struct refusal *ret_refusal);

#endif
