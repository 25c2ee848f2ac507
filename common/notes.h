/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docker-watcher and gate-engine.  What is wrong with single containers: each is logged once, and stands in the
 * status as long as the container is listed.
 */
#ifndef COMMON_NOTES_H
#define COMMON_NOTES_H

#include <stdint.h>

#include "common/fact.h"

#define NOTES_MAX 16
#define NOTE_BYTES 320

struct note {
	char id[CONTAINER_ID_BYTES + 1];
	char text[NOTE_BYTES];
	uint64_t list_number; /* the last list that gave reason for it */
};

/* A zeroed one is empty and ready. */
struct notes {
	size_t count;
	bool full_told;
	struct note items[NOTES_MAX];
};

/* Adds or renews the note about a container; logged as a warning if it is new. */
void notes_add(struct notes *notes, const char *id, uint64_t list_number, const char *text);

/* The same about labels of a container that are dropped, if some are. */
void notes_add_labels(struct notes *notes, const struct fact *fact, uint64_t list_number);

/* Drops what the list of this number gave no reason for. */
void notes_prune(struct notes *notes, uint64_t list_number);

#endif
