/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit tests.  A seccomp filter's program, as seccomp_export_bpf gives it, and what it answers: it
 * is run here, instruction by instruction, so that it can be asked about any call of any machine.
 */
#ifndef TESTS_UNIT_BPF_H
#define TESTS_UNIT_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "policy/filter.h"

struct bpf_program {
	size_t count;
	struct sock_filter instructions[BPF_MAXINSNS];
};

/* The policy's filter; fails the test if it can't be built. */
void bpf_build(const struct policy *policy, const struct filter_options *options,
    struct bpf_program *ret_program);

/* SECCOMP_RET_… (seccomp(2)).  Fails the test at what libseccomp never writes. */
uint32_t bpf_run(const struct bpf_program *program, const struct seccomp_data *data);

#endif
