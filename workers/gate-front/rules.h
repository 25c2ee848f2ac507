/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  What an endpoint lets through beside its table of routes: the one network, the
 * images, as configured.
 */
#ifndef GATE_FRONT_RULES_H
#define GATE_FRONT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/image.h"
#include "policy/process.h"

struct rules {
	enum listener endpoint;
	const char *network;  /* CLOUDFLARED_NETWORK_NAME; NULL at the read endpoint */
	struct images images; /* none at the read endpoint */
};

/*
 * `image` and `images` (a comma list) are CLOUDFLARED_IMAGE and GATE_IMAGES, or NULL; what `network`
 * points to stays the caller's.  False if there are too many images or one is none.
 */
bool rules_init(struct rules *rules, enum listener endpoint, const char *network, const char *image,
    const char *images);

/* The configured image that `reference` names, as it is configured; NULL if it is none of them. */
const char *rules_image(const struct rules *rules, const char *reference);

#endif
