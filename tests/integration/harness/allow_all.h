/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One seccomp filter that allows everything: the supervisor counts them, and finds the due number. */
#ifndef HARNESS_ALLOW_ALL_H
#define HARNESS_ALLOW_ALL_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void
allow_all(void)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &all };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		_exit(4);
}

#endif
