/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  Memory, and the limits on it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/escape/attempt.h"

/* More than the largest RLIMIT_DATA of a policy; never touched, so that it costs nothing. */
#define MUCH (512L * 1024 * 1024)
/* More than RLIMIT_MEMLOCK of a policy, and less than what systems give by themselves. */
#define MUCH_LOCKED (2L * 1024 * 1024)
#define PLAIN (MAP_PRIVATE | MAP_ANONYMOUS)
#define WRITABLE (PROT_READ | PROT_WRITE)

static int
map_much_to_read(struct scene *scene)
{
	void *pages = mmap(NULL, MUCH, PROT_READ, PLAIN, -1, 0);

	scene->id = (long)pages;
	return pages == MAP_FAILED ? -errno : 0;
}

static int
map_some(struct scene *scene)
{
	void *pages = mmap(NULL, MUCH_LOCKED, WRITABLE, PLAIN, -1, 0);

	scene->id = (long)pages;
	return pages == MAP_FAILED ? -errno : 0;
}

static int
grow_heap(const struct scene *scene UNUSED)
{
	char *now = sbrk(0);
	char *then = (char *)syscall(SYS_brk, now + MUCH);

	return then == now + MUCH ? 0 : -ENOMEM;
}

static int
map_in_pieces(const struct scene *scene UNUSED)
{
	for (long mapped = 0; mapped < MUCH; mapped += MUCH / 64)
		if (mmap(NULL, MUCH / 64, WRITABLE, PLAIN, -1, 0) == MAP_FAILED)
			return -errno;
	return 0;
}

static int
raise_limit(int resource)
{
	struct rlimit now, more;

	if (syscall(SYS_prlimit64, 0, resource, NULL, &now) != 0)
		return -errno;
	more = (struct rlimit){ now.rlim_max + 1, now.rlim_max + 1 };
	/* Where there is none, setting the same is what can be tried. */
	if (now.rlim_max == RLIM_INFINITY || resource == RLIMIT_NOFILE)
		more = now;
	return outcome_of(syscall(SYS_prlimit64, 0, resource, &more, NULL));
}

static int
raise_core(const struct scene *scene UNUSED)
{
	return raise_limit(RLIMIT_CORE);
}

static int
raise_data(const struct scene *scene UNUSED)
{
	return raise_limit(RLIMIT_DATA);
}

static int
raise_processes(const struct scene *scene UNUSED)
{
	struct rlimit more = { 1, 1 };

	return outcome_of(syscall(SYS_prlimit64, 0, RLIMIT_NPROC, &more, NULL));
}

static const struct attempt attempts[] = {
	{ "69", "memory", "more memory than is due",
	    CALL(SYS_mmap, 0, MUCH, WRITABLE, PLAIN, -1, 0), .layers = LAYER_LIMITS,
	    .answer = ENOMEM, .behind = ENOMEM },
	{ "69", "memory-pieces", "the same in pieces", .act = map_in_pieces, .layers = LAYER_LIMITS,
	    .answer = ENOMEM, .behind = ENOMEM },
	{ "69", "heap", "the same by brk", .act = grow_heap, .layers = LAYER_LIMITS,
	    .answer = ENOMEM, .behind = ENOMEM },
	{ "69", "memory-late", "memory that is made writable later", .prepare = map_much_to_read,
	    CALL(SYS_mprotect, ARGUMENT_ID, MUCH, WRITABLE), .layers = LAYER_LIMITS,
	    .answer = ENOMEM, .behind = ENOMEM },
	{ "69", "memory-grown", "memory that is made larger later", .prepare = map_some,
	    CALL(SYS_mremap, ARGUMENT_ID, MUCH_LOCKED, MUCH, MREMAP_MAYMOVE),
	    .layers = LAYER_LIMITS, .answer = ENOMEM, .behind = ENOMEM },
	{ "69", "memory-shared", "shared memory, which no limit counts",
	    CALL(SYS_mmap, 0, MUCH, WRITABLE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
	    .layers = LAYER_SECCOMP },
	{ "69", "memory-stack", "a stack, which the limit on data does not count",
	    CALL(SYS_mmap, 0, MUCH, WRITABLE, PLAIN | MAP_GROWSDOWN, -1, 0),
	    .layers = LAYER_SECCOMP },
	{ "69", "map-locked", "memory that is not swapped",
	    CALL(SYS_mmap, 0, MUCH_LOCKED, WRITABLE, PLAIN | MAP_LOCKED, -1, 0),
	    .layers = LAYER_LIMITS, .answer = EAGAIN, .behind = EAGAIN },
	{ "69", "mlock", "lock more memory than secrets need", .prepare = map_some,
	    CALL(SYS_mlock, ARGUMENT_ID, MUCH_LOCKED), .layers = LAYER_LIMITS, .answer = ENOMEM,
	    .behind = ENOMEM },
	{ "69", "mlock2", "lock memory, newer call", .prepare = map_some,
	    CALL(SYS_mlock2, ARGUMENT_ID, MUCH_LOCKED, 0), .layers = LAYER_SECCOMP | LAYER_LIMITS,
	    .behind = ENOMEM },
	{ "69", "mlockall", "lock all memory to come", .prepare = map_some,
	    CALL(SYS_mlockall, MCL_FUTURE), .layers = LAYER_SECCOMP },
	{ "47", "core-limit", "allow a core dump", .act = raise_core,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EPERM },
	{ "69", "data-limit", "allow itself more memory", .act = raise_data,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EPERM },
	{ "68", "process-limit", "allow itself a process", .act = raise_processes,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EPERM },
	{ "47", "do-dump", "put memory into a core dump again", .prepare = map_some,
	    CALL(SYS_madvise, ARGUMENT_ID, MUCH_LOCKED, MADV_DODUMP), .layers = LAYER_SECCOMP },
	{ "25", "madvise-other", "advice that nothing needs", .prepare = map_some,
	    CALL(SYS_madvise, ARGUMENT_ID, 4096, MADV_WILLNEED), .layers = LAYER_SECCOMP },
};

const struct attempt_table attempts_memory = { attempts, ARRAY_LEN(attempts) };
