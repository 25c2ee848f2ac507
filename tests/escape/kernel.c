/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox.  Doors of the kernel: namespaces, mounts, ids and capabilities, the
 * sandbox itself, io_uring, bpf, keys, the machine's state.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/escape/attempt.h"

/* Newer than Debian 12's headers (prctl(2), userfaultfd(2)). */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
#define USER_MODE_ONLY 1
#define PROCESS_KEYRING (-2)
#define KEYCTL_GET_KEYRING_ID 0
#define ANY_ADDRESS ARGUMENT_BUFFER
/* Denied by the kernel for want of a capability, with or without our layers. */
#define PRIVILEGED .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EPERM, .control = EPERM

static int
take_all_capabilities(const struct scene *scene UNUSED)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	memset(data, 0xff, sizeof(data));
	return outcome_of(syscall(SYS_capset, &header, data));
}

static const struct sock_filter allow_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

static int
load_filter(unsigned flags)
{
	struct sock_filter filter = allow_all;
	struct sock_fprog program = { 1, &filter };

	return outcome_of(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

static int
another_filter(const struct scene *scene UNUSED)
{
	return load_filter(0);
}

static int
filter_with_listener(const struct scene *scene UNUSED)
{
	return load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static int
filter_by_prctl(const struct scene *scene UNUSED)
{
	struct sock_filter filter = allow_all;
	struct sock_fprog program = { 1, &filter };

	return outcome_of(syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static int
another_domain(const struct scene *scene UNUSED)
{
	struct landlock_ruleset_attr attributes = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE,
	};
	long fd = syscall(SYS_landlock_create_ruleset, &attributes, sizeof(uint64_t), 0);

	return fd < 0 ? -errno : outcome_of(syscall(SYS_landlock_restrict_self, fd, 0));
}

static int
make_ring(const struct scene *scene UNUSED)
{
	struct io_uring_params parameters = { 0 };

	return outcome_of(syscall(SYS_io_uring_setup, 4, &parameters));
}

static int
load_program(const struct scene *scene UNUSED)
{
	struct bpf_insn instructions[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attributes = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insn_cnt = ARRAY_LEN(instructions),
		.insns = (uintptr_t)instructions,
		.license = (uintptr_t) "GPL" };

	return outcome_of(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes)));
}

static int
count_events(bool with_kernel)
{
	struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.exclude_kernel = !with_kernel,
		.exclude_hv = 1 };

	return outcome_of(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

static int
count_kernel_events(const struct scene *scene UNUSED)
{
	return count_events(true);
}

static int
count_own_events(const struct scene *scene UNUSED)
{
	return count_events(false);
}

static int
set_clock(const struct scene *scene UNUSED)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	return outcome_of(syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
}

static int
set_time_of_day(const struct scene *scene UNUSED)
{
	struct timeval now = { 0 };

	gettimeofday(&now, NULL);
	return outcome_of(syscall(SYS_settimeofday, &now, NULL));
}

static const struct attempt attempts[] = {
	{ "12", "unshare-user", "a user namespace of its own", CALL(SYS_unshare, CLONE_NEWUSER),
	    .layers = LAYER_SECCOMP },
	{ "12", "unshare-net", "a network of its own", CALL(SYS_unshare, CLONE_NEWNET),
	    PRIVILEGED },
	{ "12", "unshare-mounts", "mounts of its own", CALL(SYS_unshare, CLONE_NEWNS), PRIVILEGED },
	{ "12", "unshare-all", "user, network and mounts at once",
	    CALL(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS),
	    .layers = LAYER_SECCOMP },
	{ "13", "setns", "join a namespace", CALL(SYS_setns, WORKER_FD_CONTROL, 0),
	    .layers = LAYER_SECCOMP, .behind = EINVAL, .control = EINVAL },
	{ "13", "mount", "mount", CALL(SYS_mount, (long)"x", (long)"/", (long)"tmpfs", 0, 0),
	    PRIVILEGED },
	{ "13", "umount", "unmount", CALL(SYS_umount2, (long)"/", MNT_DETACH), PRIVILEGED },
	{ "13", "fsopen", "open a file system", CALL(SYS_fsopen, (long)"tmpfs", 0), PRIVILEGED },
	{ "13", "fsmount", "mount an open file system", CALL(SYS_fsmount, -1, 0, 0), PRIVILEGED },
	{ "13", "fspick", "open a mounted file system", CALL(SYS_fspick, AT_FDCWD, (long)"/", 0),
	    PRIVILEGED },
	{ "13", "move-mount", "move a mount",
	    CALL(SYS_move_mount, AT_FDCWD, (long)"/", AT_FDCWD, (long)"/", 0), PRIVILEGED },
	{ "13", "open-tree", "a descriptor of a mount", CALL(SYS_open_tree, AT_FDCWD, (long)"/", 0),
	    .layers = LAYER_SECCOMP },
	{ "13", "pivot-root", "another root", CALL(SYS_pivot_root, (long)"/", (long)"/"),
	    PRIVILEGED },
	{ "13", "chroot", "another root for itself", CALL(SYS_chroot, (long)"/"), PRIVILEGED },
	{ "14", "setuid", "become root", CALL(SYS_setuid, 0), PRIVILEGED },
	{ "14", "setgid", "become root's group", CALL(SYS_setgid, 0), PRIVILEGED },
	{ "14", "setgroups", "join root's group", CALL(SYS_setgroups, 1, ARGUMENT_BUFFER),
	    PRIVILEGED },
	{ "14", "setresuid", "become root, all three ids", CALL(SYS_setresuid, 0, 0, 0),
	    PRIVILEGED },
	{ "14", "setresgid", "the same for groups", CALL(SYS_setresgid, 0, 0, 0), PRIVILEGED },
	{ "14", "capset", "take every capability", .act = take_all_capabilities, PRIVILEGED },
	{ "14", "bounding-set", "change the bounding set", CALL(SYS_prctl, PR_CAPBSET_DROP, 0),
	    PRIVILEGED },
	{ "14", "ambient", "raise an ambient capability",
	    CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), PRIVILEGED },
	{ "14", "keep-caps", "keep capabilities over a change of uid",
	    CALL(SYS_prctl, PR_SET_KEEPCAPS, 1), .layers = LAYER_SECCOMP },
	{ "15", "new-privs", "allow new privileges again",
	    CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), .layers = LAYER_SECCOMP,
	    .behind = EINVAL, .control = EINVAL },
	{ "15", "set-mm", "change what the kernel thinks of its memory",
	    CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_START_BRK, 0, 0, 0), PRIVILEGED },
	{ "15", "set-ptracer", "let anybody trace it", CALL(SYS_prctl, PR_SET_PTRACER, -1),
	    .layers = LAYER_SECCOMP, .behind = EINVAL, .control = EINVAL },
	{ "15", "write-exec", "allow memory to be written and executed again",
	    CALL(SYS_prctl, PR_SET_MDWE, 0, 0, 0, 0), .layers = LAYER_SECCOMP | LAYER_MDWE,
	    .behind = EPERM },
	{ "15", "name", "take another name", CALL(SYS_prctl, PR_SET_NAME, (long)"supervisor"),
	    .layers = LAYER_SECCOMP },
	{ "16", "filter", "another seccomp filter", .act = another_filter,
	    .layers = LAYER_SECCOMP },
	{ "16", "filter-prctl", "the same by prctl", .act = filter_by_prctl,
	    .layers = LAYER_SECCOMP },
	{ "16", "filter-listener", "a filter that asks a listener", .act = filter_with_listener,
	    .layers = LAYER_SECCOMP },
	{ "17", "landlock", "another Landlock layer", .act = another_domain,
	    .layers = LAYER_SECCOMP },
	{ "20", "io-uring-setup", "an io_uring", .act = make_ring, .layers = LAYER_SECCOMP },
	{ "20", "io-uring-enter", "use an io_uring", CALL(SYS_io_uring_enter, -1, 0, 0, 0, 0, 0),
	    .layers = LAYER_SECCOMP, .behind = EBADF, .control = EBADF },
	{ "20", "io-uring-register", "register with an io_uring",
	    CALL(SYS_io_uring_register, WORKER_FD_CONTROL, 0, 0, 0), .layers = LAYER_SECCOMP,
	    .behind = EOPNOTSUPP, .control = EOPNOTSUPP },
	{ "21", "userfaultfd", "handle page faults", CALL(SYS_userfaultfd, 0), PRIVILEGED },
	{ "21", "userfaultfd-user", "handle page faults of user mode",
	    CALL(SYS_userfaultfd, USER_MODE_ONLY), .layers = LAYER_SECCOMP },
	{ "22", "bpf", "load a BPF program", .act = load_program, PRIVILEGED },
	{ "22", "perf-kernel", "measure the kernel", .act = count_kernel_events,
	    .layers = LAYER_SECCOMP | LAYER_CAPABILITIES, .behind = EACCES, .control = EACCES },
	{ "22", "perf-own", "measure itself", .act = count_own_events, .layers = LAYER_SECCOMP },
	{ "23", "keyctl", "look into a keyring",
	    CALL(SYS_keyctl, KEYCTL_GET_KEYRING_ID, PROCESS_KEYRING, 1), .layers = LAYER_SECCOMP },
	{ "23", "add-key", "leave a key in the kernel",
	    CALL(SYS_add_key, (long)"user", (long)"x", (long)"x", 1, PROCESS_KEYRING),
	    .layers = LAYER_SECCOMP },
	{ "23", "request-key", "ask for a key",
	    CALL(SYS_request_key, (long)"user", (long)"none", 0, 0), .layers = LAYER_SECCOMP,
	    .behind = ENOKEY, .control = ENOKEY },
	{ "24", "init-module", "load a module", CALL(SYS_init_module, 0, 0, (long)""), PRIVILEGED },
	/* Not the numbers that reboot wants: capabilities are looked at first. */
	{ "24", "reboot", "restart the machine", CALL(SYS_reboot, 0, 0, 0, 0), PRIVILEGED },
	{ "24", "swapon", "swap into a file", CALL(SYS_swapon, (long)"/nowhere", 0), PRIVILEGED },
	{ "24", "swapoff", "stop swapping", CALL(SYS_swapoff, (long)"/nowhere"), PRIVILEGED },
	{ "24", "acct", "process accounting", CALL(SYS_acct, (long)"/nowhere"), PRIVILEGED },
	{ "24", "syslog", "read the kernel's log", CALL(SYS_syslog, 2, ARGUMENT_BUFFER, 64),
	    PRIVILEGED },
	{ "24", "sethostname", "rename the machine", CALL(SYS_sethostname, (long)"x", 1),
	    PRIVILEGED },
	{ "24", "settimeofday", "set the clock", .act = set_time_of_day, PRIVILEGED },
	{ "24", "clock-settime", "set the clock, newer call", .act = set_clock, PRIVILEGED },
	{ "24", "vhangup", "hang the terminal up", CALL(SYS_vhangup), PRIVILEGED },
	{ "25", "vmsplice", "lend memory to a pipe", CALL(SYS_vmsplice, -1, 0, 0, 0),
	    .layers = LAYER_SECCOMP, .behind = EBADF, .control = EBADF },
	{ "25", "splice", "move bytes between pipes", CALL(SYS_splice, -1, 0, -1, 0, 1, 0),
	    .layers = LAYER_SECCOMP, .behind = EBADF, .control = EBADF },
	{ "25", "tee", "copy bytes between pipes", CALL(SYS_tee, -1, -1, 1, 0),
	    .layers = LAYER_SECCOMP, .behind = EBADF, .control = EBADF },
	{ "25", "process-madvise", "give advice on another's memory",
	    CALL(SYS_process_madvise, -1, ANY_ADDRESS, 1, 20, 0), .layers = LAYER_SECCOMP,
	    .behind = EBADF, .control = EBADF },
	{ "25", "mbind", "bind memory to a node", CALL(SYS_mbind, 0, 0, 0, 0, 0, 0),
	    .layers = LAYER_SECCOMP },
};

const struct attempt_table attempts_kernel = { attempts, ARRAY_LEN(attempts) };
