/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel-keeper.  The progress of a pull: see progress.h. */
#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "common/record.h"
#include "observe.h"

/* The stages of one layer after which nothing of it is left to be fetched. */
static const char *const done_texts[] = { "Pull complete", "Already exists", "Download complete" };

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

#define TEXT(field_name, member, bound)                                                     \
	{                                                                                   \
		.name = (field_name), .kind = FIELD_TEXT, .optional = true, .max = (bound), \
		.offset = offsetof(struct line, member)                                     \
	}
#define NUMBER(field_name)                                                                        \
	{                                                                                         \
		.name = #field_name, .kind = FIELD_INTEGER, .optional = true,                     \
		.offset = offsetof(struct detail, field_name), .min = INT64_MIN, .max = INT64_MAX \
	}

static const struct field detail_fields[] = { NUMBER(current), NUMBER(total) };
static const struct record detail_record = { .name = "progressDetail",
	.size_bytes = sizeof(struct detail),
	.open = true,
	.field_count = ARRAY_LEN(detail_fields),
	.fields = detail_fields };

static const struct field line_fields[] = {
	TEXT("status", status, PROGRESS_LINE_MAX_BYTES),
	TEXT("id", id, PROGRESS_LINE_MAX_BYTES),
	TEXT("error", error, PROGRESS_LINE_MAX_BYTES),
	{ .name = "progressDetail",
	    .kind = FIELD_RECORD,
	    .optional = true,
	    .record = &detail_record,
	    .offset = offsetof(struct line, detail) },
};
static const struct record line_record = { .name = "progress",
	.size_bytes = sizeof(struct line),
	.open = true,
	.field_count = ARRAY_LEN(line_fields),
	.fields = line_fields };

/* The layer of that id, a new one if there is room; NULL otherwise. */
static struct progress_layer *
find_layer(struct progress *progress, const char *id)
{
	struct progress_layer *layer;

	for (size_t at = 0; at < progress->layer_count; at++)
		if (strcmp(progress->layers[at].id, id) == 0)
			return &progress->layers[at];
	if (progress->layer_count == PROGRESS_LAYERS_MAX)
		return NULL;
	layer = &progress->layers[progress->layer_count++];
	*layer = (struct progress_layer){ 0 };
	snprintf(layer->id, sizeof(layer->id), "%s", id);
	return layer;
}

/* Layers are named by twelve hex digits; other ids are tags. */
static bool
is_layer(const char *id)
{
	return id != NULL && strlen(id) == 12 && text_is(TEXT_HEX, id, 12);
}

static void
take_layer(struct progress *progress, const struct line *line)
{
	struct progress_layer *layer = find_layer(progress, line->id);

	if (layer == NULL || line->status == NULL)
		return;
	for (size_t at = 0; at < ARRAY_LEN(done_texts); at++)
		if (strcmp(line->status, done_texts[at]) == 0)
			layer->done = true;
	if (line->detail == NULL || strcmp(line->status, "Downloading") != 0)
		return;
	if (line->detail->current >= 0 && line->detail->total >= line->detail->current) {
		layer->current_bytes = line->detail->current;
		layer->total_bytes = line->detail->total;
	}
}

static void
take_line(struct progress *progress, struct slice text)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[RECORD_WHY_BYTES];
	struct line line;

	if (record_decode(&line_record, text, &arena, &line, why) != 0)
		return;
	if (line.error != NULL && line.error[0] != '\0')
		copy_printable(progress->error, sizeof(progress->error), line.error);
	else if (is_layer(line.id))
		take_layer(progress, &line);
}

static void
end_line(struct progress *progress)
{
	struct slice text = { .bytes = progress->line.bytes, .length = progress->line.length };

	if (!progress->skipping && text.length > 0)
		take_line(progress, text);
	progress->skipping = false;
	buffer_clear(&progress->line);
}

void
progress_take(struct progress *progress, struct slice piece)
{
	while (piece.length > 0) {
		const char *end = memchr(piece.bytes, '\n', piece.length);
		size_t length = end == NULL ? piece.length : (size_t)(end - piece.bytes);

		if (buffer_add(&progress->line, piece.bytes, length) != 0)
			progress->skipping = true;
		if (end == NULL)
			return;
		end_line(progress);
		piece.bytes += length + 1;
		piece.length -= length + 1;
	}
}

void
progress_tell(const struct progress *progress, char *text, size_t size_bytes)
{
	size_t done = 0;
	double current = 0, total = 0;

	for (size_t at = 0; at < progress->layer_count; at++) {
		const struct progress_layer *layer = &progress->layers[at];

		done += layer->done ? 1 : 0;
		current += (double)(layer->done ? layer->total_bytes : layer->current_bytes);
		total += (double)layer->total_bytes;
	}
	snprintf(text, size_bytes, "%zu of %zu layers, %.1f of %.1f MB", done,
	    progress->layer_count, current / 1e6, total / 1e6);
}

void
progress_free(struct progress *progress)
{
	buffer_free(&progress->line);
}
