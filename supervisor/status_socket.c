/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  status.sock: whoever connects is told how the agent is, and nothing is read from
 * it.  It carries no secret, so everybody on the host who reaches it may look (mode 0666).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/log_out.h"
#include "supervisor/status_agent.h"
#include "supervisor/supervisor.h"

#define OUTPUT_MAX_BYTES (1024 * 1024)
#define BACKLOG 8
#define STATUS_AGAIN_MS 1000

static int
bind_socket(int fd, const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/status.sock", folder);

	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (unlink(address.sun_path) != 0 && errno != ENOENT)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(address.sun_path, 0666) != 0 || listen(fd, BACKLOG) != 0)
		return -errno;
	return 0;
}

void
status_open(struct supervisor *supervisor)
{
	const char *folder = supervisor->config->values[SETTING_RUN_DIR];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = fd < 0 ? -errno : bind_socket(fd, folder);

	for (size_t at = 0; at < STATUS_CLIENTS_MAX; at++)
		supervisor->clients[at].fd = -1;
	supervisor->status_fd = fd;
	if (error == 0)
		return;
	cleanup_close(&fd);
	supervisor->status_fd = -1;
	say(LOG_NO_STATUS,
	    "no status: %s/status.sock can't be made: %s; mount a tmpfs there that uid %u owns",
	    folder, strerror(-error), geteuid());
}

/* ---- what is told ---- */

static int
add_frame(struct buffer *out, const char *bytes, size_t length)
{
	uint32_t header = htonl((uint32_t)length);
	int error = buffer_add(out, &header, sizeof(header));

	return error != 0 ? error : buffer_add(out, bytes, length);
}

static int
add_agent(const struct supervisor *supervisor, struct buffer *out)
{
	struct buffer text _cleanup_buffer_ = BUFFER(OUTPUT_MAX_BYTES);
	int error = status_agent_add(supervisor, &text);

	return error != 0 ? error : add_frame(out, text.bytes, text.length);
}

static const char *const phase_names[] = {
	[PHASE_STOPPED] = "stopped",
	[PHASE_STARTING] = "starting",
	[PHASE_RUNNING] = "running",
	[PHASE_BACKOFF] = "backoff",
	[PHASE_STOPPING] = "stopping",
};

static int
add_worker(const struct supervisor *supervisor, const struct slot *slot, struct buffer *out)
{
	const struct process_entry *entry = &processes[slot->process];
	char text[512];
	int length = snprintf(text, sizeof(text),
	    "{\"type\":\"status-worker\",\"process\":\"%s\",\"pid\":%d,\"uid\":%u,"
	    "\"phase\":\"%s\",\"restarts\":%lld,\"uptime_ms\":%lld,\"seccomp_filters\":%d,"
	    "\"log_lines_dropped\":%lld}",
	    entry->name, slot->pid, supervisor->values.distinct_uids ? entry->uid : geteuid(),
	    phase_names[slot->phase], (long long)slot->restarts,
	    (long long)(slot->pid > 0 ? clock_ms() - slot->started_ms : 0), slot->seccomp_filters,
	    (long long)slot->log.dropped_in_all);
	int error = add_frame(out, text, (size_t)length);

	return error != 0 ? error : add_frame(out, slot->status.bytes, slot->status.length);
}

/* ---- clients ---- */

static void
drop(struct status_client *client)
{
	cleanup_close(&client->fd);
	client->fd = -1;
	buffer_free(&client->output);
}

void
status_write(struct supervisor *supervisor, struct status_client *client)
{
	ssize_t sent;

	(void)supervisor;
	while (client->output.length > 0) {
		sent = send(client->fd, client->output.bytes, client->output.length,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (sent < 0)
			break;
		buffer_drop(&client->output, (size_t)sent);
	}
	drop(client);
}

/* A free place, or that of the client who has been there for longest. */
static struct status_client *
find_place(struct supervisor *supervisor)
{
	struct status_client *oldest = &supervisor->clients[0];

	for (size_t at = 0; at < STATUS_CLIENTS_MAX; at++) {
		struct status_client *client = &supervisor->clients[at];

		if (client->fd < 0)
			return client;
		if (client->since_ms < oldest->since_ms)
			oldest = client;
	}
	drop(oldest);
	return oldest;
}

void
status_accept(struct supervisor *supervisor)
{
	int fd = accept4(supervisor->status_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct status_client *client;
	int error;

	/* One that can't be taken stays in the queue, and poll would tell of it without end. */
	if (fd < 0) {
		supervisor->status_again_ms = clock_ms() + STATUS_AGAIN_MS;
		return;
	}
	client = find_place(supervisor);
	*client = (struct status_client){ .fd = fd,
		.output = BUFFER(OUTPUT_MAX_BYTES),
		.since_ms = clock_ms() };
	error = add_agent(supervisor, &client->output);
	for_each_worker(process)
		if (error == 0)
			error = add_worker(supervisor, &supervisor->slots[process],
			    &client->output);
	status_write(supervisor, client);
}

void
status_close(struct supervisor *supervisor)
{
	char path[512];

	if (supervisor->status_fd < 0)
		return;
	for (size_t at = 0; at < STATUS_CLIENTS_MAX; at++)
		drop(&supervisor->clients[at]);
	close(supervisor->status_fd);
	snprintf(path, sizeof(path), "%s/status.sock", supervisor->config->values[SETTING_RUN_DIR]);
	(void)unlink(path);
}
