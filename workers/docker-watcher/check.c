/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher.  `--check --online`: asks each call that it needs once, and looks at the enabled
 * containers.  It tells the other workers nothing.
 */
#include "workers/docker-watcher/check.h"

#include <stdio.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/docker_check.h"
#include "common/log.h"
#include "workers/docker-watcher/watcher.h"

#define ELEMENT_MAX_BYTES (4 * 1024 * 1024)
/* So many containers are named for one fault; the rest is counted. */
#define NAMED_MAX 20

static struct {
	struct docker docker;
	struct http *http;
	struct docker_check check;
	struct splitter elements;
	struct inventory inventory;
	const char *network;
	const struct row *taken; /* the enabled container that the element told of */
	unsigned off_network;
	unsigned dropped;
} self;

/* ---- the list ---- */

static void
on_changed(void *context UNUSED, const struct row *row, bool listed UNUSED)
{
	self.taken = row;
}

static void
on_gone(void *context UNUSED, const struct row *row UNUSED)
{
}

static void
on_dropped(void *context UNUSED, const struct fact *fact)
{
	if (fact->labels.dropped == 0 || self.dropped++ >= NAMED_MAX)
		return;
	finding_say(FINDING_LABEL_DROPPED, "container %.64s: label %s is left out: %s%s",
	    fact->name, fact->labels.dropped_key, fact->labels.dropped_why,
	    fact->labels.dropped > 1 ? " (and others)" : "");
}

static void
on_oversized(void *context UNUSED, const char *id)
{
	if (self.dropped++ < NAMED_MAX)
		finding_say(FINDING_LABEL_DROPPED,
		    "container %.12s: what Docker says about it is over 4 MiB; it is passed over",
		    id == NULL ? "(unknown)" : id);
}

static bool
on_element(void *context UNUSED, struct slice text)
{
	self.taken = NULL;
	if (!inventory_list_take(&self.inventory, text))
		return false;
	if (self.taken != NULL && self.taken->on_network == OFF_NETWORK &&
	    self.off_network++ < NAMED_MAX)
		finding_say(FINDING_NOT_ON_NETWORK, "container %.64s is not on the network %s",
		    self.taken->name, self.network);
	return true;
}

static bool
on_oversized_element(void *context UNUSED, struct slice head)
{
	return inventory_list_oversized(&self.inventory, head);
}

static bool
on_data(void *context, struct slice piece)
{
	static const struct splitter_sink sink = {
		.object = on_element,
		.oversized = on_oversized_element,
	};

	return splitter_feed(&self.elements, piece, &sink, context) == 0;
}

static void
on_list(void *context UNUSED, const struct http_answer *answer UNUSED)
{
	size_t count = self.inventory.table.count;

	if (!splitter_is_whole(&self.elements)) {
		finding_say(FINDING_NO_DOCKER,
		    "the answer to GET /containers/json is not Docker's list");
		return;
	}
	inventory_list_end(&self.inventory);
	if (self.off_network > NAMED_MAX)
		finding_say(FINDING_NOT_ON_NETWORK, "%u more containers are not on the network %s",
		    self.off_network - NAMED_MAX, self.network);
	if (self.dropped > NAMED_MAX)
		finding_say(FINDING_LABEL_DROPPED, "labels of %u more containers are left out",
		    self.dropped - NAMED_MAX);
	finding_say(FINDING_CONTAINERS, "%zu enabled container%s", count, count == 1 ? "" : "s");
}

/* ---- the calls ---- */

static const struct docker_probe probes[] = {
	{ .kind = PROBE_READ,
	    .method = "GET",
	    .path = "/_ping",
	    .plain = true,
	    .spare = true,
	    .body_max_bytes = 4096 },
	{ .kind = PROBE_STREAM, .method = "GET", .path = WATCHER_EVENTS_PATH },
	{ .kind = PROBE_READ,
	    .method = "GET",
	    .path = WATCHER_LIST_PATH,
	    .data = on_data,
	    .answered = on_list },
};

static void
on_checked(void *context)
{
	worker_checked(context);
}

/* ---- the worker's handlers ---- */

static void
configure(struct worker *worker)
{
	self.http = http_new((struct slice){ .bytes = "", .length = 0 });
	if (self.http == NULL)
		fatal("out of memory");
	self.network = worker_setting(worker, SETTING_NETWORK_NAME);
	self.inventory.prefix = worker_setting(worker, SETTING_LABEL_PREFIX);
	self.inventory.network = self.network;
	self.inventory.changed = on_changed;
	self.inventory.gone = on_gone;
	self.inventory.dropped = on_dropped;
	self.inventory.oversized = on_oversized;
	docker_init(&self.docker, worker, self.http, SETTING_DOCKER_HOST, &self);
}

static void
start(struct worker *worker UNUSED)
{
	splitter_begin(&self.elements, true, ELEMENT_MAX_BYTES);
	inventory_list_begin(&self.inventory, clock_ms());
	docker_check_begin(&self.check, &self.docker, probes, ARRAY_LEN(probes), on_checked);
}

static void
peer_up(struct worker *worker, enum process peer)
{
	if (peer == PROCESS_NAME_RESOLVER)
		endpoint_resolver_up(&self.docker.endpoint, worker);
}

static void
on_message(struct worker *worker, enum process from UNUSED, const struct message *message)
{
	if (message->id == MESSAGE_ADDRESSES)
		(void)endpoint_answer(&self.docker.endpoint, worker, &message->body.addresses);
}

static int
wait_for(struct worker *worker UNUSED, struct pollfd *fds, unsigned count, int timeout_ms)
{
	return http_wait(self.http, fds, count, timeout_ms);
}

const struct worker_handlers watcher_check_handlers = {
	.process = PROCESS_DOCKER_WATCHER,
	.configure = configure,
	.start = start,
	.peer_up = peer_up,
	.message = on_message,
	.wait = wait_for,
};
