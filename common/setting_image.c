/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Supervisor.  CLOUDFLARED_IMAGE: a Docker image reference (the distribution project's grammar), as
 * users write it, with blanks, a comment or further words behind it.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/setting_value.h"

#define IMAGE_MAX_BYTES 400
#define DIGEST_MARK "@sha256:"
#define DIGEST_DIGITS 64

static bool
is_lower(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

static bool
is_word(char byte)
{
	return is_lower(byte) || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* HOST[:PORT] before the first slash: has a dot, a colon, or is localhost. */
static bool
is_registry(const char *start, size_t length)
{
	return memchr(start, '.', length) != NULL || memchr(start, ':', length) != NULL ||
	       (length == 9 && memcmp(start, "localhost", 9) == 0);
}

static bool
is_good_registry(const char *start, size_t length)
{
	for (size_t at = 0; at < length; at++)
		if (!is_word(start[at]) && strchr(".:-[]", start[at]) == NULL)
			return false;
	return length > 0;
}

/* Length of the separator at the start: one ".", one or two "_", or any number of "-"; 0: none. */
static size_t
separator(const char *start, size_t length)
{
	size_t count = 1;

	if (start[0] == '-') {
		while (count < length && start[count] == '-')
			count++;
		return count;
	}
	if (start[0] == '_')
		return length > 1 && start[1] == '_' ? 2 : 1;
	return start[0] == '.' ? 1 : 0;
}

/* Lower case letters and digits, with single separators between them. */
static bool
is_component(const char *start, size_t length)
{
	size_t at = 0;

	while (at < length && is_lower(start[at])) {
		at++;
		if (at < length)
			at += separator(start + at, length - at);
		else
			return true;
	}
	return false;
}

static bool
is_repository(const char *start, size_t length)
{
	const char *slash = memchr(start, '/', length);

	if (slash != NULL && is_registry(start, (size_t)(slash - start))) {
		if (!is_good_registry(start, (size_t)(slash - start)))
			return false;
		length -= (size_t)(slash - start) + 1;
		start = slash + 1;
	}
	for (;;) {
		slash = memchr(start, '/', length);
		if (slash == NULL)
			return is_component(start, length);
		if (!is_component(start, (size_t)(slash - start)))
			return false;
		length -= (size_t)(slash - start) + 1;
		start = slash + 1;
	}
}

static bool
is_tag(const char *start, size_t length)
{
	if (length == 0 || length > 128 || !is_word(start[0]))
		return false;
	for (size_t at = 1; at < length; at++)
		if (!is_word(start[at]) && start[at] != '.' && start[at] != '-')
			return false;
	return true;
}

static bool
is_digest(const char *digits)
{
	return strlen(digits) == DIGEST_DIGITS &&
	       strspn(digits, "0123456789abcdefABCDEF") == DIGEST_DIGITS;
}

/* Where the tag's colon is: behind the last slash.  NULL without a tag. */
static const char *
find_tag(const char *name, size_t length)
{
	const char *slash = memrchr(name, '/', length);
	const char *start = slash == NULL ? name : slash + 1;

	return memchr(start, ':', length - (size_t)(start - name));
}

static bool
is_name_and_tag(const char *name, size_t length)
{
	const char *colon = find_tag(name, length);

	if (colon == NULL)
		return is_repository(name, length);
	return is_repository(name, (size_t)(colon - name)) &&
	       is_tag(colon + 1, length - (size_t)(colon - name) - 1);
}

int
value_image(const char *raw, struct buffer *out, struct buffer *why)
{
	char image[IMAGE_MAX_BYTES];
	size_t length = strcspn(raw, " \t#");
	char *digest;

	if (length == 0 || length >= sizeof(image))
		goto refuse;
	memcpy(image, raw, length);
	image[length] = '\0';
	digest = strstr(image, DIGEST_MARK);
	if (digest == NULL) {
		if (!is_name_and_tag(image, length))
			goto refuse;
		return buffer_add(out, image, length);
	}
	if (!is_name_and_tag(image, (size_t)(digest - image)) ||
	    !is_digest(digest + strlen(DIGEST_MARK)))
		goto refuse;
	for (char *at = digest; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'F')
			*at = (char)(*at - 'A' + 'a');
	return buffer_add_text(out, image);
refuse:
	(void)buffer_add_text(why,
	    "is no image reference; use REPOSITORY:TAG or REPOSITORY@sha256:DIGEST");
	return -EINVAL;
}
