/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See rules.h. */
#include "rules.h"

#include <string.h>

bool
rules_init(struct rules *rules, enum listener endpoint, const char *network, const char *image,
    const char *images)
{
	memset(rules, 0, sizeof(*rules));
	rules->endpoint = endpoint;
	rules->network = network;
	return image == NULL || images_read(image, images, &rules->images);
}

const char *
rules_image(const struct rules *rules, const char *reference)
{
	const struct image *image = images_find(&rules->images, reference);

	return image == NULL ? NULL : image->whole;
}
