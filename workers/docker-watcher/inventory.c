/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docker-watcher.  See inventory.h. */
#include "workers/docker-watcher/inventory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"

/* ---- lists ---- */

void
inventory_list_begin(struct inventory *inventory, int64_t now_ms)
{
	inventory->listing = true;
	inventory->failed = false;
	inventory->list_number++;
	inventory->list_began_ms = now_ms;
}

static bool
fail(struct inventory *inventory, const char *why)
{
	inventory->failed = true;
	(void)snprintf(inventory->why, sizeof(inventory->why), "%s", why);
	return false;
}

/* Whether the list that is read is late enough to say how a container that ended fared. */
static bool
decides(const struct inventory *inventory, const struct row *row)
{
	return row->ended_ms == 0 ||
	       inventory->list_began_ms - row->ended_ms >= INVENTORY_SETTLE_MS;
}

/* The list holds the container: it is looked for no more, if the list can say so. */
static void
see(struct inventory *inventory, struct row *row)
{
	row->listed = inventory->list_number;
	if (decides(inventory, row))
		row->ended_ms = 0;
}

static void
see_network(struct row *row, enum on_network on_network)
{
	if (row->on_network != on_network)
		row->judged = false;
	row->on_network = on_network;
}

static int
take_listed(struct inventory *inventory, const struct fact *fact, struct slice element)
{
	struct row *row = table_find(&inventory->table, fact->id);
	bool changed = false;
	int result = 0;

	/* What an event said while the list was read is newer. */
	if (row == NULL || row->touched != inventory->list_number)
		result = table_put(&inventory->table, fact, &row, &changed);
	if (result < 0)
		return result;
	see(inventory, row);
	see_network(row,
	    inventory->network == NULL ? NOT_TOLD : list_network(element, inventory->network));
	if (changed)
		inventory->changed(inventory->context, row, true);
	return 0;
}

bool
inventory_list_take(struct inventory *inventory, struct slice element)
{
	struct arena arena _cleanup_arena_ = { 0 };
	char why[FACT_WHY_BYTES];
	struct fact fact;
	int result = fact_from_list(element, inventory->prefix, &arena, &fact, why);

	if (result == -EBADMSG)
		return fail(inventory, why);
	if (result == 0 && fact.runs && fact.labels.dropped > 0)
		inventory->dropped(inventory->context, &fact);
	if (result == 0 && fact.runs && fact.labels.enabled)
		result = take_listed(inventory, &fact, element);
	else if (result == 0 && fact.runs && fact.labels.map.count > 0 &&
		 inventory->ignored != NULL)
		inventory->ignored(inventory->context, &fact);
	if (result == -ENOBUFS)
		return fail(inventory, "more enabled containers than the agent can hold");
	return result == 0 ? true : fail(inventory, "out of memory");
}

bool
inventory_list_oversized(struct inventory *inventory, struct slice head)
{
	char id[CONTAINER_ID_BYTES + 1];
	bool known = fact_id_of_head(head, id);
	struct row *row = known ? table_find(&inventory->table, id) : NULL;

	inventory->oversized(inventory->context, known ? id : NULL);
	if (row != NULL)
		see(inventory, row);
	return true;
}

static bool
is_gone(const struct inventory *inventory, const struct row *row)
{
	/* One that has ended can still be renamed, which is no sign of life. */
	bool touched = row->touched == inventory->list_number && row->ended_ms == 0;

	return row->listed != inventory->list_number && !touched && decides(inventory, row);
}

void
inventory_list_end(struct inventory *inventory)
{
	struct table *table = &inventory->table;

	for (size_t i = table->count; i-- > 0;) {
		if (!is_gone(inventory, table->rows[i]))
			continue;
		inventory->gone(inventory->context, table->rows[i]);
		table_drop(table, i);
	}
	inventory->listing = false;
	inventory->complete = true;
}

void
inventory_list_abort(struct inventory *inventory)
{
	inventory->listing = false;
}

int64_t
inventory_check_due_ms(const struct inventory *inventory)
{
	int64_t oldest = 0;

	for (size_t i = 0; i < inventory->table.count; i++) {
		int64_t ended = inventory->table.rows[i]->ended_ms;

		if (ended != 0 && (oldest == 0 || ended < oldest))
			oldest = ended;
	}
	return oldest == 0 ? 0 : oldest + INVENTORY_CHECK_MS;
}

/* ---- events ---- */

static void
touch(struct inventory *inventory, struct row *row, bool changed)
{
	if (inventory->listing)
		row->touched = inventory->list_number;
	if (changed)
		inventory->changed(inventory->context, row, false);
}

static int
on_start(struct inventory *inventory, const struct fact *fact)
{
	struct row *row;
	bool changed;
	int result;

	if (fact->labels.dropped > 0)
		inventory->dropped(inventory->context, fact);
	if (!fact->labels.enabled)
		return 0;
	result = table_put(&inventory->table, fact, &row, &changed);
	if (result < 0)
		return result;
	row->ended_ms = 0;
	touch(inventory, row, changed);
	return 0;
}

static void
on_rename(struct inventory *inventory, struct row *row, const struct fact *fact)
{
	bool changed = strcmp(row->name, fact->name) != 0;

	memcpy(row->name, fact->name, sizeof(row->name));
	touch(inventory, row, changed);
}

static void
on_status(struct inventory *inventory, struct row *row, const struct fact *fact)
{
	bool changed = row->status != fact->status;

	row->status = fact->status;
	touch(inventory, row, changed);
}

static int
apply(struct inventory *inventory, const struct event *event, int64_t now_ms)
{
	struct row *row = table_find(&inventory->table, event->fact.id);

	if (event->kind == EVENT_START)
		return on_start(inventory, &event->fact);
	if (row == NULL)
		return 0;
	switch (event->kind) {
	case EVENT_END:
		if (row->ended_ms == 0)
			row->ended_ms = now_ms;
		break;
	case EVENT_RENAME:
		on_rename(inventory, row, &event->fact);
		break;
	case EVENT_PAUSE:
	case EVENT_UNPAUSE:
		on_status(inventory, row, &event->fact);
		break;
	case EVENT_START:
	case EVENT_OTHER:
		break;
	}
	return 0;
}

int
inventory_event(struct inventory *inventory, struct slice text, int64_t now_ms, struct arena *arena,
    struct event *ret_event)
{
	int result = fact_from_event(text, inventory->prefix, arena, ret_event, inventory->why);

	if (result < 0)
		return result;
	return ret_event->kind == EVENT_OTHER ? 0 : apply(inventory, ret_event, now_ms);
}

void
inventory_free(struct inventory *inventory)
{
	table_free(&inventory->table);
}
