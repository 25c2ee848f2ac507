/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target.  Docker's list of containers: wherever its pieces end, the same containers come out,
 * each as master-link takes it, and a second look at the same list changes nothing.
 *
 * Covers: common/splitter.c common/labels.c
 *  workers/docker-watcher/table.c
 */
#include "tests/fuzz/watch.h"

static void
look(struct watch *watch, struct slice text, bool cut)
{
	inventory_list_begin(&watch->inventory, watch->now_ms);
	if (watch_feed(watch, text, true, cut)) {
		inventory_list_end(&watch->inventory);
		watch_say(watch, "list", "taken");
	} else {
		inventory_list_abort(&watch->inventory);
		watch_say(watch, "list", watch->inventory.failed ? watch->inventory.why : "bad");
	}
	watch->now_ms += 5000;
}

/* How many lines from `start` on begin with the word; texts of others have no line of their own. */
static size_t
count_said(const struct watch *watch, size_t start, const char *word)
{
	size_t count = 0, length = strlen(word);

	for (const char *at = watch->said.bytes + start; at != NULL && *at != '\0';) {
		count += strncmp(at, word, length) == 0 ? 1 : 0;
		at = strchr(at, '\n');
		at = at == NULL ? NULL : at + 1;
	}
	return count;
}

/* Of a list that holds each container once, a second look finds nothing new and nothing gone. */
static void
look_again(struct watch *watch, struct slice text)
{
	size_t before = watch->said.length;

	if (!watch->inventory.complete ||
	    count_said(watch, 0, "changed ") != watch->inventory.table.count)
		return;
	look(watch, text, true);
	fuzz_assert(count_said(watch, before, "changed ") == 0);
	fuzz_assert(count_said(watch, before, "gone ") == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct slice text = fuzz_slice(bytes, length), nothing = { .bytes = "[]", .length = 2 };
	struct watch whole, cut;

	watch_begin(&whole);
	watch_begin(&cut);
	look(&whole, text, false);
	look(&cut, text, true);
	fuzz_assert(strcmp(whole.said.bytes, cut.said.bytes) == 0);
	look_again(&cut, text);
	watch_end(&cut);
	look(&whole, nothing, true);
	fuzz_assert(whole.inventory.table.count == 0);
	watch_end(&whole);
	buffer_free(&whole.said);
	buffer_free(&cut.said);
	return 0;
}
