/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate-engine.  The pages of a list: see rows.h. */
#include "workers/gate-engine/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/tunnel_container.h"

/* What a container needs in a frame beside its labels. */
#define ROW_FIXED_BYTES 512

bool
fact_is_published(const struct fact *fact)
{
	return fact->labels.map.count > 0 || strcmp(fact->name, TUNNEL_CONTAINER_NAME) == 0;
}

static bool
fail(struct rows *rows, const char *why)
{
	(void)snprintf(rows->why, sizeof(rows->why), "%s", why);
	return false;
}

/* The page that has room for a row of that weight; NULL: out of memory. */
static struct page *
page_for(struct rows *rows, size_t weight)
{
	struct page *last = rows->last, *page;

	if (last != NULL && last->count < PAGE_CONTAINERS_MAX &&
	    last->weight_bytes + weight <= ROWS_PAGE_WEIGHT_MAX_BYTES)
		return last;
	page = calloc(1, sizeof(*page));
	if (page == NULL)
		return NULL;
	if (last == NULL)
		rows->first = page;
	else
		last->next = page;
	rows->last = page;
	return page;
}

static const char *
copy(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}

static bool
copy_labels(struct arena *arena, const struct map *from, struct map *to)
{
	to->entries = arena_alloc(arena, from->count * sizeof(*to->entries));
	if (to->entries == NULL)
		return false;
	for (to->count = 0; to->count < from->count; to->count++) {
		struct map_entry *entry = &to->entries[to->count];

		entry->key = copy(arena, from->entries[to->count].key);
		entry->value = copy(arena, from->entries[to->count].value);
		if (entry->key == NULL || entry->value == NULL)
			return false;
	}
	return true;
}

/* Adds a row; what a failure leaves in the page's arena goes with the page. */
static bool
add(struct rows *rows, const struct fact *fact)
{
	size_t weight = ROW_FIXED_BYTES + fact->labels.weight_bytes;
	struct container_fact row = { 0 };
	struct page *page;

	if (rows->weight_bytes + weight > ROWS_WEIGHT_MAX_BYTES)
		return fail(rows, "more published containers than the gate can hold");
	page = page_for(rows, weight);
	if (page == NULL)
		return fail(rows, "out of memory");
	row.id = copy(&page->arena, fact->id);
	row.name = copy(&page->arena, fact->name);
	row.status = copy(&page->arena, fact->state);
	if (row.id == NULL || row.name == NULL || row.status == NULL ||
	    !copy_labels(&page->arena, &fact->labels.map, &row.labels))
		return fail(rows, "out of memory");
	page->facts[page->count++] = row;
	page->weight_bytes += weight;
	rows->weight_bytes += weight;
	rows->count++;
	return true;
}

bool
rows_take(struct rows *rows, const char *prefix, struct slice element)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[FACT_WHY_BYTES];
	struct fact fact;
	int result = fact_from_list(element, prefix, &arena, &fact, why);

	if (result == -EBADMSG)
		return fail(rows, why);
	if (result != 0)
		return fail(rows, "out of memory");
	if (!fact_is_published(&fact))
		return true;
	if (rows->notes != NULL)
		notes_add_labels(rows->notes, &fact, rows->list_number);
	if (fact.state[0] == '\0')
		return fail(rows, "a container whose state is not a word");
	return add(rows, &fact);
}

struct page *
rows_next(struct rows *rows)
{
	struct page *page = rows->first;

	if (page == NULL)
		return NULL;
	rows->first = page->next;
	if (rows->first == NULL)
		rows->last = NULL;
	return page;
}

void
page_free(struct page *page)
{
	if (page == NULL)
		return;
	arena_free(&page->arena);
	free(page);
}

void
rows_free(struct rows *rows)
{
	struct page *page;

	while ((page = rows_next(rows)) != NULL)
		page_free(page);
	*rows = (struct rows){ 0 };
}
