/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * master-link.  See view.h.  docker-watcher's facts were judged by the message table; that there
 * may be too many of them is bounded here.
 */
#include "view_private.h"

#include <string.h>

#include "common/log.h"

/* ---- the sorted array ---- */

/* Where the id is, or would be; whether it is there. */
static bool
locate(const struct view *view, const char *id, size_t *ret_at)
{
	size_t low = 0, high = view->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(view->entries[middle]->id, id, CONTAINER_ID_BYTES);

		if (order == 0) {
			*ret_at = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_at = low;
	return false;
}

struct view_entry *
view_find(const struct view *view, const char *id)
{
	size_t at;

	return locate(view, id, &at) ? view->entries[at] : NULL;
}

struct view_entry *
view_insert(struct view *view, const char *id)
{
	struct view_entry *entry = calloc(1, sizeof(*entry));
	size_t at;

	if (view->count == view->capacity) {
		size_t capacity = view->capacity == 0 ? 64 : view->capacity * 2;
		void *longer = reallocarray(view->entries, capacity, sizeof(*view->entries));

		if (longer == NULL)
			fatal("out of memory");
		view->entries = longer;
		view->capacity = capacity;
	}
	if (entry == NULL)
		fatal("out of memory");
	memcpy(entry->id, id, CONTAINER_ID_BYTES);
	(void)locate(view, id, &at);
	memmove(&view->entries[at + 1], &view->entries[at],
	    (view->count - at) * sizeof(*view->entries));
	view->entries[at] = entry;
	view->count++;
	return entry;
}

static void
free_entry(struct view_entry *entry)
{
	container_text_unref(entry->wanted);
	container_text_unref(entry->staged);
	container_text_unref(entry->told);
	container_text_unref(entry->reported);
	free(entry);
}

void
view_free(struct view *view)
{
	for (size_t at = 0; at < view->count; at++)
		free_entry(view->entries[at]);
	free(view->entries);
	*view = (struct view){ 0 };
}

static bool
is_empty(const struct view_entry *entry)
{
	return entry->wanted == NULL && entry->staged == NULL && entry->told == NULL &&
	       entry->reported == NULL;
}

void
view_compact(struct view *view)
{
	size_t kept = 0;

	for (size_t at = 0; at < view->count; at++) {
		if (is_empty(view->entries[at]))
			free_entry(view->entries[at]);
		else
			view->entries[kept++] = view->entries[at];
	}
	view->count = kept;
}

void
view_drop_if_empty(struct view *view, const char *id)
{
	size_t at;

	if (!locate(view, id, &at) || !is_empty(view->entries[at]))
		return;
	free_entry(view->entries[at]);
	view->count--;
	memmove(&view->entries[at], &view->entries[at + 1],
	    (view->count - at) * sizeof(*view->entries));
}

/* ---- setting one view of one entry ---- */

bool
view_differs(const struct view_entry *entry)
{
	return !container_text_equal(entry->wanted, entry->told);
}

void
view_set_told(struct view *view, struct view_entry *entry, struct container_text *text)
{
	struct container_text *old = entry->told;

	view->differences -= view_differs(entry) ? 1 : 0;
	entry->told = container_text_ref(text);
	container_text_unref(old);
	view->differences += view_differs(entry) ? 1 : 0;
}

static void
set_staged(struct view *view, struct view_entry *entry, struct container_text *text)
{
	struct container_text *old = entry->staged;

	entry->staged = container_text_ref(text);
	entry->staged_in = view->stage;
	container_text_unref(old);
}

static void
set_wanted(struct view *view, struct view_entry *entry, struct container_text *text)
{
	struct container_text *old = entry->wanted;
	bool same = container_text_equal(old, text);

	view->differences -= view_differs(entry) ? 1 : 0;
	view->running += (text != NULL ? 1u : 0u);
	view->running -= (old != NULL ? 1u : 0u);
	entry->wanted = container_text_ref(text);
	container_text_unref(old);
	view->differences += view_differs(entry) ? 1 : 0;
	if (!same) {
		entry->failures = 0;
		entry->not_before_ms = 0;
		/* What the master never took needs no stop. */
		if (entry->refused && !entry->known && text == NULL)
			view_set_told(view, entry, NULL);
		entry->refused = false;
	} else if (entry->told != text && !view_differs(entry)) {
		/* Keep equal texts once. */
		view_set_told(view, entry, text);
	}
}

/* ---- what docker-watcher says ---- */

/* The entry for a text that was made just now; NULL if there is no room for it. */
static struct view_entry *
make_room(struct view *view, const char *id)
{
	struct view_entry *entry = view_find(view, id);

	if (container_text_total_bytes() > VIEW_BYTES_MAX ||
	    (entry == NULL && view->count >= VIEW_CONTAINERS_MAX)) {
		view->overflowed = true;
		view->complete = false;
		return NULL;
	}
	return entry != NULL ? entry : view_insert(view, id);
}

static void
begin_stage(struct view *view, int64_t generation)
{
	for (size_t at = 0; at < view->count; at++)
		set_staged(view, view->entries[at], NULL);
	view->stage++;
	view->generation = generation;
	view->next_page = 0;
	view->staging = true;
	view->overflowed = false;
}

static void
end_stage(struct view *view)
{
	for (size_t at = 0; at < view->count; at++) {
		struct view_entry *entry = view->entries[at];

		/* What found no room may run all the same: only a whole snapshot ends anything. */
		if (entry->staged_in == view->stage || !view->overflowed)
			set_wanted(view, entry, entry->staged);
		set_staged(view, entry, NULL);
	}
	view_compact(view);
	view->staging = false;
	view->current = true;
	view->complete = !view->overflowed;
}

enum view_result
view_page(struct view *view, const struct message_snapshot *page)
{
	const struct container_fact *facts = page->containers.items;

	if (page->page == 0)
		begin_stage(view, page->generation);
	if (!view->staging || page->generation != view->generation || page->page != view->next_page)
		return VIEW_BAD_PAGE;
	view->next_page++;
	for (size_t at = 0; at < page->containers.count; at++) {
		struct container_text *text = container_text_new(&facts[at]);
		struct view_entry *entry = make_room(view, facts[at].id);

		if (entry != NULL)
			set_staged(view, entry, text);
		container_text_unref(text);
	}
	if (page->last)
		end_stage(view);
	return view->overflowed ? VIEW_NO_ROOM : VIEW_TAKEN;
}

static void
apply(struct view *view, struct view_entry *entry, struct container_text *text)
{
	set_wanted(view, entry, text);
	/* It is newer than the snapshot that is arriving. */
	if (view->staging)
		set_staged(view, entry, text);
}

enum view_result
view_change(struct view *view, const struct message_container *change)
{
	struct container_fact fact = { .id = change->id,
		.name = change->name,
		.status = change->status,
		.labels = change->labels };
	struct container_text *text;
	struct view_entry *entry;

	if (change->change == CONTAINER_GONE) {
		entry = view_find(view, change->id);
		if (entry != NULL)
			apply(view, entry, NULL);
		if (!view->staging)
			view_drop_if_empty(view, change->id);
		return VIEW_TAKEN;
	}
	text = container_text_new(&fact);
	entry = make_room(view, change->id);
	if (entry != NULL)
		apply(view, entry, text);
	container_text_unref(text);
	return entry != NULL ? VIEW_TAKEN : VIEW_NO_ROOM;
}

void
view_lost(struct view *view)
{
	view->current = false;
	view->complete = false;
	view->staging = false;
	for (size_t at = 0; at < view->count; at++)
		set_staged(view, view->entries[at], NULL);
	view_compact(view);
}
