/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  Why a request is refused: a status and one line, never a value that was sent. */
#ifndef GATE_FRONT_REFUSAL_H
#define GATE_FRONT_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/json_check.h"

#define REFUSAL_BYTES 200
/* How much of a name that a client made up is shown. */
#define REFUSAL_NAME_BYTES 48

struct refusal {
	int status; /* of HTTP; 0: not refused */
	bool close; /* nothing that comes behind the request can be told from it */
	char message[REFUSAL_BYTES];
};

/* Always false, for "return refuse(...)". */
bool refuse(struct refusal *refusal, int status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Copies a name as printable ASCII ("?" for the rest), cut to fit, with a NUL. */
void refusal_name(struct slice name, char shown[REFUSAL_NAME_BYTES]);

#endif
