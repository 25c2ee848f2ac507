/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  Stands before the Docker engine: takes judged frames of gate-read and gate-tunnel,
 * and builds each request itself.  The program's entry and its handlers; see gate.h.
 */
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"
#include "workers/gate-engine/gate.h"

static struct gate gate;

static enum token_in
token_in_of(const char *text)
{
	if (strcmp(text, "file") == 0)
		return TOKEN_IN_FILE;
	return strcmp(text, "environment") == 0 ? TOKEN_IN_ENVIRONMENT : TOKEN_IN_AUTO;
}

static void
configure(struct worker *worker)
{
	struct gate_rules *rules = &gate.rules;

	gate.worker = worker;
	gate.http = http_new((struct slice){ .bytes = "", .length = 0 });
	if (gate.http == NULL)
		fatal("out of memory");
	if (!images_read(worker_setting(worker, SETTING_IMAGE),
		worker_setting(worker, SETTING_GATE_IMAGES), &rules->images))
		fatal("CLOUDFLARED_IMAGE and GATE_IMAGES can't be read");
	rules->network = worker_setting(worker, SETTING_NETWORK_NAME);
	rules->allowed = worker_setting(worker, SETTING_ALLOWED_TUNNELS);
	rules->token_in = token_in_of(worker_setting(worker, SETTING_GATE_TOKEN));
	rules->memory_mib = worker_setting_integer(worker, SETTING_GATE_MEMORY);
	gate.creates_a_minute = worker_setting_integer(worker, SETTING_GATE_CREATES);
	gate.prefix = worker_setting(worker, SETTING_LABEL_PREFIX);
	docker_init(&gate.docker, worker, gate.http, SETTING_GATE_ENGINE, &gate);
}

static void
start(struct worker *worker UNUSED)
{
	link_begin(&gate);
}

static void
peer_down(struct worker *worker UNUSED, enum process peer)
{
	requests_drop(&gate, peer);
}

static void
on_message(struct worker *worker UNUSED, enum process from, const struct message *message)
{
	if (message->id == MESSAGE_GATE_CANCEL)
		request_cancel(&gate, from, message->body.gate_cancel.id);
	else
		request_take(&gate, from, message);
}

static void
on_tick(struct worker *worker UNUSED)
{
	gate_tell_status(&gate);
}

/* Closes the engine's streams at once. */
static void
on_shutdown(struct worker *worker)
{
	link_end(&gate);
	requests_end(&gate);
	worker_exit(worker);
}

static int
wait_for(struct worker *worker UNUSED, struct pollfd *fds, unsigned count, int timeout_ms)
{
	return http_wait(gate.http, fds, count, timeout_ms);
}

int
main(void)
{
	static const struct worker_handlers handlers = {
		.process = PROCESS_GATE_ENGINE,
		.configure = configure,
		.start = start,
		.peer_down = peer_down,
		.message = on_message,
		.tick = on_tick,
		.shutdown = on_shutdown,
		.wait = wait_for,
	};

	return worker_run(&handlers, &gate);
}
