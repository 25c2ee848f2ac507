/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  What it says to a worker: the configuration at once; state, secrets and peers
 * only once it has looked at the worker itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/json_out.h"
#include "common/listener.h"
#include "common/log_out.h"
#include "supervisor/check/check.h"
#include "supervisor/slot.h"
#include "supervisor/state_files.h"
#include "supervisor/supervisor.h"

static void
send_frame(struct slot *slot, struct slice frame, int fd)
{
	int error = channel_send(&slot->control, frame, fd);

	if (error == 0)
		error = channel_flush(&slot->control);
	/* A worker that is gone shows in its end; one that reads nothing is replaced. */
	if (error != 0 && error != -EPIPE)
		slot_kill(slot);
}

void
send_text(struct slot *slot, const char *text, int fd)
{
	send_frame(slot, (struct slice){ .bytes = text, .length = strlen(text) }, fd);
}

/* ---- configuration ---- */

int
send_config(struct supervisor *supervisor, struct slot *slot)
{
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(FRAME_MAX_BYTES);
	const char *separator = "";
	int error = buffer_printf(&out, "{\"type\":\"config\",\"process\":\"%s\",\"values\":{",
	    processes[slot->process].name);

	for (enum setting setting = 0; setting < SETTING_COUNT && error == 0; setting++) {
		const char *value = supervisor->config->values[setting];

		if ((settings[setting].workers & PROCESS_BIT(slot->process)) == 0 || value == NULL)
			continue;
		error = buffer_printf(&out, "%s\"%s\":", separator, settings[setting].name);
		if (error == 0)
			error = json_add_text(&out, value);
		separator = ",";
	}
	if (error == 0)
		error = buffer_add_text(&out, "}}");
	if (error == 0)
		send_frame(slot, (struct slice){ .bytes = out.bytes, .length = out.length }, -1);
	return error;
}

/* ---- state ---- */

/* Whether a file is as it was, and only can't be read at this moment. */
static bool
is_passing(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

/* False if the worker must not go on: without what there is it would save over it. */
static bool
send_state(struct supervisor *supervisor, struct slot *slot, enum state_file file)
{
	struct buffer content _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	char text[128];
	bool exists;
	int error = state_file_read(supervisor->data_fd, file, &content, &exists);

	if (error != 0 && error != -EFBIG && supervisor->check != NULL)
		check_state(supervisor->check, file, strerror(-error));
	else if (error == -EFBIG)
		put_aside(supervisor, file, "is too large, or no file");
	else if (error != 0)
		say(LOG_FILE_UNREADABLE, "%s can't be read, %s starts %s: %s",
		    state_file_names[file], processes[slot->process].name,
		    is_passing(error) ? "again" : "without it", strerror(-error));
	if (is_passing(error))
		return false;
	snprintf(text, sizeof(text), "{\"type\":\"state\",\"file\":\"%s\",\"exists\":%s}",
	    state_file_names[file], exists ? "true" : "false");
	send_text(slot, text, -1);
	send_frame(slot, (struct slice){ .bytes = content.bytes, .length = content.length }, -1);
	return true;
}

/* ---- secrets ---- */

/* Sends the secret's present value; one that can't be read is told and not sent. */
static bool
send_secret(const struct supervisor *supervisor, struct slot *slot, enum secret secret)
{
	struct buffer value _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES);
	struct buffer out _cleanup_buffer_ = SECRET_BUFFER(SETTING_VALUE_MAX_BYTES * 2);
	struct buffer why _cleanup_buffer_ = BUFFER(2048);
	int error = config_secret(supervisor->config, secret, &value, &why);

	if (error != 0) {
		say(LOG_SECRET_UNREADABLE, "%s: %s", secret_names[secret],
		    why.length > 0 ? why.bytes : strerror(-error));
		return false;
	}
	error = buffer_printf(&out, "{\"type\":\"secret\",\"name\":\"%s\"", secret_names[secret]);
	if (error == 0 && value.length > 0) {
		error = buffer_add_text(&out, ",\"value\":");
		if (error == 0)
			error = json_add_text(&out, value.bytes);
	}
	if (error == 0)
		error = buffer_add_text(&out, "}");
	if (error == 0)
		send_frame(slot, (struct slice){ .bytes = out.bytes, .length = out.length }, -1);
	return error == 0;
}

/* At a start a secret that can't be read is told as absent: the worker says what it lacks. */
static void
send_secrets_to_start(struct supervisor *supervisor, struct slot *slot)
{
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++) {
		char text[96];

		if ((processes[slot->process].secrets & SECRET_BIT(secret)) == 0 ||
		    send_secret(supervisor, slot, secret))
			continue;
		snprintf(text, sizeof(text), "{\"type\":\"secret\",\"name\":\"%s\"}",
		    secret_names[secret]);
		send_text(slot, text, -1);
	}
}

void
hand_out_secrets(struct supervisor *supervisor, struct slot *slot)
{
	unsigned due = processes[slot->process].secrets;
	struct buffer why _cleanup_buffer_ = BUFFER(4096);

	if (due == 0 || slot->phase != PHASE_RUNNING)
		return;
	/* All of them or none: half of a pair is worse than the old one. */
	if (config_check_readable(supervisor->config, due, &why) != 0) {
		say(LOG_SECRETS_KEPT, "%s goes on with the secrets that it has: %s",
		    processes[slot->process].name, why.bytes);
		return;
	}
	for (enum secret secret = 0; secret < SECRET_COUNT; secret++)
		if ((due & SECRET_BIT(secret)) != 0)
			(void)send_secret(supervisor, slot, secret);
	send_text(slot, "{\"type\":\"reload\"}", -1);
	say(LOG_SECRETS_READ, "secrets were read again for %s", processes[slot->process].name);
}

/* ---- peers ---- */

static void
send_peer(struct slot *slot, enum process peer, int fd)
{
	char text[64];

	snprintf(text, sizeof(text), "{\"type\":\"peer\",\"peer\":\"%s\"}", processes[peer].name);
	send_text(slot, text, fd);
}

/* A new pair for two workers that are both confined; the supervisor keeps no end. */
static void
connect_pair(struct slot *one, struct slot *other)
{
	int ends[2];
	int error = channel_pair(ends);

	if (error != 0) {
		say(LOG_NO_CHANNEL, "no channel between %s and %s: %s",
		    processes[one->process].name, processes[other->process].name, strerror(-error));
		slot_kill(one);
		return;
	}
	send_peer(one, other->process, ends[0]);
	send_peer(other, one->process, ends[1]);
	close(ends[0]);
	close(ends[1]);
}

void
hand_over(struct supervisor *supervisor, struct slot *slot)
{
	const struct process_entry *entry = &processes[slot->process];

	for (enum state_file file = 0; file < STATE_FILE_COUNT; file++)
		if ((entry->state_files & STATE_FILE_BIT(file)) != 0 &&
		    !send_state(supervisor, slot, file)) {
			slot_kill(slot);
			return;
		}
	slot->state_given = true;
	send_secrets_to_start(supervisor, slot);
	if (entry->listener != LISTENER_NONE)
		send_text(slot, "{\"type\":\"listen\"}",
		    listener_renew(supervisor->listeners[entry->listener]));
	for_each_worker(peer)
		if ((entry->peers & PROCESS_BIT(peer)) != 0 &&
		    supervisor->slots[peer].phase == PHASE_RUNNING)
			connect_pair(slot, &supervisor->slots[peer]);
}
