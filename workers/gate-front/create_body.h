/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  The body of POST /containers/create: just what tunnel-keeper asks for
 * (workers/tunnel-keeper/create.c).  A field that is not in the record refuses the whole, by name.
 */
#ifndef GATE_FRONT_CREATE_BODY_H
#define GATE_FRONT_CREATE_BODY_H

#include "common/arena.h"
#include "common/json_check.h"
#include "common/message.h"
#include "refusal.h"
#include "rules.h"

/*
 * Reads the body; what `ret_create` points to lives in `arena`, which is on pages for secrets, or is
 * the rules'.  Its id is not set.
 */
bool create_body_read(const struct rules *rules, struct slice body, struct arena *arena,
    struct message_gate_create *ret_create, struct refusal *refusal);

#endif
