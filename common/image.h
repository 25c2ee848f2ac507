/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper and the gate's workers.  The parts of an image reference as users write it (CLOUDFLARED_IMAGE). */
#ifndef COMMON_IMAGE_H
#define COMMON_IMAGE_H

#include <stdbool.h>

#define IMAGE_MAX_BYTES 512

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

/* Splits a reference that the supervisor checked.  False if it is empty or too long. */
bool image_split(const char *text, struct image *ret_image);

/*
 * Whether two references name the same repository: "docker.io/" and "library/", which Docker adds
 * in its mind, make no difference.
 */
bool image_same_repository(const struct image *one, const struct image *other);

/* The same, tag or digest included. */
bool image_equal(const struct image *one, const struct image *other);

#endif
