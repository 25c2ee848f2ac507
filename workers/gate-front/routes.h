/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  The one table of what may be asked for: method, path, endpoint, parameters.  A target
 * is judged as it came, before anything is decoded, and what is not in the table is refused.
 */
#ifndef GATE_FRONT_ROUTES_H
#define GATE_FRONT_ROUTES_H

#include "refusal.h"
#include "rules.h"
#include "wish.h"

#define PATH_MAX_BYTES 1024
#define ROUTES_MAX 32

/*
 * Judges a method and a raw request target.  On success `ret_wish` says what is asked for; a create
 * still needs its body.
 */
bool route_find(const struct rules *rules, const char *method, const char *target,
    struct wish *ret_wish, struct refusal *refusal);

/* For tests and documentation: the row's method and pattern, NULL behind the last. */
const char *route_text(size_t at);

#endif
