/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher.  What the status tells of containers that have labels: what each publishes, and
 * of each that is ignored why.  Bounded, whatever tenants start.  No I/O.
 */
#ifndef DOCKER_WATCHER_SEEN_H
#define DOCKER_WATCHER_SEEN_H

#include "common/message.h"
#include "workers/docker-watcher/table.h"

/* One container as it is told; the texts are cut to the message's bounds. */
struct seen_entry {
	char id[CONTAINER_ID_BYTES + 1];
	char name[CONTAINER_NAME_MAX_BYTES + 1];
	enum container_verdict verdict;
	bool has_hostname;
	bool has_service;
	char hostname[HOST_MAX_BYTES + 1];
	char service[SEEN_SERVICE_MAX_BYTES + 1];
	char value[SEEN_VALUE_MAX_BYTES + 1];
};

struct seen_list {
	size_t in_all; /* of which the first are kept */
	size_t count;
	struct seen_entry entries[SEEN_MAX];
};

/* A zeroed one is empty and ready. */
struct seen {
	struct seen_list ignored;
	struct seen_list listing; /* the ignored ones of the list that is read */
};

/* Judges labels under the enabled prefixes; `prefix` is LABEL_PREFIX or NULL. */
void seen_judge(const struct map *labels, const char *prefix, bool enabled,
    enum on_network on_network, struct seen_entry *ret_entry);

/* A list begins, holds a container that is ignored, is whole. */
void seen_list_begin(struct seen *seen);
void seen_list_take(struct seen *seen, const char *prefix, const struct fact *fact);
void seen_list_end(struct seen *seen);

/* One event: an ignored container starts, or one ends. */
void seen_event(struct seen *seen, const char *prefix, const struct event *event);

/*
 * Writes what the status tells: the first enabled ones of the table, those with a fault before the
 * others, then the ignored ones.  Both arrays have room for 2 * SEEN_MAX, and `ret_containers`
 * points into `entries`.  How many there are.
 */
size_t seen_tell(const struct seen *seen, const struct table *table, const char *prefix,
    struct seen_entry *entries, struct seen_container *ret_containers);

#endif
