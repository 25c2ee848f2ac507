/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervisor and dockflare-agentctl.  See printable.h.  The text may be a worker's, or a tenant's. */
#include "common/printable.h"

#include <stdbool.h>

#include "common/utf8.h"

/* C1 controls, and the marks that turn the direction of what follows, deceive a reader. */
static bool
is_deceiving(const char *bytes, size_t length)
{
	if (length == 2)
		return (unsigned char)bytes[0] == 0xc2 && (unsigned char)bytes[1] < 0xa0;
	if (length != 3 || (unsigned char)bytes[0] != 0xe2)
		return false;
	return (unsigned char)bytes[1] == 0x80 ?
		   (unsigned char)bytes[2] >= 0xa8 && (unsigned char)bytes[2] <= 0xae :
		   (unsigned char)bytes[1] == 0x81 && (unsigned char)bytes[2] >= 0xa6 &&
		       (unsigned char)bytes[2] <= 0xa9;
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
