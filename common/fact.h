/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher and gate-engine.  What Docker says about one container, in its list or in
 * an event, judged and turned into plain structs.
 */
#ifndef COMMON_FACT_H
#define COMMON_FACT_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/json_check.h"
#include "common/message.h"
#include "common/labels.h"

#define FACT_WHY_BYTES 96
#define CONTAINER_STATE_MAX_BYTES 32

/* Docker's states that count as running: its list without `all` has no other. */
enum run_status { RUN_RUNNING, RUN_PAUSED, RUN_RESTARTING, RUN_STATUS_COUNT };

extern const char *const run_status_names[RUN_STATUS_COUNT];

struct fact {
	char id[CONTAINER_ID_BYTES + 1];
	char name[CONTAINER_NAME_MAX_BYTES + 1]; /* the id's first 12 digits if it has none */
	bool runs;
	char state[CONTAINER_STATE_MAX_BYTES + 1]; /* Docker's word, whatever it is; "": none */
	enum run_status status;
	struct labels labels; /* in the arena that was given */
};

enum event_kind {
	EVENT_OTHER,
	EVENT_START,
	EVENT_END, /* die, stop, destroy: only Docker's list decides whether it is gone */
	EVENT_RENAME,
	EVENT_PAUSE,
	EVENT_UNPAUSE,
};

struct event {
	enum event_kind kind;
	const char *action;                          /* a constant: Docker's word */
	struct fact fact;                            /* runs and status as the action says */
	char old_name[CONTAINER_NAME_MAX_BYTES + 1]; /* of a rename; else "" */
	int64_t time_ns;                             /* since 1970; 0: not told */
};

/*
 * Reads one element of GET /containers/json (Docker API 1.24 to 1.52).  0; -EBADMSG with a reason
 * in `why` (never a value) if it is no container; -ENOMEM.  A label that can't be taken is
 * dropped, a name that can't is replaced.
 */
int fact_from_list(struct slice text, const char *prefix, struct arena *arena,
    struct fact *ret_fact, char why[FACT_WHY_BYTES]);

/*
 * Reads one object of GET /events.  Podman's words (died, remove) are understood.  Events of
 * other types and actions are EVENT_OTHER.  Errors as above.
 */
int fact_from_event(struct slice text, const char *prefix, struct arena *arena,
    struct event *ret_event, char why[FACT_WHY_BYTES]);

/* The id with which the cut text of a list's element begins.  False if it does not. */
bool fact_id_of_head(struct slice head, char ret_id[CONTAINER_ID_BYTES + 1]);

#endif
