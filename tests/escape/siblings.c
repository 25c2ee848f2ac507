/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox.  Against another worker and the supervisor: their memory, descriptors,
 * signals, limits, priorities; and what is shared between processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/escape/attempt.h"

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_IDLE (3 << 13)
/* What keeps a sibling's memory and descriptors from a tracer. */
#define TRACE_LAYERS (LAYER_SECCOMP | LAYER_LANDLOCK | LAYER_NOT_DUMPABLE | LAYER_UID)
#define SIGNAL .layers = LAYER_SECCOMP | LAYER_LANDLOCK | LAYER_UID, .abi = 6
#define NUISANCE_LAYERS (LAYER_SECCOMP | LAYER_UID)

/* ---- memory and descriptors ---- */

static int
read_memory(pid_t pid, uintptr_t address)
{
	char taken[8];
	struct iovec local = { taken, sizeof(taken) };
	struct iovec remote = { (void *)address, sizeof(taken) };

	return outcome_of(syscall(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0));
}

static int
read_victim(const struct scene *scene)
{
	return read_memory(scene->victim, scene->victim_canary);
}

static int
read_supervisor(const struct scene *scene)
{
	return read_memory(scene->supervisor, scene->supervisor_canary);
}

static int
write_victim(const struct scene *scene)
{
	char given[8] = "escaped";
	struct iovec local = { given, sizeof(given) };
	struct iovec remote = { (void *)scene->victim_canary, sizeof(given) };

	return outcome_of(syscall(SYS_process_vm_writev, scene->victim, &local, 1, &remote, 1, 0));
}

static int
open_victim(struct scene *scene)
{
	scene->fd = (int)syscall(SYS_pidfd_open, scene->victim, 0);
	return scene->fd < 0 ? -errno : 0;
}

static int
robust_list(const struct scene *scene)
{
	void *head;
	size_t length;

	return outcome_of(syscall(SYS_get_robust_list, scene->victim, &head, &length));
}

static int
move_memory(const struct scene *scene)
{
	unsigned long node = 1;

	return outcome_of(
	    syscall(SYS_migrate_pages, scene->victim, 8 * sizeof(node), &node, &node));
}

/* ---- signals ---- */

static int
queue_signal(const struct scene *scene)
{
	siginfo_t info = { .si_signo = scene->signal, .si_code = SI_QUEUE, .si_pid = getpid() };

	return outcome_of(syscall(SYS_rt_sigqueueinfo, scene->victim, scene->signal, &info));
}

static int
queue_thread_signal(const struct scene *scene)
{
	siginfo_t info = { .si_signo = scene->signal, .si_code = SI_QUEUE, .si_pid = getpid() };

	return outcome_of(
	    syscall(SYS_rt_tgsigqueueinfo, scene->victim, scene->victim, scene->signal, &info));
}

static int
signal_by_owner(const struct scene *scene)
{
	struct f_owner_ex owner = { F_OWNER_PID, scene->victim };

	return outcome_of(syscall(SYS_fcntl, WORKER_FD_CONTROL, F_SETOWN_EX, &owner));
}

static int
signal_by_timer(const struct scene *scene)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = scene->signal,
		._sigev_un._tid = scene->victim };
	int timer;

	return outcome_of(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
}

/* A thread's signal to itself is abort()'s; the same to another process is not. */
static int
signal_thread(const struct scene *scene)
{
	return outcome_of(syscall(SYS_tgkill, scene->victim, scene->victim, scene->signal));
}

static int
signal_thread_high_bits(const struct scene *scene)
{
	return outcome_of(
	    syscall(SYS_tgkill, (long)scene->victim | 1L << 40, scene->victim, scene->signal));
}

/* The victim leads a session and so a group of its own, like every worker. */
static int
signal_group(const struct scene *scene)
{
	return outcome_of(syscall(SYS_kill, -(long)scene->victim, scene->signal));
}

/* ---- limits, priorities ---- */

static int
limit(pid_t pid)
{
	struct rlimit given = { 100, RLIM_INFINITY };

	/* Only the soft limit: it can be set back. */
	if (syscall(SYS_prlimit64, pid, RLIMIT_SIGPENDING, NULL, &given) != 0)
		return -errno;
	given.rlim_cur = given.rlim_cur > 0 ? given.rlim_cur - 1 : 0;
	return outcome_of(syscall(SYS_prlimit64, pid, RLIMIT_SIGPENDING, &given, NULL));
}

static int
limit_victim(const struct scene *scene)
{
	return limit(scene->victim);
}

static int
limit_supervisor(const struct scene *scene)
{
	return limit(scene->supervisor);
}

static int
bind_to_processor(const struct scene *scene)
{
	unsigned long first = 1;

	return outcome_of(syscall(SYS_sched_setaffinity, scene->victim, sizeof(first), &first));
}

static int
schedule(const struct scene *scene)
{
	struct sched_param parameters = { 0 };

	return outcome_of(syscall(SYS_sched_setscheduler, scene->victim, SCHED_BATCH, &parameters));
}

static int
schedule_parameters(const struct scene *scene)
{
	struct sched_param parameters = { 0 };

	return outcome_of(syscall(SYS_sched_setparam, scene->victim, &parameters));
}

static int
schedule_attributes(const struct scene *scene)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attributes = { .size = 48, .policy = SCHED_BATCH, .nice = 19 };

	return outcome_of(syscall(SYS_sched_setattr, scene->victim, &attributes, 0));
}

/* ---- what processes share ---- */

static int
share_memory(const struct scene *scene UNUSED)
{
	long id = syscall(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	return id < 0 ? -errno : outcome_of(syscall(SYS_shmctl, id, IPC_RMID, NULL));
}

static int
share_messages(const struct scene *scene UNUSED)
{
	long id = syscall(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);

	return id < 0 ? -errno : outcome_of(syscall(SYS_msgctl, id, IPC_RMID, NULL));
}

static int
share_semaphores(const struct scene *scene UNUSED)
{
	long id = syscall(SYS_semget, IPC_PRIVATE, 1, IPC_CREAT | 0600);

	return id < 0 ? -errno : outcome_of(syscall(SYS_semctl, id, 0, IPC_RMID, 0));
}

static int
share_queue(const struct scene *scene)
{
	char name[32];
	long queue;

	snprintf(name, sizeof(name), "escape-%d", scene->supervisor);
	queue = syscall(SYS_mq_open, name, O_CREAT | O_RDWR, 0600, NULL);
	if (queue < 0)
		return -errno;
	close((int)queue);
	return outcome_of(syscall(SYS_mq_unlink, name));
}

/* ---- descriptors ---- */

union rights {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* With a frame, or nobody would read it. */
static int
send_input(int socket)
{
	union rights rights = { 0 };
	char frame[] = { 0, 0, 0, 1, 'x' };
	struct iovec piece = { frame, sizeof(frame) };
	struct msghdr message = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = rights.bytes,
		.msg_controllen = sizeof(rights.bytes) };
	int fd = WORKER_FD_INPUT;

	rights.header.cmsg_len = CMSG_LEN(sizeof(fd));
	rights.header.cmsg_level = SOL_SOCKET;
	rights.header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&rights.header), &fd, sizeof(fd));
	return outcome_of(sendmsg(socket, &message, MSG_NOSIGNAL));
}

static int
send_descriptor(const struct scene *scene UNUSED)
{
	return send_input(WORKER_FD_CONTROL);
}

/* A channel to a peer, or a front's connection to a client at a unix socket. */
static int
make_pair(struct scene *scene)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return -errno;
	scene->fd = pair[0];
	scene->id = pair[1];
	return 0;
}

/* Both ends are of one mind: this one gives room for what that one sends. */
static int
pass_descriptor(const struct scene *scene)
{
	union rights rights = { 0 };
	char frame[8];
	struct iovec piece = { frame, sizeof(frame) };
	struct msghdr message = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = rights.bytes,
		.msg_controllen = sizeof(rights.bytes) };
	int error = send_input(scene->fd);

	if (error == 0)
		error = outcome_of(recvmsg((int)scene->id, &message, 0));
	if (error == 0 && message.msg_controllen == 0)
		return -EPERM;
	return error;
}

static int
find_descriptor(const struct scene *scene UNUSED)
{
	for (int fd = WORKER_FD_COUNT; fd < 1024; fd++)
		if (syscall(SYS_fcntl, fd, F_GETFD) >= 0)
			return 0;
	return -EBADF;
}

static const struct attempt attempts[] = {
	{ "26", "ptrace-attach", "trace another worker",
	    CALL(SYS_ptrace, PTRACE_ATTACH, ARGUMENT_VICTIM, 0, 0), .layers = TRACE_LAYERS,
	    .behind = EPERM },
	{ "26", "ptrace-seize", "trace another worker without stopping it",
	    CALL(SYS_ptrace, PTRACE_SEIZE, ARGUMENT_VICTIM, 0, 0), .layers = TRACE_LAYERS,
	    .behind = EPERM },
	{ "26", "ptrace-supervisor", "trace the supervisor",
	    CALL(SYS_ptrace, PTRACE_SEIZE, ARGUMENT_SUPERVISOR, 0, 0), .layers = TRACE_LAYERS,
	    .behind = EPERM },
	{ "26", "ptrace-traceme", "be traced by the supervisor", CALL(SYS_ptrace, PTRACE_TRACEME),
	    .layers = LAYER_SECCOMP },
	{ "27", "read-sibling", "read another worker's memory", .act = read_victim,
	    .layers = TRACE_LAYERS, .behind = EPERM },
	{ "27", "write-sibling", "write another worker's memory", .act = write_victim,
	    .layers = TRACE_LAYERS, .behind = EPERM },
	{ "27", "read-supervisor", "read the supervisor's memory", .act = read_supervisor,
	    .layers = TRACE_LAYERS, .behind = EPERM },
	{ "28", "pidfd-open", "a descriptor of another worker",
	    CALL(SYS_pidfd_open, ARGUMENT_VICTIM, 0), .layers = LAYER_SECCOMP },
	{ "29", "pidfd-getfd", "take another worker's channel", .prepare = open_victim,
	    CALL(SYS_pidfd_getfd, ARGUMENT_FD, WORKER_FD_CONTROL, 0), .layers = TRACE_LAYERS,
	    .behind = EPERM },
	{ "30", "pidfd-signal", "signal another worker by descriptor", .prepare = open_victim,
	    CALL(SYS_pidfd_send_signal, ARGUMENT_FD, ARGUMENT_SIGNAL, 0, 0), SIGNAL,
	    .behind = EPERM },
	{ "30", "kill", "signal another worker", CALL(SYS_kill, ARGUMENT_VICTIM, ARGUMENT_SIGNAL),
	    SIGNAL, .behind = EPERM },
	{ "30", "kill-supervisor", "signal the supervisor",
	    CALL(SYS_kill, ARGUMENT_SUPERVISOR, ARGUMENT_SIGNAL), SIGNAL, .behind = EPERM },
	{ "30", "kill-all", "signal every process", CALL(SYS_kill, -1, ARGUMENT_SIGNAL), SIGNAL,
	    .behind = EPERM, .proof = PROOF_SIGNAL },
	{ "30", "kill-group", "signal another worker's process group", .act = signal_group, SIGNAL,
	    .behind = EPERM },
	{ "30", "tkill", "signal another worker's thread",
	    CALL(SYS_tkill, ARGUMENT_VICTIM, ARGUMENT_SIGNAL), SIGNAL, .behind = EPERM },
	{ "30", "tgkill", "the same by the call that abort() needs", .act = signal_thread, SIGNAL,
	    .behind = EPERM },
	{ "19", "tgkill-high-bits", "the same, with garbage above 32 bits",
	    .act = signal_thread_high_bits, SIGNAL, .behind = EPERM },
	{ "30", "sigqueue", "queue a signal", .act = queue_signal, SIGNAL, .behind = EPERM },
	{ "30", "sigqueue-thread", "queue a signal for a thread", .act = queue_thread_signal,
	    SIGNAL, .behind = EPERM },
	{ "31", "set-owner", "have a socket signal another worker",
	    CALL(SYS_fcntl, WORKER_FD_CONTROL, F_SETOWN, ARGUMENT_VICTIM),
	    .layers = LAYER_SECCOMP },
	{ "31", "set-owner-ex", "the same, by F_SETOWN_EX", .act = signal_by_owner,
	    .layers = LAYER_SECCOMP },
	{ "31", "set-signal", "choose a socket's signal",
	    CALL(SYS_fcntl, WORKER_FD_CONTROL, F_SETSIG, ARGUMENT_SIGNAL),
	    .layers = LAYER_SECCOMP },
	{ "31", "ioctl-owner", "the same, by ioctl",
	    CALL(SYS_ioctl, WORKER_FD_CONTROL, FIOASYNC, ARGUMENT_BUFFER),
	    .layers = LAYER_SECCOMP },
	{ "19", "set-owner-high-bits", "the same, with garbage above 32 bits",
	    CALL(SYS_fcntl, WORKER_FD_CONTROL, (1L << 40) | F_SETOWN, ARGUMENT_VICTIM),
	    .layers = LAYER_SECCOMP },
	{ "31", "oob", "urgent data, which signals a socket's owner",
	    CALL(SYS_sendto, WORKER_FD_CONTROL, ARGUMENT_BUFFER, 1, MSG_OOB, 0, 0),
	    .layers = LAYER_SECCOMP },
	{ "32", "timer-other", "a timer that signals another worker", .act = signal_by_timer,
	    .layers = LAYER_SECCOMP, .behind = EINVAL, .control = EINVAL },
	{ "32", "parent-death-signal", "live on without the supervisor",
	    CALL(SYS_prctl, PR_SET_PDEATHSIG, 0), .layers = LAYER_SECCOMP },
	{ "36", "prlimit", "change another worker's limits", .act = limit_victim,
	    .layers = NUISANCE_LAYERS, .behind = EPERM },
	{ "36", "prlimit-supervisor", "change the supervisor's limits", .act = limit_supervisor,
	    .layers = NUISANCE_LAYERS, .behind = EPERM },
	{ "37", "set-affinity", "bind another worker to one processor", .act = bind_to_processor,
	    .layers = NUISANCE_LAYERS, .behind = EPERM },
	{ "37", "set-scheduler", "change another worker's scheduling", .act = schedule,
	    .layers = NUISANCE_LAYERS, .behind = EPERM },
	{ "37", "set-parameters", "change its parameters", .act = schedule_parameters,
	    .layers = NUISANCE_LAYERS, .behind = EPERM },
	{ "37", "set-attributes", "change its attributes", .act = schedule_attributes,
	    .layers = NUISANCE_LAYERS, .behind = EPERM },
	{ "37", "set-priority", "make another worker slow",
	    CALL(SYS_setpriority, PRIO_PROCESS, ARGUMENT_VICTIM, 19), .layers = NUISANCE_LAYERS,
	    .behind = EPERM },
	{ "37", "set-io-priority", "make another worker's files slow",
	    CALL(SYS_ioprio_set, IOPRIO_WHO_PROCESS, ARGUMENT_VICTIM, IOPRIO_CLASS_IDLE),
	    .layers = NUISANCE_LAYERS, .behind = EPERM },
	{ "38", "kcmp", "compare memory with another worker",
	    CALL(SYS_kcmp, ARGUMENT_SELF, ARGUMENT_VICTIM, KCMP_VM, 0, 0), .layers = TRACE_LAYERS,
	    .behind = EPERM },
	{ "38", "robust-list", "another worker's list of locks", .act = robust_list,
	    .layers = TRACE_LAYERS, .behind = EPERM },
	{ "38", "migrate-pages", "move another worker's memory", .act = move_memory,
	    .layers = TRACE_LAYERS, .behind = EPERM },
	{ "38", "move-pages", "ask where another worker's memory is",
	    CALL(SYS_move_pages, ARGUMENT_VICTIM, 0, 0, 0, 0, 0), .layers = TRACE_LAYERS,
	    .behind = EPERM },
	{ "39", "setpgid", "join another worker's process group",
	    CALL(SYS_setpgid, 0, ARGUMENT_VICTIM), .layers = LAYER_SECCOMP, .behind = EPERM,
	    .control = EPERM },
	{ "39", "setsid", "begin a session", CALL(SYS_setsid), .layers = LAYER_SECCOMP,
	    .behind = EPERM, .control = EPERM },
	{ "39", "getpgid", "ask for another worker's process group",
	    CALL(SYS_getpgid, ARGUMENT_VICTIM), .layers = LAYER_SECCOMP },
	{ "39", "wait", "wait for another worker", CALL(SYS_wait4, ARGUMENT_VICTIM, 0, WNOHANG, 0),
	    .layers = LAYER_SECCOMP, .behind = ECHILD, .control = ECHILD },
	{ "39", "terminal-group", "take the terminal's foreground",
	    CALL(SYS_ioctl, WORKER_FD_CONTROL, TIOCSPGRP, ARGUMENT_BUFFER), .layers = LAYER_SECCOMP,
	    .behind = ENOTTY, .control = ENOTTY },
	{ "40", "shmget", "shared memory", .act = share_memory, .layers = LAYER_SECCOMP },
	{ "40", "msgget", "a message queue", .act = share_messages, .layers = LAYER_SECCOMP },
	{ "40", "semget", "semaphores", .act = share_semaphores, .layers = LAYER_SECCOMP },
	{ "40", "mq-open", "a POSIX message queue", .act = share_queue,
	    .layers = LAYER_SECCOMP | LAYER_LIMITS, .behind = EMFILE },
	{ "43", "scm-rights", "give the supervisor a descriptor", .act = send_descriptor,
	    .answer = EPERM, .behind = EPERM, .proof = PROOF_DESCRIPTOR },
	{ "43", "pass-descriptor", "pass a descriptor to one that takes it", .prepare = make_pair,
	    .act = pass_descriptor, .open = WORKERS },
	{ "44", "find-descriptor", "find a descriptor that was left open", .act = find_descriptor,
	    .answer = EBADF, .behind = EBADF },
	{ "44", "dup", "duplicate a channel", CALL(SYS_dup, WORKER_FD_CONTROL),
	    .layers = LAYER_SECCOMP },
	{ "46", "push-input", "push input into the terminal (TIOCSTI)",
	    CALL(SYS_ioctl, WORKER_FD_INPUT, TIOCSTI, ARGUMENT_BUFFER), .layers = LAYER_SECCOMP,
	    .behind = ENOTTY, .control = ENOTTY },
	{ "46", "push-input-high-bits", "the same, with garbage above 32 bits",
	    CALL(SYS_ioctl, WORKER_FD_INPUT, (1L << 40) | TIOCSTI, ARGUMENT_BUFFER),
	    .layers = LAYER_SECCOMP, .behind = ENOTTY, .control = ENOTTY },
	{ "46", "take-terminal", "take a terminal (TIOCSCTTY)",
	    CALL(SYS_ioctl, WORKER_FD_INPUT, TIOCSCTTY, 0), .layers = LAYER_SECCOMP,
	    .behind = ENOTTY, .control = ENOTTY },
	{ "46", "paste-input", "paste into the console (TIOCLINUX)",
	    CALL(SYS_ioctl, WORKER_FD_INPUT, TIOCLINUX, ARGUMENT_BUFFER), .layers = LAYER_SECCOMP,
	    .behind = ENOTTY, .control = ENOTTY },
	{ "47", "dumpable", "let others look in again (PR_SET_DUMPABLE)",
	    CALL(SYS_prctl, PR_SET_DUMPABLE, 1), .layers = LAYER_SECCOMP },
};

const struct attempt_table attempts_siblings = { attempts, ARRAY_LEN(attempts) };
