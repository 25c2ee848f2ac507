/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher and gate-engine.  See notes.h. */
#include "common/notes.h"

#include <stdio.h>
#include <string.h>

#include "common/log_event.h"

static struct note *
find(struct notes *notes, const char *id)
{
	for (size_t i = 0; i < notes->count; i++)
		if (strcmp(notes->items[i].id, id) == 0)
			return &notes->items[i];
	return NULL;
}

void
notes_add(struct notes *notes, const char *id, uint64_t list_number, const char *text)
{
	struct note *note = find(notes, id);

	if (note == NULL && notes->count == NOTES_MAX) {
		if (!notes->full_told)
			log_event(LOG_LABEL_DROPPED,
			    "more containers have labels that are dropped; the first %d "
			    "are named",
			    NOTES_MAX);
		notes->full_told = true;
		return;
	}
	if (note == NULL) {
		note = &notes->items[notes->count++];
		*note = (struct note){ 0 };
		(void)snprintf(note->id, sizeof(note->id), "%s", id);
	}
	note->list_number = list_number;
	if (strncmp(note->text, text, sizeof(note->text) - 1) == 0)
		return;
	(void)snprintf(note->text, sizeof(note->text), "%s", text);
	log_event(LOG_LABEL_DROPPED, "%s", note->text);
}

void
notes_add_labels(struct notes *notes, const struct fact *fact, uint64_t list_number)
{
	char text[NOTE_BYTES];

	if (fact->labels.dropped == 0)
		return;
	(void)snprintf(text, sizeof(text), "container %.64s: label %s is dropped: %s%s", fact->name,
	    fact->labels.dropped_key, fact->labels.dropped_why,
	    fact->labels.dropped > 1 ? " (and others)" : "");
	notes_add(notes, fact->id, list_number, text);
}

void
notes_prune(struct notes *notes, uint64_t list_number)
{
	size_t kept = 0;

	for (size_t i = 0; i < notes->count; i++)
		if (notes->items[i].list_number == list_number)
			notes->items[kept++] = notes->items[i];
	notes->count = kept;
	if (kept < NOTES_MAX)
		notes->full_told = false;
}
