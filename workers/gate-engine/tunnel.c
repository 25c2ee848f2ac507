/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The container of the tunnel's name.  Each step with it begins with an own look at
 * what has the name now; what is done then is done to the id that was found.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/secret_memory.h"
#include "common/tunnel_container.h"
#include "common/tunnel_token.h"
#include "workers/gate-engine/gate.h"

static const char *const done_texts[VERB_COUNT] = {
	[VERB_START] = "started",
	[VERB_STOP] = "stopped",
	[VERB_REMOVE] = "removed",
};

/* ---- what is told ---- */

static void
tell(struct request *request)
{
	struct message_gate_container message;
	struct sight *sight = request->sight;

	if (token_is_in(sight->token, sight->error))
		sight->error[0] = '\0';
	sight_tell(sight, request->order.id, &message);
	if (request_send(request, MESSAGE_GATE_CONTAINER, &message))
		request_done(request, 200, NULL);
}

/*
 * Where the file is not there (404), or not what the gate put there, the container is told without a
 * token, so that the agent makes it anew.  An engine that fails otherwise, as one that shuts down
 * does, says nothing of the file: a tunnel that is well must not be taken for one without a token.
 */
static void
on_token(void *context, const struct http_answer *answer)
{
	struct request *request = context;

	request->http = NULL;
	if (answer->error != HTTP_OK || (answer->status != 200 && answer->status != 404)) {
		request_pass_on(request, answer);
		return;
	}
	if (answer->status == 404)
		log_debug("the token's file is not there");
	else if (sight_take_token(request->sight, answer->body) != 0)
		log_event(LOG_TOKEN_FOREIGN, "the token's file is not what the gate put there");
	else
		token_remember(request->gate, request->sight->id, request->sight->token);
	tell(request);
}

/* ---- what is done ---- */

static void
on_act(void *context, const struct http_answer *answer)
{
	struct request *request = context;
	bool settled = answer->error == HTTP_OK && (answer->status == 204 || answer->status == 304);

	request->http = NULL;
	if (!settled) {
		request_pass_on(request, answer);
		return;
	}
	if (answer->status == 204)
		log_event(LOG_GATE_STEP, "tunnel container %s (%.12s)",
		    done_texts[request->order.verb], request->sight->id);
	request_done(request, (int)answer->status, NULL);
}

/* ---- the look ---- */

/* What Docker could not remove as a whole has no files any more. */
static bool
is_half_gone(const struct sight *sight)
{
	return strcmp(sight->state, "dead") == 0 || strcmp(sight->state, "removing") == 0;
}

/* Whether the token's file need not be read: it is known, or can't be. */
static bool
knows_token(struct request *request)
{
	struct sight *sight = request->sight;
	const char *token = token_known(request->gate, sight->id);

	if (token != NULL)
		(void)snprintf(sight->token, sizeof(sight->token), "%s", token);
	return token != NULL || is_half_gone(sight);
}

static void
take_sight(struct request *request, enum call next)
{
	static const struct step token_step = { .on_done = on_token };
	static const struct step act_step = { .on_done = on_act };

	if (next == CALL_COUNT || (next == CALL_READ_TOKEN && knows_token(request)))
		tell(request);
	else
		request_call(request, next, next == CALL_READ_TOKEN ? &token_step : &act_step);
}

static void
on_inspect(void *context, const struct http_answer *answer)
{
	struct request *request = context;
	const struct gate_rules *rules = &request->gate->rules;
	char why[RECORD_WHY_BYTES];
	struct refusal refusal;
	enum call next;
	int error;

	request->http = NULL;
	if (answer->error != HTTP_OK || answer->status != 200) {
		request_pass_on(request, answer);
		return;
	}
	request->sight = secret_alloc(sizeof(*request->sight));
	if (request->sight == NULL)
		fatal("out of memory");
	error = sight_read(answer->body, &rules->images.list[0], rules->network, request->sight,
	    why);
	if (error == -ENOMEM)
		fatal("out of memory");
	if (error != 0)
		request_unusable(request, why);
	else if (order_judge(&request->order, request->sight, &next, &refusal) != 0)
		request_refuse(request, &refusal);
	else
		take_sight(request, next);
}

void
tunnel_begin(struct request *request)
{
	static const struct step step = { .on_done = on_inspect };

	request_call(request, order_first_call(&request->order), &step);
}
