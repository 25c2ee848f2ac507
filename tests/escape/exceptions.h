/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  Where a layer that a row names does not hold alone: see exceptions.c. */
#ifndef TESTS_ESCAPE_EXCEPTIONS_H
#define TESTS_ESCAPE_EXCEPTIONS_H

#include <stddef.h>

struct exception {
	const char *attempt;
	unsigned layers;    /* enum layer: any of these left out, the attempt succeeds */
	unsigned processes; /* PROCESS_BIT */
	const char *why;
};

extern const struct exception exceptions[];
extern const size_t exception_count;

#endif
