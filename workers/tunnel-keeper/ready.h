/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  What cloudflared says of itself on /ready and /metrics (2025.9, metrics/). */
#ifndef TUNNEL_KEEPER_READY_H
#define TUNNEL_KEEPER_READY_H

#include <stdint.h>

#include "common/json_check.h"

#define VERSION_MAX_BYTES 64

/* The number of connections to Cloudflare's edge, -1 if the answer is not cloudflared's. */
int64_t ready_connections(struct slice answer);

/*
 * Takes the version from Prometheus text: build_info{…,version="2025.9.0"} 1.  Empty if there is
 * none, or none of printable ASCII within the bound.
 */
void ready_version(struct slice metrics, char version[VERSION_MAX_BYTES + 1]);

#endif
