/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  Image references, from the environment and from Docker.
 *
 * Covers: common/setting_image.c common/image.c
 */
#include "common/setting_value.h"
#include "common/image.h"
#include "tests/fuzz/fuzz.h"

/* The parts, put together again, are the whole. */
static void
judge_parts(const char *text, bool good, const struct image *image)
{
	char again[2 * IMAGE_MAX_BYTES + 8];
	size_t named = strlen(image->repository);

	fuzz_assert(strlen(image->whole) <= IMAGE_MAX_BYTES);
	if (image->whole[0] == '\0') {
		fuzz_assert(!good && (text[0] == '\0' || strlen(text) > IMAGE_MAX_BYTES));
		return;
	}
	fuzz_assert(strcmp(image->whole, text) == 0);
	fuzz_assert(good == (image->repository[0] != '\0' && image->tag[0] != '\0'));
	fuzz_assert(image_equal(image, image) && image_same_repository(image, image));
	fuzz_assert(strncmp(text, image->repository, named) == 0);
	(void)snprintf(again, sizeof(again), "%s%c%s", image->repository, image->digest ? '@' : ':',
	    image->tag);
	/* A digest may stand behind a tag, and "latest" is added. */
	if (!image->digest && strcmp(image->tag, "latest") != 0)
		fuzz_assert(strcmp(again, text) == 0);
	if (image->digest)
		fuzz_assert(strcmp(strchr(text, '@') + 1, image->tag) == 0);
}

static void
judge_other_names(const struct image *image)
{
	char longer[IMAGE_MAX_BYTES + 32];
	struct image other;

	(void)snprintf(longer, sizeof(longer), "docker.io/%s", image->whole);
	if (strncmp(image->whole, "docker.io/", 10) != 0 &&
	    strncmp(image->whole, "index.docker.io/", 16) != 0 && image_split(longer, &other))
		fuzz_assert(image_equal(image, &other));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text _cleanup_free_ = fuzz_text(fuzz_slice(bytes, length));
	struct buffer out _cleanup_buffer_ = BUFFER(4096), why _cleanup_buffer_ = BUFFER(4096);
	struct buffer again _cleanup_buffer_ = BUFFER(4096);
	struct image image;
	bool good;

	memset(&image, 'x', sizeof(image));
	good = image_split(text, &image);
	judge_parts(text, good, &image);
	if (value_image(text, &out, &why) != 0) {
		fuzz_assert(out.length == 0 && why.length > 0);
		return 0;
	}
	fuzz_assert(strncasecmp(out.bytes, text, out.length) == 0);
	fuzz_assert(value_image(out.bytes, &again, &why) == 0);
	fuzz_assert(strcmp(out.bytes, again.bytes) == 0);
	good = image_split(out.bytes, &image);
	fuzz_assert(good);
	judge_parts(out.bytes, good, &image);
	judge_other_names(&image);
	return 0;
}
