/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests.  Containers as docker-watcher tells them. */
#ifndef TESTS_UNIT_CONTAINER_H
#define TESTS_UNIT_CONTAINER_H

#include "common/message.h"
#include "tests/unit/unit.h"

/* One that runs, with one label; `entry` is the label and lives as long as the fact is used. */
static inline struct container_fact
container_fact_of(const char *id, const char *name, struct map_entry *entry)
{
	return (struct container_fact){
		.id = id,
		.name = name,
		.status = "running",
		.labels = { .count = 1, .entries = entry },
	};
}

#define ENABLED_ENTRY ((struct map_entry){ .key = "dockflare.enable", .value = "true" })

#endif
