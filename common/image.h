/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper and the gate's workers.  The parts of an image reference as users write it (CLOUDFLARED_IMAGE). */
#ifndef COMMON_IMAGE_H
#define COMMON_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#define IMAGE_MAX_BYTES 512
#define IMAGES_MAX 16 /* CLOUDFLARED_IMAGE and those of GATE_IMAGES */

/*
 * "host:5000/repo/name:tag" or "repo/name@sha256:…".  The tag is "latest" where neither is given:
 * without one Docker would pull all of them.
 */
struct image {
	char whole[IMAGE_MAX_BYTES + 1];      /* as written */
	char repository[IMAGE_MAX_BYTES + 1]; /* without tag and digest */
	char tag[IMAGE_MAX_BYTES + 1];        /* the tag, or the digest ("sha256:…") */
	bool digest;                          /* `tag` is a digest */
};

/* The images that the tunnel's container may have. */
struct images {
	size_t count;
	struct image list[IMAGES_MAX]; /* the first is CLOUDFLARED_IMAGE */
};

/* Splits a reference that the supervisor checked.  False if it is empty or too long. */
bool image_split(const char *text, struct image *ret_image);

/*
 * Whether two references name the same repository: "docker.io/" and "library/", which Docker adds
 * in its mind, make no difference.
 */
bool image_same_repository(const struct image *one, const struct image *other);

/* The same, tag or digest included. */
bool image_equal(const struct image *one, const struct image *other);

/*
 * Reads `image` and the list `more` (commas; NULL: none), which the supervisor checked.  False if
 * one can't be read, or there are more than IMAGES_MAX.
 */
bool images_read(const char *image, const char *more, struct images *ret_images);

/* The one of `images` that `text` names, whatever way it is written; NULL if `text` is NULL or none. */
const struct image *images_find(const struct images *images, const char *text);

#endif
