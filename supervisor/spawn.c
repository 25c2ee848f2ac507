/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor, and its child until exec.  A worker starts with an empty environment, a constant
 * argument list, the descriptors that are due and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/clock.h"
#include "supervisor/slot.h"
#include "supervisor/supervisor.h"
#include "version.h"

#define EXIT_SPAWN 111
#define PATH_MAX_BYTES 512

static _Noreturn void
child_fails(const char *step, int error)
{
	dprintf(WORKER_FD_LOG, "<4>can't be started: %s: %s\n", step, strerror(-error));
	_exit(EXIT_SPAWN);
}

/* 0: /dev/null, 1 and 2: the log pipe, 3: the control channel; the rest is closed. */
static void
place_descriptors(int log_fd, int control_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* Above the places, so that none is overwritten before it is moved. */
	int log_copy = fcntl(log_fd, F_DUPFD_CLOEXEC, WORKER_FD_COUNT);
	int control_copy = fcntl(control_fd, F_DUPFD_CLOEXEC, WORKER_FD_COUNT);

	if (null_fd < 0 || log_copy < 0 || control_copy < 0 || dup2(null_fd, WORKER_FD_INPUT) < 0 ||
	    dup2(log_copy, WORKER_FD_OUTPUT) < 0 || dup2(log_copy, WORKER_FD_LOG) < 0 ||
	    dup2(control_copy, WORKER_FD_CONTROL) < 0 || close_range(WORKER_FD_COUNT, ~0u, 0) != 0)
		_exit(EXIT_SPAWN);
}

static _Noreturn void
run_child(const struct supervisor *supervisor, enum process process, int log_fd, int control_fd,
    pid_t parent)
{
	static char *const no_environment[] = { NULL };
	const struct process_entry *entry = &processes[process];
	char path[PATH_MAX_BYTES], name[PATH_MAX_BYTES];
	/* A program of two processes learns from its name which of them it is. */
	char *arguments[2] = { name, NULL };
	struct policy_values values = supervisor->values;
	const char *step;
	sigset_t none;
	int error;

	place_descriptors(log_fd, control_fd);
	snprintf(path, sizeof(path), "%s/%s", WORKER_DIR, entry->file);
	snprintf(name, sizeof(name), "%s/%s", WORKER_DIR, entry->name);
	values.program_path = path;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	/* A signal to the terminal's group is the supervisor's to answer. */
	(void)setsid();
	if (chdir("/") != 0)
		child_fails("chdir", -errno);
	error = policy_enter(policies[process], &values, parent, &step);
	if (error != 0)
		child_fails(step, error);
	execve(path, arguments, no_environment);
	child_fails(path, -errno);
}

/* Sets the slot up for a new process. */
static void
reset(struct slot *slot, pid_t pid, int log_fd, int control_fd)
{
	slot->pid = pid;
	slot->started_ms = clock_ms();
	slot->ready_ms = 0;
	slot->killed = slot->state_given = slot->alive_seen = false;
	slot->expected = EXPECT_TEXT;
	slot->status = BUFFER(STATE_FILE_MAX_BYTES);
	channel_open(&slot->control, control_fd, false);
	log_pipe_open(&slot->log, log_fd, slot->process);
}

int
spawn_worker(struct supervisor *supervisor, struct slot *slot)
{
	int control[2] = { -1, -1 }, log[2] = { -1, -1 };
	pid_t parent = getpid(), pid = -1;
	int error = channel_pair(control);

	if (error == 0 && pipe2(log, O_CLOEXEC | O_NONBLOCK) != 0)
		error = -errno;
	if (error == 0) {
		pid = fork();
		if (pid == 0)
			run_child(supervisor, slot->process, log[1], control[1], parent);
		if (pid < 0)
			error = -errno;
	}
	cleanup_close(&control[1]);
	cleanup_close(&log[1]);
	if (error != 0) {
		cleanup_close(&control[0]);
		cleanup_close(&log[0]);
		return error;
	}
	reset(slot, pid, log[0], control[0]);
	/* What it can't be told ends it, as anything else does that happens to it from here on. */
	if (send_config(supervisor, slot) != 0)
		slot_kill(slot);
	return 0;
}
