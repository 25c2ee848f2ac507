/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See status_line.h. */
#include "policy/status_line.h"

#include <string.h>

bool
status_line(const char *text, const char *name, char value[STATUS_LINE_BYTES])
{
	size_t length = strlen(name), used = 0;
	const char *at = text;

	while (at != NULL && (strncmp(at, name, length) != 0 || at[length] != ':')) {
		at = strchr(at, '\n');
		at = at == NULL ? NULL : at + 1;
	}
	value[0] = '\0';
	if (at == NULL)
		return false;
	for (at += length + 1; *at != '\0' && *at != '\n' && used < STATUS_LINE_BYTES - 1; at++) {
		bool blank = *at == ' ' || *at == '\t';

		if (!blank)
			value[used++] = *at;
		else if (used > 0 && value[used - 1] != ' ')
			value[used++] = ' ';
	}
	if (used > 0 && value[used - 1] == ' ')
		used--;
	value[used] = '\0';
	return true;
}
