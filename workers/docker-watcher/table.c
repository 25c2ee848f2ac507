/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher.  See table.h. */
#include "workers/docker-watcher/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"

/* What a container needs in a frame beside its labels. */
#define ROW_FIXED_BYTES 512

/* Where the id is, or belongs. */
static size_t
position_of(const struct table *table, const char *id, bool *ret_found)
{
	size_t low = 0, high = table->count;

	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(table->rows[middle]->id, id);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct row *
table_find(const struct table *table, const char *id)
{
	bool found;
	size_t at = position_of(table, id, &found);

	return found ? table->rows[at] : NULL;
}

size_t
table_after(const struct table *table, const char *id)
{
	bool found;
	size_t at = position_of(table, id, &found);

	return found ? at + 1 : at;
}

static int
grow(struct table *table)
{
	size_t capacity = table->capacity == 0 ? 64 : 2 * table->capacity;
	struct row **rows;

	if (table->count < table->capacity)
		return 0;
	rows = reallocarray(table->rows, capacity, sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	table->rows = rows;
	table->capacity = capacity;
	return 0;
}

static int
copy_labels(struct arena *arena, const struct map *from, struct map *to)
{
	to->entries = arena_alloc(arena, from->count * sizeof(*to->entries));
	if (to->entries == NULL)
		return -ENOMEM;
	for (to->count = 0; to->count < from->count; to->count++) {
		const struct map_entry *source = &from->entries[to->count];
		struct map_entry *target = &to->entries[to->count];

		target->key = arena_copy(arena, source->key, strlen(source->key));
		target->value = arena_copy(arena, source->value, strlen(source->value));
		if (target->key == NULL || target->value == NULL)
			return -ENOMEM;
	}
	return 0;
}

/* Docker writes labels in the order of their names, in lists and in events. */
static bool
same_labels(const struct map *one, const struct map *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++)
		if (strcmp(one->entries[i].key, other->entries[i].key) != 0 ||
		    strcmp(one->entries[i].value, other->entries[i].value) != 0)
			return false;
	return true;
}

/* Takes new labels, or keeps the old ones.  0, -ENOBUFS, -ENOMEM. */
static int
set_labels(struct table *table, struct row *row, const struct labels *labels)
{
	struct arena arena = { 0 };
	struct map map = { 0 };
	size_t weight = ROW_FIXED_BYTES + labels->weight_bytes;

	if (table->weight_bytes - row->weight_bytes + weight > TABLE_WEIGHT_MAX_BYTES)
		return -ENOBUFS;
	if (copy_labels(&arena, &labels->map, &map) < 0) {
		arena_free(&arena);
		return -ENOMEM;
	}
	arena_free(&row->arena);
	table->weight_bytes += weight - row->weight_bytes;
	row->arena = arena;
	row->labels = map;
	row->judged = false;
	row->weight_bytes = weight;
	return 0;
}

static int
insert(struct table *table, size_t at, const struct fact *fact, struct row **ret_row)
{
	struct row *row;
	int result;

	if (table->count == TABLE_ROWS_MAX)
		return -ENOBUFS;
	if (grow(table) < 0)
		return -ENOMEM;
	row = calloc(1, sizeof(*row));
	if (row == NULL)
		return -ENOMEM;
	result = set_labels(table, row, &fact->labels);
	if (result < 0) {
		free(row);
		return result;
	}
	memcpy(row->id, fact->id, sizeof(row->id));
	memmove(&table->rows[at + 1], &table->rows[at], (table->count - at) * sizeof(struct row *));
	table->rows[at] = row;
	table->count++;
	*ret_row = row;
	return 0;
}

int
table_put(struct table *table, const struct fact *fact, struct row **ret_row, bool *ret_changed)
{
	bool found;
	size_t at = position_of(table, fact->id, &found);
	struct row *row = found ? table->rows[at] : NULL;
	int result = 0;

	*ret_changed = !found;
	if (!found) {
		result = insert(table, at, fact, &row);
	} else if (!same_labels(&row->labels, &fact->labels.map)) {
		*ret_changed = true;
		result = set_labels(table, row, &fact->labels);
	}
	if (result < 0)
		return result;
	if (row->status != fact->status || strcmp(row->name, fact->name) != 0)
		*ret_changed = true;
	row->status = fact->status;
	memcpy(row->name, fact->name, sizeof(row->name));
	*ret_row = row;
	return 0;
}

static void
free_row(struct row *row)
{
	arena_free(&row->arena);
	free(row);
}

void
table_drop(struct table *table, size_t index)
{
	struct row *row = table->rows[index];

	table->weight_bytes -= row->weight_bytes;
	table->count--;
	memmove(&table->rows[index], &table->rows[index + 1],
	    (table->count - index) * sizeof(struct row *));
	free_row(row);
}

void
table_free(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free_row(table->rows[i]);
	free(table->rows);
	*table = (struct table){ 0 };
}
