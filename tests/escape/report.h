/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  One line of JSON for each attempt. */
#ifndef TESTS_ESCAPE_REPORT_H
#define TESTS_ESCAPE_REPORT_H

#include "tests/escape/launch.h"

void report(const struct round *round, const struct attempt *attempt, const struct result *result);

#endif
