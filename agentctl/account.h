/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dockflare-agentctl.  The agent's account of itself as it comes over status.sock: the supervisor's
 * own words, and the last status of each worker.  A worker may be hostile: its blob is judged by the
 * message table, and a bad one costs only itself.
 */
#ifndef AGENTCTL_ACCOUNT_H
#define AGENTCTL_ACCOUNT_H

#include <stdbool.h>

#include "common/message.h"

/* What the supervisor sends at most, and how long it is waited for. */
#define ACCOUNT_MAX_BYTES (2 * 1024 * 1024)
#define ACCOUNT_WAIT_MS 5000
#define ACCOUNT_WHY_BYTES 320
/* A worker at work says so every 16 s, its peer passes it on within 5 s. */
#define ACCOUNT_STALE_S 45

struct account {
	enum program program;                        /* whose it is: told by its workers */
	struct message agent;                        /* MESSAGE_STATUS_AGENT */
	struct message workers[PROCESS_COUNT];       /* MESSAGE_STATUS_WORKER, else MESSAGE_COUNT */
	struct message blobs[PROCESS_COUNT];         /* the worker's own, else MESSAGE_COUNT */
	char flaws[PROCESS_COUNT][RECORD_WHY_BYTES]; /* why a blob was not taken, "" if it was */
};

/*
 * Connects to FOLDER/status.sock and appends everything that comes until the end.  0, or -errno
 * with one line in `why` that says what to do.
 */
int account_fetch(const char *folder, struct buffer *out, char why[ACCOUNT_WHY_BYTES]);

/*
 * Judges what came.  0; -EBADMSG with one line in `why` if it is not the supervisor's, -ENOMEM.
 * The caller frees with account_free either way.
 */
int account_read(struct slice text, struct account *ret_account, char why[ACCOUNT_WHY_BYTES]);

void account_free(struct account *account);

/* Whether the process is a worker of the program whose account it is. */
bool account_has(const struct account *account, enum process process);

/* The worker's own status, NULL if there is none. */
const union message_body *account_of(const struct account *account, enum process process);

/* What the supervisor says of a worker, NULL if it says nothing. */
const struct message_status_worker *account_worker(const struct account *account,
    enum process process);

/*
 * Seconds since the peer that the worker talks to has heard from it; -1 if that is not known, since
 * one of the two does not run or the peer has not said it.  No worker is believed about itself.
 */
int64_t account_silence_s(const struct account *account, enum process process);

/* Whether that is too long for a worker that does its work. */
bool account_is_stale(const struct account *account, enum process process);

/* What a worker warns of, NULL if it says nothing or has no warnings. */
const struct texts *account_warnings(const struct account *account, enum process process);

/* Seconds from the moment `then_ms` of CLOCK_MONOTONIC to the account's own; -1 for never. */
int64_t account_age_s(const struct account *account, int64_t then_ms);

#endif
