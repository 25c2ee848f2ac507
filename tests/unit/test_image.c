/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Image references: their parts, and which mean the same. */
#include "tests/unit/unit.h"

#include "common/image.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct row {
	const char *text;
	const char *repository;
	const char *tag;
	bool digest;
};

static const struct row rows[] = {
	{ "cloudflare/cloudflared:2025.9.0", "cloudflare/cloudflared", "2025.9.0", false },
	{ "cloudflare/cloudflared", "cloudflare/cloudflared", "latest", false },
	{ "cloudflared", "cloudflared", "latest", false },
	{ "registry:5000/cloudflared", "registry:5000/cloudflared", "latest", false },
	{ "registry:5000/cf/cloudflared:v1", "registry:5000/cf/cloudflared", "v1", false },
	{ "cf/cloudflared@" DIGEST, "cf/cloudflared", DIGEST, true },
	{ "registry:5000/cf@" DIGEST, "registry:5000/cf", DIGEST, true },
	{ "cf/cloudflared:v1@" DIGEST, "cf/cloudflared", DIGEST, true },
};

static void
each_has_its_parts(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct image image;

		assert_true(image_split(rows[at].text, &image));
		assert_string_equal(image.whole, rows[at].text);
		assert_string_equal(image.repository, rows[at].repository);
		assert_string_equal(image.tag, rows[at].tag);
		assert_int_equal(image.digest, rows[at].digest);
	}
}

static void
some_are_none(void **state)
{
	char long_text[IMAGE_MAX_BYTES + 2];
	struct image image;

	(void)state;
	memset(long_text, 'a', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	assert_false(image_split(long_text, &image));
	assert_false(image_split("", &image));
	assert_false(image_split(":tag", &image));
	assert_false(image_split("name:", &image));
	assert_false(image_split("name@", &image));
	long_text[IMAGE_MAX_BYTES] = '\0';
	assert_true(image_split(long_text, &image));
}

struct pair {
	const char *one;
	const char *other;
	bool same_repository;
	bool equal;
};

static const struct pair pairs[] = {
	{ "cf/cloudflared:1", "cf/cloudflared:1", true, true },
	{ "cf/cloudflared:1", "cf/cloudflared:2", true, false },
	{ "cf/cloudflared", "cf/cloudflared:latest", true, true },
	{ "docker.io/cf/cloudflared:1", "cf/cloudflared:1", true, true },
	{ "index.docker.io/library/cf:1", "cf:1", true, true },
	{ "registry:5000/cf/cloudflared:1", "cf/cloudflared:1", false, false },
	{ "cf/cloudflared@" DIGEST, "cf/cloudflared:1", true, false },
	{ "cf/cloudflared-evil:1", "cf/cloudflared:1", false, false },
};

static void
pairs_are_compared(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(pairs); at++) {
		struct image one, other;

		assert_true(image_split(pairs[at].one, &one));
		assert_true(image_split(pairs[at].other, &other));
		assert_int_equal(image_same_repository(&one, &other), pairs[at].same_repository);
		assert_int_equal(image_equal(&one, &other), pairs[at].equal);
	}
}

static void
a_list_has_the_first_image_in_front(void **state)
{
	struct images images;

	(void)state;
	assert_true(images_read("a:1", NULL, &images));
	assert_int_equal(images.count, 1);
	assert_true(images_read("a:1", "r:5000/b,c:2", &images));
	assert_int_equal(images.count, 3);
	assert_ptr_equal(images_find(&images, "docker.io/library/a:1"), &images.list[0]);
	assert_ptr_equal(images_find(&images, "c:2"), &images.list[2]);
	assert_null(images_find(&images, "c:1"));
	assert_null(images_find(&images, ""));
	assert_null(images_find(&images, NULL));
	assert_true(images_read("a:1", "b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", &images));
	assert_int_equal(images.count, IMAGES_MAX);
	assert_false(images_read("a:1", "b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", &images));
	assert_false(images_read("", NULL, &images));
	assert_false(images_read("a:1", "b,,c", &images));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_parts),
		cmocka_unit_test(some_are_none),
		cmocka_unit_test(pairs_are_compared),
		cmocka_unit_test(a_list_has_the_first_image_in_front),
	};

	return RUN_TESTS(tests);
}
