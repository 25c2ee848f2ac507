/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  Who may connect, and accepting them.  See serve.h. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "common/log_event.h"

#define ACCEPTS_A_TURN 64

void
server_listen(struct server *server, int fd)
{
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	server->listen_fd = fd;
}

/* Whether the peer may connect; else says why not. */
static bool
is_admitted(const struct server *server, int fd, const struct sockaddr *peer, char *why,
    size_t why_bytes)
{
	struct ucred user = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(user);
	struct address address;

	if (peer->sa_family == AF_UNIX) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &length) == 0 &&
		    admission_takes_uid(&server->admission, user.uid))
			return true;
		(void)snprintf(why, why_bytes, "a connection of user id %u", (unsigned)user.uid);
		return false;
	}
	if (address_from_sockaddr(peer, &address) == 0 &&
	    admission_takes_address(&server->admission, &address))
		return true;
	(void)snprintf(why, why_bytes, "a connection from an address that is not admitted");
	return false;
}

bool
server_add(struct server *server, int fd)
{
	static const struct sockaddr nobody = { .sa_family = AF_UNIX };

	server->run_due = true;
	/* Closes the socket where it fails. */
	return MHD_add_connection(server->daemon, fd, &nobody, sizeof(nobody)) == MHD_YES;
}

/* A client whose network is gone says nothing any more: its stream would stay for ever. */
static void
keep_alive(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = { { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 15 }, { IPPROTO_TCP, TCP_KEEPCNT, 4 } };

	for (size_t at = 0; at < ARRAY_LEN(options); at++)
		(void)setsockopt(fd, options[at].level, options[at].name, &options[at].value,
		    sizeof(options[at].value));
}

static void
accept_client(struct server *server, int fd, const struct sockaddr *peer)
{
	char why[96];

	if (server->client_count >= CLIENTS_MAX) {
		(void)snprintf(why, sizeof(why), "a connection beyond %d", CLIENTS_MAX);
		server->handlers->refused(server->context, NULL, why);
		close(fd);
		return;
	}
	if (!is_admitted(server, fd, peer, why, sizeof(why))) {
		server->handlers->refused(server->context, NULL, why);
		close(fd);
		return;
	}
	if (peer->sa_family != AF_UNIX)
		keep_alive(fd);
	if (!server_add(server, fd))
		log_event(LOG_GATE_NO_CONNECTION, "a connection could not be taken: %s",
		    strerror(errno));
}

void
server_accept(struct server *server)
{
	for (int turn = 0; turn < ACCEPTS_A_TURN; turn++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t length = sizeof(peer);
		int fd = accept4(server->listen_fd, (struct sockaddr *)&peer, &length,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		accept_client(server, fd, (const struct sockaddr *)&peer);
	}
}
