/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers.  A policy's system calls as a seccomp filter, built by libseccomp. */
#ifndef POLICY_FILTER_H
#define POLICY_FILTER_H

#include <seccomp.h>

#include "policy/policy.h"

/* What completes the conditions. */
struct filter_options {
	bool unix_socket;
	pid_t pid;     /* of the process; 0: any, for a filter that is inherited */
	bool trap;     /* a denied call raises SIGSYS, which may be caught, in place of killing */
	uint32_t arch; /* SCMP_ARCH_…; 0: this machine's.  Another one is for tests alone */
};

/*
 * Builds the filter: what is not in the policy kills the process, so does a foreign ABI.  A name
 * that libseccomp does not know is an error, one that the architecture does not have is passed
 * over.  0 with `ret_filter` owned by the caller (seccomp_release), or -errno with the call's name
 * in `ret_step`.
 */
int seccomp_build(const struct policy *policy, const struct filter_options *options,
    scmp_filter_ctx *ret_filter, const char **ret_step);

#endif
