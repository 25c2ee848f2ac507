/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher.  The enabled containers that run, sorted by id. */
#ifndef DOCKER_WATCHER_TABLE_H
#define DOCKER_WATCHER_TABLE_H

#include <stdint.h>

#include "common/fact.h"
#include "workers/docker-watcher/networks.h"

/* More than one engine ever runs; beyond it a list is refused rather than told in part. */
#define TABLE_ROWS_MAX 20000
#define TABLE_WEIGHT_MAX_BYTES (64 * 1024 * 1024)

struct row {
	char id[CONTAINER_ID_BYTES + 1];
	char name[CONTAINER_NAME_MAX_BYTES + 1];
	enum run_status status;
	enum on_network on_network; /* as the last list said */
	bool judged;                /* `verdict` holds; seen.c judges */
	int verdict;                /* enum container_verdict */
	struct arena arena;         /* holds the labels */
	struct map labels;
	size_t weight_bytes; /* at most so many bytes of JSON */
	int64_t ended_ms;    /* it died or was stopped then: the next list decides; 0: no */
	uint64_t touched;    /* the list during which an event told of it */
	uint64_t listed;     /* the last list that held it */
};

/* A zeroed table is empty and ready. */
struct table {
	struct row **rows;
	size_t count;
	size_t capacity;
	size_t weight_bytes;
};

struct row *table_find(const struct table *table, const char *id);

/* The index of the first row behind that id, whether there is such a row or not. */
size_t table_after(const struct table *table, const char *id);

/*
 * Finds or makes the container's row and takes name, status and labels from `fact`.
 * `ret_changed` tells whether any of them is new.  0, -ENOBUFS over the bounds, -ENOMEM; on
 * failure the table is as before.
 */
int table_put(struct table *table, const struct fact *fact, struct row **ret_row,
    bool *ret_changed);

/* Removes the row at this index. */
void table_drop(struct table *table, size_t index);

void table_free(struct table *table);

#endif
