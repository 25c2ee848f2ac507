/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The worker's one struct and what its files offer each other.  It alone of the gate
 * reaches the Docker engine.  A frame of a front becomes an order (order.c); an order leads to
 * calls of the one table (calls.c); their answers become the frames of the answer, of which the
 * last is `gate-done`.
 *
 * A send may find that the front reads too slowly: its channel is closed then, and each request of
 * it is gone.  So whoever sends looks at the result before it touches the request again.
 */
#ifndef GATE_ENGINE_GATE_H
#define GATE_ENGINE_GATE_H

#include "common/docker.h"
#include "common/http.h"
#include "common/log_event.h"
#include "common/rate.h"
#include "common/splitter.h"
#include "common/worker.h"
#include "workers/gate-engine/calls.h"
#include "workers/gate-engine/order.h"
#include "workers/gate-engine/rows.h"
#include "workers/gate-engine/sight.h"

/* For each front. */
#define REQUESTS_MAX 32
#define STREAMS_MAX 24
#define FRONTS 2

struct request {
	struct gate *gate; /* NULL: a free place */
	enum process peer;
	struct order order;
	bool waits; /* for the link to the engine */
	bool deaf;  /* who asked is gone; what has begun is carried through */
	bool begun; /* `gate-begun` was sent */
	enum call call;
	struct http_request *http;
	struct splitter splitter; /* of a list, events, a pull */
	size_t bytes;             /* of a list: read so far */
	struct rows rows;
	struct sight *sight;               /* owned, on pages for secrets; NULL: none */
	char made[CONTAINER_ID_BYTES + 1]; /* of a create */
	struct worker_timer timer;
};

/* link.c: the connection to the engine. */
struct link {
	bool connected;
	bool connecting;
	bool told;        /* its version was logged */
	int64_t tried_ms; /* when a connect was last begun */
	int64_t away_ms;  /* since when the engine does not answer; 0: it does */
	int64_t wait_ms;  /* until the next connect; doubles */
	char error[HTTP_DETAIL_BYTES];
	struct worker_timer retry;
};

/* Lines of one kind: so many, then a count of those that were left out. */
struct quiet {
	struct rate rate;
	int64_t left_out;
};

struct gate {
	struct worker *worker;
	struct http *http;
	struct docker docker;
	struct gate_rules rules;
	const char *prefix; /* LABEL_PREFIX, or NULL */
	int64_t creates_a_minute;
	struct link link;
	struct request requests[FRONTS][REQUESTS_MAX + STREAMS_MAX];
	struct rate creates;
	struct quiet refusals;
	struct quiet failures;
	struct quiet oversized;
	struct notes notes;        /* labels that are dropped */
	uint64_t list_number;      /* the last list that was begun */
	struct known_token *known; /* owned, on pages for secrets; NULL: none yet */
	int64_t requests_count;
	int64_t creates_count;
};

/* ---- link.c ---- */

void link_begin(struct gate *gate);

/* A request needs the engine: connects now unless it has just failed to.  Whether it may wait. */
bool link_wanted(struct gate *gate);

/* The connection is no longer believed in: connects anew.  NULL: without a reason to tell. */
void link_lost(struct gate *gate, const char *reason);

void link_end(struct gate *gate);
void gate_tell_status(struct gate *gate);

/* ---- request.c ---- */

/* Takes a judged frame of a front. */
void request_take(struct gate *gate, enum process peer, const struct message *message);

/* Whoever asked is gone. */
void request_cancel(struct gate *gate, enum process peer, int64_t id);
void requests_drop(struct gate *gate, enum process peer);
void requests_end(struct gate *gate);

/* The link is there, or is not: what waits for it goes on, or is refused. */
void requests_go_on(struct gate *gate);
void requests_give_up(struct gate *gate, const char *error);

/* Who is called back with a piece may end its request: nothing of it is touched afterwards but the
   splitter, which is then an empty one. */
struct step {
	struct slice body;
	const char *body_type;
	void (*on_start)(void *context, long status);
	bool (*on_data)(void *context, struct slice piece);
	void (*on_done)(void *context, const struct http_answer *answer);
};

/* Starts a call for the request, which is the step's context. */
void request_call(struct request *request, enum call call, const struct step *step);

/* Ends a request and all that it holds; nothing is told. */
void request_release(struct request *request);

/* ---- token_memory.c ---- */

/* The token of the container of that id (64 digits), if it is the one that is remembered; or NULL. */
const char *token_known(const struct gate *gate, const char *id);

/* Remembers it in place of any other; `token` has at most TOKEN_MAX_BYTES. */
void token_remember(struct gate *gate, const char *id, const char *token);

/* ---- reply.c ---- */

/* Sends an answer.  False: the request is gone. */
bool request_send(struct request *request, enum message_id id, const void *body);

/* Sends `gate-begun` once.  False: the request is gone. */
bool request_begin(struct request *request);

/* The last answer; the request is gone then.  `text` may be NULL. */
void request_done(struct request *request, int status, const char *text);
void request_refuse(struct request *request, const struct refusal *refusal);

/* Ends the request because its call did: no answer of the engine's, or one that can't be used. */
void request_failed(struct request *request, const struct http_answer *answer);
void request_unusable(struct request *request, const char *why);
void request_unreachable(struct request *request, const char *why);

/*
 * Ends the request with the engine's own status and message, without the token; gate-read is told
 * the status only.
 */
void request_pass_on(struct request *request, const struct http_answer *answer);

/* Refuses what never became a request. */
void reply_refusal(struct gate *gate, enum process peer, int64_t id, const struct refusal *refusal);

/* Whether a line may be logged; `ret_left_out` tells how many were not since the last one. */
bool quiet_allows(struct quiet *quiet, int64_t *ret_left_out);

/* ---- one file a verb; each begins with the first call ---- */

void about_begin(struct request *request);
void list_begin(struct request *request);
void events_begin(struct request *request);
void lookup_begin(struct request *request); /* network, image */
void pull_begin(struct request *request);
void tunnel_begin(struct request *request); /* inspect, start, stop, remove */
void create_begin(struct request *request);

#endif
