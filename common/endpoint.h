/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers that speak HTTP.  Where a worker connects to: the parts of a
 * configured URL, and the addresses that name-resolver gave for its host.  An address is asked for
 * when a connection is to be made and the last answer is over 60 s old, or a connection failed.
 */
#ifndef COMMON_ENDPOINT_H
#define COMMON_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/message.h"
#include "common/url.h"
#include "common/worker.h"

#define ENDPOINT_FRESH_MS 60000
#define ENDPOINT_ANSWER_MS 10000 /* how long an answer of name-resolver is waited for */

struct endpoint {
	struct url url;
	struct networks listed; /* the addresses that are accepted, if count is not 0 */
	bool (*good)(const struct endpoint *endpoint, const struct address *address);
	struct address addresses[ADDRESSES_MAX]; /* those that were judged good */
	size_t count;
	size_t next;         /* the one to try: a failure moves on */
	size_t failed;       /* in a row, since all of them had their turn */
	int64_t resolved_ms; /* 0: never, or no longer believed */
	int64_t asked_id;    /* the question under way; 0: none */
	char address_text[ADDRESS_TEXT_MAX_BYTES + 1];
	char error[192];  /* why there is no address */
	bool silent;      /* … that name-resolver did not answer */
	bool not_allowed; /* … that it has some, and none may be used */
	struct worker_timer timeout;
	void (*ready)(struct endpoint *endpoint, bool ok);
};

/*
 * Sets it up from a URL that the supervisor checked.  `good` judges each address.  Fatal on a URL
 * that can't be parsed (the supervisor checked it).
 */
void endpoint_init(struct endpoint *endpoint, const char *url, const char *listed,
    bool (*good)(const struct endpoint *endpoint, const struct address *address));

/*
 * Calls `ready` (at once, or when name-resolver has answered) with ok once
 * endpoint_address() may be used, or with !ok and a line in endpoint->error.  One question at a
 * time: a second call while one is under way only replaces `ready`.
 */
void endpoint_prepare(struct endpoint *endpoint, struct worker *worker,
    void (*ready)(struct endpoint *endpoint, bool ok));

/* The address to connect to, as text; NULL for a unix socket. */
const char *endpoint_address(struct endpoint *endpoint);

/*
 * A connection failed: the next address is taken next time, and names are asked for anew.  True if
 * that one's turn is now: the endpoint is away only once each of its addresses has failed.
 */
bool endpoint_failed(struct endpoint *endpoint);

/* There was an answer. */
void endpoint_worked(struct endpoint *endpoint);

/* Give it each MESSAGE_ADDRESSES; true if it was this endpoint's answer. */
bool endpoint_answer(struct endpoint *endpoint, struct worker *worker,
    const struct message_addresses *answer);

/* name-resolver was replaced: a question under way is asked again. */
void endpoint_resolver_up(struct endpoint *endpoint, struct worker *worker);

#endif
