/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  What happens to a worker: one table of phases and events, see slot.c. */
#ifndef SUPERVISOR_SLOT_H
#define SUPERVISOR_SLOT_H

#include "supervisor/supervisor.h"

enum event {
	EVENT_CONFINED,  /* it said ready, and is confined as its policy says */
	EVENT_VIOLATION, /* it broke the rules, or is not confined */
	EVENT_OVERDUE,   /* no sign of life, or it did not stop in time */
	EVENT_ENDED,     /* the process is gone */
	EVENT_DUE,       /* its backoff is over */
	EVENT_FAILED,    /* it could not be started */
	EVENT_STOP,      /* an orderly stop has come to it */
	EVENT_COUNT,
};

/* Does what the table says for the slot's phase; an event that has no row there is nothing. */
void slot_event(struct supervisor *supervisor, struct slot *slot, enum event event);

/* The next moment at which the slot needs a look without a descriptor telling; INT64_MAX: none. */
int64_t slot_deadline(const struct slot *slot);

/* Looks whether that moment has come. */
void slot_tick(struct supervisor *supervisor, struct slot *slot, int64_t now_ms);

/* The process has ended with `status` as waitpid(2) has it. */
void slot_ended(struct supervisor *supervisor, struct slot *slot, int status);

/* Kills the process; its end is an event later. */
void slot_kill(struct slot *slot);

#endif
