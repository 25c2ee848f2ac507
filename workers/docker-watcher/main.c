/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher.  Watches the enabled containers of one Docker engine, by read-only calls.  The
 * program's entry and its handlers; who does what stands in watcher.h.
 */
#include <stdio.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/log.h"
#include "workers/docker-watcher/check.h"
#include "workers/docker-watcher/watcher.h"

static struct watcher watcher;

/* ---- what the inventory tells ---- */

static void
on_changed(void *context, const struct row *row, bool listed)
{
	/* A list is followed by a snapshot, which holds the row. */
	if (!listed)
		publish_change(context, CONTAINER_RUNS, row);
}

static void
on_gone(void *context, const struct row *row)
{
	publish_change(context, CONTAINER_GONE, row);
}

static void
on_dropped(void *context, const struct fact *fact)
{
	struct watcher *self = context;

	notes_add_labels(&self->notes, fact, self->inventory.list_number);
}

static void
on_ignored(void *context, const struct fact *fact)
{
	struct watcher *self = context;

	seen_list_take(&self->seen, self->inventory.prefix, fact);
}

static void
on_oversized(void *context, const char *id)
{
	struct watcher *self = context;
	char text[NOTE_BYTES];

	(void)snprintf(text, sizeof(text),
	    "container %.12s: what Docker says about it is over 4 MiB; it is passed over",
	    id == NULL ? "(unknown)" : id);
	notes_add(&self->notes, id == NULL ? "" : id, self->inventory.list_number, text);
}

/* ---- the worker's handlers ---- */

static void
configure(struct worker *worker)
{
	watcher.worker = worker;
	watcher.http = http_new((struct slice){ .bytes = "", .length = 0 });
	if (watcher.http == NULL)
		fatal("out of memory");
	watcher.last_list_ms = -1;
	watcher.inventory.prefix = worker_setting(worker, SETTING_LABEL_PREFIX);
	watcher.inventory.network = worker_setting(worker, SETTING_NETWORK_NAME);
	watcher.inventory.changed = on_changed;
	watcher.inventory.gone = on_gone;
	watcher.inventory.dropped = on_dropped;
	watcher.inventory.ignored = on_ignored;
	watcher.inventory.oversized = on_oversized;
	watcher.inventory.context = &watcher;
	watcher.snapshot_due = true;
	docker_init(&watcher.docker, worker, watcher.http, SETTING_DOCKER_HOST, &watcher);
}

static void
start(struct worker *worker UNUSED)
{
	watcher.worked_ms = clock_ms();
	publish_status(&watcher);
	watcher_begin(&watcher);
}

static void
peer_up(struct worker *worker, enum process peer)
{
	if (peer == PROCESS_NAME_RESOLVER)
		endpoint_resolver_up(&watcher.docker.endpoint, worker);
	if (peer == PROCESS_MASTER_LINK)
		publish_master_up(&watcher);
}

static void
on_tick(struct worker *worker)
{
	worker_at_work(worker, PROCESS_MASTER_LINK, watcher.worked_ms);
}

static void
on_message(struct worker *worker, enum process from UNUSED, const struct message *message)
{
	if (message->id == MESSAGE_ADDRESSES)
		(void)endpoint_answer(&watcher.docker.endpoint, worker, &message->body.addresses);
}

/* Closes the event stream at once: a proxy may wait for it before it stops. */
static void
on_shutdown(struct worker *worker)
{
	watcher_end(&watcher);
	worker_exit(worker);
}

static int
wait_for(struct worker *worker UNUSED, struct pollfd *fds, unsigned count, int timeout_ms)
{
	return http_wait(watcher.http, fds, count, timeout_ms);
}

int
main(void)
{
	static const struct worker_handlers handlers = {
		.process = PROCESS_DOCKER_WATCHER,
		.check = &watcher_check_handlers,
		.configure = configure,
		.start = start,
		.peer_up = peer_up,
		.message = on_message,
		.tick = on_tick,
		.shutdown = on_shutdown,
		.wait = wait_for,
	};

	return worker_run(&handlers, &watcher);
}
