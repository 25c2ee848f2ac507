/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  What a worker says: a handful of fixed texts, compared byte for byte, and blobs,
 * kept as they came.  The worker may be hostile; beside each text stands why it may ask for that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/data_folder.h"
#include "common/log_out.h"
#include "supervisor/check/check.h"
#include "supervisor/slot.h"
#include "supervisor/state_files.h"
#include "supervisor/supervisor.h"

#define BLOB_MAX_BYTES STATE_FILE_MAX_BYTES
#define FRAMES_A_TURN 32
#define SAVES_BURST 50
#define SAVES_A_SECOND 5
#define STATUSES_BURST 20
#define STATUSES_A_SECOND 4

static bool
is_text(struct slice frame, const char *text)
{
	return frame.length == strlen(text) && memcmp(frame.bytes, text, frame.length) == 0;
}

static void
violation(struct supervisor *supervisor, struct slot *slot, const char *what)
{
	say(LOG_PROTOCOL_BROKEN, "%s broke the protocol (%s): replacing it",
	    processes[slot->process].name, what);
	slot_event(supervisor, slot, EVENT_VIOLATION);
}

/* ---- ready: its word is not believed, the kernel is asked ---- */

static void
take_ready(struct supervisor *supervisor, struct slot *slot)
{
	const struct policy *policy = policies[slot->process];
	char why[POLICY_WHY_BYTES];

	if (slot->phase != PHASE_STARTING) {
		violation(supervisor, slot, "ready twice");
		return;
	}
	if (policy_check(policy, &supervisor->values, slot->pid, supervisor->own_filters, why) !=
	    0) {
		say(LOG_WORKER_UNCONFINED, "%s is not confined: %s; it gets no secret and no peer",
		    processes[slot->process].name, why);
		slot_event(supervisor, slot, EVENT_VIOLATION);
		return;
	}
	slot->seccomp_filters = (int)(supervisor->own_filters + policy->filters);
	slot_event(supervisor, slot, EVENT_CONFINED);
}

/* ---- save, corrupt: only files that the policy gives it; bounded in size and rate ---- */

/* Whether the frame is `{"type":"TYPE","file":"NAME"}` for one of the worker's own files. */
static bool
names_file(const struct slot *slot, struct slice frame, const char *type, enum state_file *ret_file)
{
	char text[96];

	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++) {
		snprintf(text, sizeof(text), "{\"type\":\"%s\",\"file\":\"%s\"}", type,
		    state_file_names[file]);
		if ((processes[slot->process].state_files & STATE_FILE_BIT(file)) != 0 &&
		    is_text(frame, text)) {
			*ret_file = file;
			return true;
		}
	}
	return false;
}

static void
answer_save(struct slot *slot, enum state_file file, const char *reason)
{
	char text[256];

	if (reason == NULL)
		snprintf(text, sizeof(text), "{\"type\":\"saved\",\"file\":\"%s\"}",
		    state_file_names[file]);
	else
		snprintf(text, sizeof(text),
		    "{\"type\":\"save-failed\",\"file\":\"%s\",\"reason\":\"%s\"}",
		    state_file_names[file], reason);
	send_text(slot, text, -1);
}

static void
take_save(struct supervisor *supervisor, struct slot *slot, struct slice blob)
{
	enum state_file file = slot->save_file;
	int error;

	if (supervisor->check != NULL) {
		answer_save(slot, file, "a check saves nothing");
		return;
	}
	if (!rate_allows(&slot->saves, clock_ms(), SAVES_BURST, SAVES_A_SECOND)) {
		answer_save(slot, file, "too many saves");
		return;
	}
	error = state_file_save(supervisor->data_fd, file, blob);
	/* These texts have nothing that JSON would want escaped. */
	answer_save(slot, file, error == 0 ? NULL : data_folder_error(supervisor->data_fd, -error));
}

void
put_aside(const struct supervisor *supervisor, enum state_file file, const char *why)
{
	int error;

	if (supervisor->check != NULL) {
		check_state(supervisor->check, file, why);
		return;
	}
	error = state_file_corrupt(supervisor->data_fd, file);
	say(LOG_FILE_ASIDE, "%s %s and is put aside as %s.corrupt%s%s", state_file_names[file], why,
	    state_file_names[file], error == 0 ? "" : ": ", error == 0 ? "" : strerror(-error));
}

/* ---- bad-peer: counts as a death of both, so that it is no weapon ---- */

static bool
names_peer(const struct slot *slot, struct slice frame, enum process *ret_peer)
{
	char text[96];

	for_each_worker(peer) {
		snprintf(text, sizeof(text), "{\"type\":\"bad-peer\",\"peer\":\"%s\"}",
		    processes[peer].name);
		if ((processes[slot->process].peers & PROCESS_BIT(peer)) != 0 &&
		    is_text(frame, text)) {
			*ret_peer = peer;
			return true;
		}
	}
	return false;
}

static void
take_bad_peer(struct supervisor *supervisor, struct slot *slot, enum process peer)
{
	say(LOG_PEER_REPORTED, "%s reports that %s broke the protocol: replacing both",
	    processes[slot->process].name, processes[peer].name);
	slot_event(supervisor, &supervisor->slots[peer], EVENT_VIOLATION);
	slot_event(supervisor, slot, EVENT_VIOLATION);
}

/* ---- frames ---- */

/* status: kept as it came, read by nobody here; too many are passed over. */
static void
take_status(struct slot *slot, struct slice blob)
{
	if (!rate_allows(&slot->statuses, clock_ms(), STATUSES_BURST, STATUSES_A_SECOND))
		return;
	buffer_clear(&slot->status);
	(void)buffer_add(&slot->status, blob.bytes, blob.length);
}

static void
take_text(struct supervisor *supervisor, struct slot *slot, struct slice frame)
{
	enum state_file file;
	enum process peer;

	if (is_text(frame, "{\"type\":\"ready\"}")) {
		take_ready(supervisor, slot);
	} else if (slot->ready_ms == 0) {
		violation(supervisor, slot, "speaks before it is ready");
	} else if (is_text(frame, "{\"type\":\"alive\"}")) {
		slot->alive_ms = clock_ms();
		slot->alive_seen = true;
	} else if (is_text(frame, "{\"type\":\"status\"}")) {
		slot->expected = EXPECT_STATUS;
	} else if (names_file(slot, frame, "save", &file)) {
		slot->save_file = file;
		slot->expected = EXPECT_SAVE;
	} else if (names_file(slot, frame, "corrupt", &file)) {
		/* In a check the worker finds that itself. */
		if (supervisor->check == NULL &&
		    rate_allows(&slot->saves, clock_ms(), SAVES_BURST, SAVES_A_SECOND))
			put_aside(supervisor, file, "can't be understood");
	} else if (supervisor->check != NULL && is_text(frame, "{\"type\":\"checked\"}")) {
		check_worker_done(supervisor, slot->process);
	} else if (names_peer(slot, frame, &peer)) {
		take_bad_peer(supervisor, slot, peer);
	} else {
		violation(supervisor, slot, "unknown text");
	}
}

static void
take_frame(struct supervisor *supervisor, struct slot *slot, struct slice frame)
{
	enum expected expected = slot->expected;

	slot->expected = EXPECT_TEXT;
	if (expected == EXPECT_STATUS)
		take_status(slot, frame);
	else if (expected == EXPECT_SAVE)
		take_save(supervisor, slot, frame);
	else
		take_text(supervisor, slot, frame);
}

void
control_read(struct supervisor *supervisor, struct slot *slot)
{
	for (int turn = 0; turn < FRAMES_A_TURN && !slot->killed; turn++) {
		int got = channel_read(&slot->control, BLOB_MAX_BYTES, clock_ms());

		if (got == 0)
			return;
		if (got < 0) {
			/* Closed without an end: it can't be talked to any more. */
			if (got != -EPIPE)
				say(LOG_PROTOCOL_BROKEN, "%s broke the protocol (%s): replacing it",
				    processes[slot->process].name, strerror(-got));
			slot_event(supervisor, slot, EVENT_VIOLATION);
			channel_close(&slot->control);
			return;
		}
		take_frame(supervisor, slot, channel_frame(&slot->control));
		channel_next(&slot->control);
	}
}
