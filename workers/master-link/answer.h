/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  What an answer means: whether it is the master that speaks at all, and what has to
 * follow.  One place for every status and code; nothing here has an effect.
 */
#ifndef MASTER_LINK_ANSWER_H
#define MASTER_LINK_ANSWER_H

#include "common/http.h"

#define ANSWER_CODE_BYTES 64
#define ANSWER_REASON_BYTES 400

/* Whom a request goes to: the same status means different things. */
enum route {
	ROUTE_REGISTER, /* POST /register */
	ROUTE_AGENT,    /* everything below an agent's id */
	ROUTE_HELPER,   /* the Cloudflare helper, which old masters do not have */
};

enum verdict {
	VERDICT_DONE,        /* 2xx and the master's JSON */
	VERDICT_REGISTER,    /* the master does not know this agent or session: register */
	VERDICT_FORBIDDEN,   /* the same, answered as a wrong key: register, once */
	VERDICT_REJECTED,    /* /register itself says that the key is not good */
	VERDICT_STALE,       /* the sequence was used: go on with a higher one */
	VERDICT_REFUSED,     /* this body will never be taken */
	VERDICT_NOT_OFFERED, /* this master has no such route */
	VERDICT_UNKEPT,      /* the master could not do it and kept nothing: send again */
	VERDICT_AWAY,        /* no answer of the master's own: try again later */
	VERDICT_COUNT,
};

struct judgement {
	enum verdict verdict;
	char code[ANSWER_CODE_BYTES];     /* the master's, "" without one */
	char reason[ANSWER_REASON_BYTES]; /* one line, and what to do where that is known */
};

/* Whether the body is an object, so that it may be the master who speaks. */
bool answer_is_object(struct slice body);

/* Judges an answer.  Never quotes its body but for a code of letters, digits, "_", "-", ".". */
void answer_judge(const struct http_answer *answer, enum route route,
    struct judgement *ret_judgement);

#endif
