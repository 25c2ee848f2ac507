/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-engine.  Judges what a front asks for: see order.h. */
#include "workers/gate-engine/order.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/secret_memory.h"
#include "common/tunnel_container.h"
#include "common/tunnel_token.h"

static int PRINTF_LIKE(3, 4) refuse(struct refusal *refusal, int status, const char *format, ...)
{
	va_list args;

	refusal->status = status;
	va_start(args, format);
	(void)vsnprintf(refusal->text, sizeof(refusal->text), format, args);
	va_end(args);
	return -EPERM;
}

static int
refuse_image(struct refusal *refusal)
{
	refusal->alarming = true;
	return refuse(refusal, 403,
	    "the image is neither CLOUDFLARED_IMAGE nor one of GATE_IMAGES");
}

/* ---- create ---- */

/* The number at `*at`, of at most `digits` digits; -1 if there is none. */
static int
take_number(const char **at, size_t digits)
{
	int number = 0;
	size_t count = 0;

	while (count < digits && (*at)[count] >= '0' && (*at)[count] <= '9')
		number = number * 10 + ((*at)[count++] - '0');
	*at += count;
	return count > 0 ? number : -1;
}

/* cloudflared has TUNNEL_TOKEN_FILE since 2025.4.0; what has no such tag is taken for newer. */
static bool
reads_token_file(const struct image *image)
{
	const char *at = image->tag;
	int year = take_number(&at, 4), month, patch;

	if (image->digest || year < 1000 || *at++ != '.')
		return true;
	month = take_number(&at, 2);
	if (month < 0 || *at++ != '.')
		return true;
	patch = take_number(&at, 4);
	if (patch < 0 || *at != '\0')
		return true;
	return year > 2025 || (year == 2025 && month >= 4);
}

static int
judge_token(const struct gate_rules *rules, const char *token, struct refusal *refusal)
{
	struct token_facts facts;
	int error = token_read(token, &facts);

	if (error == -ENOMEM)
		return -ENOMEM;
	if (error != 0)
		return refuse(refusal, 400, "TUNNEL_TOKEN is not a tunnel token");
	if (token_is_allowed(rules->allowed, &facts))
		return 0;
	refusal->alarming = true;
	return refuse(refusal, 403, "tunnel %s of account %s is not in ALLOWED_TUNNELS",
	    facts.tunnel, facts.account);
}

static int
take_create(const struct gate_rules *rules, const struct message_gate_create *create,
    struct order *order, struct refusal *refusal)
{
	const struct image *image = images_find(&rules->images, create->image);
	int error;

	if (image == NULL)
		return refuse_image(refusal);
	error = judge_token(rules, create->token, refusal);
	if (error != 0)
		return error;
	order->image = image;
	order->token_in_file = rules->token_in == TOKEN_IN_FILE ||
			       (rules->token_in == TOKEN_IN_AUTO && reads_token_file(image));
	order->grace_s = create->grace_s;
	order->metrics_port = create->metrics_port;
	if (create->command_id != NULL)
		(void)snprintf(order->command_id, sizeof(order->command_id), "%s",
		    create->command_id);
	order->token = secret_copy(create->token, strlen(create->token));
	return order->token == NULL ? -ENOMEM : 0;
}

/* ---- the other verbs ---- */

static const enum verb tunnel_verbs[] = {
	[GATE_INSPECT] = VERB_INSPECT,
	[GATE_START] = VERB_START,
	[GATE_STOP] = VERB_STOP,
	[GATE_REMOVE] = VERB_REMOVE,
	[GATE_NETWORK] = VERB_NETWORK,
	[GATE_IMAGE] = VERB_IMAGE,
	[GATE_PULL] = VERB_PULL,
};

static int
take_tunnel(const struct gate_rules *rules, const struct message_gate_tunnel *tunnel,
    struct order *order, struct refusal *refusal)
{
	order->verb = tunnel_verbs[tunnel->verb];
	order->seconds = tunnel->seconds;
	if (tunnel->container != NULL)
		(void)snprintf(order->container, sizeof(order->container), "%s", tunnel->container);
	if (order->verb != VERB_IMAGE && order->verb != VERB_PULL)
		return 0;
	order->image = images_find(&rules->images, tunnel->image);
	return order->image == NULL ? refuse_image(refusal) : 0;
}

int
order_take(const struct gate_rules *rules, const struct message *message, struct order *ret_order,
    struct refusal *ret_refusal)
{
	const union message_body *body = &message->body;

	*ret_order = (struct order){ 0 };
	*ret_refusal = (struct refusal){ 0 };
	switch ((int)message->id) {
	case MESSAGE_GATE_ABOUT:
		ret_order->id = body->gate_about.id;
		ret_order->verb = VERB_ABOUT;
		return 0;
	case MESSAGE_GATE_READ:
		ret_order->id = body->gate_read.id;
		ret_order->verb = body->gate_read.verb == GATE_EVENTS ? VERB_EVENTS : VERB_LIST;
		ret_order->all = body->gate_read.all;
		return 0;
	case MESSAGE_GATE_TUNNEL:
		ret_order->id = body->gate_tunnel.id;
		return take_tunnel(rules, &body->gate_tunnel, ret_order, ret_refusal);
	case MESSAGE_GATE_CREATE:
		ret_order->id = body->gate_create.id;
		ret_order->verb = VERB_CREATE;
		return take_create(rules, &body->gate_create, ret_order, ret_refusal);
	default:
		return refuse(ret_refusal, 400, "no such request");
	}
}

void
order_free(struct order *order)
{
	secret_free(order->token);
	order->token = NULL;
}

enum call
order_first_call(const struct order *order)
{
	static const enum call first[VERB_COUNT] = {
		[VERB_ABOUT] = CALL_VERSION,
		[VERB_LIST] = CALL_LIST,
		[VERB_EVENTS] = CALL_EVENTS,
		[VERB_INSPECT] = CALL_INSPECT,
		[VERB_START] = CALL_INSPECT,
		[VERB_STOP] = CALL_INSPECT,
		[VERB_REMOVE] = CALL_INSPECT,
		[VERB_NETWORK] = CALL_NETWORK,
		[VERB_IMAGE] = CALL_IMAGE,
		[VERB_PULL] = CALL_PULL,
		[VERB_CREATE] = CALL_CREATE,
	};

	return order->verb == VERB_LIST && order->all ? CALL_LIST_ALL : first[order->verb];
}

int
order_judge(const struct order *order, const struct sight *sight, enum call *ret_call,
    struct refusal *ret_refusal)
{
	static const enum call acts[VERB_COUNT] = {
		[VERB_START] = CALL_START,
		[VERB_STOP] = CALL_STOP,
		[VERB_REMOVE] = CALL_REMOVE,
	};

	*ret_refusal = (struct refusal){ 0 };
	*ret_call = CALL_COUNT;
	if (order->container[0] != '\0' && strcmp(order->container, sight->id) != 0)
		return refuse(ret_refusal, 404, "No such container: %s", order->container);
	if (order->verb == VERB_INSPECT) {
		if (sight->token_in_file)
			*ret_call = CALL_READ_TOKEN;
		return 0;
	}
	if (!sight->ours) {
		ret_refusal->alarming = true;
		return refuse(ret_refusal, 403,
		    "the container named " TUNNEL_CONTAINER_NAME " is not the agent's");
	}
	*ret_call = acts[order->verb];
	return 0;
}
