/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attack on the sandbox.  What a front of the gate has in place of sockets of its own: the
 * listening socket that was opened for it, which its successor gets too, and the connections of the
 * clients that come there.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/escape/attempt.h"

#define LONG_QUEUE 4096
#define FILTER_ONLY .layers = LAYER_SECCOMP
#define PORT .layers = LAYER_SECCOMP | LAYER_LANDLOCK, .abi = 4, .behind = EACCES

/* The Docker engine: what a front must not reach. */
static struct sockaddr_in
engine(const struct scene *scene)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(scene->ports[PORT_ENGINE]),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return address;
}

static int
connect_engine(const struct scene *scene, int fd)
{
	struct sockaddr_in address = engine(scene);

	return outcome_of(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

/* ---- connections of clients ---- */

static int
accept_client(const struct scene *scene)
{
	return outcome_of(syscall(SYS_accept4, scene->fd, NULL, NULL, SOCK_CLOEXEC));
}

/* Dissolved, a connection is a socket like one that was just made (connect(2), AF_UNSPEC). */
static int
connect_accepted(const struct scene *scene)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	int fd = (int)syscall(SYS_accept4, scene->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 || connect(fd, &nobody, sizeof(nobody)) != 0)
		return -errno;
	return connect_engine(scene, fd);
}

/* ---- the listening socket ---- */

/* That ends it for whoever else has it: the supervisor, and the front's successor. */
static int
end_listening(const struct scene *scene)
{
	return outcome_of(syscall(SYS_shutdown, scene->fd, SHUT_RDWR));
}

static int
connect_listener(const struct scene *scene)
{
	int error = end_listening(scene);

	return error != 0 ? error : connect_engine(scene, scene->fd);
}

static int
fast_open_listener(const struct scene *scene)
{
	struct sockaddr_in address = engine(scene);
	int error = end_listening(scene);

	return error != 0 ? error :
			    outcome_of(syscall(SYS_sendto, scene->fd, "x", 1, MSG_FASTOPEN,
				&address, sizeof(address)));
}

static int
fast_open_listener_message(const struct scene *scene)
{
	struct sockaddr_in address = engine(scene);
	struct iovec piece = { (char[]){ "x" }, 1 };
	struct msghdr message = { .msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &piece,
		.msg_iovlen = 1 };
	int error = end_listening(scene);

	return error != 0 ? error : outcome_of(sendmsg(scene->fd, &message, MSG_FASTOPEN));
}

static const struct attempt attempts[] = {
	{ "62", "accept", "accept a connection", .clients = 1, .act = accept_client, FILTER_ONLY,
	    .granted = FRONTS },
	{ "63", "connect-accepted", "turn a client's connection into one to the engine",
	    .clients = 1, .act = connect_accepted, PORT, .only = FRONTS },
	{ "63", "connect-listener", "turn the listening socket into a connection to the engine",
	    .clients = 1, .act = connect_listener, PORT, .only = FRONTS },
	{ "57", "fast-open-listener", "the same by sending (MSG_FASTOPEN)", .clients = 1,
	    .act = fast_open_listener, FILTER_ONLY, .only = FRONTS },
	{ "57", "fast-open-listener-message", "the same by sendmsg", .clients = 1,
	    .act = fast_open_listener_message, FILTER_ONLY, .only = FRONTS },
	{ "62", "listen-again", "have more clients wait than are due", .clients = 1,
	    CALL(SYS_listen, ARGUMENT_FD, LONG_QUEUE), FILTER_ONLY, .only = FRONTS },
	{ "62", "bind-listener", "take another address for the listening socket", .clients = 1,
	    CALL(SYS_bind, ARGUMENT_FD, ARGUMENT_BUFFER, sizeof(struct sockaddr_in)), PORT,
	    .control = EINVAL, .only = FRONTS },
	{ "62", "end-listening", "end the listening socket, for its successor too", .clients = 1,
	    .act = end_listening, FILTER_ONLY, .open = FRONTS, .proof = PROOF_ENDPOINT },
};

const struct attempt_table attempts_endpoint = { attempts, ARRAY_LEN(attempts) };
