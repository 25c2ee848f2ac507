/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attack on the sandbox.  See stage.h. */
#include "tests/escape/stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PORTS (2 * PORT_SOURCE_COUNT)
#define FIRST_PORT 20000
#define LAST_PORT 30000
#define BACKLOG 64
#define CONTENT "content\n"

static const char *const hosts[] = { "127.0.0.1", "127.0.0.2" };

static struct pollfd listeners[PORTS * ARRAY_LEN(hosts) + 2];
static size_t listener_count;

/* ---- files ---- */

static int
write_file(const char *path, mode_t mode)
{
	int fd _cleanup_close_ = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);

	if (fd < 0 || fchmod(fd, mode) != 0)
		return -errno;
	return write(fd, CONTENT, strlen(CONTENT)) < 0 ? -errno : 0;
}

static int
make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return -errno;
	return chmod(path, mode) != 0 ? -errno : 0;
}

static const struct {
	const char *path;
	mode_t mode;
	bool folder;
} made[] = {
	{ "%f/data", 0700, true },
	{ "%f/data/journal.json", 0600, false },
	{ "%f/secret", 0600, false },
	{ "%f/ca.pem", 0644, false },
	{ "%f/beside.pem", 0644, false },
	{ "%f/scratch", 0777, true },
};

static int
make_files(const struct scene *scene)
{
	char secret[SCENE_PATH_BYTES + 16];
	int error = 0;

	for (size_t at = 0; at < ARRAY_LEN(made) && error == 0; at++) {
		const char *path = scene_path(scene, made[at].path);

		error = made[at].folder ? make_folder(path, made[at].mode) :
					  write_file(path, made[at].mode);
	}
	if (error != 0)
		return error;
	snprintf(secret, sizeof(secret), "%s", scene_path(scene, "%f/secret"));
	if (symlink(secret, scene_path(scene, "%f/link")) != 0 && errno != EEXIST)
		return -errno;
	stage_reset(scene);
	return 0;
}

static const char *const scratch_kept[] = { "%f/scratch/old", "%f/scratch/gone", "%f/scratch/cut",
	"%f/scratch/file" };
static const char *const scratch_absent[] = { "%f/scratch/made", "%f/scratch/link",
	"%f/scratch/new", "%f/scratch/symlink", "%f/scratch/pipe", "%f/scratch/folder" };

void
stage_reset(const struct scene *scene)
{
	for (size_t at = 0; at < ARRAY_LEN(scratch_kept); at++)
		(void)write_file(scene_path(scene, scratch_kept[at]), 0666);
	for (size_t at = 0; at < ARRAY_LEN(scratch_absent); at++)
		(void)remove(scene_path(scene, scratch_absent[at]));
}

bool
stage_is_whole(const struct scene *scene)
{
	struct stat status;

	for (size_t at = 0; at < ARRAY_LEN(scratch_kept); at++)
		if (lstat(scene_path(scene, scratch_kept[at]), &status) != 0 ||
		    (size_t)status.st_size != strlen(CONTENT) || (status.st_mode & 07777) != 0666)
			return false;
	for (size_t at = 0; at < ARRAY_LEN(scratch_absent); at++)
		if (lstat(scene_path(scene, scratch_absent[at]), &status) == 0)
			return false;
	return true;
}

/* ---- listeners ---- */

static int
add_listener(int fd, const struct sockaddr *address, size_t length)
{
	if (fd < 0)
		return -errno;
	listeners[listener_count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (bind(fd, address, (socklen_t)length) != 0 || listen(fd, BACKLOG) != 0)
		return -errno;
	return 0;
}

static int
listen_at(const char *host, unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	inet_pton(AF_INET, host, &address.sin_addr);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* So that a connection by fast open is one at once. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &(int){ BACKLOG }, sizeof(int));
	return add_listener(fd, (struct sockaddr *)&address, sizeof(address));
}

static void
close_listeners(void)
{
	while (listener_count > 0)
		close(listeners[--listener_count].fd);
}

static int
listen_from(unsigned first)
{
	int error = 0;

	for (size_t host = 0; host < ARRAY_LEN(hosts); host++)
		for (unsigned at = 0; at < PORTS && error == 0; at++)
			error = listen_at(hosts[host], first + at);
	return error;
}

static int
choose_ports(struct scene *scene)
{
	unsigned first = FIRST_PORT + ((unsigned)getpid() * PORTS) % (LAST_PORT - FIRST_PORT);
	int error = -EADDRINUSE;

	for (int tries = 0; tries < 100 && error == -EADDRINUSE; tries++) {
		close_listeners();
		first = first + PORTS < LAST_PORT ? first + PORTS : FIRST_PORT;
		error = listen_from(first);
	}
	for (unsigned at = 0; at < PORT_SOURCE_COUNT; at++)
		scene->ports[at] = (uint16_t)(first + 2 * at);
	return error;
}

static int
listen_unix(struct scene *scene)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int error;

	snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/socket", scene->folder);
	(void)unlink(address.sun_path);
	error = add_listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
	    (struct sockaddr *)&address, sizeof(address));
	if (error != 0 || chmod(address.sun_path, 0777) != 0)
		return error != 0 ? error : -errno;
	snprintf(scene->abstract, sizeof(scene->abstract), "escape-%d", getpid());
	address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address.sun_path + 1, scene->abstract, strlen(scene->abstract));
	return add_listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
	    (struct sockaddr *)&address,
	    offsetof(struct sockaddr_un, sun_path) + 1 + strlen(scene->abstract));
}

void
stage_drain(void)
{
	if (poll(listeners, listener_count, 0) <= 0)
		return;
	for (size_t at = 0; at < listener_count; at++) {
		int fd = listeners[at].revents == 0 ? -1 : accept(listeners[at].fd, NULL, NULL);

		for (; fd >= 0; fd = accept(listeners[at].fd, NULL, NULL))
			close(fd);
	}
}

int
stage_build(struct scene *scene)
{
	int error = make_files(scene);

	if (error == 0)
		error = choose_ports(scene);
	if (error == 0)
		error = listen_unix(scene);
	snprintf(scene->certificate, sizeof(scene->certificate), "%.80s/ca.pem", scene->folder);
	return error;
}
