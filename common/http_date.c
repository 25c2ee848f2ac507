/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers that speak HTTP.  See http_date.h. */
#include "common/http_date.h"

#include <string.h>
#include <time.h>

#include "common/attr.h"

#define TEXT_MAX_BYTES 40

int64_t
http_date(struct slice text)
{
	static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S GMT", "%b %d %H:%M:%S %Y GMT" };
	char copy[TEXT_MAX_BYTES];

	if (text.length >= sizeof(copy) || memchr(text.bytes, '\0', text.length) != NULL)
		return -1;
	memcpy(copy, text.bytes, text.length);
	copy[text.length] = '\0';
	for (size_t at = 0; at < ARRAY_LEN(forms); at++) {
		struct tm moment = { 0 };
		const char *end = strptime(copy, forms[at], &moment);
		int64_t seconds = end != NULL && *end == '\0' ? timegm(&moment) : -1;

		if (seconds >= 0)
			return seconds;
	}
	return -1;
}
