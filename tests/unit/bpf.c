/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests.  See bpf.h. */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/bpf.h"

/* libseccomp's level for kernels that can kill a process, from 4.14 on. */
#define API_THAT_KILLS 3

/*
 * Where the kernel has no seccomp, as below qemu-user, libseccomp builds no filter that kills: but
 * here they are only looked at.
 */
static __attribute__((constructor)) void
build_whatever_the_kernel_can(void)
{
	if (seccomp_api_get() < API_THAT_KILLS)
		(void)seccomp_api_set(API_THAT_KILLS);
}

void
bpf_build(const struct policy *policy, const struct filter_options *options,
    struct bpf_program *ret_program)
{
	scmp_filter_ctx filter = NULL;
	const char *step = "";
	int fd = memfd_create("program", MFD_CLOEXEC);
	ssize_t bytes;

	if (seccomp_build(policy, options, &filter, &step) != 0)
		fail_msg("%s", step);
	assert_int_equal(seccomp_export_bpf(filter, fd), 0);
	seccomp_release(filter);
	bytes = pread(fd, ret_program->instructions, sizeof(ret_program->instructions), 0);
	close(fd);
	assert_true(bytes > 0 && (size_t)bytes < sizeof(ret_program->instructions));
	assert_int_equal((size_t)bytes % sizeof(struct sock_filter), 0);
	ret_program->count = (size_t)bytes / sizeof(struct sock_filter);
}

static uint32_t
load(const struct seccomp_data *data, uint32_t at)
{
	uint32_t word;

	assert_true(at % 4 == 0 && at + 4 <= sizeof(*data));
	memcpy(&word, (const char *)data + at, sizeof(word));
	return word;
}

static bool
jumps(const struct sock_filter *instruction, uint32_t accumulator)
{
	switch (BPF_OP(instruction->code)) {
	case BPF_JEQ:
		return accumulator == instruction->k;
	case BPF_JGT:
		return accumulator > instruction->k;
	case BPF_JGE:
		return accumulator >= instruction->k;
	case BPF_JSET:
		return (accumulator & instruction->k) != 0;
	default:
		fail_msg("jump %#x is not known here", instruction->code);
	}
	return false;
}

uint32_t
bpf_run(const struct bpf_program *program, const struct seccomp_data *data)
{
	uint32_t accumulator = 0;

	for (size_t at = 0; at < program->count; at++) {
		const struct sock_filter *instruction = &program->instructions[at];

		if (instruction->code == (BPF_LD | BPF_W | BPF_ABS))
			accumulator = load(data, instruction->k);
		else if (instruction->code == (BPF_ALU | BPF_AND | BPF_K))
			accumulator &= instruction->k;
		else if (instruction->code == (BPF_JMP | BPF_JA))
			at += instruction->k;
		else if (BPF_CLASS(instruction->code) == BPF_JMP)
			at += jumps(instruction, accumulator) ? instruction->jt : instruction->jf;
		else if (instruction->code == (BPF_RET | BPF_K))
			return instruction->k;
		else
			fail_msg("instruction %#x is not known here", instruction->code);
	}
	fail_msg("the program has no end");
	return SECCOMP_RET_ALLOW;
}
