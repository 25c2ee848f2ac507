/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  Docker's events and lists in turn, separated by lines of "---": a part that begins
 * with "[" is a list, "<" begins a list that a later part brings, "!" breaks it off, all else is
 * events.  Each part comes 700 ms after the one before.
 *
 * Covers: common/fact.c workers/docker-watcher/inventory.c
 */
#include "tests/fuzz/watch.h"

static void
take_list(struct watch *watch, struct slice part, bool cut)
{
	struct inventory *inventory = &watch->inventory;

	if (!inventory->listing)
		inventory_list_begin(inventory, watch->now_ms);
	if (watch_feed(watch, part, true, cut))
		inventory_list_end(inventory);
	else
		inventory_list_abort(inventory);
	fuzz_assert(!inventory->failed || inventory->why[0] != '\0');
	fuzz_assert(!inventory->listing);
}

static void
take_part(struct watch *watch, struct slice part, bool cut)
{
	char first = part.length > 0 ? part.bytes[0] : '\0';

	watch->now_ms += 700;
	if (first == '<')
		inventory_list_begin(&watch->inventory, watch->now_ms);
	else if (first == '!')
		inventory_list_abort(&watch->inventory);
	else if (first == '[')
		take_list(watch, part, cut);
	else
		(void)watch_feed(watch, part, false, cut);
	fuzz_assert(buffer_printf(&watch->said, "due %lld\n",
			(long long)inventory_check_due_ms(&watch->inventory)) == 0);
}

static void
take(struct watch *watch, struct slice text, bool cut)
{
	struct slice part;

	watch_begin(watch);
	while (fuzz_cut(&text, "\n---\n", &part))
		take_part(watch, part, cut);
	watch_end(watch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length);
	struct watch whole, cut;

	take(&whole, text, false);
	take(&cut, text, true);
	fuzz_assert(whole.said.length == cut.said.length);
	fuzz_assert(whole.said.length == 0 || strcmp(whole.said.bytes, cut.said.bytes) == 0);
	buffer_free(&whole.said);
	buffer_free(&cut.said);
	return 0;
}
