/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper and the gate's workers.  Image references: see image.h. */
#include "common/image.h"

#include <stdio.h>
#include <string.h>

/* Copies `length` bytes with a NUL; the target has room for a whole reference. */
static void
copy(char target[IMAGE_MAX_BYTES + 1], const char *text, size_t length)
{
	memcpy(target, text, length);
	target[length] = '\0';
}

bool
image_split(const char *text, struct image *ret_image)
{
	size_t length = strlen(text), name_length;
	const char *at, *slash, *colon;

	memset(ret_image, 0, sizeof(*ret_image));
	if (length == 0 || length > IMAGE_MAX_BYTES)
		return false;
	copy(ret_image->whole, text, length);
	at = strchr(text, '@');
	name_length = at == NULL ? length : (size_t)(at - text);
	slash = memrchr(text, '/', name_length);
	colon = memrchr(text, ':', name_length);
	/* A colon before the last slash belongs to a port. */
	if (colon != NULL && slash != NULL && colon < slash)
		colon = NULL;
	copy(ret_image->repository, text, colon == NULL ? name_length : (size_t)(colon - text));
	if (at != NULL)
		copy(ret_image->tag, at + 1, length - name_length - 1);
	else if (colon != NULL)
		copy(ret_image->tag, colon + 1, (size_t)(text + length - colon) - 1);
	else
		copy(ret_image->tag, "latest", sizeof("latest") - 1);
	ret_image->digest = at != NULL;
	return ret_image->repository[0] != '\0' && ret_image->tag[0] != '\0';
}

/* The repository without what Docker adds to a short name (distribution/reference). */
static const char *
short_name(const char *repository)
{
	static const char *const prefixes[] = { "docker.io/", "index.docker.io/" };

	for (size_t at = 0; at < sizeof(prefixes) / sizeof(prefixes[0]); at++) {
		size_t length = strlen(prefixes[at]);

		if (strncmp(repository, prefixes[at], length) == 0) {
			repository += length;
			break;
		}
	}
	if (strncmp(repository, "library/", 8) == 0)
		repository += 8;
	return repository;
}

bool
image_same_repository(const struct image *one, const struct image *other)
{
	return strcmp(short_name(one->repository), short_name(other->repository)) == 0;
}

bool
image_equal(const struct image *one, const struct image *other)
{
	return image_same_repository(one, other) && strcmp(one->tag, other->tag) == 0;
}

static bool
add(struct images *images, const char *text, size_t length)
{
	char entry[IMAGE_MAX_BYTES + 1];

	if (images->count == IMAGES_MAX || length > IMAGE_MAX_BYTES)
		return false;
	copy(entry, text, length);
	return image_split(entry, &images->list[images->count++]);
}

bool
images_read(const char *image, const char *more, struct images *ret_images)
{
	ret_images->count = 0;
	if (!add(ret_images, image, strlen(image)))
		return false;
	while (more != NULL && *more != '\0') {
		size_t length = strcspn(more, ",");

		if (!add(ret_images, more, length))
			return false;
		more += length + (more[length] == ',' ? 1 : 0);
	}
	return true;
}

const struct image *
images_find(const struct images *images, const char *text)
{
	struct image wanted;

	if (text == NULL || !image_split(text, &wanted))
		return NULL;
	for (size_t at = 0; at < images->count; at++)
		if (image_equal(&images->list[at], &wanted))
			return &images->list[at];
	return NULL;
}
