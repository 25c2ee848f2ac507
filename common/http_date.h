/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers that speak HTTP.  Times in headers and certificates; libc's own would want a zone. */
#ifndef COMMON_HTTP_DATE_H
#define COMMON_HTTP_DATE_H

#include <stdint.h>

#include "common/json_check.h"

/*
 * Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7, the one form that is sent
 * today) or of "Nov  6 08:49:37 1994 GMT" (as libcurl tells a certificate's); -1 for anything else.
 */
int64_t http_date(struct slice text);

#endif
