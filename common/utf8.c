/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every process.  See utf8.h. */
#include "common/utf8.h"

size_t
utf8_sequence(const char *bytes, size_t left)
{
	const unsigned char *at = (const unsigned char *)bytes;
	unsigned char first = at[0];
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		length = 2;
	else if (first >= 0xe0 && first <= 0xef)
		length = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		length = 4;
	else
		return 0;
	if (first == 0xe0)
		low = 0xa0; /* no overlong forms */
	else if (first == 0xed)
		high = 0x9f; /* no surrogates */
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f; /* nothing above U+10FFFF */
	if (length > left || at[1] < low || at[1] > high)
		return 0;
	for (size_t next = 2; next < length; next++)
		if (at[next] < 0x80 || at[next] > 0xbf)
			return 0;
	return length;
}

bool
utf8_is_valid(const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t step = utf8_sequence(bytes + at, length - at);

		if (step == 0 || bytes[at] == '\0')
			return false;
		at += step;
	}
	return true;
}
