/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  Other code: programs, executable memory, processes and threads. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/escape/attempt.h"

#define PAGE_BYTES 4096

#if defined(__x86_64__)
#define LOADER "/lib64/ld-linux-x86-64.so.2"
#else
#define LOADER "/lib/ld-linux-aarch64.so.1"
#endif

static char *const no_environment[] = { NULL };

/* ---- programs ---- */

/* What is started ends with 0 at once, so that success looks like success. */
static int
run_program(const char *path, const char *argument, const char *more)
{
	const char *arguments[] = { path, argument, more, NULL };

	return outcome_of(syscall(SYS_execve, path, arguments, no_environment));
}

static int
run_shell(const struct scene *scene UNUSED)
{
	return run_program("/bin/sh", "-c", "exit 0");
}

static int
run_itself(const struct scene *scene)
{
	return run_program(scene->program, "--succeed", NULL);
}

static int
run_neighbour(const struct scene *scene)
{
	return run_program(scene->neighbour, "--succeed", NULL);
}

static int
run_through_loader(const struct scene *scene)
{
	return run_program(LOADER, scene->neighbour, "--succeed");
}

static int
run_at(const struct scene *scene)
{
	const char *arguments[] = { scene->neighbour, "--succeed", NULL };

	return outcome_of(
	    syscall(SYS_execveat, AT_FDCWD, scene->neighbour, arguments, no_environment, 0));
}

static int
run_descriptor(const struct scene *scene)
{
	const char *arguments[] = { "x", "--succeed", NULL };

	return outcome_of(
	    syscall(SYS_execveat, scene->fd, "", arguments, no_environment, AT_EMPTY_PATH));
}

static int
open_path_only(struct scene *scene)
{
	scene->fd = open(scene->neighbour, O_PATH);
	return scene->fd < 0 ? -errno : 0;
}

static int
open_itself(struct scene *scene)
{
	scene->fd = open(scene->program, O_RDONLY);
	return scene->fd < 0 ? -errno : 0;
}

static int
open_library(struct scene *scene)
{
	scene->fd = open("/etc/ld.so.cache", O_RDONLY);
	return scene->fd < 0 ? -errno : 0;
}

/* No program, since it is empty, but it gets as far as the kernel's look at it: ENOEXEC. */
static int
make_memory_file(struct scene *scene)
{
	scene->fd = (int)syscall(SYS_memfd_create, "x", 0);
	return scene->fd < 0 ? -errno : 0;
}

/* ---- executable memory ---- */

static int
map_writable(struct scene *scene)
{
	void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);

	scene->id = (long)page;
	return page == MAP_FAILED ? -errno : 0;
}

static int
make_shared_memory(struct scene *scene)
{
	scene->id = shmget(IPC_PRIVATE, PAGE_BYTES, IPC_CREAT | 0700);
	return scene->id < 0 ? -errno : 0;
}

/* Whatever comes of it, the segment must not stay: marked before, it goes with its last user. */
static int
attach_executable(const struct scene *scene)
{
	long result = syscall(SYS_shmat, scene->id, NULL, SHM_EXEC);
	int error = outcome_of(result);

	(void)syscall(SYS_shmctl, scene->id, IPC_RMID, NULL);
	return error;
}

/* ---- processes and threads ---- */

/* The child of an attempt that succeeds ends at once, and is waited for. */
static int
end_child(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -errno;
	(void)waitpid((pid_t)pid, NULL, __WALL);
	return 0;
}

#ifdef SYS_fork
static int
make_process(const struct scene *scene UNUSED)
{
	return end_child(syscall(SYS_fork));
}
#endif

static int
end_at_once(void *nothing UNUSED)
{
	return 0;
}

static int
clone_with(int flags)
{
	static char stack[65536] __attribute__((aligned(16)));
	int pid = clone(end_at_once, stack + sizeof(stack), flags, NULL);

	if (pid < 0)
		return -errno;
	/* A thread can't be waited for; it ends with the process. */
	if ((flags & CLONE_THREAD) == 0)
		(void)waitpid(pid, NULL, __WALL);
	return 0;
}

static int
clone_process(const struct scene *scene UNUSED)
{
	return clone_with(SIGCHLD);
}

static int
clone_as_vfork(const struct scene *scene UNUSED)
{
	return clone_with(CLONE_VM | CLONE_VFORK | SIGCHLD);
}

static int
clone_thread(const struct scene *scene UNUSED)
{
	return clone_with(
	    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM);
}

static int
clone_namespace(const struct scene *scene UNUSED)
{
	return clone_with(CLONE_NEWUSER | SIGCHLD);
}

static int
clone_3(const struct scene *scene UNUSED)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD };

	return end_child(syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

/* ---- foreign ABIs ---- */

#if defined(__x86_64__)
/* getpid of the 32-bit ABI. */
static int
call_i386(const struct scene *scene UNUSED)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(20L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result < 0 ? (int)result : 0;
}

/* kill of the 32-bit ABI, a number that is close() for the filter if it takes it for its own. */
static int
call_i386_execve(const struct scene *scene UNUSED)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(11L), "b"(0L), "c"(0L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result < 0 ? (int)result : 0;
}

#define X32_BIT 0x40000000L
#endif

static const struct attempt attempts[] = {
	{ "1", "execve-shell", "start /bin/sh", .act = run_shell,
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EACCES },
	{ "1", "execve-itself", "start its own program anew", .act = run_itself,
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EACCES },
	{ "1", "execve-neighbour", "start another program of the agent", .act = run_neighbour,
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EACCES },
	{ "1", "execve-loader", "start a program by way of the dynamic loader",
	    .act = run_through_loader, .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EACCES },
	{ "1", "execveat-path", "start a program by execveat", .act = run_at,
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EACCES },
	{ "2", "execveat-memfd", "start a program that is only in memory",
	    .prepare = make_memory_file, .act = run_descriptor, .layers = LAYER_SECCOMP,
	    .behind = ENOEXEC, .control = ENOEXEC },
	{ "3", "memfd-create", "make a file in memory", CALL(SYS_memfd_create, (long)"x", 0),
	    .layers = LAYER_SECCOMP },
	{ "4", "execveat-o-path", "start a program through an O_PATH descriptor",
	    .prepare = open_path_only, .act = run_descriptor,
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EACCES },
	{ "4", "fexecve", "start a program through a descriptor for reading",
	    .prepare = open_itself, .act = run_descriptor, .layers = LAYER_SECCOMP | LAYER_LANDLOCK,
	    .behind = EACCES },
	{ "5", "mmap-rwx", "memory that can be written and executed",
	    CALL(SYS_mmap, 0, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	    .layers = LAYER_SECCOMP | LAYER_MDWE, .behind = EACCES },
	{ "6", "mprotect-exec", "make written memory executable", .prepare = map_writable,
	    CALL(SYS_mprotect, ARGUMENT_ID, PAGE_BYTES, PROT_READ | PROT_EXEC),
	    .layers = LAYER_SECCOMP | LAYER_MDWE, .behind = EACCES },
	{ "6", "pkey-mprotect-exec", "the same by pkey_mprotect", .prepare = map_writable,
	    CALL(SYS_pkey_mprotect, ARGUMENT_ID, PAGE_BYTES, PROT_READ | PROT_EXEC, -1),
	    .layers = LAYER_SECCOMP | LAYER_MDWE, .behind = EACCES },
	{ "6", "shmat-exec", "shared memory that can be executed", .prepare = make_shared_memory,
	    .act = attach_executable, .layers = LAYER_SECCOMP | LAYER_MDWE, .behind = EACCES },
	{ "7", "mmap-file-exec", "map a file executable", .prepare = open_library,
	    CALL(SYS_mmap, 0, PAGE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE, ARGUMENT_FD, 0),
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK },
	{ "7", "remap-file-pages", "move pages of a mapping about", .prepare = map_writable,
	    CALL(SYS_remap_file_pages, ARGUMENT_ID, PAGE_BYTES, 0, 0, 0), .layers = LAYER_SECCOMP,
	    .behind = EINVAL, .control = EINVAL },
	{ "8", "personality-exec", "make all readable memory executable",
	    CALL(SYS_personality, READ_IMPLIES_EXEC), .layers = LAYER_SECCOMP },
	{ "8", "personality-no-random", "take the randomness out of addresses",
	    CALL(SYS_personality, ADDR_NO_RANDOMIZE), .layers = LAYER_SECCOMP },
#ifdef SYS_modify_ldt
	{ "9", "modify-ldt", "read the local descriptor table",
	    CALL(SYS_modify_ldt, 0, ARGUMENT_BUFFER, 16), .layers = LAYER_SECCOMP },
	{ "9", "arch-prctl", "set a segment's base", CALL(SYS_arch_prctl, 0x1001, 0),
	    .layers = LAYER_SECCOMP },
	{ "9", "iopl", "reach all of the machine's ports", CALL(SYS_iopl, 3),
	    .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM, .control = EPERM },
	{ "9", "ioperm", "reach one of the machine's ports", CALL(SYS_ioperm, 0x80, 1, 1),
	    .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM, .control = EPERM },
#endif
#ifdef SYS_fork
	{ "10", "fork", "make a process", .act = make_process,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EAGAIN },
#endif
	{ "10", "clone-process", "make a process by clone", .act = clone_process,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EAGAIN },
	{ "10", "clone-vfork", "make a process that shares the memory", .act = clone_as_vfork,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EAGAIN },
	{ "11", "clone3", "make a process by clone3", .act = clone_3,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .answer = ENOSYS, .behind = EAGAIN },
	{ "12", "clone-namespace", "make a process in a user namespace of its own",
	    .act = clone_namespace, .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EAGAIN },
#if defined(__x86_64__)
	{ "18", "int80", "a system call of the 32-bit ABI", .act = call_i386,
	    .layers = LAYER_SECCOMP },
	{ "18", "int80-execve", "a 32-bit call whose number means munmap to 64 bits",
	    .act = call_i386_execve, .layers = LAYER_SECCOMP, .behind = EFAULT, .control = EFAULT },
	{ "18", "x32", "a system call of the x32 ABI", CALL(X32_BIT | SYS_getpid),
	    .layers = LAYER_SECCOMP, .behind = ENOSYS, .control = ENOSYS },
#endif
	{ "19", "mmap-high-bits", "executable memory, with garbage above 32 bits",
	    CALL(SYS_mmap, 0, PAGE_BYTES, PROT_READ | PROT_EXEC | (1L << 40),
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	    .layers = LAYER_SECCOMP },
	{ "49", "clone-thread", "make a second thread", .act = clone_thread,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EAGAIN },
};

const struct attempt_table attempts_code = { attempts, ARRAY_LEN(attempts) };
