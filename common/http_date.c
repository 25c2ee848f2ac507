/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers that speak HTTP.  See http_date.h. */
#include "common/http_date.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX_BYTES 40

struct moment {
	int year, day, hour, minute, second;
	char month[4];
};

static int
month_of(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int month = 0; month < 12; month++)
		if (strncmp(names + 3 * (size_t)month, name, 3) == 0)
			return month;
	return -1;
}

/* Days from 1970-01-01 to the first of March of that year, in the Gregorian calendar. */
static int64_t
days_to_march(int64_t year)
{
	return year * 365 + year / 4 - year / 100 + year / 400 - 719468;
}

static int64_t
seconds_of(const struct moment *moment)
{
	/* Counted from March, so that the day of a leap year comes last. */
	int month = month_of(moment->month), since_march = (month + 10) % 12;
	int64_t year = moment->year - (month < 2 ? 1 : 0);
	int64_t days;

	if (month < 0 || moment->year < 1970 || moment->year > 9999 || moment->day < 1 ||
	    moment->day > 31 || moment->hour < 0 || moment->hour > 23 || moment->minute < 0 ||
	    moment->minute > 59 || moment->second < 0 || moment->second > 60)
		return -1;
	days = days_to_march(year) + (since_march * 153 + 2) / 5 + moment->day - 1;
	return ((days * 24 + moment->hour) * 60 + moment->minute) * 60 + moment->second;
}

int64_t
http_date(struct slice text)
{
	char copy[TEXT_MAX_BYTES];
	struct moment moment = { 0 };
	int end = 0;

	if (text.length >= sizeof(copy))
		return -1;
	memcpy(copy, text.bytes, text.length);
	copy[text.length] = '\0';
	if (sscanf(copy, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &moment.day,
		moment.month, &moment.year, &moment.hour, &moment.minute, &moment.second,
		&end) != 6 ||
	    end == 0) {
		end = 0;
		if (sscanf(copy, "%3[A-Za-z] %2d %2d:%2d:%2d %4d GMT%n", moment.month, &moment.day,
			&moment.hour, &moment.minute, &moment.second, &moment.year, &end) != 6)
			return -1;
	}
	return end != 0 && (size_t)end == text.length ? seconds_of(&moment) : -1;
}
