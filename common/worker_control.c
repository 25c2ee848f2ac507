/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every worker.  The channel to the supervisor, which the worker trusts: what comes over it is
 * judged all the same, and whatever is wrong on it ends the worker, which is then replaced.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log_event.h"
#include "common/worker_private.h"

#define SLOW_SAVE_MS 3000

/* ---- to the supervisor: fixed texts ---- */

void
control_blob(struct worker *worker, struct slice blob)
{
	int error = channel_send(&worker->control, blob, -1);

	if (error != 0)
		fatal("the channel to the supervisor fails: %s", strerror(-error));
}

void
control_say(struct worker *worker, const char *text)
{
	control_blob(worker, (struct slice){ .bytes = text, .length = strlen(text) });
}

static void
say_about_file(struct worker *worker, const char *type, enum state_file file)
{
	char text[96];

	snprintf(text, sizeof(text), "{\"type\":\"%s\",\"file\":\"%s\"}", type,
	    state_file_names[file]);
	control_say(worker, text);
}

static void
send_save(struct worker *worker, enum state_file file, struct slice content)
{
	say_about_file(worker, "save", file);
	control_blob(worker, content);
	worker->files[file].saving = true;
	worker->files[file].saving_since_ms = clock_ms();
}

/* A slow disk shows in commands that are obeyed late, and in a status that is answered late. */
static void
say_whether_slow(struct worker_file *entry, enum state_file file)
{
	int64_t took_ms = clock_ms() - entry->saving_since_ms;
	bool slow = took_ms >= SLOW_SAVE_MS;

	if (slow && !entry->slow)
		log_event(LOG_SAVE_SLOW,
		    "%s took %lld s to be saved: the disk is slow, and the agent waits "
		    "for it",
		    state_file_names[file], (long long)(took_ms / 1000));
	else if (!slow && entry->slow)
		log_event(LOG_SAVE_IN_TIME, "%s is saved in time again", state_file_names[file]);
	entry->slow = slow;
}

void
worker_save(struct worker *worker, enum state_file file, struct slice content)
{
	struct worker_file *entry = &worker->files[file];

	if ((worker->entry->state_files & STATE_FILE_BIT(file)) == 0 ||
	    content.length > STATE_FILE_MAX_BYTES)
		fatal("%s of %zu bytes can't be saved", state_file_names[file], content.length);
	if (!entry->saving) {
		send_save(worker, file, content);
		return;
	}
	buffer_clear(&entry->next);
	if (buffer_add(&entry->next, content.bytes, content.length) != 0)
		fatal("out of memory");
	entry->waiting = true;
}

void
control_answered(struct worker *worker, enum state_file file, const char *reason)
{
	struct worker_file *entry = &worker->files[file];

	entry->saving = false;
	say_whether_slow(entry, file);
	if (entry->waiting) {
		/* The newer content's answer counts; this one tells nobody anything. */
		entry->waiting = false;
		send_save(worker, file,
		    (struct slice){ .bytes = entry->next.bytes, .length = entry->next.length });
		buffer_free(&entry->next);
		return;
	}
	if (worker->handlers->saved != NULL)
		worker->handlers->saved(worker, file, reason);
}

void
worker_corrupt(struct worker *worker, enum state_file file)
{
	say_about_file(worker, "corrupt", file);
}

/* ---- from the supervisor ---- */

static void
take_config(struct worker *worker, const struct message_config *config)
{
	if (worker->stage != STAGE_NEW || config->process != (int)worker->handlers->process)
		fatal("the supervisor sent a config that is not for this worker");
	for (size_t at = 0; at < config->values.count; at++) {
		const struct map_entry *entry = &config->values.entries[at];
		enum setting setting = setting_by_name(entry->key);

		if (setting == SETTING_COUNT)
			fatal("the supervisor sent an unknown setting");
		worker->values[setting] = strdup(entry->value);
		if (worker->values[setting] == NULL)
			fatal("out of memory");
	}
}

static void
take_secret(struct worker *worker, const struct message_secret *secret)
{
	struct buffer *held = &worker->secrets[secret->name];

	buffer_clear(held);
	if (secret->value != NULL && buffer_add_text(held, secret->value) != 0)
		fatal("out of memory");
	worker->secrets_arrived |= SECRET_BIT(secret->name);
}

static void
take_state(struct worker *worker, enum state_file file, struct slice content)
{
	struct worker_file *entry = &worker->files[file];

	entry->arrived = true;
	if (buffer_add(&entry->content, content.bytes, content.length) != 0)
		fatal("the supervisor sent %s of %zu bytes", state_file_names[file],
		    content.length);
}

static void
take_listener(struct worker *worker, int fd)
{
	if (fd < 0)
		fatal("the listening socket came without its descriptor: there may be none left");
	worker->handlers->listen(worker, fd);
}

static void
take_message(struct worker *worker, const struct message *message)
{
	const union message_body *body = &message->body;

	/* The table lets only these through; the cast says that the others need no row here. */
	switch ((int)message->id) {
	case MESSAGE_CONFIG:
		take_config(worker, &body->config);
		break;
	case MESSAGE_SECRET:
		take_secret(worker, &body->secret);
		break;
	case MESSAGE_STATE:
		worker->blob_follows = true;
		worker->blob_file = (enum state_file)body->state.file;
		break;
	case MESSAGE_SAVED:
		control_answered(worker, (enum state_file)body->saved.file, NULL);
		break;
	case MESSAGE_SAVE_FAILED:
		control_answered(worker, (enum state_file)body->save_failed.file,
		    body->save_failed.reason);
		break;
	case MESSAGE_PEER:
		peers_open(worker, (enum process)body->peer.peer,
		    channel_take_fd(&worker->control));
		break;
	case MESSAGE_LISTEN:
		take_listener(worker, channel_take_fd(&worker->control));
		break;
	case MESSAGE_RELOAD:
		if (worker->handlers->reload != NULL)
			worker->handlers->reload(worker);
		break;
	case MESSAGE_LOG_LEVEL:
		log_set_level((enum log_level)body->log_level.level);
		break;
	case MESSAGE_SHUTDOWN:
		if (worker->handlers->shutdown == NULL || worker->stage != STAGE_STARTED)
			worker_exit(worker);
		else
			worker->handlers->shutdown(worker);
		break;
	default:
		fatal("the supervisor sent %s", messages[message->id].name);
	}
}

static void
take_frame(struct worker *worker, struct slice frame)
{
	char why[RECORD_WHY_BYTES];
	struct message message;

	if (worker->blob_follows) {
		worker->blob_follows = false;
		take_state(worker, worker->blob_file, frame);
		return;
	}
	if (message_decode(PROCESS_SUPERVISOR, worker->handlers->process, frame, &message, why) !=
	    0)
		fatal("the supervisor sent a bad frame: %s", why);
	take_message(worker, &message);
	message_free(&message);
}

void
control_read(struct worker *worker)
{
	for (int turn = 0; turn < WORKER_FRAMES_A_TURN; turn++) {
		int got = channel_read(&worker->control, FRAME_MAX_BYTES, clock_ms());

		if (got == 0)
			return;
		/* The supervisor is gone, and so is the reason to be here. */
		if (got == -EPIPE)
			_exit(1);
		if (got < 0)
			fatal("the channel to the supervisor fails: %s", strerror(-got));
		take_frame(worker, channel_frame(&worker->control));
		channel_next(&worker->control);
		if (worker->stage == STAGE_NEW)
			return;
	}
}
