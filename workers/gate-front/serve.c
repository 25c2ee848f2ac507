/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-front.  The loop: time-outs, one poll for the channels and all clients.  See serve.h. */
#include <unistd.h>

#include "client.h"
#include "common/log_event.h"

/* Turns that the end of all streams may take. */
#define STOP_TURNS 64
#define STOP_TURNS_LEAST 4

/* ---- time ---- */

/* When the client is cut if nothing happens; INT64_MAX: never. */
static int64_t
due_of(const struct client *client)
{
	const struct exchange *exchange = client->exchange;

	switch (client->phase) {
	case CLIENT_READING:
		return client->since_ms + REQUEST_MAX_MS;
	case CLIENT_IDLE:
		return client->since_ms + KEPT_IDLE_MS;
	case CLIENT_WRITING:
		if (exchange != NULL && exchange->stage == EXCHANGE_STREAMS)
			return exchange->moved_ms + STALLED_MAX_MS;
		break;
	case CLIENT_WAITING:
	case CLIENT_ENDING:
		break;
	}
	return INT64_MAX;
}

static void
expire(struct server *server)
{
	int64_t now = clock_ms();
	struct client *next;

	for (struct client *client = server->clients; client != NULL; client = next) {
		next = client->next;
		if (due_of(client) > now)
			continue;
		if (client->phase == CLIENT_READING)
			server->handlers->refused(server->context, client->exchange,
			    "the request did not come within 10 s");
		else if (client->phase == CLIENT_WRITING)
			log_event(LOG_GATE_SLOW_CLIENT,
			    "a client takes nothing of its stream: it is cut");
		client_cut(server, client);
	}
}

/* The least of what is waited for, in milliseconds; -1: nothing. */
static int
wait_ms(const struct server *server, int timeout_ms)
{
	int64_t now = clock_ms(), least = timeout_ms < 0 ? INT64_MAX : now + timeout_ms;
	MHD_UNSIGNED_LONG_LONG library_ms;

	if (server->run_due)
		return 0;
	if (MHD_get_timeout(server->daemon, &library_ms) == MHD_YES &&
	    (int64_t)library_ms < least - now)
		least = now + (int64_t)library_ms;
	for (const struct client *client = server->clients; client != NULL; client = client->next)
		if (due_of(client) < least)
			least = due_of(client);
	if (least == INT64_MAX)
		return -1;
	return least <= now ? 0 : (int)(least - now > 60000 ? 60000 : least - now);
}

/* ---- the loop ---- */

/* The places of one poll: the runtime's, ours, and those of clients that libmicrohttpd leaves. */
struct polling {
	struct pollfd fds[PROCESS_COUNT + 3 + CLIENTS_MAX];
	struct client *clients[PROCESS_COUNT + 3 + CLIENTS_MAX];
	unsigned count;
};

static void
watch(struct polling *polling, int fd, short events, struct client *client)
{
	if (polling->count == ARRAY_LEN(polling->fds))
		return;
	polling->clients[polling->count] = client;
	polling->fds[polling->count++] = (struct pollfd){ .fd = fd, .events = events };
}

/* Whether libmicrohttpd itself does not look whether the client is still there. */
static bool
is_unwatched(const struct client *client)
{
	return client->phase == CLIENT_WAITING ||
	       (client->phase == CLIENT_WRITING && client->exchange != NULL &&
		   client->exchange->stage == EXCHANGE_STREAMS);
}

static void
watch_clients(const struct server *server, struct polling *polling)
{
	for (struct client *client = server->clients; client != NULL; client = client->next) {
		if (is_unwatched(client))
			watch(polling, client->fd, POLLRDHUP, client);
		else if (client->phase == CLIENT_IDLE)
			watch(polling, client->fd, POLLIN | POLLRDHUP, client);
	}
}

/* What a client did: the first byte of a request, or its end. */
static void
serve_client(struct server *server, struct client *client, short revents)
{
	if (revents == 0)
		return;
	if ((revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
		client_cut(server, client);
	else if (client->phase == CLIENT_IDLE)
		client_set_phase(client, CLIENT_READING);
}

int
server_wait(struct server *server, struct pollfd *fds, unsigned count, int timeout_ms)
{
	struct polling polling = { 0 };
	unsigned first;
	int ready;

	for (unsigned at = 0; at < count; at++)
		watch(&polling, fds[at].fd, fds[at].events, NULL);
	first = polling.count;
	watch(&polling, server->epoll_fd, POLLIN, NULL);
	watch(&polling, server->listen_fd, POLLIN, NULL);
	watch_clients(server, &polling);
	ready = poll(polling.fds, polling.count, wait_ms(server, timeout_ms));
	if (ready < 0)
		return ready;
	for (unsigned at = 0; at < count; at++)
		fds[at].revents = polling.fds[at].revents;
	for (unsigned at = first + 2; at < polling.count; at++)
		serve_client(server, polling.clients[at], polling.fds[at].revents);
	if (polling.fds[first + 1].revents != 0 && server->listen_fd >= 0)
		server_accept(server);
	expire(server);
	server->run_due = false;
	(void)MHD_run(server->daemon);
	return ready;
}

void
server_drop(struct server *server)
{
	for (struct client *client = server->clients; client != NULL; client = client->next)
		client_cut(server, client);
	for (int turn = 0; turn < STOP_TURNS && server->client_count > 0; turn++)
		(void)MHD_run(server->daemon);
}

void
server_stop(struct server *server)
{
	server->stopping = true;
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	server->listen_fd = -1;
	for (int turn = 0;
	     turn < STOP_TURNS && (turn < STOP_TURNS_LEAST || server->stream_count > 0); turn++)
		(void)MHD_run(server->daemon);
}
