/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists and events against each other, as short scenes: what is told of the containers a, b, …,
 * what is called gone, and when the next list is wanted.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "workers/docker-watcher/inventory.h"

enum step_kind {
	STEP_END_OF_SCENE,
	STEP_LIST, /* a list begins */
	STEP_HAS,  /* … and holds a container, of that state */
	STEP_BROKEN,
	STEP_OVERSIZED,
	STEP_LISTED, /* … and is whole */
	STEP_ABORT,  /* … or could not be read */
	STEP_EVENT,  /* of that action */
};

struct step {
	enum step_kind kind;
	char container; /* "a": the id is 64 of them */
	const char *word;
	int64_t at_ms;
};

/* At 10 s, so that no time is 0, which stands for none. */
#define AT(ms) (10000 + (ms))
#define LIST(ms)                                   \
	{                                          \
		.kind = STEP_LIST, .at_ms = AT(ms) \
	}
#define HAS_IN(id, state)                                            \
	{                                                            \
		.kind = STEP_HAS, .container = (id), .word = (state) \
	}
#define HAS(id) HAS_IN(id, "running")
#define BROKEN                      \
	{                           \
		.kind = STEP_BROKEN \
	}
#define OVERSIZED(id)                                     \
	{                                                 \
		.kind = STEP_OVERSIZED, .container = (id) \
	}
#define LISTED                      \
	{                           \
		.kind = STEP_LISTED \
	}
#define ABORT                      \
	{                          \
		.kind = STEP_ABORT \
	}
#define EVENT(id, action, ms)                                                            \
	{                                                                                \
		.kind = STEP_EVENT, .container = (id), .word = (action), .at_ms = AT(ms) \
	}

struct scene {
	const char *what;
	struct step steps[12];
	/* "+a" for an event that changed a, "=a" for a list that did, "-a" for gone, "!a" for
	   an object over the bound. */
	const char *told;
	int64_t due_ms; /* when a list is wanted; 0: for none */
};

static const struct scene scenes[] = {
	{ "a first list", { LIST(0), HAS('a'), HAS('b'), LISTED }, "=a=b", 0 },
	{ "nothing new", { LIST(0), HAS('a'), LISTED, LIST(60000), HAS('a'), LISTED }, "=a", 0 },
	{ "one is gone, one is new",
	    { LIST(0), HAS('a'), HAS('b'), LISTED, LIST(60000), HAS('b'), HAS('c'), LISTED },
	    "=a=b=c-a", 0 },
	{ "an event is enough", { LIST(0), LISTED, EVENT('a', "start", 100) }, "+a", 0 },
	{ "an event before the first list", { EVENT('a', "start", 0), LIST(100), HAS('a'), LISTED },
	    "+a", 0 },
	{ "a start during the list, which does not hold it",
	    { LIST(0), EVENT('a', "start", 10), LISTED }, "+a", 0 },
	{ "the list after that decides",
	    { LIST(0), EVENT('a', "start", 10), LISTED, LIST(60000), LISTED }, "+a-a", 0 },
	{ "an event during the list is newer than its element",
	    { LIST(0), HAS('a'), LISTED, LIST(60000), EVENT('a', "pause", 60010), HAS('a'),
		LISTED },
	    "=a+a", 0 },
	{ "and its element is newer than an event before it",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "pause", 59000), LIST(60000), HAS('a'),
		LISTED },
	    "=a+a=a", 0 },
	{ "a stop is no end yet", { LIST(0), HAS('a'), LISTED, EVENT('a', "stop", 5000) }, "=a",
	    AT(7500) },
	{ "the first end counts",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), EVENT('a', "stop", 5400),
		EVENT('a', "destroy", 5500) },
	    "=a", AT(7500) },
	{ "a list soon after says nothing",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), LIST(6799), LISTED }, "=a",
	    AT(7500) },
	{ "a list late enough says that it is gone",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), LIST(6800), LISTED }, "=a-a", 0 },
	{ "a list late enough says that it is back",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), LIST(7500), HAS('a'), LISTED },
	    "=a", 0 },
	{ "a list soon after holds it: looked for again",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), LIST(5100), HAS('a'), LISTED },
	    "=a", AT(7500) },
	{ "it ended while the list was read",
	    { LIST(0), HAS('a'), LISTED, LIST(5000), EVENT('a', "die", 5010), LISTED }, "=a",
	    AT(7510) },
	{ "it ended behind its element",
	    { LIST(0), HAS('a'), LISTED, LIST(5000), HAS('a'), EVENT('a', "die", 5010), LISTED },
	    "=a", AT(7510) },
	{ "docker restart",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), EVENT('a', "stop", 5001),
		EVENT('a', "start", 5300) },
	    "=a", 0 },
	{ "a restart that takes 1.7 s",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), EVENT('a', "start", 7400),
		LIST(7500), HAS('a'), LISTED },
	    "=a", 0 },
	{ "a crash loop",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), LIST(7500),
		HAS_IN('a', "restarting"), LISTED, EVENT('a', "start", 7700) },
	    "=a=a+a", 0 },
	{ "listed, but it runs no more",
	    { LIST(0), HAS('a'), LISTED, LIST(60000), HAS_IN('a', "removing"), LISTED }, "=a-a",
	    0 },
	{ "Podman's words",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "died", 5000), EVENT('a', "remove", 5001),
		LIST(7500), LISTED },
	    "=a-a", 0 },
	{ "paused and not",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "pause", 1), EVENT('a', "unpause", 2),
		EVENT('a', "unpause", 3) },
	    "=a+a+a", 0 },
	{ "ended while it was paused",
	    { LIST(0), HAS_IN('a', "paused"), LISTED, EVENT('a', "die", 5000),
		EVENT('a', "start", 5200) },
	    "=a+a", 0 },
	{ "events of what is not known",
	    { LIST(0), LISTED, EVENT('a', "die", 1), EVENT('a', "rename", 2),
		EVENT('a', "pause", 3), EVENT('a', "unpause", 4), EVENT('a', "exec_die", 5) },
	    "", 0 },
	{ "a list that could not be read ends nothing",
	    { LIST(0), HAS('a'), HAS('b'), LISTED, LIST(60000), HAS('b'), ABORT }, "=a=b", 0 },
	{ "and the next one does",
	    { LIST(0), HAS('a'), HAS('b'), LISTED, LIST(60000), ABORT, LIST(61000), HAS('b'),
		LISTED },
	    "=a=b-a", 0 },
	{ "an event during a list that could not be read",
	    { LIST(0), EVENT('a', "start", 1), ABORT, LIST(1000), LISTED }, "+a-a", 0 },
	{ "a broken element ends nothing",
	    { LIST(0), HAS('a'), LISTED, LIST(60000), BROKEN, ABORT }, "=a", 0 },
	{ "an element over the bound keeps its row",
	    { LIST(0), HAS('a'), HAS('b'), LISTED, LIST(60000), OVERSIZED('a'), LISTED },
	    "=a=b!a-b", 0 },
	{ "one that is not known makes none",
	    { LIST(0), OVERSIZED('a'), LISTED, LIST(60000), LISTED }, "!a", 0 },
	{ "one that ended and is back is looked for no more",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), LIST(7500), OVERSIZED('a'),
		LISTED },
	    "=a!a", 0 },
	{ "one that ended just now is",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), LIST(5100), OVERSIZED('a'),
		LISTED },
	    "=a!a", AT(7500) },
	{ "renamed after it ended",
	    { LIST(0), HAS('a'), LISTED, EVENT('a', "die", 5000), LIST(7500),
		EVENT('a', "rename", 7510), LISTED },
	    "=a-a", 0 },
	{ "the oldest end is due first",
	    { LIST(0), HAS('a'), HAS('b'), LISTED, EVENT('b', "die", 5000),
		EVENT('a', "die", 5500) },
	    "=a=b", AT(7500) },
	{ "one is decided, one is not yet",
	    { LIST(0), HAS('a'), HAS('b'), LISTED, EVENT('b', "die", 5000), EVENT('a', "die", 6000),
		LIST(7500), LISTED },
	    "=a=b-b", AT(8500) },
};

/* ---- playing a scene ---- */

struct play {
	struct inventory inventory;
	struct buffer told;
};

static void
tell(struct play *play, char mark, char id)
{
	assert_int_equal(buffer_printf(&play->told, "%c%c", mark, id), 0);
}

static void
on_changed(void *context, const struct row *row, bool listed)
{
	tell(context, listed ? '=' : '+', row->id[0]);
}

static void
on_gone(void *context, const struct row *row)
{
	tell(context, '-', row->id[0]);
}

static void
on_dropped(void *context, const struct fact *fact)
{
	tell(context, '?', fact->id[0]);
}

static void
on_oversized(void *context, const char *id)
{
	tell(context, '!', id == NULL ? '?' : id[0]);
}

static void
begin(struct play *play)
{
	*play = (struct play){ .told = BUFFER(4096) };
	play->inventory.changed = on_changed;
	play->inventory.gone = on_gone;
	play->inventory.dropped = on_dropped;
	play->inventory.oversized = on_oversized;
	play->inventory.context = play;
	assert_int_equal(buffer_add_text(&play->told, ""), 0);
}

static void
end(struct play *play)
{
	inventory_free(&play->inventory);
	buffer_free(&play->told);
}

static const char *
id_of(char digit)
{
	static char id[CONTAINER_ID_BYTES + 1];

	memset(id, digit, CONTAINER_ID_BYTES);
	return id;
}

#define ENABLED_LABEL "\"dockflare.enable\":\"true\""

static bool
take(struct play *play, char container, const char *state, const char *labels)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "{\"Id\":\"%s\",\"Names\":[\"/%c\"],\"State\":\"%s\",\"Labels\":{%s}}",
	    id_of(container), container, state, labels);
	return inventory_list_take(&play->inventory, slice_of(text));
}

static int
send(struct play *play, char container, const char *action, const char *attributes, int64_t at_ms)
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct event event;
	char text[1024];

	snprintf(text, sizeof(text),
	    "{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\",\"Attributes\":"
	    "{%s,\"name\":\"%c\"}}}",
	    action, id_of(container), attributes, container);
	return inventory_event(&play->inventory, slice_of(text), at_ms, &arena, &event);
}

static bool
oversized(struct play *play, char container)
{
	char head[128];

	snprintf(head, sizeof(head), "{\"Id\":\"%s\",\"Names\":[\"/", id_of(container));
	return inventory_list_oversized(&play->inventory, slice_of(head));
}

static void
act(struct play *play, const char *what, const struct step *step)
{
	switch (step->kind) {
	case STEP_LIST:
		inventory_list_begin(&play->inventory, step->at_ms);
		break;
	case STEP_HAS:
		row_int_equal(what, take(play, step->container, step->word, ENABLED_LABEL), true);
		break;
	case STEP_BROKEN:
		row_int_equal(what, inventory_list_take(&play->inventory, SLICE("{}")), false);
		row_int_equal(what, play->inventory.failed, true);
		break;
	case STEP_OVERSIZED:
		row_int_equal(what, oversized(play, step->container), true);
		break;
	case STEP_LISTED:
		inventory_list_end(&play->inventory);
		row_int_equal(what, play->inventory.complete, true);
		break;
	case STEP_ABORT:
		inventory_list_abort(&play->inventory);
		break;
	case STEP_EVENT:
		row_int_equal(what,
		    send(play, step->container, step->word, ENABLED_LABEL, step->at_ms), 0);
		break;
	case STEP_END_OF_SCENE:
		break;
	}
}

static void
each_scene_is_told(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(scenes); at++) {
		const struct scene *scene = &scenes[at];
		struct play play;

		begin(&play);
		for (const struct step *step = scene->steps; step->kind != STEP_END_OF_SCENE;
		     step++)
			act(&play, scene->what, step);
		row_string_equal(scene->what, play.told.bytes, scene->told);
		row_int_equal(scene->what, inventory_check_due_ms(&play.inventory), scene->due_ms);
		end(&play);
	}
}

/* ---- what is kept of a container ---- */

static const struct row *
row_of(const struct play *play, char container)
{
	return table_find(&play->inventory.table, id_of(container));
}

static void
a_row_holds_what_is_new(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct event event;
	struct play play;

	(void)state;
	begin(&play);
	assert_int_equal(send(&play, 'a', "start", ENABLED_LABEL ",\"dockflare.x\":\"1\"", AT(0)),
	    0);
	assert_int_equal(row_of(&play, 'a')->labels.count, 2);
	/* Lists tell other attributes, and labels in the same order. */
	inventory_list_begin(&play.inventory, AT(100));
	assert_true(take(&play, 'a', "running", ENABLED_LABEL ",\"dockflare.x\":\"1\",\"y\":\"\""));
	inventory_list_end(&play.inventory);
	assert_string_equal(play.told.bytes, "+a");
	inventory_list_begin(&play.inventory, AT(200));
	assert_true(take(&play, 'a', "running", ENABLED_LABEL ",\"dockflare.x\":\"2\""));
	inventory_list_end(&play.inventory);
	assert_string_equal(play.told.bytes, "+a=a");
	assert_string_equal(row_of(&play, 'a')->labels.entries[1].value, "2");
	assert_int_equal(inventory_event(&play.inventory,
			     SLICE("{\"Type\":\"container\",\"Action\":\"rename\",\"Actor\":{"
				   "\"ID\":\"" CONTAINER_ID(
				       "a") "\",\"Attributes\":{"
					    "\"name\":\"new\",\"oldName\":\"/a\"}}}"),
			     AT(300), &arena, &event),
	    0);
	assert_string_equal(play.told.bytes, "+a=a+a");
	assert_string_equal(row_of(&play, 'a')->name, "new");
	assert_int_equal(row_of(&play, 'a')->labels.count, 2);
	end(&play);
}

static void
others_are_not_kept(void **state)
{
	struct play play;

	(void)state;
	begin(&play);
	assert_int_equal(send(&play, 'a', "start", "\"x\":\"y\"", AT(0)), 0);
	assert_int_equal(send(&play, 'b', "start", "\"dockflare.enable\":\"false\"", AT(0)), 0);
	inventory_list_begin(&play.inventory, AT(100));
	assert_true(take(&play, 'c', "running", "\"dockflare.enable\":\"no\""));
	assert_true(take(&play, 'd', "exited", ENABLED_LABEL));
	inventory_list_end(&play.inventory);
	assert_int_equal(play.inventory.table.count, 0);
	assert_string_equal(play.told.bytes, "");
	end(&play);
}

static void
dropped_labels_are_told_each_time(void **state)
{
	struct play play;

	(void)state;
	begin(&play);
	assert_int_equal(send(&play, 'a', "start", ENABLED_LABEL ",\"dockflare.x\":1", AT(0)), 0);
	inventory_list_begin(&play.inventory, AT(100));
	assert_true(take(&play, 'a', "running", ENABLED_LABEL ",\"dockflare.x\":1"));
	assert_true(take(&play, 'b', "exited", "\"dockflare.x\":1"));
	inventory_list_end(&play.inventory);
	assert_string_equal(play.told.bytes, "?a+a?a");
	end(&play);
}

static void
what_is_not_understood_changes_nothing(void **state)
{
	struct arena arena _cleanup_arena_ = { 0 };
	struct event event;
	struct play play;

	(void)state;
	begin(&play);
	inventory_list_begin(&play.inventory, AT(0));
	assert_true(take(&play, 'a', "running", ENABLED_LABEL));
	inventory_list_end(&play.inventory);
	assert_int_equal(inventory_event(&play.inventory,
			     SLICE("{\"Type\":\"container\",\"Action\":\"die\"}"), AT(1), &arena,
			     &event),
	    -EBADMSG);
	assert_string_not_equal(play.inventory.why, "");
	assert_int_equal(inventory_check_due_ms(&play.inventory), 0);
	inventory_list_begin(&play.inventory, AT(60000));
	assert_true(inventory_list_oversized(&play.inventory, SLICE("{\"Na")));
	assert_string_equal(play.told.bytes, "=a!?");
	end(&play);
}

/* ---- bounds ---- */

static bool
take_numbered(struct play *play, unsigned number, const char *labels)
{
	struct buffer text _cleanup_buffer_ = BUFFER((size_t)1024 * 1024);

	assert_int_equal(buffer_printf(&text,
			     "{\"Id\":\"%064x\",\"State\":\"running\",\"Labels\":{%s}}", number,
			     labels),
	    0);
	return inventory_list_take(&play->inventory, slice_of(text.bytes));
}

static void
rows_have_a_bound(void **state)
{
	struct play play;

	(void)state;
	begin(&play);
	play.told.max_bytes = (size_t)1024 * 1024;
	inventory_list_begin(&play.inventory, AT(0));
	for (unsigned number = 0; number < TABLE_ROWS_MAX; number++)
		assert_true(take_numbered(&play, number, ENABLED_LABEL));
	assert_false(take_numbered(&play, TABLE_ROWS_MAX, ENABLED_LABEL));
	assert_true(play.inventory.failed);
	row_string_holds("rows", play.inventory.why, "more enabled containers");
	assert_int_equal(play.inventory.table.count, TABLE_ROWS_MAX);
	/* An event that is not kept asks for a list. */
	assert_int_equal(send(&play, 'f', "start", ENABLED_LABEL, AT(1)), -ENOBUFS);
	/* What is there can still be renewed. */
	assert_true(take_numbered(&play, 7, ENABLED_LABEL ",\"dockflare.x\":\"y\""));
	end(&play);
}

/* Labels that weigh nearly as much as one container's may. */
static void
heavy_labels(struct buffer *out)
{
	static char value[LABEL_VALUE_MAX_BYTES + 1];
	size_t each = LABEL_VALUE_MAX_BYTES * 2 + 32;

	memset(value, 'x', LABEL_VALUE_MAX_BYTES);
	assert_int_equal(buffer_add_text(out, ENABLED_LABEL), 0);
	for (size_t at = 0; at < LABELS_WEIGHT_MAX_BYTES / each - 1; at++)
		assert_int_equal(buffer_printf(out, ",\"dockflare.%zu\":\"%s\"", at, value), 0);
}

static void
weight_has_a_bound(void **state)
{
	struct buffer labels _cleanup_buffer_ = BUFFER((size_t)1024 * 1024);
	unsigned number = 0;
	struct play play;

	(void)state;
	begin(&play);
	heavy_labels(&labels);
	inventory_list_begin(&play.inventory, AT(0));
	while (number < 1000 && take_numbered(&play, number, labels.bytes))
		number++;
	assert_in_range(number, TABLE_WEIGHT_MAX_BYTES / LABELS_WEIGHT_MAX_BYTES, 200);
	assert_true(play.inventory.table.weight_bytes <= TABLE_WEIGHT_MAX_BYTES);
	assert_true(play.inventory.failed);
	inventory_list_abort(&play.inventory);
	/* Once they are gone there is room again. */
	inventory_list_begin(&play.inventory, AT(60000));
	inventory_list_end(&play.inventory);
	assert_int_equal(play.inventory.table.weight_bytes, 0);
	inventory_list_begin(&play.inventory, AT(120000));
	assert_true(take_numbered(&play, 0, labels.bytes));
	end(&play);
}

/* A page of a snapshot begins behind the last one, whatever was dropped or added meanwhile. */
static void
rows_behind_an_id_are_found(void **state UNUSED)
{
	struct table table = { 0 };
	struct fact fact = { .runs = true };
	struct row *row;
	bool changed;

	assert_int_equal(table_after(&table, ""), 0);
	for (const char *id = "bdf"; *id != '\0'; id++) {
		memset(fact.id, *id, CONTAINER_ID_BYTES);
		assert_int_equal(table_put(&table, &fact, &row, &changed), 0);
	}
	assert_int_equal(table_after(&table, ""), 0);
	assert_int_equal(table_after(&table, table.rows[1]->id), 2);
	table_drop(&table, 0);
	assert_int_equal(table_after(&table, table.rows[0]->id), 1);
	memset(fact.id, 'c', CONTAINER_ID_BYTES);
	assert_int_equal(table_after(&table, fact.id), 0);
	memset(fact.id, 'e', CONTAINER_ID_BYTES);
	assert_int_equal(table_after(&table, fact.id), 1);
	table_free(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scene_is_told),
		cmocka_unit_test(a_row_holds_what_is_new),
		cmocka_unit_test(others_are_not_kept),
		cmocka_unit_test(dropped_labels_are_told_each_time),
		cmocka_unit_test(what_is_not_understood_changes_nothing),
		cmocka_unit_test(rows_have_a_bound),
		cmocka_unit_test(weight_has_a_bound),
		cmocka_unit_test(rows_behind_an_id_are_found),
	};

	return RUN_TESTS(tests);
}
