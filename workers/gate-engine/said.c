/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-engine.  Reads the engine's short answers: see said.h. */
#include "workers/gate-engine/said.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/record.h"
#include "workers/gate-engine/sight.h"

#define TEXT_MAX_BYTES (64 * 1024)
#define ID_PREFIX "sha256:"

struct about {
	const char *version;
	const char *os;
	const char *arch;
};

struct identified {
	const char *id;
};

struct detail {
	int64_t current;
	int64_t total;
};

struct line {
	const char *status;
	const char *id;
	const char *error;
	const struct detail *detail;
};

#define TEXT(type, key, member, class, most)                                                 \
	{                                                                                    \
		.name = (key), .kind = FIELD_TEXT, .text = (class), .min = 1, .max = (most), \
		.offset = offsetof(struct type, member)                                      \
	}
#define OPTIONAL(key, member)                                                               \
	{                                                                                   \
		.name = (key), .kind = FIELD_TEXT, .optional = true, .max = TEXT_MAX_BYTES, \
		.offset = offsetof(struct line, member)                                     \
	}
#define NUMBER(key)                                                                      \
	{                                                                                \
		.name = #key, .kind = FIELD_INTEGER, .optional = true, .min = INT64_MIN, \
		.max = INT64_MAX, .offset = offsetof(struct detail, key)                 \
	}
#define OPEN(type, list)                                                        \
	{                                                                       \
		.name = #type, .size_bytes = sizeof(struct type), .open = true, \
		.field_count = ARRAY_LEN(list), .fields = (list)                \
	}

static const struct field about_fields[] = {
	TEXT(about, "Version", version, TEXT_LINE, SAID_NAME_BYTES),
	TEXT(about, "Os", os, TEXT_NAME, 32),
	TEXT(about, "Arch", arch, TEXT_NAME, 32),
};
static const struct record about_record = OPEN(about, about_fields);

static const struct field identified_fields[] = {
	TEXT(identified, "Id", id, TEXT_VISIBLE, CONTAINER_ID_BYTES + sizeof(ID_PREFIX) - 1),
};
static const struct record identified_record = OPEN(identified, identified_fields);

static const struct field detail_fields[] = { NUMBER(current), NUMBER(total) };
static const struct record detail_record = OPEN(detail, detail_fields);

static const struct field line_fields[] = {
	OPTIONAL("status", status),
	OPTIONAL("id", id),
	OPTIONAL("error", error),
	{ .name = "progressDetail",
	    .kind = FIELD_RECORD,
	    .optional = true,
	    .record = &detail_record,
	    .offset = offsetof(struct line, detail) },
};
static const struct record line_record = OPEN(line, line_fields);

int
said_about(struct slice answer, struct said_about *ret_about)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct about about;
	int error = record_decode(&about_record, answer, &arena, &about, why);

	*ret_about = (struct said_about){ 0 };
	if (error != 0)
		return error;
	copy_printable(ret_about->version, sizeof(ret_about->version), about.version);
	copy_printable(ret_about->os, sizeof(ret_about->os), about.os);
	copy_printable(ret_about->arch, sizeof(ret_about->arch), about.arch);
	return 0;
}

int
said_id(struct slice answer, char ret_id[CONTAINER_ID_BYTES + 1])
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct identified identified;
	int error = record_decode(&identified_record, answer, &arena, &identified, why);
	const char *id = identified.id;

	ret_id[0] = '\0';
	if (error != 0)
		return error;
	if (strncmp(id, ID_PREFIX, strlen(ID_PREFIX)) == 0)
		id += strlen(ID_PREFIX);
	if (strlen(id) != CONTAINER_ID_BYTES || !text_is(TEXT_HEX, id, CONTAINER_ID_BYTES))
		return -EBADMSG;
	(void)snprintf(ret_id, CONTAINER_ID_BYTES + 1, "%s", id);
	return 0;
}

static int64_t
not_negative(int64_t number)
{
	return number < 0 ? 0 : number;
}

int
said_progress(struct slice text, struct said_progress *ret_progress)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct line line;
	int error = record_decode(&line_record, text, &arena, &line, why);

	*ret_progress = (struct said_progress){ 0 };
	if (error != 0)
		return error;
	if (line.status != NULL)
		copy_printable(ret_progress->text, sizeof(ret_progress->text), line.status);
	if (line.error != NULL)
		copy_printable(ret_progress->error, sizeof(ret_progress->error), line.error);
	if (line.id != NULL && strlen(line.id) <= SAID_NAME_BYTES &&
	    text_is(TEXT_NAME, line.id, strlen(line.id)))
		copy_printable(ret_progress->layer, sizeof(ret_progress->layer), line.id);
	if (line.detail != NULL) {
		ret_progress->current = not_negative(line.detail->current);
		ret_progress->total = not_negative(line.detail->total);
	}
	return 0;
}
