/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What runs against what the master was told, as short scenes: each says what is wanted and what
 * counts as told at its end.  Containers are a, b, …; A is a under its other name.
 */
#include "tests/unit/json_equal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "tests/unit/container.h"
#include "view.h"

enum step_kind {
	STEP_END_OF_SCENE,
	STEP_PAGE,
	STEP_BAD_PAGE,
	STEP_RUNS,
	STEP_GONE,
	STEP_LOST,
	STEP_TELL,    /* the next difference is sent, which has to be that one … */
	STEP_TAKEN,   /* … and taken, */
	STEP_REFUSED, /* or refused for ever, */
	STEP_FAILED,  /* or not processed */
	STEP_QUIET,   /* there is nothing to tell */
	STEP_WRITE,   /* a report is made, and holds those … */
	STEP_SETTLES, /* … and is taken, stops as well, */
	STEP_LEAVES_STOPS,
	STEP_FORGET,
};

struct step {
	enum step_kind kind;
	const char *containers;
	int64_t generation;
	int64_t page;
	bool last;
};

#define PAGE(gen, number, end, those)                                                            \
	{                                                                                        \
		.kind = STEP_PAGE, .containers = (those), .generation = (gen), .page = (number), \
		.last = (end)                                                                    \
	}
#define BAD_PAGE(gen, number)                                                                    \
	{                                                                                        \
		.kind = STEP_BAD_PAGE, .containers = "z", .generation = (gen), .page = (number), \
		.last = true                                                                     \
	}
/* A snapshot of one page. */
#define ALL(gen, those) PAGE(gen, 0, true, those)
#define STEP(name, those)                                  \
	{                                                  \
		.kind = STEP_##name, .containers = (those) \
	}
#define RUNS(which) STEP(RUNS, which)
#define GONE(which) STEP(GONE, which)
#define TELL(which) STEP(TELL, which)
#define WRITE(those) STEP(WRITE, those)
#define LOST STEP(LOST, "")
#define TAKEN STEP(TAKEN, "")
#define REFUSED STEP(REFUSED, "")
#define FAILED STEP(FAILED, "")
#define QUIET STEP(QUIET, "")
#define SETTLES STEP(SETTLES, "")
#define LEAVES_STOPS STEP(LEAVES_STOPS, "")
#define FORGET STEP(FORGET, "")

struct scene {
	const char *what;
	struct step steps[14];
	const char *wanted;
	const char *told;
	bool complete;
};

static const struct scene scenes[] = {
	/* ---- snapshots ---- */
	{ "nothing", { LOST }, "", "", false },
	{ "nothing runs", { ALL(1, ""), QUIET }, "", "", true },
	{ "one page", { ALL(1, "cab") }, "abc", "", true },
	{ "not yet whole", { PAGE(1, 0, false, "ab"), QUIET }, "", "", false },
	{ "two pages", { PAGE(1, 0, false, "ab"), PAGE(1, 1, true, "c") }, "abc", "", true },
	{ "an empty last page", { PAGE(1, 0, false, "ab"), PAGE(1, 1, true, "") }, "ab", "", true },
	{ "the next one replaces it", { ALL(1, "abc"), ALL(2, "Bd") }, "Bd", "", true },
	{ "not before it is whole", { ALL(1, "ab"), PAGE(2, 0, false, "c") }, "ab", "", true },
	{ "it begins again",
	    { PAGE(1, 0, false, "a"), PAGE(2, 0, false, "b"), PAGE(2, 1, true, "c") }, "bc", "",
	    true },
	{ "the same number again", { PAGE(1, 0, false, "a"), ALL(1, "b") }, "b", "", true },
	{ "a page twice names what it names", { ALL(1, "aA") }, "A", "", true },
	{ "no first page", { BAD_PAGE(1, 1) }, "", "", false },
	{ "a page is missing", { PAGE(1, 0, false, "a"), BAD_PAGE(1, 2) }, "", "", false },
	{ "a page twice", { PAGE(1, 0, false, "a"), PAGE(1, 1, false, "b"), BAD_PAGE(1, 1) }, "",
	    "", false },
	{ "a page of another", { PAGE(1, 0, false, "a"), BAD_PAGE(2, 1) }, "", "", false },
	{ "a page behind the last", { ALL(1, "a"), BAD_PAGE(1, 1) }, "a", "", true },
	{ "Docker is lost", { ALL(1, "ab"), LOST }, "ab", "", false },
	{ "lost amid a snapshot", { ALL(1, "ab"), PAGE(2, 0, false, "c"), LOST, BAD_PAGE(2, 1) },
	    "ab", "", false },
	{ "and back", { ALL(1, "ab"), LOST, ALL(1, "b") }, "b", "", true },
	/* ---- changes ---- */
	{ "it runs", { ALL(1, "a"), RUNS("b") }, "ab", "", true },
	{ "it is gone", { ALL(1, "ab"), GONE("a") }, "b", "", true },
	{ "another name", { ALL(1, "a"), RUNS("A") }, "A", "", true },
	{ "gone, and never there", { ALL(1, "a"), GONE("b") }, "a", "", true },
	{ "a change makes nothing complete", { RUNS("a") }, "a", "", false },
	{ "it runs amid a snapshot",
	    { ALL(1, "a"), PAGE(2, 0, false, "a"), RUNS("b"), PAGE(2, 1, true, "") }, "ab", "",
	    true },
	{ "another name amid a snapshot",
	    { PAGE(1, 0, false, "a"), RUNS("A"), PAGE(1, 1, true, "") }, "A", "", true },
	{ "gone amid a snapshot",
	    { ALL(1, "ab"), PAGE(2, 0, false, "ab"), GONE("a"), PAGE(2, 1, true, "") }, "b", "",
	    true },
	{ "new and gone amid a snapshot",
	    { ALL(1, "a"), PAGE(2, 0, false, "a"), RUNS("b"), GONE("b"), PAGE(2, 1, true, "") },
	    "a", "", true },
	{ "a later page is newer than the change",
	    { PAGE(1, 0, false, "a"), RUNS("b"), GONE("b"), PAGE(1, 1, true, "B") }, "aB", "",
	    true },
	{ "a change amid a snapshot that never ends", { PAGE(1, 0, false, "a"), RUNS("b"), LOST },
	    "b", "", false },
	/* ---- telling ---- */
	{ "told", { ALL(1, "ab"), TELL("a"), TAKEN, TELL("b"), TAKEN, QUIET }, "ab", "ab", true },
	{ "a stop", { ALL(1, "a"), TELL("a"), TAKEN, GONE("a"), TELL("a"), TAKEN, QUIET }, "", "",
	    true },
	{ "a stop that waits", { ALL(1, "a"), TELL("a"), TAKEN, ALL(2, "") }, "", "a", true },
	{ "back before it was told", { ALL(1, "a"), TELL("a"), TAKEN, GONE("a"), RUNS("a"), QUIET },
	    "a", "a", true },
	{ "gone before it was told", { ALL(1, "a"), GONE("a"), QUIET }, "", "", true },
	{ "a burst is its last state",
	    { RUNS("a"), GONE("a"), RUNS("A"), RUNS("a"), RUNS("A"), TELL("A"), TAKEN, QUIET }, "A",
	    "A", false },
	{ "changed while it was told", { ALL(1, "a"), TELL("a"), RUNS("A"), TAKEN, TELL("A") }, "A",
	    "a", true },
	{ "gone while its start was told",
	    { ALL(1, "ab"), TELL("a"), GONE("a"), TAKEN, TELL("a"), TAKEN }, "b", "", true },
	{ "gone by a snapshot while its start was told",
	    { ALL(1, "a"), TELL("a"), ALL(2, ""), TAKEN, TELL("a") }, "", "a", true },
	{ "gone and back while its start was told",
	    { ALL(1, "a"), TELL("a"), GONE("a"), RUNS("a"), TAKEN, QUIET }, "a", "a", true },
	{ "gone amid a snapshot while its start was told",
	    { ALL(1, "a"), TELL("a"), PAGE(2, 0, false, ""), TAKEN, PAGE(2, 1, true, ""),
		TELL("a") },
	    "", "a", true },
	{ "back while its stop was told",
	    { ALL(1, "a"), TELL("a"), TAKEN, GONE("a"), TELL("a"), RUNS("a"), TAKEN, TELL("a"),
		TAKEN, QUIET },
	    "a", "a", true },
	/* ---- what the master never takes ---- */
	{ "refused", { ALL(1, "a"), TELL("a"), REFUSED, QUIET }, "a", "a", true },
	{ "refused and listed again", { ALL(1, "a"), TELL("a"), REFUSED, ALL(2, "a"), QUIET }, "a",
	    "a", true },
	{ "refused, and it changes", { ALL(1, "a"), TELL("a"), REFUSED, RUNS("A"), TELL("A") }, "A",
	    "a", true },
	{ "refused and gone: no stop", { ALL(1, "a"), TELL("a"), REFUSED, GONE("a"), QUIET }, "",
	    "", true },
	{ "gone while it was refused", { ALL(1, "a"), TELL("a"), GONE("a"), REFUSED, QUIET }, "",
	    "", true },
	{ "changed while it was refused",
	    { ALL(1, "a"), TELL("a"), RUNS("A"), REFUSED, TELL("A"), TAKEN, QUIET }, "A", "A",
	    true },
	{ "the master knows it under its other name: a stop",
	    { ALL(1, "a"), TELL("a"), TAKEN, RUNS("A"), TELL("A"), REFUSED, QUIET, GONE("a"),
		TELL("a"), TAKEN },
	    "", "", true },
	{ "the same, gone while it was refused",
	    { ALL(1, "a"), TELL("a"), TAKEN, RUNS("A"), TELL("A"), GONE("a"), REFUSED, TELL("a") },
	    "", "A", true },
	{ "refused again under its other name: no stop",
	    { ALL(1, "a"), TELL("a"), REFUSED, RUNS("A"), TELL("A"), REFUSED, GONE("a"), QUIET },
	    "", "", true },
	{ "a stop is refused",
	    { ALL(1, "a"), TELL("a"), TAKEN, GONE("a"), TELL("a"), REFUSED, QUIET }, "", "", true },
	/* ---- what the master fails to process ---- */
	{ "failed: behind the others", { ALL(1, "ab"), TELL("a"), FAILED, TELL("b"), TAKEN, QUIET },
	    "ab", "b", true },
	{ "failed, and it changes: at once",
	    { ALL(1, "a"), TELL("a"), FAILED, RUNS("A"), TELL("A") }, "A", "", true },
	{ "failed, and listed as it was", { ALL(1, "a"), TELL("a"), FAILED, ALL(2, "a"), QUIET },
	    "a", "", true },
	{ "gone while it failed", { ALL(1, "a"), TELL("a"), GONE("a"), FAILED, QUIET }, "", "",
	    true },
	/* ---- reports ---- */
	{ "a report tells all", { ALL(1, "ab"), WRITE("ab"), SETTLES, QUIET }, "ab", "ab", true },
	{ "a report is not taken", { ALL(1, "ab"), WRITE("ab") }, "ab", "", true },
	{ "the second is", { ALL(1, "ab"), WRITE("ab"), RUNS("c"), WRITE("abc"), SETTLES, QUIET },
	    "abc", "abc", true },
	{ "it tells of stops",
	    { ALL(1, "ab"), WRITE("ab"), SETTLES, GONE("a"), WRITE("b"), SETTLES, QUIET }, "b", "b",
	    true },
	{ "it does not, for a new master in protocol 1",
	    { ALL(1, "ab"), WRITE("ab"), LEAVES_STOPS, GONE("a"), WRITE("b"), LEAVES_STOPS,
		TELL("a"), TAKEN, QUIET },
	    "b", "b", true },
	{ "new while it is under way", { ALL(1, "a"), WRITE("a"), RUNS("b"), SETTLES, TELL("b") },
	    "ab", "a", true },
	{ "gone while it is under way",
	    { ALL(1, "ab"), WRITE("ab"), GONE("a"), SETTLES, TELL("a") }, "b", "ab", true },
	{ "changed while it is under way",
	    { ALL(1, "a"), WRITE("a"), RUNS("A"), SETTLES, TELL("A") }, "A", "a", true },
	{ "gone and back while it is under way",
	    { ALL(1, "a"), WRITE("a"), GONE("a"), RUNS("a"), SETTLES, QUIET }, "a", "a", true },
	{ "an empty one", { ALL(1, "a"), TELL("a"), TAKEN, ALL(2, ""), WRITE(""), SETTLES, QUIET },
	    "", "", true },
	{ "it takes what was refused",
	    { ALL(1, "a"), TELL("a"), REFUSED, WRITE("a"), SETTLES, GONE("a"), TELL("a") }, "", "a",
	    true },
	{ "it takes what had failed",
	    { ALL(1, "a"), TELL("a"), FAILED, WRITE("a"), SETTLES, QUIET, GONE("a"), TELL("a") },
	    "", "a", true },
	/* ---- a new registration ---- */
	{ "all is told again", { ALL(1, "ab"), WRITE("ab"), SETTLES, FORGET, TELL("a") }, "ab", "",
	    true },
	{ "stops are still to be told",
	    { ALL(1, "ab"), WRITE("ab"), SETTLES, GONE("a"), FORGET, TELL("a"), TAKEN, TELL("b") },
	    "b", "", true },
	{ "what was refused is tried again",
	    { ALL(1, "a"), TELL("a"), REFUSED, FORGET, TELL("a"), TAKEN, GONE("a"), TELL("a") }, "",
	    "a", true },
	{ "what had failed is tried at once", { ALL(1, "a"), TELL("a"), FAILED, FORGET, TELL("a") },
	    "a", "", true },
};

/* ---- playing a scene ---- */

struct play {
	struct view view;
	char id[CONTAINER_ID_BYTES + 1]; /* of what is being told */
	struct container_text *text;     /* NULL: a stop */
};

/* Of the letter's container, whose other name is longer. */
struct given {
	char id[CONTAINER_ID_BYTES + 1];
	char name[16];
	struct map_entry entry;
};

static struct container_fact
fact_of(char letter, struct given *given)
{
	memset(given->id, tolower(letter), CONTAINER_ID_BYTES);
	given->id[CONTAINER_ID_BYTES] = '\0';
	snprintf(given->name, sizeof(given->name), isupper(letter) ? "%c-2" : "%c", letter);
	given->entry = ENABLED_ENTRY;
	return container_fact_of(given->id, given->name, &given->entry);
}

static char
letter_of(const struct container_text *text)
{
	return text->name[0];
}

static enum view_result
take_page(struct play *play, const struct step *step)
{
	struct container_fact facts[8];
	struct message_snapshot page = {
		.generation = step->generation,
		.page = step->page,
		.last = step->last,
		.containers = { .count = strlen(step->containers), .items = facts },
	};
	struct given given[8];

	for (size_t at = 0; at < page.containers.count; at++)
		facts[at] = fact_of(step->containers[at], &given[at]);
	return view_page(&play->view, &page);
}

static enum view_result
take_change(struct play *play, char letter, enum container_change change)
{
	struct given given;
	struct container_fact fact = fact_of(letter, &given);
	struct message_container message = {
		.change = (int)change,
		.id = fact.id,
		.name = fact.name,
		.status = fact.status,
		.labels = fact.labels,
	};

	return view_change(&play->view, &message);
}

static void
begin_telling(struct play *play, const char *what, char letter)
{
	int64_t next;
	const struct view_entry *entry = view_next(&play->view, 0, &next);

	row_int_equal(what, entry != NULL ? entry->id[0] : '-', tolower(letter));
	if (entry == NULL)
		return;
	container_text_unref(play->text);
	play->text = container_text_ref(entry->wanted);
	if (play->text != NULL)
		row_int_equal(what, letter_of(play->text), letter);
	memcpy(play->id, entry->id, sizeof(play->id));
}

static void
check_report(struct play *play, const char *what, const char *letters)
{
	struct buffer out _cleanup_buffer_ = BUFFER(65536);
	struct buffer expected _cleanup_buffer_ = BUFFER(65536);

	assert_int_equal(buffer_add_text(&expected, "["), 0);
	for (const char *letter = letters; *letter != '\0'; letter++) {
		struct given given;

		(void)fact_of(*letter, &given);
		assert_int_equal(buffer_printf(&expected,
				     "%s{\"id\":\"%s\",\"name\":\"%s\",\"status\":\"running\","
				     "\"labels\":{\"dockflare.enable\":\"true\"}}",
				     letter == letters ? "" : ",", given.id, given.name),
		    0);
	}
	assert_int_equal(buffer_add_text(&expected, "]"), 0);
	row_int_equal(what, view_write(&play->view, &out), 0);
	row_json_equal(what, out.bytes, expected.bytes);
}

static void
act_as_watcher(struct play *play, const char *what, const struct step *step)
{
	switch ((int)step->kind) {
	case STEP_PAGE:
		row_int_equal(what, take_page(play, step), VIEW_TAKEN);
		break;
	case STEP_BAD_PAGE:
		row_int_equal(what, take_page(play, step), VIEW_BAD_PAGE);
		break;
	case STEP_RUNS:
		row_int_equal(what, take_change(play, step->containers[0], CONTAINER_RUNS),
		    VIEW_TAKEN);
		break;
	case STEP_GONE:
		row_int_equal(what, take_change(play, step->containers[0], CONTAINER_GONE),
		    VIEW_TAKEN);
		break;
	case STEP_LOST:
		view_lost(&play->view);
		break;
	default:
		break;
	}
}

static void
act_as_master(struct play *play, const char *what, const struct step *step)
{
	int64_t next;

	switch ((int)step->kind) {
	case STEP_TELL:
		begin_telling(play, what, step->containers[0]);
		break;
	case STEP_TAKEN:
		view_told(&play->view, play->id, play->text);
		break;
	case STEP_REFUSED:
		view_refused(&play->view, play->id, play->text);
		break;
	case STEP_FAILED:
		view_failed(&play->view, play->id, 1000);
		break;
	case STEP_QUIET:
		row_int_equal(what, view_next(&play->view, 0, &next) == NULL, true);
		break;
	case STEP_WRITE:
		check_report(play, what, step->containers);
		break;
	case STEP_SETTLES:
	case STEP_LEAVES_STOPS:
		view_report_told(&play->view, step->kind == STEP_SETTLES);
		break;
	case STEP_FORGET:
		view_forget_told(&play->view);
		break;
	default:
		break;
	}
}

/* What has to hold between any two steps. */
static void
check_view(const struct view *view, const char *what)
{
	size_t running = 0, differences = 0;

	for (size_t at = 0; at < view->count; at++) {
		const struct view_entry *entry = view->entries[at];

		if (at > 0)
			assert_true(strcmp(view->entries[at - 1]->id, entry->id) < 0);
		assert_ptr_equal(view_find(view, entry->id), entry);
		running += entry->wanted != NULL ? 1 : 0;
		differences += view_differs(entry) ? 1 : 0;
	}
	row_int_equal(what, (int64_t)view->running, (int64_t)running);
	row_int_equal(what, (int64_t)view->differences, (int64_t)differences);
	row_int_equal(what, view->complete && !view->current, false);
}

static void
check_end(const struct view *view, const struct scene *scene)
{
	char wanted[16] = "", told[16] = "";

	for (size_t at = 0; at < view->count; at++) {
		const struct view_entry *entry = view->entries[at];

		if (entry->wanted != NULL)
			wanted[strlen(wanted)] = letter_of(entry->wanted);
		if (entry->told != NULL)
			told[strlen(told)] = letter_of(entry->told);
	}
	row_string_equal(scene->what, wanted, scene->wanted);
	row_string_equal(scene->what, told, scene->told);
	row_int_equal(scene->what, view->complete, scene->complete);
}

static void
each_scene_ends_as_it_should(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(scenes); at++) {
		const struct scene *scene = &scenes[at];
		struct play play = { 0 };

		for (const struct step *step = scene->steps; step->kind != STEP_END_OF_SCENE;
		     step++) {
			act_as_watcher(&play, scene->what, step);
			act_as_master(&play, scene->what, step);
			check_view(&play.view, scene->what);
		}
		check_end(&play.view, scene);
		container_text_unref(play.text);
		view_free(&play.view);
		/* Every text had exactly its owners. */
		row_int_equal(scene->what, (int64_t)container_text_total_bytes(), 0);
	}
}

/* ---- the order of telling ---- */

static void
patience_is_by_container(void **state)
{
	const struct step all = ALL(1, "abc");
	struct play play = { 0 };
	int64_t next;

	(void)state;
	assert_null(view_next(&play.view, 0, &next));
	assert_int_equal(next, INT64_MAX);
	assert_int_equal(take_page(&play, &all), VIEW_TAKEN);
	view_failed(&play.view, CONTAINER_ID("a"), 3000);
	view_failed(&play.view, CONTAINER_ID("b"), 1000);
	view_failed(&play.view, CONTAINER_ID("b"), 2000);
	view_failed(&play.view, CONTAINER_ID("c"), 4000);
	view_failed(&play.view, CONTAINER_ID("d"), 1);
	assert_null(view_next(&play.view, 1999, &next));
	assert_int_equal(next, 2000);
	assert_int_equal(view_next(&play.view, 2000, &next)->id[0], 'b');
	/* Those that failed less go first. */
	assert_int_equal(view_next(&play.view, 3000, &next)->id[0], 'a');
	view_told(&play.view, CONTAINER_ID("a"), view_find(&play.view, CONTAINER_ID("a"))->wanted);
	assert_int_equal(view_next(&play.view, 3000, &next)->id[0], 'b');
	assert_int_equal(view_next(&play.view, 4000, &next)->id[0], 'c');
	assert_int_equal(view_find(&play.view, CONTAINER_ID("a"))->failures, 0);
	view_free(&play.view);
}

static void
the_status_is_told_by_reports_only(void **state)
{
	const struct step all = ALL(1, "a");
	struct buffer out _cleanup_buffer_ = BUFFER(4096);
	struct play play = { 0 };
	struct given given;
	struct container_fact fact = fact_of('a', &given);
	struct message_container paused = { .change = CONTAINER_RUNS,
		.id = fact.id,
		.name = fact.name,
		.status = "paused",
		.labels = fact.labels };
	int64_t next;

	(void)state;
	assert_int_equal(take_page(&play, &all), VIEW_TAKEN);
	view_told(&play.view, fact.id, view_find(&play.view, fact.id)->wanted);
	assert_int_equal(view_change(&play.view, &paused), VIEW_TAKEN);
	assert_null(view_next(&play.view, 0, &next));
	assert_int_equal(view_write(&play.view, &out), 0);
	assert_non_null(strstr(out.bytes, "\"status\":\"paused\""));
	/* Equal texts are kept once. */
	assert_ptr_equal(view_find(&play.view, fact.id)->told,
	    view_find(&play.view, fact.id)->wanted);
	view_free(&play.view);
}

static void
the_largest_is_found(void **state)
{
	const struct step all = ALL(1, "aBc"), none = ALL(2, "");
	struct play play = { 0 };

	(void)state;
	assert_null(view_largest(&play.view));
	assert_int_equal(take_page(&play, &all), VIEW_TAKEN);
	assert_string_equal(view_largest(&play.view)->name, "B-2");
	view_told(&play.view, CONTAINER_ID("b"), view_find(&play.view, CONTAINER_ID("b"))->wanted);
	assert_int_equal(take_page(&play, &none), VIEW_TAKEN);
	assert_null(view_largest(&play.view));
	view_free(&play.view);
}

static void
a_report_without_room_says_so(void **state)
{
	const struct step all = ALL(1, "ab");
	struct play play = { 0 };

	(void)state;
	assert_int_equal(take_page(&play, &all), VIEW_TAKEN);
	for (size_t bound = 0; bound < 200; bound++) {
		struct buffer out _cleanup_buffer_ = BUFFER(bound);

		assert_int_equal(view_write(&play.view, &out), -EMSGSIZE);
	}
	view_free(&play.view);
}

/* ---- bounds ---- */

/* A container with as many and as long labels as may be. */
static struct container_fact
large_fact(const char *id)
{
	static struct map_entry entries[LABELS_MAX];
	static char keys[LABELS_MAX][32], value[LABEL_VALUE_MAX_BYTES + 1];
	struct container_fact fact = container_fact_of(id, "large", entries);

	memset(value, 'x', LABEL_VALUE_MAX_BYTES);
	for (size_t at = 0; at < LABELS_MAX; at++) {
		snprintf(keys[at], sizeof(keys[at]), "dockflare.%zu", at);
		entries[at] = (struct map_entry){ keys[at], value };
	}
	fact.labels.count = LABELS_MAX;
	return fact;
}

/* Pages of large containers, the last of which has no room. */
static void
overflow(struct view *view, int64_t generation)
{
	struct message_snapshot page = { .generation = generation };
	enum view_result result = VIEW_TAKEN;

	for (; page.page < 32; page.page++) {
		char id[CONTAINER_ID_BYTES + 1];
		struct container_fact fact;

		snprintf(id, sizeof(id), "%064x", (unsigned)page.page);
		fact = large_fact(id);
		page.last = page.page == 31;
		page.containers = (struct records){ .count = 1, .items = &fact };
		result = view_page(view, &page);
		assert_true(container_text_total_bytes() <= VIEW_BYTES_MAX);
	}
	assert_int_equal(result, VIEW_NO_ROOM);
	assert_true(view->overflowed);
	assert_true(view->current);
	assert_false(view->complete);
	check_view(view, "overflowed");
}

static void
bytes_have_a_bound(void **state)
{
	const struct step two = ALL(1, "ab"), none = ALL(3, ""), one = ALL(4, "a");
	const struct container_fact large = large_fact(CONTAINER_ID("a"));
	const struct message_container change = { .change = CONTAINER_RUNS,
		.id = large.id,
		.name = large.name,
		.status = large.status,
		.labels = large.labels };
	struct play play = { 0 };

	(void)state;
	assert_int_equal(take_page(&play, &two), VIEW_TAKEN);
	overflow(&play.view, 2);
	/* What found no room may run all the same, as it was known. */
	assert_int_equal(view_change(&play.view, &change), VIEW_NO_ROOM);
	assert_string_equal(view_find(&play.view, CONTAINER_ID("a"))->wanted->name, "a");
	assert_non_null(view_find(&play.view, CONTAINER_ID("b"))->wanted);
	/* An event still ends one, and a snapshot with room is complete again. */
	assert_int_equal(take_change(&play, 'b', CONTAINER_GONE), VIEW_TAKEN);
	assert_null(view_find(&play.view, CONTAINER_ID("b")));
	assert_int_equal(take_page(&play, &none), VIEW_TAKEN);
	assert_int_equal(take_page(&play, &one), VIEW_TAKEN);
	assert_true(play.view.complete);
	assert_int_equal(play.view.count, 1);
	view_free(&play.view);
	assert_int_equal(container_text_total_bytes(), 0);
}

static void
containers_have_a_bound(void **state)
{
	struct message_snapshot page = { .generation = 1 };
	struct container_fact facts[PAGE_CONTAINERS_MAX];
	static char ids[PAGE_CONTAINERS_MAX][CONTAINER_ID_BYTES + 1];
	enum view_result result = VIEW_TAKEN;
	struct view view = { 0 };
	unsigned number = 0;

	(void)state;
	page.containers.items = facts;
	for (; number < 60000; page.page++) {
		for (size_t at = 0; at < PAGE_CONTAINERS_MAX; at++) {
			snprintf(ids[at], sizeof(ids[at]), "%064x", number++);
			facts[at] = container_fact_of(ids[at], "x", NULL);
			facts[at].labels.count = 0;
		}
		page.containers.count = PAGE_CONTAINERS_MAX;
		page.last = number >= 60000;
		result = view_page(&view, &page);
	}
	assert_int_equal(result, VIEW_NO_ROOM);
	assert_true(view.count <= VIEW_CONTAINERS_MAX);
	assert_true(view.count > VIEW_CONTAINERS_MAX / 2);
	assert_false(view.complete);
	check_view(&view, "many");
	view_free(&view);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scene_ends_as_it_should),
		cmocka_unit_test(patience_is_by_container),
		cmocka_unit_test(the_status_is_told_by_reports_only),
		cmocka_unit_test(the_largest_is_found),
		cmocka_unit_test(a_report_without_room_says_so),
		cmocka_unit_test(bytes_have_a_bound),
		cmocka_unit_test(containers_have_a_bound),
	};

	return RUN_TESTS(tests);
}
