/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See listener.h. */
#include "common/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/config_check.h"

#define WAITING_MAX 128 /* clients that are not accepted yet */
/* The workers of a gate that was killed hold its sockets for a moment. */
#define BIND_TRIES 20
#define BIND_PAUSE_US 50000

/* Any kind of address that a listener has. */
struct place {
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
		struct sockaddr_un local;
	};
};

static void
find_place(const struct url *url, struct place *place)
{
	memset(place, 0, sizeof(*place));
	if (url->scheme == URL_UNIX) {
		place->local.sun_family = AF_UNIX;
		snprintf(place->local.sun_path, sizeof(place->local.sun_path), "%.*s",
		    (int)sizeof(place->local.sun_path) - 1, url->path);
		place->length = sizeof(place->local);
	} else if (url->host_is_ipv6) {
		place->ipv6.sin6_family = AF_INET6;
		place->ipv6.sin6_port = htons(url->port);
		(void)inet_pton(AF_INET6, url->host, &place->ipv6.sin6_addr);
		place->length = sizeof(place->ipv6);
	} else {
		place->ipv4.sin_family = AF_INET;
		place->ipv4.sin_port = htons(url->port);
		(void)inet_pton(AF_INET, url->host, &place->ipv4.sin_addr);
		place->length = sizeof(place->ipv4);
	}
}

/* What a gate before us left: a socket at which nobody listens. */
static void
remove_stale(const struct place *place)
{
	int fd _cleanup_close_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat status;

	if (fd >= 0 && lstat(place->local.sun_path, &status) == 0 && S_ISSOCK(status.st_mode) &&
	    connect(fd, &place->any, place->length) != 0 && errno == ECONNREFUSED)
		(void)unlink(place->local.sun_path);
}

/* 0 or -errno. */
static int
bind_at(int fd, const struct url *url, const struct place *place)
{
	static const int on = 1;

	if (url->scheme == URL_UNIX)
		remove_stale(place);
	else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return -errno;
	if (bind(fd, &place->any, place->length) != 0)
		return -errno;
	if (url->scheme == URL_UNIX && chmod(place->local.sun_path, 0666) != 0)
		return -errno;
	return listen(fd, WAITING_MAX) != 0 ? -errno : 0;
}

int
listener_open(const struct url *url, struct buffer *why)
{
	struct place place;
	int error, fd;

	find_place(url, &place);
	fd = socket(place.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = fd < 0 ? -errno : bind_at(fd, url, &place);
	for (int tries = 1; error == -EADDRINUSE && tries < BIND_TRIES; tries++) {
		usleep(BIND_PAUSE_US);
		error = bind_at(fd, url, &place);
	}
	if (error == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	if (url->scheme == URL_UNIX)
		(void)buffer_printf(why, "can't listen at %s: %s", url->path, strerror(-error));
	else
		(void)buffer_printf(why, "can't listen at %s port %u: %s", url->host, url->port,
		    strerror(-error));
	return error;
}

int
listener_renew(int fd)
{
	(void)listen(fd, WAITING_MAX);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

void
listeners_open(struct config *config, int listeners[LISTENER_COUNT])
{
	for (enum listener at = LISTENER_NONE; at < LISTENER_COUNT; at++) {
		struct buffer why _cleanup_buffer_ = BUFFER(2048);
		int fd;

		listeners[at] = -1;
		if (config->listen[at].scheme == URL_NONE)
			continue;
		fd = listener_open(&config->listen[at], &why);
		if (fd < 0)
			config_mistake(config, listener_settings[at], why.bytes);
		else
			listeners[at] = fd;
	}
}
