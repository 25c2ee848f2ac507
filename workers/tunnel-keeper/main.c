/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel-keeper.  Keeps one cloudflared container running, as the master wants it.  The program's
 * entry and its handlers; who does what stands in keeper.h.
 */
#include <string.h>

#include "common/clock.h"
#include "common/secret_memory.h"
#include "keeper.h"

/* On pages for secrets: it holds the token. */
static struct keeper *keeper;

void
keeper_configure(struct worker *worker)
{
	keeper = worker_context(worker);
	keeper->worker = worker;
	keeper->http = http_new((struct slice){ .bytes = "", .length = 0 });
	if (keeper->http == NULL)
		fatal("out of memory");
	keeper->network = worker_setting(worker, SETTING_NETWORK_NAME);
	keeper->allowed = worker_setting(worker, SETTING_ALLOWED_TUNNELS);
	keeper->metrics_port = worker_setting_integer(worker, SETTING_METRICS_PORT);
	keeper->remove_on_exit = strcmp(worker_setting(worker, SETTING_TUNNEL_ON_EXIT), "remove") ==
				 0;
	if (!image_split(worker_setting(worker, SETTING_IMAGE), &keeper->image))
		fatal("CLOUDFLARED_IMAGE can't be read");
	keeper->docker_backoff = BACKOFF(100, 30000);
	keeper->step_backoff = BACKOFF(1000, 60000);
	keeper->crash_backoff = BACKOFF(1000, 60000);
	keeper->health.ready = -1;
	keeper->pull.progress = PROGRESS();
	docker_init(&keeper->docker, worker, keeper->http, SETTING_DOCKER_TUNNEL_HOST, keeper);
}

/* The tunnel is looked after at once, whatever the master does. */
static void
start(struct worker *worker)
{
	(void)worker;
	keeper->worked_ms = clock_ms();
	keeper_load(keeper);
	keeper_judge_cached(keeper);
	keeper_look(keeper);
	keeper_tell(keeper, true);
}

static void
peer_up(struct worker *worker, enum process peer)
{
	if (peer == PROCESS_NAME_RESOLVER)
		endpoint_resolver_up(&keeper->docker.endpoint, worker);
	if (peer == PROCESS_MASTER_LINK)
		keeper_tell(keeper, true);
}

/* master-link asks again when it is back. */
static void
peer_down(struct worker *worker, enum process peer)
{
	if (peer != PROCESS_MASTER_LINK)
		return;
	keeper->halt.waiting = false;
	worker_timer_stop(worker, &keeper->halt.timer);
	keeper->saving.waiting_count = 0;
}

static void
on_message(struct worker *worker, enum process from, const struct message *message)
{
	const union message_body *body = &message->body;

	(void)from;
	if (message->id == MESSAGE_ADDRESSES)
		(void)endpoint_answer(&keeper->docker.endpoint, worker, &body->addresses);
	else if (message->id == MESSAGE_TUNNEL_HINT)
		keeper_hint(keeper);
	else if (keeper->stopping)
		log_debug("%s comes too late", messages[message->id].name);
	else if (message->id == MESSAGE_COMMAND)
		keeper_on_command(keeper, &body->command);
	else if (message->id == MESSAGE_HALT)
		keeper_on_halt(keeper, &body->halt);
	else if (message->id == MESSAGE_RESTORE)
		keeper_on_restore(keeper, &body->restore);
}

static void
on_tick(struct worker *worker)
{
	/* A step has time-outs of its own; a pull may take long. */
	worker_at_work(worker, PROCESS_MASTER_LINK,
	    keeper->busy == BUSY_STEPPING ? clock_ms() : keeper->worked_ms);
	keeper_tell(keeper, false);
}

static void
on_saved(struct worker *worker, enum state_file file, const char *reason)
{
	(void)worker;
	(void)file;
	keeper_saved(keeper, reason);
}

static void
on_shutdown(struct worker *worker)
{
	(void)worker;
	keeper_shutdown(keeper);
}

static int
wait_for(struct worker *worker, struct pollfd *fds, unsigned count, int timeout_ms)
{
	(void)worker;
	return http_wait(keeper->http, fds, count, timeout_ms);
}

int
main(void)
{
	static const struct worker_handlers handlers = {
		.process = PROCESS_TUNNEL_KEEPER,
		.check = &keeper_check_handlers,
		.configure = keeper_configure,
		.start = start,
		.peer_up = peer_up,
		.peer_down = peer_down,
		.message = on_message,
		.tick = on_tick,
		.saved = on_saved,
		.shutdown = on_shutdown,
		.wait = wait_for,
	};

	keeper = secret_alloc(sizeof(*keeper));
	if (keeper == NULL)
		fatal("out of memory");
	return worker_run(&handlers, keeper);
}
