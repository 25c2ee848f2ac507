/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  `--check --online`: the same confined workers, which say what they find in place
 * of doing their work.  Nothing is locked, saved or served, and a worker that ends is not replaced.
 * A worker's bytes are compared with the ids of its rows of findings, and never parsed.
 */
#ifndef SUPERVISOR_CHECK_H
#define SUPERVISOR_CHECK_H

#include "common/finding.h"
#include "supervisor/supervisor.h"

#define CHECK_MS 30000 /* then it ends with what there is */
/* More than a worker with a container for every row has to say. */
#define CHECK_FINDINGS_MAX 256
#define CHECK_TEXT_BYTES 1200

struct check_worker {
	struct check *check;
	enum process process;
	bool done;           /* said so, or ended */
	unsigned count;      /* of its findings */
	struct buffer lines; /* held back, so that they stand together: see print_done */
};

struct check {
	int64_t end_ms;
	unsigned counts[CHECK_VERDICT_COUNT];
	bool no_folder; /* the data folder can't even be opened, which was said */
	struct check_worker workers[PROCESS_COUNT];
};

/* ---- check.c: what was found, and the end ---- */

void check_begin(struct check *check);

/* A finding of the supervisor's own. */
void check_say(struct check *check, enum finding finding, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Takes the findings out of the slot's log pipe. */
void check_listen(struct check *check, struct slot *slot);

/* A state file that can't be used, and why. */
void check_state(struct check *check, enum state_file file, const char *why);

/* The worker has said all; it has ended before that. */
void check_worker_done(struct supervisor *supervisor, enum process process);
void check_worker_ended(struct supervisor *supervisor, enum process process);

/* How long the loop may wait; and what is due: the end, once all are done or the time is over. */
int64_t check_wait_ms(const struct supervisor *supervisor, int64_t now_ms);
void check_tick(struct supervisor *supervisor, int64_t now_ms);

/* Prints what is left and the last line; the exit status. */
int check_end(struct check *check);

/* ---- own.c: what the supervisor finds itself, before anything is started ---- */

/*
 * Settings, as config_read left them; kernel, start mode, data folder and lock, run folder.  Opens
 * the data folder if it can, and sets `supervisor` up to start workers that check.  False if there
 * are mistakes in the settings: nothing else is looked at then.
 */
bool check_own(struct supervisor *supervisor);

#endif
