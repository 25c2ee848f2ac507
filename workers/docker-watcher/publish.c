/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher.  What master-link, tunnel-keeper and the status are told.  A snapshot goes out
 * page by page, one a turn of the loop, so that a large one neither fills the channel's queue nor
 * holds anything else up; changes meanwhile only cause another snapshot.
 */
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/log.h"
#include "workers/docker-watcher/watcher.h"

#define PAGE_WEIGHT_MAX_BYTES (768 * 1024)
#define PAGE_GAP_MS 1
#define PUBLISH_STATUS_MS 250

static void send_page(struct worker *worker, struct worker_timer *timer);

/* Fills `facts` from the row at `next` on; how many fit a page. */
static size_t
fill_page(const struct watcher *watcher, size_t next, struct container_fact *facts)
{
	const struct table *table = &watcher->inventory.table;
	size_t weight = 0, count = 0;

	while (count < PAGE_CONTAINERS_MAX && next + count < table->count) {
		const struct row *row = table->rows[next + count];

		weight += row->weight_bytes;
		if (count > 0 && weight > PAGE_WEIGHT_MAX_BYTES)
			break;
		facts[count++] = (struct container_fact){
			.id = row->id,
			.name = row->name,
			.status = run_status_names[row->status],
			.labels = row->labels,
		};
	}
	return count;
}

static void
begin_snapshot(struct watcher *watcher)
{
	struct publishing *publishing = &watcher->publishing;

	publishing->generation++;
	publishing->page = 0;
	publishing->sent_id[0] = '\0';
	publishing->again = false;
	publishing->active = true;
	send_page(watcher->worker, &publishing->timer);
}

static void
send_page(struct worker *worker, struct worker_timer *timer)
{
	struct watcher *watcher = worker_context(worker);
	struct publishing *publishing = &watcher->publishing;
	struct container_fact facts[PAGE_CONTAINERS_MAX];
	const struct table *table = &watcher->inventory.table;
	/* Rows may have come and gone since the last page: what was sent is known by its id. */
	size_t next = table_after(table, publishing->sent_id);
	struct message_snapshot page = {
		.generation = publishing->generation,
		.page = publishing->page++,
	};

	page.containers.items = facts;
	page.containers.count = fill_page(watcher, next, facts);
	next += page.containers.count;
	page.last = next >= table->count;
	if (page.containers.count > 0)
		memcpy(publishing->sent_id, table->rows[next - 1]->id, sizeof(publishing->sent_id));
	if (worker_send(worker, PROCESS_MASTER_LINK, MESSAGE_SNAPSHOT, &page) != 0) {
		publish_stop(watcher);
		return;
	}
	if (!page.last) {
		worker_timer_set(worker, timer, PAGE_GAP_MS, send_page);
		return;
	}
	publishing->active = false;
	if (publishing->again)
		begin_snapshot(watcher);
}

void
publish_snapshot(struct watcher *watcher)
{
	if (!worker_has_peer(watcher->worker, PROCESS_MASTER_LINK))
		return;
	if (watcher->publishing.active)
		watcher->publishing.again = true;
	else
		begin_snapshot(watcher);
}

void
publish_change(struct watcher *watcher, enum container_change change, const struct row *row)
{
	struct message_container message = {
		.change = (int)change,
		.id = row->id,
		.name = row->name,
		.status = run_status_names[row->status],
		.labels = row->labels,
	};

	/* Rows move while pages go out, and before the first list nothing is known to be whole: a
	   snapshot tells it. */
	if (watcher->publishing.active)
		watcher->publishing.again = true;
	else if (watcher->inventory.complete)
		(void)worker_send(watcher->worker, PROCESS_MASTER_LINK, MESSAGE_CONTAINER,
		    &message);
}

void
publish_lost(struct watcher *watcher)
{
	struct message_docker_lost message = { .reason = watcher->reason };

	publish_stop(watcher);
	(void)worker_send(watcher->worker, PROCESS_MASTER_LINK, MESSAGE_DOCKER_LOST, &message);
}

void
publish_hint(struct watcher *watcher, const char *action)
{
	struct message_tunnel_hint message = { .action = action };

	(void)worker_send(watcher->worker, PROCESS_TUNNEL_KEEPER, MESSAGE_TUNNEL_HINT, &message);
}

void
publish_status(struct watcher *watcher)
{
	/* Too large for the stack of a worker that is told how much it may have. */
	static struct seen_entry entries[2 * SEEN_MAX];
	struct seen_container seen[2 * SEEN_MAX];
	const char *warnings[NOTES_MAX];
	struct message_status_docker status = {
		.state = (int)watcher->state,
		.api_version = watcher->docker.api_minor == 0 ? NULL : watcher->docker.api_version,
		.engine_version = watcher->docker.engine,
		.containers = (int64_t)watcher->inventory.table.count,
		.ignored = (int64_t)watcher->seen.ignored.in_all,
		.last_list_ms = watcher->last_list_ms,
		.detail = watcher->reason[0] == '\0' ? NULL : watcher->reason,
		.warnings = { 0, warnings },
	};

	worker_timer_stop(watcher->worker, &watcher->status);
	status.seen.items = seen;
	status.seen.count = seen_tell(&watcher->seen, &watcher->inventory.table,
	    watcher->inventory.prefix, entries, seen);
	for (size_t i = 0; i < watcher->notes.count && i < NOTES_MAX; i++)
		warnings[status.warnings.count++] = watcher->notes.items[i].text;
	worker_status(watcher->worker, MESSAGE_STATUS_DOCKER, &status);
}

static void
on_status(struct worker *worker, struct worker_timer *timer UNUSED)
{
	publish_status(worker_context(worker));
}

void
publish_status_soon(struct watcher *watcher)
{
	if (!worker_timer_is_set(&watcher->status))
		worker_timer_set(watcher->worker, &watcher->status, PUBLISH_STATUS_MS, on_status);
}

void
publish_master_up(struct watcher *watcher)
{
	publish_stop(watcher);
	if (watcher->inventory.complete)
		publish_snapshot(watcher);
	else if (watcher->lost)
		publish_lost(watcher);
}

void
publish_stop(struct watcher *watcher)
{
	worker_timer_stop(watcher->worker, &watcher->publishing.timer);
	watcher->publishing.active = false;
	watcher->publishing.again = false;
}
