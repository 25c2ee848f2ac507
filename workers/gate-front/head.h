/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  The head of a request as libmicrohttpd read it, and what makes it refused whatever it
 * asks for: whoever stands before the gate must see the same request as it does.
 */
#ifndef GATE_FRONT_HEAD_H
#define GATE_FRONT_HEAD_H

#include "refusal.h"
#include "rules.h"
#include "wish.h"

#define HEADERS_MAX 32
#define HEADERS_MAX_BYTES 8192
#define BODY_MAX_BYTES 16384

struct header {
	struct slice name;
	struct slice value;
};

struct head {
	const char *method;
	const char *version; /* "HTTP/1.1" */
	const char *target;  /* as it came; NULL: longer than TARGET_MAX_BYTES */
	size_t count;        /* of headers; HEADERS_MAX + 1: too many */
	size_t header_bytes;
	struct header headers[HEADERS_MAX];
};

/* Adds a header, or counts it where there is no place any more. */
void head_add(struct head *head, struct slice name, struct slice value);

/*
 * Judges a request's head: framing first (refusal->close), then the route.  On success `ret_wish`
 * says what is asked for.
 */
bool head_judge(const struct rules *rules, const struct head *head, struct wish *ret_wish,
    struct refusal *refusal);

#endif
