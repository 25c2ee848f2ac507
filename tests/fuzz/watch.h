/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz targets.  docker-watcher's splitter and inventory as the worker uses them, for the targets of
 * Docker's list and events.  What it would tell is written down, so that two runs can be compared.
 */
#ifndef TESTS_FUZZ_WATCH_H
#define TESTS_FUZZ_WATCH_H

#include "common/message.h"
#include "tests/fuzz/fuzz.h"
#include "workers/docker-watcher/inventory.h"
#include "common/splitter.h"

/* Far less than the worker's, so that inputs of a few kilobytes pass it. */
#define WATCH_OBJECT_MAX_BYTES 2048
#define WATCH_SAID_MAX_BYTES ((size_t)16 * 1024 * 1024)

struct watch {
	struct inventory inventory;
	struct splitter splitter;
	struct buffer said;
	int64_t now_ms;
	bool events; /* else a list */
};

static inline void
watch_say(struct watch *watch, const char *what, const char *text)
{
	fuzz_assert(buffer_printf(&watch->said, "%s %s\n", what, text) == 0);
}

/* master-link takes each container that it is told of: the table of messages says so. */
static inline void
watch_tell(struct watch *watch, enum container_change change, const struct row *row)
{
	struct message_container message = {
		.change = (int)change,
		.id = row->id,
		.name = row->name,
		.status = run_status_names[row->status],
		.labels = row->labels,
	};
	char why[RECORD_WHY_BYTES] = "";
	size_t before;

	watch_say(watch, change == CONTAINER_RUNS ? "runs" : "gone", row->id);
	before = watch->said.length;
	fuzz_assert(message_encode(MESSAGE_CONTAINER, &message, &watch->said, why) == 0);
	fuzz_assert(watch->said.length - before <= row->weight_bytes + 256);
	fuzz_assert(buffer_add_text(&watch->said, "\n") == 0);
}

static inline void
watch_changed(void *context, const struct row *row, bool listed)
{
	watch_say(context, "changed", listed ? "by a list" : "by an event");
	watch_tell(context, CONTAINER_RUNS, row);
}

static inline void
watch_gone(void *context, const struct row *row)
{
	watch_tell(context, CONTAINER_GONE, row);
}

static inline void
watch_dropped(void *context, const struct fact *fact)
{
	const char *key = fact->labels.dropped_key;

	fuzz_assert(fact->labels.dropped > 0 && fact->labels.dropped_why != NULL);
	fuzz_assert(text_is(TEXT_VISIBLE, key, strlen(key)));
	watch_say(context, "dropped", key);
}

static inline void
watch_oversized(void *context, const char *id)
{
	fuzz_assert(id == NULL || (strlen(id) == 64 && text_is(TEXT_HEX, id, 64)));
	watch_say(context, "oversized", id == NULL ? "unknown" : id);
}

static inline bool
watch_object(void *context, struct slice text)
{
	struct watch *watch = context;
	struct arena arena _cleanup_arena_ = { 0 };
	struct event event;
	int result;

	fuzz_assert(text.length >= 2 && text.length <= WATCH_OBJECT_MAX_BYTES);
	if (!watch->events)
		return inventory_list_take(&watch->inventory, text);
	result = inventory_event(&watch->inventory, text, watch->now_ms, &arena, &event);
	if (result != 0)
		fuzz_judge_why(watch->inventory.why, sizeof(watch->inventory.why));
	else
		watch_say(watch, "event", event.action == NULL ? "other" : event.action);
	return true;
}

static inline bool
watch_object_oversized(void *context, struct slice head)
{
	struct watch *watch = context;

	fuzz_assert(head.length == SPLITTER_HEAD_BYTES);
	return watch->events || inventory_list_oversized(&watch->inventory, head);
}

/* A stream in pieces, or in one (`cut` is false).  Whether it was a good and whole one. */
static inline bool
watch_feed(struct watch *watch, struct slice text, bool list, bool cut)
{
	static const struct splitter_sink sink = {
		.object = watch_object,
		.oversized = watch_object_oversized,
	};
	struct pieces pieces = pieces_begin(text);
	struct slice piece = text;
	int result = 0;

	watch->events = !list;
	splitter_begin(&watch->splitter, list, WATCH_OBJECT_MAX_BYTES);
	if (!cut)
		result = splitter_feed(&watch->splitter, piece, &sink, watch);
	while (cut && pieces_next(&pieces, &piece))
		if (result == 0)
			result = splitter_feed(&watch->splitter, piece, &sink, watch);
	fuzz_assert(buffer_printf(&watch->said, "result %d\n", result) == 0);
	return result == 0 && splitter_is_whole(&watch->splitter);
}

static inline void
watch_begin(struct watch *watch)
{
	*watch = (struct watch){ .said = BUFFER(WATCH_SAID_MAX_BYTES), .now_ms = 100000 };
	watch->inventory.prefix = "custom.";
	watch->inventory.changed = watch_changed;
	watch->inventory.gone = watch_gone;
	watch->inventory.dropped = watch_dropped;
	watch->inventory.oversized = watch_oversized;
	watch->inventory.context = watch;
}

static inline void
watch_judge_row(const struct row *row)
{
	fuzz_assert(strlen(row->id) == 64 && text_is(TEXT_HEX, row->id, 64));
	fuzz_assert(row->name[0] != '\0' && text_is(TEXT_NAME, row->name, strlen(row->name)));
	fuzz_assert(row->labels.count >= 1 && row->labels.count <= LABELS_MAX);
	for (size_t at = 0; at < row->labels.count; at++) {
		const struct map_entry *entry = &row->labels.entries[at];

		fuzz_assert(strlen(entry->value) <= LABEL_VALUE_MAX_BYTES);
		fuzz_assert(text_is(TEXT_LINE, entry->value, strlen(entry->value)));
		for (size_t other = 0; other < at; other++)
			fuzz_assert(strcmp(row->labels.entries[other].key, entry->key) != 0);
	}
}

/* Sorted, each once, its weight added up; then written down and released. */
static inline void
watch_end(struct watch *watch)
{
	const struct table *table = &watch->inventory.table;
	size_t weight = 0;

	for (size_t at = 0; at < table->count; at++) {
		const struct row *row = table->rows[at];

		watch_judge_row(row);
		fuzz_assert(at == 0 || strcmp(table->rows[at - 1]->id, row->id) < 0);
		fuzz_assert(table_find(table, row->id) == row);
		weight += row->weight_bytes;
		watch_tell(watch, CONTAINER_RUNS, row);
	}
	fuzz_assert(weight == table->weight_bytes);
	splitter_free(&watch->splitter);
	inventory_free(&watch->inventory);
}

#endif
