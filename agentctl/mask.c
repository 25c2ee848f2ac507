/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dockflare-agentctl.  See mask.h. */
#include "agentctl/mask.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"

#define BLANKS " \t\r\n\v\f"
/* As words.py strips them. */
#define STRIPPED "\"'`()[]{}<>,.;:!?=|"
/* A longer row of these is a text of its own. */
#define STRIPPED_MAX 3
#define DIGITS "0123456789"
#define HEX "0123456789abcdefABCDEF"
#define NUMBER_MAX_DIGITS 5
#define WORD_MAX_BYTES 255
#define ID_MIN_DIGITS 12
#define ERRNO_LAST 133
#define VERSION_PARTS 3

/* ---- names ---- */

static const char *
find(const struct mask *mask, const char *text, size_t length)
{
	for (size_t at = 0; at < mask->count; at++)
		if (strlen(mask->items[at].text) == length &&
		    memcmp(mask->items[at].text, text, length) == 0)
			return mask->items[at].placeholder;
	return NULL;
}

/* How many of that kind there are. */
static unsigned
count_of(const struct mask *mask, const char *kind)
{
	size_t length = strlen(kind);
	unsigned count = 0;

	for (size_t at = 0; at < mask->count; at++) {
		const char *placeholder = mask->items[at].placeholder;

		if (strncmp(placeholder, kind, length) == 0 && placeholder[length] == '-')
			count++;
	}
	return count;
}

static const char *
name_bytes(struct mask *mask, const char *kind, const char *text, size_t length)
{
	const char *known = find(mask, text, length);
	struct masked *item = &mask->items[mask->count];

	if (known != NULL)
		return known;
	if (mask->count == MASKED_MAX || (item->text = strndup(text, length)) == NULL)
		return "(masked)";
	snprintf(item->placeholder, sizeof(item->placeholder), "%.12s-%u", kind,
	    count_of(mask, kind) + 1);
	mask->count++;
	return item->placeholder;
}

const char *
mask_name(struct mask *mask, const char *kind, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return "(none)";
	return name_bytes(mask, kind, text, strlen(text));
}

/* ---- words ---- */

static int
compare(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

/* The kernel's and libc's own words for errors. */
static bool
is_errno_word(const char *word)
{
	size_t length = strlen(word);

	for (int number = 1; number <= ERRNO_LAST; number++) {
		const char *text = strerrordesc_np(number);

		for (const char *at = text; at != NULL && *at != '\0';) {
			size_t here = strcspn(at, " ");

			if (here == length && memcmp(at, word, length) == 0)
				return true;
			at += here + strspn(at + here, " ");
		}
	}
	return false;
}

/* "404", "1.41". */
static bool
is_number(const char *word)
{
	size_t digits = strspn(word, DIGITS);

	if (digits == 0 || digits > NUMBER_MAX_DIGITS)
		return false;
	word += digits;
	if (*word != '.')
		return *word == '\0';
	digits = strspn(word + 1, DIGITS);
	return digits > 0 && digits <= NUMBER_MAX_DIGITS && word[1 + digits] == '\0';
}

static bool
is_harmless(const char *word)
{
	return is_number(word) || is_errno_word(word) ||
	       bsearch(word, mask_words, mask_word_count, sizeof(mask_words[0]), compare) != NULL;
}

/* What a word that is not shown looks like, for whoever reads the report. */
static const char *
kind_of(const char *word)
{
	if (strstr(word, "://") != NULL)
		return "url";
	if (word[0] == '/')
		return "path";
	if (strspn(word, DIGITS ".:/") == strlen(word) && strpbrk(word, ".:") != NULL)
		return "address";
	if (strlen(word) >= ID_MIN_DIGITS && strspn(word, HEX "-") == strlen(word))
		return "id";
	return "text";
}

/* ---- free texts ---- */

/* Whether a known name that ends here is a whole one: "web" is none of "web-2" and "web.test". */
static bool
ends_here(const char *text)
{
	if (*text == '.')
		return text[1] == '\0' || strchr(BLANKS, text[1]) != NULL;
	return *text == '\0' || strchr(BLANKS STRIPPED, *text) != NULL;
}

/* The longest known name at the beginning of `text`, its length, 0 for none. */
static size_t
known_at(const struct mask *mask, const char *text, const char **ret_placeholder)
{
	size_t longest = 0;

	for (size_t at = 0; at < mask->count; at++) {
		const char *name = mask->items[at].text;
		size_t length = strlen(name);

		if (length <= longest || strncmp(text, name, length) != 0 ||
		    !ends_here(text + length))
			continue;
		longest = length;
		*ret_placeholder = mask->items[at].placeholder;
	}
	return longest;
}

/* One word between blanks, without what is stripped around it. */
static void
add_core(struct mask *mask, const char *core, size_t length, struct buffer *out)
{
	char word[WORD_MAX_BYTES + 1] = "";

	/* No word of the programs' is longer. */
	if (length < sizeof(word))
		memcpy(word, core, length);
	if (word[0] != '\0' && is_harmless(word))
		(void)buffer_add(out, core, length);
	else
		(void)buffer_add_text(out, name_bytes(mask, kind_of(word), core, length));
}

/* How many bytes of the text are taken. */
static size_t
add_word(struct mask *mask, const char *text, struct buffer *out)
{
	size_t length = strcspn(text, BLANKS), before = strspn(text, STRIPPED), behind = 0;
	const char *placeholder = "";
	size_t known;

	if (before > STRIPPED_MAX)
		before = 0;
	if (before > length)
		before = length;
	known = known_at(mask, text + before, &placeholder);
	if (known > 0) {
		(void)buffer_add(out, text, before);
		(void)buffer_add_text(out, placeholder);
		return before + known;
	}
	while (length - behind > before && strchr(STRIPPED, text[length - behind - 1]) != NULL)
		behind++;
	if (behind > STRIPPED_MAX)
		behind = 0;
	(void)buffer_add(out, text, before);
	if (length > before + behind)
		add_core(mask, text + before, length - before - behind, out);
	(void)buffer_add(out, text + length - behind, behind);
	return length;
}

void
mask_add_text(struct mask *mask, const char *text, struct buffer *out)
{
	while (text != NULL && *text != '\0') {
		if (strchr(BLANKS, *text) != NULL) {
			(void)buffer_add_text(out, " ");
			text += strspn(text, BLANKS);
		} else {
			text += add_word(mask, text, out);
		}
	}
}

/* ---- values of a known shape ---- */

void
mask_add_version(const char *version, struct buffer *out)
{
	size_t taken = 0, parts = 0;

	if (version == NULL || version[0] == '\0') {
		(void)buffer_add_text(out, "(not known)");
		return;
	}
	while (parts < VERSION_PARTS) {
		size_t dot = parts > 0 && version[taken] == '.' ? 1 : 0;
		size_t digits = strspn(version + taken + dot, DIGITS);

		if ((parts > 0 && dot == 0) || digits == 0 || digits > NUMBER_MAX_DIGITS)
			break;
		taken += dot + digits;
		parts++;
	}
	/* Four numbers are an address. */
	if (version[taken] == '.')
		taken = 0;
	(void)buffer_add(out, version, taken);
	(void)buffer_add_text(out, version[taken] == '\0' ? "" : "…");
}

void
mask_add_service(const char *service, struct buffer *out)
{
	static const char *const schemes[] = { "http", "https", "tcp", "ssh", "rdp", "smb", "unix",
		"unix+tls", "http_status", "bastion", "hello_world" };
	const char *end = service == NULL ? NULL : strpbrk(service, ":/");
	size_t length = service == NULL ? 0 :
			end == NULL     ? strlen(service) :
					  (size_t)(end - service);
	const char *port = service == NULL ? NULL : strrchr(service, ':');
	const char *scheme = "(masked)";

	if (service == NULL) {
		(void)buffer_add_text(out, "(none)");
		return;
	}
	for (size_t at = 0; at < ARRAY_LEN(schemes); at++)
		if (strlen(schemes[at]) == length && memcmp(schemes[at], service, length) == 0)
			scheme = schemes[at];
	(void)buffer_add_text(out, scheme);
	if (port != NULL && is_number(port + 1) && strchr(port, '.') == NULL)
		(void)buffer_printf(out, " port %s", port + 1);
}

void
mask_free(struct mask *mask)
{
	while (mask->count > 0)
		free(mask->items[--mask->count].text);
}
