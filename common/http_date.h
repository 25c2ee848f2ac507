/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers that speak HTTP.  Times in headers and certificates. */
#ifndef COMMON_HTTP_DATE_H
#define COMMON_HTTP_DATE_H

#include <stdint.h>

#include "common/json_check.h"

/*
 * Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7, the one form that is sent
 * today) or of "Nov  6 08:49:37 1994 GMT" (as libcurl tells a certificate's); -1 for anything else.
 * By strptime(3) and timegm(3), which look for the time zone's file where tzset(3) has not been called.
 */
int64_t http_date(struct slice text);

#endif
