/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gate-engine.  The published containers of one list, page by page as they will be told: kept until
 * the list is known to be whole.
 */
#ifndef GATE_ENGINE_ROWS_H
#define GATE_ENGINE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/fact.h"
#include "common/notes.h"

#define ROWS_PAGE_WEIGHT_MAX_BYTES ((size_t)512 * 1024)
#define ROWS_WEIGHT_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct page {
	struct page *next;
	struct arena arena;  /* holds the texts of `facts` */
	size_t weight_bytes; /* at most so many bytes of JSON */
	size_t count;
	struct container_fact facts[PAGE_CONTAINERS_MAX];
};

/* A zeroed one is empty and ready. */
struct rows {
	struct page *first; /* owned, as all behind it */
	struct page *last;
	size_t count;
	size_t weight_bytes;
	struct notes *notes; /* takes what is dropped of them; NULL: nobody does */
	uint64_t list_number;
	size_t oversized;         /* elements over the bound, which are left out */
	char why[FACT_WHY_BYTES]; /* why the list can't be told */
};

/* Whether a container is one that the read endpoint shows. */
bool fact_is_published(const struct fact *fact);

/*
 * Takes one element of Docker's list: one that is not published costs nothing.  False, with a
 * reason in rows->why, if the list can't be told.
 */
bool rows_take(struct rows *rows, const char *prefix, struct slice element);

/* Takes the first page away; the caller frees it.  NULL: there is none. */
struct page *rows_next(struct rows *rows);

void page_free(struct page *page);
void rows_free(struct rows *rows);

#endif
