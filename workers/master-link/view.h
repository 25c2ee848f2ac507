/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  Two views of the enabled containers: what docker-watcher says that runs (wanted)
 * and what the master was told.  What the master should hear next is the difference, so a burst
 * becomes its last state and nothing depends on having sent every event.
 */
#ifndef MASTER_LINK_VIEW_H
#define MASTER_LINK_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "container_text.h"

/* Far beyond what a host runs; a tenant's labels must not take the agent's memory. */
#define VIEW_CONTAINERS_MAX 50000
#define VIEW_BYTES_MAX ((size_t)24 * 1024 * 1024) /* of texts, during a snapshot too */

struct view_entry {
	char id[CONTAINER_ID_BYTES + 1];
	struct container_text *wanted;   /* NULL: does not run */
	struct container_text *staged;   /* as `wanted`, in the snapshot that is arriving */
	struct container_text *told;     /* NULL: the master does not count it as running */
	struct container_text *reported; /* as `told`, in the report that is under way */
	int64_t staged_in;               /* the snapshot's number; any other is an old one */
	bool known;                      /* the master took a start of it, maybe of an older text */
	bool refused;                    /* the master will not take it as it is */
	unsigned failures;               /* of telling it, in a row */
	int64_t not_before_ms;           /* CLOCK_MONOTONIC: not to be told earlier */
};

/* A zeroed view is empty and ready. */
struct view {
	size_t count;
	size_t capacity;
	struct view_entry **entries; /* sorted by id */
	size_t running;              /* entries that are wanted */
	size_t differences;          /* entries where wanted and told differ */
	bool current;                /* a snapshot came, and Docker was not lost since */
	bool complete;               /* the same, and `wanted` is all that runs */
	bool overflowed;             /* a container found no room in the newest snapshot */
	bool staging;                /* a snapshot is arriving */
	int64_t stage;               /* number of that snapshot, or of the last one */
	int64_t generation;          /* the same as docker-watcher counts */
	int64_t next_page;
};

void view_free(struct view *view);

enum view_result {
	VIEW_TAKEN,
	VIEW_NO_ROOM,  /* a container was left out; `complete` is not set by this snapshot */
	VIEW_BAD_PAGE, /* out of order: the sender broke the protocol */
};

/* Takes a page of a snapshot.  The last one replaces what was wanted, and sets `complete`. */
enum view_result view_page(struct view *view, const struct message_snapshot *page);

/* Takes one change. */
enum view_result view_change(struct view *view, const struct message_container *change);

/* Docker, or docker-watcher, is lost: what is wanted is kept, and is no longer complete. */
void view_lost(struct view *view);

/*
 * The master may know nothing of what runs (a new registration): all of it is to be told again.
 * What it was told and no longer runs is still to be told as stopped.
 */
void view_forget_told(struct view *view);

/* Whether wanted and told differ for the entry. */
bool view_differs(const struct view_entry *entry);

/*
 * The difference to be told first: the one that failed least.  NULL if none may be told at
 * `now_ms`; `ret_next_ms` is the time when one may be (INT64_MAX: there is none at all).
 */
const struct view_entry *view_next(const struct view *view, int64_t now_ms, int64_t *ret_next_ms);

/* The entry of that id, or NULL. */
struct view_entry *view_find(const struct view *view, const char *id);

/*
 * The master took it: `text` as running, NULL as stopped.  The entry may be gone afterwards; one
 * that went while a start was on its way is made again, since its stop is still to be told.
 */
void view_told(struct view *view, const char *id, struct container_text *text);

/*
 * The master will never take it: it counts as told until it changes, and needs no stop unless the
 * master took an older text of it.
 */
void view_refused(struct view *view, const char *id, struct container_text *text);

/* Telling it failed: it waits until `not_before_ms`, and behind those that failed less. */
void view_failed(struct view *view, const char *id, int64_t not_before_ms);

/* Appends what is wanted as a JSON array and notes it for view_report_told.  Errors as buffer_add. */
int view_write(struct view *view, struct buffer *out);

/*
 * The master took the report of the last view_write.  With `settles_stops` it has thereby heard
 * of what stopped as well; otherwise each stop is still to be told.
 */
void view_report_told(struct view *view, bool settles_stops);

/* The wanted container with the longest text; NULL without any. */
const struct container_text *view_largest(const struct view *view);

#endif
