/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  See refusal.h. */
#include "refusal.h"

#include <stdarg.h>
#include <stdio.h>

bool
refuse(struct refusal *refusal, int status, const char *format, ...)
{
	va_list arguments;

	refusal->status = status;
	va_start(arguments, format);
	(void)vsnprintf(refusal->message, sizeof(refusal->message), format, arguments);
	va_end(arguments);
	return false;
}

void
refusal_name(struct slice name, char shown[REFUSAL_NAME_BYTES])
{
	size_t at;

	for (at = 0; at + 1 < REFUSAL_NAME_BYTES && at < name.length; at++)
		shown[at] = name.bytes[at];
	shown[at] = '\0';
	for (size_t each = 0; each < at; each++)
		if (shown[each] < 0x20 || shown[each] > 0x7e || shown[each] == '"')
			shown[each] = '?';
}
