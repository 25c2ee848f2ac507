/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  The query of a request target, cut and decoded strictly. */
#ifndef GATE_FRONT_QUERY_H
#define GATE_FRONT_QUERY_H

#include "common/json_check.h"
#include "refusal.h"

#define QUERY_MAX_BYTES 2048
#define PARAMETERS_MAX 8

struct parameter {
	struct slice name; /* as it is written: no known name needs an escape */
	const char *value; /* decoded, without control characters */
};

struct query {
	size_t count;
	struct parameter items[PARAMETERS_MAX];
	char values[QUERY_MAX_BYTES + PARAMETERS_MAX];
};

/* Reads what stands behind the "?".  Each parameter has a value and comes once. */
bool query_read(struct slice text, struct query *ret_query, struct refusal *refusal);

#endif
