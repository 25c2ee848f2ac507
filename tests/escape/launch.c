/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  See launch.h. */
#include "tests/escape/launch.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/channel.h"
#include "common/clock.h"
#include "tests/escape/clients.h"
#include "tests/escape/stage.h"
#include "tests/escape/victim.h"

#define EXIT_SPAWN 111
#define ATTEMPT_MS 5000
#define ANSWER_MS 1000
#define IOPRIO_WHO_PROCESS 1

static char canary[CANARY_BYTES];
static volatile sig_atomic_t signalled_by;

/* ---- starting, as the supervisor does ---- */

static _Noreturn void
child_fails(const char *step, int error)
{
	dprintf(WORKER_FD_LOG, "%s: %s\n", step, strerror(-error));
	_exit(EXIT_SPAWN);
}

/* As supervisor/spawn.c; the control run leaves one descriptor open for an attempt to find. */
static void
place_descriptors(int log_fd, int control_fd, bool leave_one)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int log_copy = fcntl(log_fd, F_DUPFD_CLOEXEC, WORKER_FD_COUNT);
	int control_copy = fcntl(control_fd, F_DUPFD_CLOEXEC, WORKER_FD_COUNT);
	unsigned first = WORKER_FD_COUNT + (leave_one ? 1 : 0);

	if (null_fd < 0 || log_copy < 0 || control_copy < 0 || dup2(null_fd, WORKER_FD_INPUT) < 0 ||
	    dup2(log_copy, WORKER_FD_OUTPUT) < 0 || dup2(log_copy, WORKER_FD_LOG) < 0 ||
	    dup2(control_copy, WORKER_FD_CONTROL) < 0 || close_range(first, ~0u, 0) != 0 ||
	    (leave_one && dup2(WORKER_FD_INPUT, WORKER_FD_COUNT) < 0))
		_exit(EXIT_SPAWN);
}

static _Noreturn void
run_child(const struct round *round, enum process process, int log_fd, int control_fd, pid_t parent)
{
	static char *const no_environment[] = { NULL };
	char path[SCENE_PATH_BYTES];
	char *arguments[2] = { path, NULL };
	const char *step;
	sigset_t none;
	int error;

	place_descriptors(log_fd, control_fd, round->control);
	snprintf(path, sizeof(path), "%s", round->scene.program);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	(void)setsid();
	if (chdir("/") != 0)
		child_fails("chdir", -errno);
	error = policy_enter(policies[process], &round->values, parent, &step);
	if (error != 0)
		child_fails(step, error);
	execve(path, arguments, no_environment);
	child_fails(path, -errno);
}

struct child {
	pid_t pid;
	int control;
	int log;
};

/* The scene, and the listening socket with it as the supervisor hands one over. */
static int
send_scene(int control, struct scene scene, int listener)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights = { 0 };
	struct iovec piece = { &scene, sizeof(scene) };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (listener >= 0) {
		rights.header.cmsg_len = CMSG_LEN(sizeof(listener));
		rights.header.cmsg_level = SOL_SOCKET;
		rights.header.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&rights.header), &listener, sizeof(listener));
		message.msg_control = rights.bytes;
		message.msg_controllen = sizeof(rights.bytes);
	}
	return sendmsg(control, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int
start(const struct round *round, const struct scene *scene, struct child *child)
{
	int control[2], log[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0)
		return -errno;
	if (pipe2(log, O_CLOEXEC | O_NONBLOCK) != 0)
		return -errno;
	child->pid = fork();
	if (child->pid == 0)
		run_child(round, scene->process, log[1], control[1], parent);
	close(control[1]);
	close(log[1]);
	child->control = control[0];
	child->log = log[0];
	if (child->pid < 0)
		return -errno;
	return send_scene(control[0], *scene, scene->be_victim ? -1 : round->listener);
}

/* ---- who could be harmed ---- */

static void
add_file(char state[STATE_BYTES], pid_t pid, const char *name)
{
	char path[64];
	size_t used = strlen(state);
	ssize_t got;
	int fd _cleanup_close_ = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, state + used, STATE_BYTES - used - 1);
	state[used + (got > 0 ? (size_t)got : 0)] = '\0';
}

/* Limits, processors, scheduling, priorities, tracer: what an attempt may have changed. */
static void
take_state(char state[STATE_BYTES], pid_t pid)
{
	char stat[STATE_BYTES] = "", status[STATE_BYTES] = "", *at;
	long policy = syscall(SYS_sched_getscheduler, pid);
	long io = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid);
	int nice = 0;

	state[0] = '\0';
	add_file(state, pid, "limits");
	add_file(state, pid, "oom_score_adj");
	add_file(stat, pid, "stat");
	add_file(status, pid, "status");
	/* The name is in parentheses; nice is the seventeenth field behind it (proc(5)). */
	at = strrchr(stat, ')');
	for (int field = 0; at != NULL && field < 17; field++)
		at = strchr(at + 1, ' ');
	nice = at == NULL ? 99 : atoi(at + 1);
	at = strstr(status, "Cpus_allowed:");
	snprintf(state + strlen(state), STATE_BYTES - strlen(state), "%d %ld %ld %.40s %s", nice,
	    policy, io, at == NULL ? "" : at,
	    strstr(status, "TracerPid:\t0\n") == NULL ? "traced" : "");
}

/* Another worker of the same program. */
static enum process
victim_of(const struct round *round)
{
	const struct program_entry *program = &programs[round->values.program];

	return round->scene.process == program->first_worker ? program->last_worker :
							       program->first_worker;
}

static int
start_victim(struct round *round)
{
	struct scene scene = round->scene;
	struct child child = { .pid = -1, .control = -1, .log = -1 };
	int error;

	scene.be_victim = true;
	scene.process = victim_of(round);
	scene.unix_socket = false;
	error = start(round, &scene, &child);
	if (error != 0)
		return error;
	close(child.log);
	round->victim_fd = child.control;
	round->victim = round->scene.victim = child.pid;
	if (recv(child.control, &round->scene.victim_canary, sizeof(uintptr_t), 0) !=
	    sizeof(uintptr_t))
		return -EPROTO;
	take_state(round->victim_state, child.pid);
	return 0;
}

static void
end_victim(struct round *round)
{
	kill(round->victim, SIGKILL);
	(void)waitpid(round->victim, NULL, 0);
	close(round->victim_fd);
}

static bool
ask_victim(const struct round *round, struct answer *answer)
{
	struct pollfd control = { .fd = round->victim_fd, .events = POLLIN };

	return send(round->victim_fd, "?", 1, MSG_NOSIGNAL) == 1 &&
	       poll(&control, 1, ANSWER_MS) == 1 &&
	       recv(round->victim_fd, answer, sizeof(*answer), 0) == sizeof(*answer);
}

/*
 * Names what was harmed in `why`.  Signals count where `attacker` sent them: somebody else's control
 * run may reach every process of its uid.  `ret_signal`: whether the victim got one.
 */
static void
look_round(const struct round *round, pid_t attacker, char why[WHY_BYTES], bool *ret_signal)
{
	struct answer answer = { .harmed = false };
	char state[STATE_BYTES];

	if (!ask_victim(round, &answer))
		snprintf(why, WHY_BYTES, "the victim does not answer");
	else if (answer.harmed)
		snprintf(why, WHY_BYTES, "the victim's memory was written");
	take_state(state, round->victim);
	if (strcmp(state, round->victim_state) != 0)
		snprintf(why, WHY_BYTES, "the victim's limits or priorities were changed");
	take_state(state, getpid());
	if (strcmp(state, round->own_state) != 0)
		snprintf(why, WHY_BYTES, "the supervisor's limits or priorities were changed");
	if (memcmp(canary, CANARY_TEXT, CANARY_BYTES) != 0)
		snprintf(why, WHY_BYTES, "the supervisor's memory was written");
	if (!stage_is_whole(&round->scene))
		snprintf(why, WHY_BYTES, "files were changed");
	*ret_signal = answer.signalled;
	if (answer.signalled && answer.by == attacker)
		snprintf(why, WHY_BYTES, "the victim was signalled");
	if (signalled_by == attacker)
		snprintf(why, WHY_BYTES, "the supervisor was signalled");
	signalled_by = 0;
}

/* ---- rounds ---- */

static void
note_signal(int number UNUSED, siginfo_t *info, void *context UNUSED)
{
	signalled_by = info->si_pid;
}

int
round_begin(struct round *round, const char **ret_step)
{
	static char why[POLICY_WHY_BYTES];
	unsigned without = round->values.without;
	int error;
	struct sigaction action = { .sa_sigaction = note_signal,
		.sa_flags = SA_RESTART | SA_SIGINFO };

	round->control = without == LAYERS_ALL;
	round->listener = -1;
	round->scene.without = without;
	round->scene.skip_descriptors = round->control;
	round->scene.supervisor = getpid();
	round->scene.supervisor_canary = (uintptr_t)canary;
	round->values.program_path = round->scene.program;
	round->values.ca_file = round->scene.certificate;
	memcpy(round->values.ports, round->scene.ports, sizeof(round->values.ports));
	memcpy(canary, CANARY_TEXT, CANARY_BYTES);
	sigaction(round->scene.signal, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	*ret_step = "capabilities";
	/* One uid for all is no better than its owner's capabilities allow. */
	if ((without & LAYER_UID) != 0) {
		capng_clear(CAPNG_SELECT_CAPS);
		if (capng_apply(CAPNG_SELECT_CAPS) != 0)
			return -EPERM;
	}
	*ret_step = "dumpable";
	if (prctl(PR_SET_DUMPABLE, (without & LAYER_NOT_DUMPABLE) != 0) != 0)
		return -errno;
	take_state(round->own_state, getpid());
	*ret_step = "victim";
	error = start_victim(round);
	if (error != 0 || without != 0)
		return error;
	/* What is attacked is what the agent's supervisor lets in. */
	*ret_step = why;
	return policy_check(policies[victim_of(round)], &round->values, round->victim,
	    (unsigned)policy_own_filters(), why);
}

void
round_end(struct round *round)
{
	end_victim(round);
}

/* ---- attempts ---- */

/* Reads what the probe sends until it is gone.  Whether a descriptor came along. */
static bool
serve(struct child *child, bool take_descriptors, bool *ret_late)
{
	int64_t until_ms = clock_ms() + ATTEMPT_MS;
	struct channel channel;
	bool came = false;
	int error = 0;

	channel_open(&channel, child->control, take_descriptors);
	while (error >= 0 && clock_ms() < until_ms) {
		struct pollfd control = { .fd = child->control, .events = POLLIN };

		(void)poll(&control, 1, 100);
		error = channel_read(&channel, FRAME_MAX_BYTES, clock_ms());
		if (error == 1) {
			int fd = channel_take_fd(&channel);

			came = came || fd >= 0;
			cleanup_close(&fd);
			channel_next(&channel);
		}
	}
	*ret_late = error >= 0;
	channel_close(&channel);
	return came;
}

static int
exit_outcome(int status)
{
	if (WIFSIGNALED(status))
		return WCOREDUMP(status) ? OUTCOME_SETUP : -WTERMSIG(status);
	if (WEXITSTATUS(status) >= PROBE_SCENE || WEXITSTATUS(status) == EXIT_SPAWN)
		return OUTCOME_SETUP + WEXITSTATUS(status);
	return WEXITSTATUS(status);
}

static void
read_log(const struct child *child, char text[WHY_BYTES])
{
	ssize_t got = read(child->log, text, WHY_BYTES - 1);

	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

/* The attempt proper; its pid.  `ret_descriptor`: whether a descriptor arrived here. */
static pid_t
make_attempt(struct round *round, struct result *result, bool *ret_descriptor)
{
	struct child child = { .pid = -1, .control = -1, .log = -1 };
	bool late = false;
	int status = 0, error = start(round, &round->scene, &child);

	*ret_descriptor = false;
	if (error != 0) {
		result->outcome = OUTCOME_SETUP;
		snprintf(result->harm, WHY_BYTES, "can't be started: %s", strerror(-error));
		return -1;
	}
	*ret_descriptor = serve(&child, round->control, &late);
	if (late)
		kill(child.pid, SIGKILL);
	while (waitpid(child.pid, &status, 0) == child.pid && WIFSTOPPED(status))
		kill(child.pid, SIGKILL);
	result->outcome = late ? OUTCOME_TIMEOUT : exit_outcome(status);
	if (result->outcome >= OUTCOME_SETUP)
		read_log(&child, result->harm);
	close(child.log);
	return child.pid;
}

/* In the control run the attempts succeed, and harm whom they are meant to. */
static void
restore(struct round *round)
{
	stage_reset(&round->scene);
	end_victim(round);
	memcpy(canary, CANARY_TEXT, CANARY_BYTES);
	take_state(round->own_state, getpid());
	(void)start_victim(round);
}

/* What an attempt did, beside what its call returned. */
struct proof_seen {
	bool signal;
	bool descriptor;
	bool endpoint_ended;
};

/* A call that returned 0 and did nothing is no success. */
static bool
is_proved(enum proof proof, const struct proof_seen *seen)
{
	switch (proof) {
	case PROOF_SIGNAL:
		return seen->signal;
	case PROOF_DESCRIPTOR:
		return seen->descriptor;
	case PROOF_ENDPOINT:
		return seen->endpoint_ended;
	case PROOF_RETURN:
	default:
		return true;
	}
}

/* The attempt, with its clients around it if it has some. */
static pid_t
attempt_with_clients(struct round *round, const struct attempt *attempt, struct result *result,
    struct proof_seen *seen)
{
	pid_t attacker;

	round->listener = attempt->clients == 0 ? -1 : clients_come(attempt->clients);
	if (attempt->clients != 0 && round->listener < 0) {
		result->outcome = OUTCOME_SETUP;
		snprintf(result->harm, WHY_BYTES, "no clients: %s", strerror(-round->listener));
		return -1;
	}
	attacker = make_attempt(round, result, &seen->descriptor);
	if (attempt->clients != 0) {
		seen->endpoint_ended = !clients_may_come(round->listener);
		clients_leave();
		cleanup_close(&round->listener);
	}
	return attacker;
}

void
round_attempt(struct round *round, const struct attempt *attempt, size_t number,
    struct result *result)
{
	struct proof_seen seen = { .signal = false };
	pid_t attacker;

	*result = (struct result){ .outcome = 0 };
	round->scene.attempt = number;
	attacker = attempt_with_clients(round, attempt, result, &seen);
	stage_drain();
	if (result->outcome >= OUTCOME_SETUP)
		return;
	look_round(round, attacker, result->harm, &seen.signal);
	if (result->outcome == 0 && !is_proved(attempt->proof, &seen))
		result->outcome = EPERM;
	if (result->harm[0] == '\0')
		return;
	restore(round);
	if (round->control)
		result->harm[0] = '\0';
}
