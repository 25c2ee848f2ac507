/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher.  What is known of the enabled containers, and how Docker's lists and events
 * change it.  Events only make it fast: a list decides what is there, and nothing is called gone
 * that a list, read late enough after its end, still holds.
 *
 * No I/O: who uses it brings the texts and is told the changes.
 */
#ifndef DOCKER_WATCHER_INVENTORY_H
#define DOCKER_WATCHER_INVENTORY_H

#include "workers/docker-watcher/table.h"

/* So long after its end a container is looked for in a list: `docker restart` brings it back. */
#define INVENTORY_CHECK_MS 2500
/*
 * A list that began sooner than this after the end of a container says nothing about it: Docker's
 * lists do not hold what `docker restart` is about to start, which takes a busy host a second or
 * more.  The time between the two lets one list decide about several.
 */
#define INVENTORY_SETTLE_MS 1800

struct inventory {
	struct table table;
	bool complete;        /* a whole list has been taken, and nothing was missed since */
	bool listing;         /* a list is being read */
	bool failed;          /* … and can't be taken: see `why` */
	uint64_t list_number; /* of the list that is or was read */
	int64_t list_began_ms;
	const char *prefix;  /* LABEL_PREFIX, or NULL */
	const char *network; /* the tunnel's; NULL: nothing is told of networks */
	char why[FACT_WHY_BYTES];
	/* A row is new or changed, or is about to be dropped.  `listed`: by a list. */
	void (*changed)(void *context, const struct row *row, bool listed);
	void (*gone)(void *context, const struct row *row);
	/* A container had labels that were not taken; called for each list and event anew. */
	void (*dropped)(void *context, const struct fact *fact);
	/* A list holds a container with labels that do not enable it.  NULL: nobody asks. */
	void (*ignored)(void *context, const struct fact *fact);
	/* An object of the list over the bound was passed over; its container's id, or NULL. */
	void (*oversized)(void *context, const char *id);
	void *context;
};

/* A list is asked for: what events say from now on may be newer than the list. */
void inventory_list_begin(struct inventory *inventory, int64_t now_ms);

/* One element of the list.  false: the list can't be taken, `why` says why. */
bool inventory_list_take(struct inventory *inventory, struct slice element);

/* An element over the bound, of which only the head is there: its container keeps its row. */
bool inventory_list_oversized(struct inventory *inventory, struct slice head);

/* The list is whole: drops what is gone. */
void inventory_list_end(struct inventory *inventory);

/* The list could not be read. */
void inventory_list_abort(struct inventory *inventory);

/*
 * One event.  What it was is in `ret_event`, whose labels are in `arena`.  0; -EBADMSG if it
 * could not be understood, -ENOBUFS or -ENOMEM if not kept: a list is wanted then.
 */
int inventory_event(struct inventory *inventory, struct slice text, int64_t now_ms,
    struct arena *arena, struct event *ret_event);

/* When a list must be read for the containers that have ended; 0: for none. */
int64_t inventory_check_due_ms(const struct inventory *inventory);

void inventory_free(struct inventory *inventory);

#endif
