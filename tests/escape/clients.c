/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  See clients.h. */
#include "tests/escape/clients.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int clients[CLIENTS_MAX];
static unsigned client_count;

static int
make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* One more client; 0 or -errno. */
static int
come(const struct sockaddr_in *address)
{
	int fd = make_socket();

	if (fd < 0)
		return -errno;
	clients[client_count++] = fd;
	return connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 ? -errno : 0;
}

int
clients_come(unsigned count)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = make_socket(), error = 0;

	if (listener < 0)
		return -errno;
	if (count >= CLIENTS_MAX)
		error = -E2BIG;
	else if (bind(listener, (struct sockaddr *)&address, length) != 0 ||
		 listen(listener, CLIENTS_MAX) != 0 ||
		 getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		error = -errno;
	for (unsigned at = 0; at < count && error == 0; at++)
		error = come(&address);
	if (error == 0)
		return listener;
	close(listener);
	clients_leave();
	return error;
}

bool
clients_may_come(int listener)
{
	struct sockaddr_in address = { 0 };
	socklen_t length = sizeof(address);

	return getsockname(listener, (struct sockaddr *)&address, &length) == 0 &&
	       client_count < CLIENTS_MAX && come(&address) == 0;
}

void
clients_leave(void)
{
	while (client_count > 0)
		close(clients[--client_count]);
}
