/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every process that parses JSON.  Frames to structs and back: see message.h.  The sender is taken
 * to be hostile.
 */
#include "common/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/record_codec.h"

#define TYPE_MAX_BYTES 32

/* The message that the frame's "type" names, without escapes; MESSAGE_COUNT if there is none. */
static enum message_id
find_type(struct slice frame)
{
	struct slice type;
	char name[TYPE_MAX_BYTES];

	if (!json_member(frame, "type", &type) || type.length < 2 || type.bytes[0] != '"' ||
	    type.length - 2 >= sizeof(name))
		return MESSAGE_COUNT;
	memcpy(name, type.bytes + 1, type.length - 2);
	name[type.length - 2] = '\0';
	for (enum message_id id = 0; id < MESSAGE_COUNT; id++)
		if (strcmp(messages[id].name, name) == 0)
			return id;
	return MESSAGE_COUNT;
}

int
message_decode(enum process from, enum process to, struct slice frame, struct message *ret_message,
    char why[RECORD_WHY_BYTES])
{
	enum json_flaw flaw = json_check(frame, JSON_MAX_DEPTH);
	const struct message_entry *entry;
	int error;

	*ret_message = (struct message){ .id = MESSAGE_COUNT };
	if (flaw != JSON_GOOD) {
		snprintf(why, RECORD_WHY_BYTES, "%s", json_flaw_texts[flaw]);
		return flaw == JSON_MEMORY ? -ENOMEM : -EBADMSG;
	}
	ret_message->id = find_type(frame);
	if (ret_message->id == MESSAGE_COUNT) {
		snprintf(why, RECORD_WHY_BYTES, "unknown type");
		return -EBADMSG;
	}
	entry = &messages[ret_message->id];
	if ((entry->from & PROCESS_BIT(from)) == 0 || (entry->to & PROCESS_BIT(to)) == 0) {
		snprintf(why, RECORD_WHY_BYTES, "%s may not send %s to %s", processes[from].name,
		    entry->name, processes[to].name);
		return -EBADMSG;
	}
	error = record_decode_tagged(&entry->record, "type", frame, &ret_message->arena,
	    &ret_message->body, why);
	if (error != 0)
		message_free(ret_message);
	return error;
}

int
message_encode(enum message_id id, const void *body, struct buffer *out, char why[RECORD_WHY_BYTES])
{
	return record_encode_tagged(&messages[id].record, "type", messages[id].name, body, out,
	    why);
}

void
message_free(struct message *message)
{
	arena_free(&message->arena);
	explicit_bzero(&message->body, sizeof(message->body));
}
