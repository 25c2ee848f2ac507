/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  See printable.h.  The text may be a worker's, or a tenant's. */
#include "common/printable.h"

#include <stdbool.h>
#include <string.h>

#include "common/attr.h"
#include "common/utf8.h"

/*
 * What deceives a reader: C1 controls, the separators of lines and paragraphs, and what turns the
 * direction (Unicode's Bidi_Control).
 */
static const struct {
	const char *first; /* in UTF-8; a range differs in its last byte only */
	const char *last;
} deceiving[] = {
	{ "\xc2\x80", "\xc2\x9f" },         /* U+0080 to U+009F */
	{ "\xd8\x9c", "\xd8\x9c" },         /* U+061C */
	{ "\xe2\x80\x8e", "\xe2\x80\x8f" }, /* U+200E and U+200F */
	{ "\xe2\x80\xa8", "\xe2\x80\xae" }, /* U+2028 to U+202E */
	{ "\xe2\x81\xa6", "\xe2\x81\xa9" }, /* U+2066 to U+2069 */
};

static bool
is_deceiving(const char *bytes, size_t length)
{
	for (size_t at = 0; at < ARRAY_LEN(deceiving); at++)
		if (strlen(deceiving[at].first) == length &&
		    memcmp(bytes, deceiving[at].first, length) >= 0 &&
		    memcmp(bytes, deceiving[at].last, length) <= 0)
			return true;
	return false;
}

void
printable_add(struct buffer *out, const char *text, size_t length, size_t bound)
{
	size_t end = out->length + bound;

	for (size_t at = 0; at < length && out->length < end;) {
		size_t step = utf8_sequence(text + at, length - at);
		bool plain = step > 1 ? !is_deceiving(text + at, step) :
					step == 1 && text[at] >= 0x20 && text[at] != 0x7f;

		if (plain) {
			(void)buffer_add(out, text + at, step);
			at += step;
		} else {
			(void)buffer_printf(out, "\\x%02x", (unsigned char)text[at]);
			at++;
		}
	}
}

void
copy_printable(char *target, size_t size_bytes, const char *text)
{
	size_t at;

	for (at = 0; at + 1 < size_bytes && text[at] != '\0'; at++)
		target[at] = text[at] >= 0x20 && text[at] < 0x7f ? text[at] : '?';
	target[at] = '\0';
}
