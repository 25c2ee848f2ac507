/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  See tombstone.h. */
#include "tombstone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/record.h"

#define SCHEMA_VERSION 1

static const char *const phase_names[] = { "prepared", "finalized", NULL };

struct file {
	int64_t schema_version;
	const char *operation_id;
	const char *agent_id;
	int phase;
	const char *requested_self_action;
	const char *prepared_at;
	const char *finalized_at;
};

#define FILE_TEXT(member, most, class, need)                                               \
	{                                                                                  \
		.name = #member, .kind = FIELD_TEXT, .text = (class), .optional = !(need), \
		.offset = offsetof(struct file, member), .min = 1, .max = (most)           \
	}

static const struct field file_fields[] = {
	{ .name = "schema_version",
	    .kind = FIELD_INTEGER,
	    .offset = offsetof(struct file, schema_version),
	    .min = SCHEMA_VERSION,
	    .max = SCHEMA_VERSION },
	FILE_TEXT(operation_id, OPERATION_ID_MAX_BYTES, TEXT_NAME, true),
	FILE_TEXT(agent_id, AGENT_ID_MAX_BYTES, TEXT_VISIBLE, false),
	{ .name = "phase",
	    .kind = FIELD_CHOICE,
	    .offset = offsetof(struct file, phase),
	    .choices = phase_names },
	FILE_TEXT(requested_self_action, 64, TEXT_LINE, false),
	/* These two are for people: when reading, the phase must not depend on them. */
	FILE_TEXT(prepared_at, CLOCK_TEXT_BYTES - 1, TEXT_VISIBLE, false),
	FILE_TEXT(finalized_at, CLOCK_TEXT_BYTES - 1, TEXT_VISIBLE, false),
};

#define TIME_FIELDS 2

static const struct record written_record = {
	.name = "decommission",
	.size_bytes = sizeof(struct file),
	.field_count = ARRAY_LEN(file_fields),
	.fields = file_fields,
};

static const struct record read_record = {
	.name = "decommission",
	.size_bytes = sizeof(struct file),
	.open = true,
	.field_count = ARRAY_LEN(file_fields) - TIME_FIELDS,
	.fields = file_fields,
};

static void
copy(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from != NULL ? from : "");
}

static void
read_time(struct slice content, const char *key, char time[CLOCK_TEXT_BYTES])
{
	struct arena arena _cleanup_arena_ = { 0 };
	const char *text = NULL;
	struct slice value;

	if (json_member(content, key, &value))
		text = json_text(value, &arena);
	if (text != NULL && strlen(text) < CLOCK_TEXT_BYTES &&
	    text_is(TEXT_VISIBLE, text, strlen(text)))
		copy(time, CLOCK_TEXT_BYTES, text);
}

int
tombstone_read(struct slice content, struct tombstone *ret_tombstone)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct tombstone read = { .phase = LIFECYCLE_ACTIVE };
	struct file file;

	*ret_tombstone = read;
	if (content.length == 0)
		return 0;
	if (record_decode(&read_record, content, &arena, &file, why) != 0)
		return -EBADMSG;
	read.phase = file.phase == 0 ? LIFECYCLE_PREPARED : LIFECYCLE_FINALIZED;
	copy(read.operation_id, sizeof(read.operation_id), file.operation_id);
	copy(read.agent_id, sizeof(read.agent_id), file.agent_id);
	read_time(content, "prepared_at", read.prepared_at);
	read_time(content, "finalized_at", read.finalized_at);
	*ret_tombstone = read;
	return 0;
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

int
tombstone_write(const struct tombstone *tombstone, struct buffer *out)
{
	struct file file = {
		.schema_version = SCHEMA_VERSION,
		.operation_id = tombstone->operation_id,
		.agent_id = or_null(tombstone->agent_id),
		.phase = tombstone->phase == LIFECYCLE_PREPARED ? 0 : 1,
		.requested_self_action = "stop",
		.prepared_at = or_null(tombstone->prepared_at),
		.finalized_at = or_null(tombstone->finalized_at),
	};
	static const char none[] = ",\"finalized_at\":null}";
	char why[RECORD_WHY_BYTES];
	int error = record_encode(&written_record, &file, out, why);

	if (error != 0 || file.finalized_at != NULL)
		return error;
	/* The Python agent writes it as null before. */
	out->length--;
	return buffer_add(out, none, sizeof(none) - 1);
}
