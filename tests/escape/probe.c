/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stands where a worker stands: started like one, it looks at its descriptors, takes its orders,
 * confines itself as its process does, and makes one attempt.  Its exit status is the errno, 0 if
 * the attempt succeeded; often it is killed.  Or it is the victim: another worker, which only says
 * whether all is well with it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/escape/attempt.h"
#include "tests/escape/victim.h"

static volatile sig_atomic_t signalled, signalled_by;
static char canary[CANARY_BYTES];

static void
note_signal(int number UNUSED, siginfo_t *info, void *context UNUSED)
{
	signalled = 1;
	signalled_by = info->si_pid;
}

static _Noreturn void
fail(enum probe_exit status, const char *step, int error)
{
	dprintf(WORKER_FD_LOG, "%s: %s\n", step, strerror(-error));
	_exit(status);
}

static void
confine(const struct scene *scene)
{
	const struct confine_options options = {
		.unix_socket = scene->unix_socket,
		.without = scene->without,
	};
	const char *step = "policy";
	int error = policy_confine(policies[scene->process], &options, &step);

	if (error != 0)
		fail(PROBE_CONFINE, step, error);
}

/* Answers each byte with one: see victim.h. */
static _Noreturn void
be_victim(const struct scene *scene)
{
	struct sigaction action = { .sa_sigaction = note_signal,
		.sa_flags = SA_RESTART | SA_SIGINFO };
	const char *where = canary;
	char question;

	memcpy(canary, CANARY_TEXT, CANARY_BYTES);
	sigaction(scene->signal, &action, NULL);
	confine(scene);
	if (send(WORKER_FD_CONTROL, &where, sizeof(where), 0) < 0)
		_exit(1);
	while (recv(WORKER_FD_CONTROL, &question, 1, 0) == 1) {
		struct answer answer = { .harmed = memcmp(canary, CANARY_TEXT, CANARY_BYTES) != 0,
			.signalled = signalled != 0,
			.by = signalled_by };

		signalled = signalled_by = 0;
		if (send(WORKER_FD_CONTROL, &answer, sizeof(answer), 0) != sizeof(answer))
			_exit(1);
	}
	_exit(0);
}

/* The scene, and in its `fd` the listening socket if one comes with it. */
static void
take_scene(struct scene *scene)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights = { 0 };
	struct iovec piece = { scene, sizeof(*scene) };
	struct msghdr message = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = rights.bytes,
		.msg_controllen = sizeof(rights.bytes) };

	if (recvmsg(WORKER_FD_CONTROL, &message, MSG_CMSG_CLOEXEC) != sizeof(*scene))
		fail(PROBE_SCENE, "scene", -errno);
	if (message.msg_controllen > 0)
		memcpy(&scene->fd, CMSG_DATA(&rights.header), sizeof(scene->fd));
}

static void
prepare(const struct attempt *attempt, struct scene *scene)
{
	int error = attempt->prepare == NULL ? 0 : attempt->prepare(scene);

	if (error != 0)
		fail(PROBE_PREPARE, attempt->name, error);
}

int
main(int argc, char **argv)
{
	static struct scene scene;
	const struct attempt *attempt;
	int error;

	/* An attempt to start a program that succeeds gets here. */
	if (argc > 1 && strcmp(argv[1], "--succeed") == 0)
		return 0;
	error = policy_descriptors();
	take_scene(&scene);
	if (error != 0 && !scene.skip_descriptors)
		fail(PROBE_DESCRIPTORS, "descriptors", error);
	if (scene.be_victim)
		be_victim(&scene);
	attempt = attempt_at(scene.attempt);
	if (attempt == NULL)
		return PROBE_SCENE;
	signal(SIGPIPE, SIG_IGN);
	prepare(attempt, &scene);
	if (!attempt->before_filter)
		confine(&scene);
	_exit(-attempt_make(attempt, &scene));
}
