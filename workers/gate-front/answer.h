/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  What gate-engine told, in the JSON that a client of Docker expects (Docker API 1.24 to
 * 1.44; the parts that docker-watcher, tunnel-keeper and Docker's own command read).  Each appends
 * to `out`: 0, -EMSGSIZE, -ENOMEM.
 */
#ifndef GATE_FRONT_ANSWER_H
#define GATE_FRONT_ANSWER_H

#include "common/buffer.h"
#include "common/message.h"

/* {"message": …}: a refusal. */
int answer_refusal(struct buffer *out, const char *message);

int answer_version(struct buffer *out, const struct message_gate_about_is *about);

/* One element of a list, with a comma before all but the first. */
int answer_row(struct buffer *out, const struct container_fact *fact, bool first);

/* One event, with a newline. */
int answer_event(struct buffer *out, const struct message_gate_event *event);

/* What inspect says; `out` is a secret buffer.  `network` is the one network's name. */
int answer_container(struct buffer *out, const struct message_gate_container *container,
    const char *network);

int answer_created(struct buffer *out, const char *id);
int answer_image(struct buffer *out, const char *id);
int answer_network(struct buffer *out, const char *id, const char *name);

/* One line of a pull, with a newline. */
int answer_progress(struct buffer *out, const struct message_gate_progress *progress);

#endif
