/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox.  Files: secrets, state, /proc, /sys and devices, by every way to name
 * a file; and what can be done to a file besides reading it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/escape/attempt.h"

#define FAN_REPORT_FID_ONLY 0x200 /* what a user without capabilities may ask for */
#define OPEN(flags) CALL(SYS_openat, AT_FDCWD, ARGUMENT_PATH, (flags))
/* name-resolver may open what Landlock lets it; the others have no openat at all. */
#define READ_BEHIND(more)                                             \
	OPEN(O_RDONLY), .through_filter = RESOLVER, .behind = EACCES, \
			.layers = LAYER_SECCOMP | LAYER_LANDLOCK | (more)
#define READ READ_BEHIND(0)
#define CHANGE .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .behind = EACCES

static struct file_handle *
handle_of(const char *path)
{
	static union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} found;
	int mount;

	found.handle.handle_bytes = MAX_HANDLE_SZ;
	(void)syscall(SYS_name_to_handle_at, AT_FDCWD, path, &found.handle, &mount, 0);
	return &found.handle;
}

static struct file_handle *handle;

static int
find_handle(struct scene *scene UNUSED)
{
	handle = handle_of("/etc/hostname");
	return 0;
}

static int
open_by_handle(const struct scene *scene UNUSED)
{
	return outcome_of(syscall(SYS_open_by_handle_at, AT_FDCWD, handle, O_RDONLY));
}

static int
name_to_handle(const struct scene *scene)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} found = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount;

	return outcome_of(syscall(SYS_name_to_handle_at, AT_FDCWD, scene_path(scene, "%f"),
	    &found.handle, &mount, 0));
}

static int
open_at_2(const struct scene *scene)
{
	struct open_how how = { .flags = O_RDONLY };

	return outcome_of(
	    syscall(SYS_openat2, AT_FDCWD, scene_path(scene, "%f/secret"), &how, sizeof(how)));
}

static int
link_file(const struct scene *scene)
{
	char from[256];

	snprintf(from, sizeof(from), "%s", scene_path(scene, "%f/scratch/file"));
	return outcome_of(
	    syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, scene_path(scene, "%f/scratch/link"), 0));
}

static int
rename_file(const struct scene *scene)
{
	char from[256];

	snprintf(from, sizeof(from), "%s", scene_path(scene, "%f/scratch/old"));
	return outcome_of(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD,
	    scene_path(scene, "%f/scratch/new"), 0));
}

static const struct attempt attempts[] = {
	/* Other workers' and the supervisor's files below /proc. */
	{ "33", "proc-mem", "open another worker's memory", .path = "/proc/%v/mem",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-mem-supervisor", "open the supervisor's memory", .path = "/proc/%s/mem",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-environ", "read another worker's environment", .path = "/proc/%v/environ",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-environ-supervisor", "read the supervisor's environment",
	    .path = "/proc/%s/environ", READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-maps", "read where another worker's memory is", .path = "/proc/%v/maps",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-fd", "list another worker's descriptors", .path = "/proc/%v/fd",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-fd-0", "open another worker's descriptor", .path = "/proc/%v/fd/0",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-root", "open another worker's root", .path = "/proc/%v/root",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-cwd", "open another worker's folder", .path = "/proc/%v/cwd",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-exe", "open another worker's program", .path = "/proc/%v/exe",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "proc-syscall", "see what another worker calls", .path = "/proc/%v/personality",
	    READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "33", "readlink-exe", "ask for another worker's program", .path = "/proc/%v/exe",
	    CALL(SYS_readlinkat, AT_FDCWD, ARGUMENT_PATH, ARGUMENT_BUFFER, 64),
	    .layers = LAYER_SECCOMP | LAYER_NOT_DUMPABLE | LAYER_UID, .behind = EACCES },
	{ "34", "proc-status", "read another worker's status", .path = "/proc/%v/status", READ },
	{ "34", "proc-cmdline", "read another worker's arguments", .path = "/proc/%v/cmdline",
	    READ },
	{ "34", "proc-task", "list another worker's threads", .path = "/proc/%v/task", READ },
	{ "34", "proc-tcp", "list all connections", .path = "/proc/%v/net/tcp", READ },
	{ "34", "proc-oom", "have another worker killed first", .path = "/proc/%v/oom_score_adj",
	    OPEN(O_WRONLY), CHANGE },
	{ "35", "proc-self-mem", "its own memory as a file", .path = "/proc/self/mem", READ },
	{ "35", "proc-self-maps", "where its own memory is", .path = "/proc/self/maps", READ },
	{ "35", "proc-self-fd", "its own descriptor, anew", .path = "/proc/self/fd/0", READ },
	{ "35", "proc-supervisor-root", "the root by way of the supervisor",
	    .path = "/proc/%s/root", READ_BEHIND(LAYER_NOT_DUMPABLE | LAYER_UID) },
	{ "35", "proc-sys", "the kernel's settings", .path = "/proc/sys/kernel/hostname", READ },
	{ "35", "proc-kallsyms", "the kernel's symbols", .path = "/proc/kallsyms", READ },
	{ "35", "proc-list", "list all processes", .path = "/proc", READ },
	{ "35", "sys", "what the kernel tells of devices", .path = "/sys", READ },
	/* Secrets and state. */
	{ "51", "secret", "read a secret's file", .path = "%f/secret", READ_BEHIND(LAYER_UID) },
	{ "51", "state", "read the supervisor's data", .path = "%f/data/journal.json",
	    READ_BEHIND(LAYER_UID) },
	{ "51", "state-list", "list the supervisor's data", .path = "%f/data",
	    READ_BEHIND(LAYER_UID) },
	{ "51", "state-write", "change the supervisor's data", .path = "%f/data/journal.json",
	    OPEN(O_WRONLY), .layers = LAYER_SECCOMP | LAYER_LANDLOCK | LAYER_UID,
	    .behind = EACCES },
	{ "51", "resolv-conf", "change who answers names", .path = "/etc/resolv.conf",
	    OPEN(O_WRONLY | O_APPEND), .layers = LAYER_SECCOMP, .behind = EACCES,
	    .control = EACCES },
	{ "72", "make-file", "make a file", .path = "%f/scratch/made", OPEN(O_CREAT | O_WRONLY),
	    CHANGE },
	{ "72", "make-nameless", "make a file without a name", .path = "%f/scratch",
	    OPEN(O_TMPFILE | O_RDWR), CHANGE },
	{ "72", "make-folder", "make a folder", .path = "%f/scratch/folder",
	    CALL(SYS_mkdirat, AT_FDCWD, ARGUMENT_PATH, 0700), CHANGE },
	{ "19", "write-high-bits", "open for writing, with garbage above 32 bits",
	    .path = "%f/secret", OPEN((1L << 40) | O_WRONLY),
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK | LAYER_UID, .behind = EACCES },
	/* Other ways to name a file. */
	{ "52", "openat2", "open a secret by openat2", .act = open_at_2,
	    .layers = LAYER_SECCOMP | LAYER_LANDLOCK | LAYER_UID, .behind = EACCES },
	{ "52", "o-path", "a descriptor that stands for a file", .path = "%f", OPEN(O_PATH),
	    .layers = LAYER_SECCOMP },
	{ "52", "name-to-handle", "a handle of a file", .act = name_to_handle,
	    .layers = LAYER_SECCOMP },
	{ "52", "open-by-handle", "open a file by its handle", .prepare = find_handle,
	    .act = open_by_handle, .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM,
	    .control = EPERM },
	{ "53", "dot-dot", "a secret by way of /etc", .path = "/etc/..%f/secret",
	    READ_BEHIND(LAYER_UID) },
	{ "53", "root-link", "a secret by way of /proc/self/root",
	    .path = "/proc/self/root%f/secret", READ_BEHIND(LAYER_UID) },
	{ "53", "cwd-link", "a secret by way of /proc/self/cwd", .path = "/proc/self/cwd%f/secret",
	    READ_BEHIND(LAYER_UID) },
	{ "53", "symlink", "a secret by way of a link", .path = "%f/link", READ_BEHIND(LAYER_UID) },
	{ "53", "make-symlink", "make a link", .path = "%f/scratch/symlink",
	    CALL(SYS_symlinkat, (long)"/etc", AT_FDCWD, ARGUMENT_PATH), CHANGE },
	{ "53", "make-link", "another name for a file", .act = link_file, CHANGE },
	{ "53", "rename", "rename a file", .act = rename_file, CHANGE },
	{ "53", "unlink", "remove a file", .path = "%f/scratch/gone",
	    CALL(SYS_unlinkat, AT_FDCWD, ARGUMENT_PATH, 0), CHANGE },
	{ "53", "truncate", "cut a file", .path = "%f/scratch/cut",
	    CALL(SYS_truncate, ARGUMENT_PATH, 0), .abi = 3, CHANGE },
	{ "53", "mkfifo", "make a pipe in a folder", .path = "%f/scratch/pipe",
	    CALL(SYS_mknodat, AT_FDCWD, ARGUMENT_PATH, S_IFIFO | 0600, 0), CHANGE },
	/* What else can be done to a file; the kernel's Landlock does not know these. */
	{ "54", "chmod", "change a file's mode", .path = "%f/scratch/file",
	    CALL(SYS_fchmodat, AT_FDCWD, ARGUMENT_PATH, 0644), .layers = LAYER_SECCOMP },
	{ "54", "chown", "give a file away", .path = "%f/scratch/file",
	    CALL(SYS_fchownat, AT_FDCWD, ARGUMENT_PATH, -1, -1, 0), .layers = LAYER_SECCOMP },
	{ "54", "utime", "change a file's times", .path = "%f/scratch/file",
	    CALL(SYS_utimensat, AT_FDCWD, ARGUMENT_PATH, 0, 0), .layers = LAYER_SECCOMP },
	{ "54", "setxattr", "attach something to a file", .path = "%f/scratch/file",
	    CALL(SYS_setxattr, ARGUMENT_PATH, (long)"trusted.x", (long)"x", 1, 0),
	    .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM, .control = EPERM },
	{ "54", "flock", "lock a file", CALL(SYS_flock, WORKER_FD_INPUT, 1),
	    .layers = LAYER_SECCOMP },
	{ "54", "access", "ask whether a file is there", .path = "%f/secret",
	    CALL(SYS_faccessat, AT_FDCWD, ARGUMENT_PATH, F_OK), .layers = LAYER_SECCOMP },
	{ "54", "chdir", "another folder", .path = "%f", CALL(SYS_chdir, ARGUMENT_PATH),
	    .layers = LAYER_SECCOMP },
	{ "54", "statx", "ask for a file's size and times", .path = "%f/secret",
	    CALL(SYS_statx, AT_FDCWD, ARGUMENT_PATH, 0, 0x7ff, ARGUMENT_BUFFER),
	    .layers = LAYER_SECCOMP },
	{ "55", "inotify", "watch files", CALL(SYS_inotify_init1, 0), .layers = LAYER_SECCOMP },
	{ "55", "inotify-add", "watch a folder",
	    CALL(SYS_inotify_add_watch, -1, (long)"/", IN_OPEN), .layers = LAYER_SECCOMP,
	    .behind = EBADF, .control = EBADF },
	{ "55", "fanotify", "watch a file system", CALL(SYS_fanotify_init, FAN_REPORT_FID_ONLY, 0),
	    .layers = LAYER_SECCOMP },
	/* Devices. */
	{ "46", "terminal", "open the terminal", .path = "/dev/tty", READ, .control = ENXIO },
	{ "35", "device", "open a device", .path = "/dev/zero", READ },
};

const struct attempt_table attempts_files = { attempts, ARRAY_LEN(attempts) };
