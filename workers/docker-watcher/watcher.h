/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher.  The worker's one struct, and what its files share.  It connects to Docker,
 * subscribes to events, then lists, and tells master-link what runs: see docs/architecture.md,
 * "Level, not edges".
 */
#ifndef DOCKER_WATCHER_WATCHER_H
#define DOCKER_WATCHER_WATCHER_H

#include "common/docker.h"
#include "common/http.h"
#include "common/worker.h"
#include "workers/docker-watcher/inventory.h"
#include "workers/docker-watcher/seen.h"
#include "common/notes.h"
#include "common/splitter.h"

/* Constants, so that the check's table can have them. */
#define WATCHER_LIST_PATH "/containers/json"

/* {"type":["container"],"event":["start","die","died","stop","destroy","remove","rename",
   "pause","unpause"]}: died and remove are Podman's words. */
#define WATCHER_EVENTS_PATH                                                                   \
	"/events?filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B"           \
	"%22start%22%2C%22die%22%2C%22died%22%2C%22stop%22%2C%22destroy%22%2C%22remove%22%2C" \
	"%22rename%22%2C%22pause%22%2C%22unpause%22%5D%7D"

#define WATCHER_REASON_BYTES HTTP_DETAIL_BYTES

/* What master-link is being told; a large snapshot is told in turns. */
struct publishing {
	int64_t generation;
	int64_t page;
	/* Of the last row that was sent; "" before the first. */
	char sent_id[CONTAINER_ID_BYTES + 1];
	bool active;
	bool again; /* something changed meanwhile: once more from the beginning */
	struct worker_timer timer;
};

struct watcher {
	struct worker *worker;
	struct http *http;
	struct docker docker;
	struct http_request *stream;
	struct http_request *list;
	struct splitter events;
	struct splitter elements;
	size_t list_bytes; /* of the list that is being read */
	struct inventory inventory;
	struct notes notes;
	struct seen seen;
	struct publishing publishing;
	enum docker_state state;
	char reason[WATCHER_REASON_BYTES]; /* why Docker can't be read, "" if it can */
	bool lost;                         /* master-link was told so, or would have been */
	bool snapshot_due;                 /* the list under way is followed by a snapshot */
	unsigned failures;                 /* in a row */
	unsigned short_streams;            /* in a row: ended soon after they began */
	int64_t stream_ms;                 /* when the event stream began */
	int64_t last_list_ms;              /* -1: never */
	int64_t worked_ms;                 /* Docker was read, or could not be */
	int64_t list_again_ms;     /* a list is wanted at this time; 0: none beside the slow tick */
	struct worker_timer retry; /* connect anew */
	struct worker_timer status;     /* an event changed it */
	struct worker_timer list_timer; /* the next list */
	struct worker_timer silence;    /* the stream has been silent for too long */
	struct worker_timer answer;     /* the stream's header is awaited */
};

/* ---- watcher.c: the connection to Docker ---- */

/* Connects, subscribes, lists; again after each failure. */
void watcher_begin(struct watcher *watcher);

/* Closes everything; nothing is told any more. */
void watcher_end(struct watcher *watcher);

/* A failure that ends this connection: told to master-link, tried again after a while. */
void watcher_fail(struct watcher *watcher, const char *reason);

/*
 * The event stream ended in order: connects anew, and tells nobody unless that fails, or the stream
 * did not even last for a list.
 */
void watcher_renew(struct watcher *watcher);

/* ---- stream.c: Docker's events ---- */

void stream_begin(struct watcher *watcher);

/* ---- list.c: Docker's list of containers ---- */

/* Reads the list now; one that is under way is followed by another. */
void list_begin(struct watcher *watcher);

/* Sets the timer for the next list. */
void list_schedule(struct watcher *watcher);

/* A list is wanted soon: something happened that events did not tell. */
void list_wanted(struct watcher *watcher);

/* ---- publish.c: what the other workers and the status are told ---- */

void publish_snapshot(struct watcher *watcher);
void publish_change(struct watcher *watcher, enum container_change change, const struct row *row);
void publish_lost(struct watcher *watcher);
void publish_hint(struct watcher *watcher, const char *action);
void publish_status(struct watcher *watcher);

/* The same within PUBLISH_STATUS_MS: a burst of events costs one status. */
void publish_status_soon(struct watcher *watcher);

/* A new channel to master-link: it knows nothing. */
void publish_master_up(struct watcher *watcher);

/* Gives up a snapshot that is being told. */
void publish_stop(struct watcher *watcher);

#endif
