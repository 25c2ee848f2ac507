/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The one form in which the tunnel's container is made.  What an order may choose of
 * it is its image among the configured ones, the token, the command's id and two numbers;
 * docs/docker-gate.md shows the rest.
 */
#ifndef GATE_ENGINE_CREATE_H
#define GATE_ENGINE_CREATE_H

#include "common/buffer.h"
#include "common/record.h"
#include "workers/gate-engine/order.h"

#define CREATE_BODY_MAX_BYTES (16 * 1024)
/* cloudflared's own group in its image, which may read its token's file. */
#define TUNNEL_GID 65532

/*
 * Appends the body of POST /containers/create (Docker API 1.24 to 1.44) to a secret buffer.  0,
 * -EINVAL with a reason in `why` (never a value), -EMSGSIZE, -ENOMEM.
 */
int create_body(const struct gate_rules *rules, const struct order *order, struct buffer *out,
    char why[RECORD_WHY_BYTES]);

/* Appends the archive that brings the token's file to a secret buffer.  0, -EMSGSIZE, -ENOMEM. */
int create_archive(const struct order *order, struct buffer *out);

#endif
