/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  The `filters` of GET /events: {"type":["container"],"event":["start",…]}, or the
 * older form {"type":{"container":true}} (Docker API 1.24 to 1.44).
 */
#ifndef GATE_FRONT_EVENTS_FILTER_H
#define GATE_FRONT_EVENTS_FILTER_H

#include "common/json_check.h"
#include "refusal.h"

/* The bit of an event's action; 0 for one that no filter can name. */
unsigned action_bit(const char *action);

/* Reads the decoded text; `ret_actions` gets the bits that are asked for, 0 for all. */
bool filters_read(struct slice text, unsigned *ret_actions, struct refusal *refusal);

#endif
