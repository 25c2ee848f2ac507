/* SPDX-License-Identifier: GPL-3.0-or-later */
/* master-link.  What the two files of the view share. */
#ifndef MASTER_LINK_VIEW_PRIVATE_H
#define MASTER_LINK_VIEW_PRIVATE_H

#include "view.h"

/* Makes an entry for an id that has none.  Fatal out of memory. */
struct view_entry *view_insert(struct view *view, const char *id);

/* Sets what the master was told of the entry, with a reference of its own. */
void view_set_told(struct view *view, struct view_entry *entry, struct container_text *text);

/* Drops the entry, or all entries, of which nothing is left to say. */
void view_drop_if_empty(struct view *view, const char *id);
void view_compact(struct view *view);

#endif
