/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox.  Attempts that succeed with just one of their layers left out, each
 * with its reason.  All others must still be stopped.
 */
#include "tests/escape/exceptions.h"

#include "tests/escape/attempt.h"

const struct exception exceptions[] = {
	{ "mmap-file-exec", LAYER_SECCOMP, WORKERS,
	    "Landlock stops the opening of the file, which this attempt has behind it" },
};

const size_t exception_count = ARRAY_LEN(exceptions);
