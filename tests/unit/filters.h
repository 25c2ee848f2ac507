/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit tests.  Every seccomp filter that either program can load: of each process, for each architecture,
 * with and without a Docker endpoint that is unix://, and the rules that it is made from.
 */
#ifndef TESTS_UNIT_FILTERS_H
#define TESTS_UNIT_FILTERS_H

#include "tests/unit/bpf.h"

#define OWN_PID 4711 /* of the workers, in their filters */
#define BIT(at) (1u << (at))

struct arch {
	const char *name;
	uint32_t token; /* SCMP_ARCH_… */
	uint32_t audit; /* AUDIT_ARCH_…: what the kernel tells a filter */
};

enum arch_name {
	AMD64,
	ARM64,
	ARCH_COUNT,
};
extern const struct arch archs[ARCH_COUNT];

#define RULES_MAX 512

/* One rule of a policy, and its call's number: negative where the architecture does without. */
struct numbered_rule {
	const struct syscall_rule *rule;
	int number;
};

struct filter {
	const struct arch *arch;
	const struct policy *policy;
	bool unix_socket;
	char name[80];
	size_t rule_count; /* the supervisor's, and all workers' beside them: it is inherited */
	struct numbered_rule rules[RULES_MAX];
	struct bpf_program program;
};

/* All policies: the supervisors' first, then the workers'. */
#define WORKER_COUNT ((size_t)__builtin_popcount(PROCESS_WORKERS))
#define SUBJECT_COUNT (PROGRAM_COUNT + WORKER_COUNT)
const struct policy *subject_at(size_t at);

/* Each number below is a filter; a process's stand together. */
#define FILTERS_OF_PROCESS ((size_t)ARCH_COUNT * 2)
#define FILTER_COUNT (FILTERS_OF_PROCESS * SUBJECT_COUNT)
#define FIRST_WORKERS_FILTER (FILTERS_OF_PROCESS * PROGRAM_COUNT)

/* Built at the first use, and kept. */
const struct filter *filter_at(size_t at);

/* The number of a call; negative where the architecture does without. */
int filter_number(const struct filter *filter, const char *call);

/* What the filter answers to a call of its own ABI. */
uint32_t filter_answer(const struct filter *filter, int number, const uint64_t arguments[6]);

/* The same, of any ABI (AUDIT_ARCH_…), without arguments. */
uint32_t filter_answer_to(const struct filter *filter, uint32_t abi, int number);

/* Whether the condition lets all pass in this filter. */
bool filter_is_plain(const struct filter *filter, enum condition condition);

#endif
