/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  From a judged request to the frame that gate-engine gets. */
#ifndef GATE_FRONT_FRAME_H
#define GATE_FRONT_FRAME_H

#include "common/arena.h"
#include "common/message.h"
#include "refusal.h"
#include "rules.h"
#include "wish.h"

/*
 * `body` is a create's.  What the message points to lives in `arena`, `wish` and `rules`.  False if
 * the body refuses it.
 */
bool frame_make(const struct rules *rules, const struct wish *wish, struct slice body,
    struct arena *arena, struct message *ret_message, struct refusal *refusal);

#endif
