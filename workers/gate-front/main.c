/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-front.  Runs as gate-read or gate-tunnel, whichever its name says: the worker's handlers.
 * Its policy lets it make no socket and connect to nothing.
 */
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/log.h"
#include "front.h"

static struct front front;

/* ---- settings ---- */

static bool
is_tunnel(void)
{
	return front.process == PROCESS_GATE_TUNNEL;
}

/* Who may connect: as configured; else private networks, and the agent's worker over a unix socket. */
static void
admit(struct worker *worker)
{
	struct admission *admission = &front.server.admission;
	const char *why = "",
		   *peers = worker_setting(worker,
		       is_tunnel() ? SETTING_GATE_TUNNEL_PEERS : SETTING_GATE_READ_PEERS);
	enum process client = is_tunnel() ? PROCESS_TUNNEL_KEEPER : PROCESS_DOCKER_WATCHER;

	if (peers != NULL) {
		if (admission_parse(peers, admission, &why) != 0)
			fatal("the list of peers %s", why);
		return;
	}
	admission->uids[admission->uid_count++] = processes[client].uid;
	admission->uids[admission->uid_count++] = processes[PROCESS_SUPERVISOR].uid;
}

static void
configure(struct worker *worker)
{
	enum listener endpoint = processes[front.process].listener;
	bool good = is_tunnel() ? rules_init(&front.rules, endpoint,
				      worker_setting(worker, SETTING_NETWORK_NAME),
				      worker_setting(worker, SETTING_IMAGE),
				      worker_setting(worker, SETTING_GATE_IMAGES)) :
				  rules_init(&front.rules, endpoint, NULL, NULL, NULL);

	if (!good)
		fatal("CLOUDFLARED_IMAGE and GATE_IMAGES can't be read");
	front.worker = worker;
	if (!server_open(&front.server, &front.rules, &request_handlers, &front))
		fatal("libmicrohttpd can't be started");
	admit(worker);
}

/* ---- the worker's handlers ---- */

static void
tell_status(void)
{
	struct message_status_front status = { .connections = front.server.client_count,
		.streams = front.server.stream_count,
		.requests = front.server.requests,
		.refused = front.refusals.total,
		.engine_heard_ms = worker_heard_ms(front.worker, PROCESS_GATE_ENGINE) };

	worker_status(front.worker, MESSAGE_STATUS_FRONT, &status);
}

static void
start(struct worker *worker)
{
	(void)worker;
	tell_status();
}

static void
on_listen(struct worker *worker, int fd)
{
	(void)worker;
	server_listen(&front.server, fd);
}

static void
on_tick(struct worker *worker)
{
	(void)worker;
	refusals_tick(&front);
	tell_status();
}

static void
peer_down(struct worker *worker, enum process peer)
{
	(void)worker;
	if (peer == PROCESS_GATE_ENGINE)
		requests_lost(&front, "the gate's engine worker is gone");
}

static void
on_message(struct worker *worker, enum process from, const struct message *message)
{
	(void)worker;
	(void)from;
	requests_message(&front, message);
}

/* Streams get their end: an agent would wait for more. */
static void
on_shutdown(struct worker *worker)
{
	requests_lost(&front, "the gate stops");
	server_stop(&front.server);
	worker_exit(worker);
}

static int
wait_for(struct worker *worker, struct pollfd *fds, unsigned count, int timeout_ms)
{
	(void)worker;
	return server_wait(&front.server, fds, count, timeout_ms);
}

/* The supervisor calls the program by a path that ends in the process's name. */
static enum process
process_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return process_by_name(slash == NULL ? path : slash + 1);
}

int
main(int argc, char **argv)
{
	static struct worker_handlers handlers = {
		.configure = configure,
		.start = start,
		.peer_down = peer_down,
		.message = on_message,
		.tick = on_tick,
		.listen = on_listen,
		.shutdown = on_shutdown,
		.wait = wait_for,
	};

	front.process = argc > 0 ? process_of(argv[0]) : PROCESS_COUNT;
	if (front.process != PROCESS_GATE_READ && front.process != PROCESS_GATE_TUNNEL)
		fatal("this is neither gate-read nor gate-tunnel");
	handlers.process = front.process;
	return worker_run(&handlers, &front);
}
