/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  What the master was told, and what it should hear next: see view.h. */
#include "view_private.h"

void
view_forget_told(struct view *view)
{
	for (size_t at = 0; at < view->count; at++) {
		struct view_entry *entry = view->entries[at];

		entry->failures = 0;
		entry->not_before_ms = 0;
		entry->refused = false;
		if (entry->wanted == NULL)
			continue;
		entry->known = false;
		view_set_told(view, entry, NULL);
	}
}

const struct view_entry *
view_next(const struct view *view, int64_t now_ms, int64_t *ret_next_ms)
{
	const struct view_entry *found = NULL;

	*ret_next_ms = INT64_MAX;
	if (view->differences == 0)
		return NULL;
	for (size_t at = 0; at < view->count; at++) {
		const struct view_entry *entry = view->entries[at];

		if (!view_differs(entry))
			continue;
		if (entry->not_before_ms < *ret_next_ms)
			*ret_next_ms = entry->not_before_ms;
		if (entry->not_before_ms <= now_ms &&
		    (found == NULL || entry->failures < found->failures))
			found = entry;
	}
	return found;
}

void
view_told(struct view *view, const char *id, struct container_text *text)
{
	struct view_entry *entry = view_find(view, id);

	if (entry == NULL && text == NULL)
		return;
	if (entry == NULL)
		entry = view_insert(view, id);
	entry->failures = 0;
	entry->not_before_ms = 0;
	entry->refused = false;
	entry->known = text != NULL;
	view_set_told(view, entry, text);
	view_drop_if_empty(view, id);
}

void
view_refused(struct view *view, const char *id, struct container_text *text)
{
	struct view_entry *entry = view_find(view, id);

	if (entry == NULL)
		return;
	/* Nothing that it knew before is taken back by a refusal: its stop has to be told. */
	view_set_told(view, entry, text);
	entry->refused = text != NULL && !view_differs(entry);
	view_drop_if_empty(view, id);
}

void
view_failed(struct view *view, const char *id, int64_t not_before_ms)
{
	struct view_entry *entry = view_find(view, id);

	if (entry == NULL)
		return;
	entry->failures++;
	entry->not_before_ms = not_before_ms;
}

int
view_write(struct view *view, struct buffer *out)
{
	int error = buffer_add_text(out, "[");
	bool first = true;

	for (size_t at = 0; at < view->count; at++) {
		struct view_entry *entry = view->entries[at];

		container_text_unref(entry->reported);
		entry->reported = container_text_ref(entry->wanted);
		if (entry->wanted == NULL || error != 0)
			continue;
		if (!first)
			error = buffer_add_text(out, ",");
		if (error == 0)
			error = container_text_write(entry->wanted, out);
		first = false;
	}
	return error != 0 ? error : buffer_add_text(out, "]");
}

void
view_report_told(struct view *view, bool settles_stops)
{
	for (size_t at = 0; at < view->count; at++) {
		struct view_entry *entry = view->entries[at];

		if (entry->reported != NULL || settles_stops) {
			entry->known = entry->reported != NULL;
			view_set_told(view, entry, entry->reported);
		}
		if (entry->reported != NULL) {
			entry->failures = 0;
			entry->not_before_ms = 0;
			entry->refused = false;
		}
		container_text_unref(entry->reported);
		entry->reported = NULL;
	}
	view_compact(view);
}

const struct container_text *
view_largest(const struct view *view)
{
	const struct container_text *found = NULL;

	for (size_t at = 0; at < view->count; at++) {
		const struct container_text *text = view->entries[at]->wanted;

		if (text != NULL && (found == NULL || text->length > found->length))
			found = text;
	}
	return found;
}
