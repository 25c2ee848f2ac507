/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See rules.h. */
#include "rules.h"

#include <string.h>

#define SEPARATORS ", \t"

static bool
add_image(struct rules *rules, const char *text, size_t length)
{
	char reference[IMAGE_MAX_BYTES + 1];

	if (rules->image_count == RULES_IMAGES_MAX || length >= sizeof(reference))
		return false;
	memcpy(reference, text, length);
	reference[length] = '\0';
	return image_split(reference, &rules->images[rules->image_count++]);
}

bool
rules_init(struct rules *rules, enum listener endpoint, const char *network, const char *image,
    const char *images)
{
	memset(rules, 0, sizeof(*rules));
	rules->endpoint = endpoint;
	rules->network = network;
	if (image != NULL && !add_image(rules, image, strlen(image)))
		return false;
	if (images == NULL)
		return true;
	for (images += strspn(images, SEPARATORS); *images != '\0';
	     images += strspn(images, SEPARATORS)) {
		size_t length = strcspn(images, SEPARATORS);

		if (!add_image(rules, images, length))
			return false;
		images += length;
	}
	return true;
}

const char *
rules_image(const struct rules *rules, const char *reference)
{
	struct image image;

	if (!image_split(reference, &image))
		return NULL;
	for (size_t at = 0; at < rules->image_count; at++)
		if (image_equal(&rules->images[at], &image))
			return rules->images[at].whole;
	return NULL;
}
