/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of containers with labels, and that only so many are told, however many there are. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "workers/docker-watcher/seen.h"

#define CROWD 10000
#define PAIRS_MAX 5

struct judged {
	const char *what;
	struct map_entry labels[PAIRS_MAX];
	bool enabled;
	enum on_network on_network;
	enum container_verdict verdict;
	const char *hostname;
	const char *service;
	const char *value;
};

#define ENABLE(value)                     \
	{                                 \
		"dockflare.enable", value \
	}
#define HOSTNAME                               \
	{                                      \
		"dockflare.hostname", "a.test" \
	}
#define SERVICE                                 \
	{                                       \
		"dockflare.service", "http://a" \
	}

static const struct judged all_judged[] = {
	{ "good", { ENABLE("true"), HOSTNAME, SERVICE }, true, ON_NETWORK, CONTAINER_PUBLISHED,
	    "a.test", "http://a", "true" },
	{ "of an engine that tells no networks", { ENABLE("1"), HOSTNAME, SERVICE }, true, NOT_TOLD,
	    CONTAINER_PUBLISHED, "a.test", "http://a", "1" },
	{ "elsewhere", { ENABLE("true"), HOSTNAME, SERVICE }, true, OFF_NETWORK,
	    CONTAINER_OFF_NETWORK, "a.test", "http://a", "true" },
	{ "nothing but enabled", { ENABLE("true") }, true, ON_NETWORK, CONTAINER_NO_HOSTNAME, "",
	    "", "true" },
	{ "no service", { ENABLE("true"), HOSTNAME }, true, OFF_NETWORK, CONTAINER_NO_SERVICE,
	    "a.test", "", "true" },
	{ "an empty hostname is none", { ENABLE("true"), { "dockflare.hostname", "" }, SERVICE },
	    true, ON_NETWORK, CONTAINER_NO_HOSTNAME, "", "http://a", "true" },
	{ "numbered",
	    { ENABLE("true"), { "dockflare.0.hostname", "b.test" },
		{ "dockflare.0.service", "http://b" } },
	    true, ON_NETWORK, CONTAINER_PUBLISHED, "b.test", "http://b", "true" },
	{ "names that only look like it",
	    { ENABLE("true"), { "dockflare.x.hostname", "b.test" },
		{ "dockflare.hostnames", "c.test" } },
	    true, ON_NETWORK, CONTAINER_NO_HOSTNAME, "", "", "true" },
	{ "not a true value", { ENABLE("on"), HOSTNAME, SERVICE }, false, NOT_TOLD,
	    CONTAINER_NOT_ENABLED, "a.test", "http://a", "on" },
	{ "forgotten", { HOSTNAME, SERVICE }, false, NOT_TOLD, CONTAINER_NO_ENABLE, "a.test",
	    "http://a", "" },
	{ "the custom prefix decides", { ENABLE("true"), { "my.enable", "no" } }, false, NOT_TOLD,
	    CONTAINER_NOT_ENABLED, "", "", "no" },
	{ "a password in a service",
	    { ENABLE("true"), HOSTNAME, { "dockflare.service", "http://u:p@x@a:80/b@c" } }, true,
	    ON_NETWORK, CONTAINER_PUBLISHED, "a.test", "http://a:80/b@c", "true" },
	{ "the old prefix",
	    { { "cloudflare.tunnel.enable", "YES" }, { "cloudflare.tunnel.hostname", "o.test" },
		{ "cloudflare.tunnel.service", "http://o" } },
	    true, ON_NETWORK, CONTAINER_PUBLISHED, "o.test", "http://o", "YES" },
};

static void
labels_are_judged(void **state)
{
	static struct seen_entry entry;

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(all_judged); at++) {
		const struct judged *one = &all_judged[at];
		struct map_entry labels[PAIRS_MAX];
		struct map map = { 0, labels };

		memcpy(labels, one->labels, sizeof(labels));
		while (map.count < PAIRS_MAX && labels[map.count].key != NULL)
			map.count++;
		seen_judge(&map, "my.", one->enabled, one->on_network, &entry);
		if (entry.verdict != one->verdict)
			fail_msg("%s: %s", one->what, container_verdict_choices[entry.verdict]);
		assert_string_equal(entry.hostname, one->hostname);
		assert_string_equal(entry.service, one->service);
		assert_string_equal(entry.value, one->value);
	}
}

static void
long_values_are_cut_between_characters(void **state)
{
	static struct seen_entry entry;
	char value[SEEN_VALUE_MAX_BYTES + 3];
	struct map_entry labels[] = { { "dockflare.enable", value } };
	struct map map = { 1, labels };

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	memcpy(value + SEEN_VALUE_MAX_BYTES - 1, "ü", 2);
	seen_judge(&map, NULL, false, NOT_TOLD, &entry);
	assert_int_equal(strlen(entry.value), SEEN_VALUE_MAX_BYTES - 1);
	memcpy(value + SEEN_VALUE_MAX_BYTES - 2, "üx", 3);
	seen_judge(&map, NULL, false, NOT_TOLD, &entry);
	assert_int_equal(strlen(entry.value), SEEN_VALUE_MAX_BYTES);
}

/* ---- many ---- */

static struct map_entry off[] = { { "dockflare.enable", "off" } };
static struct map_entry good[] = { { "dockflare.enable", "true" },
	{ "dockflare.hostname", "a.test" }, { "dockflare.service", "http://a" } };

static struct fact
make_fact(int number, bool enabled, struct map labels)
{
	struct fact fact = { .runs = true };

	(void)snprintf(fact.id, sizeof(fact.id), "%064d", number);
	(void)snprintf(fact.name, sizeof(fact.name), "c%d", number);
	fact.labels.enabled = enabled;
	fact.labels.map = labels;
	return fact;
}

static void
add_row(struct table *table, int number, struct map labels)
{
	struct fact fact = make_fact(number, true, labels);
	struct row *row;
	bool changed;

	assert_int_equal(table_put(table, &fact, &row, &changed), 0);
}

static void
take_crowd(struct seen *seen, int count)
{
	seen_list_begin(seen);
	for (int number = 0; number < count; number++) {
		struct fact fact = make_fact(number, false, (struct map){ 1, off });

		seen_list_take(seen, NULL, &fact);
	}
	seen_list_end(seen);
}

static void
a_crowd_is_counted_and_told_in_part(void **state)
{
	static struct seen seen;
	static struct seen_entry entries[2 * SEEN_MAX];
	static struct seen_container told[2 * SEEN_MAX];
	struct table table = { 0 };

	(void)state;
	take_crowd(&seen, CROWD);
	for (int number = 0; number < 100; number++)
		add_row(&table, number, (struct map){ 3, good });
	add_row(&table, 100, (struct map){ 1, good });
	assert_int_equal(seen_tell(&seen, &table, NULL, entries, told), 2 * SEEN_MAX);
	assert_int_equal(seen.ignored.in_all, CROWD);
	/* The one with a fault comes first, though it is the last. */
	assert_string_equal(told[0].name, "c100");
	assert_int_equal(told[0].verdict, CONTAINER_NO_HOSTNAME);
	assert_int_equal(told[1].verdict, CONTAINER_PUBLISHED);
	assert_null(told[1].value);
	assert_int_equal(told[SEEN_MAX].verdict, CONTAINER_NOT_ENABLED);
	assert_string_equal(told[SEEN_MAX].value, "off");
	/* Mended: seen again without a list. */
	add_row(&table, 100, (struct map){ 3, good });
	(void)seen_tell(&seen, &table, NULL, entries, told);
	assert_string_equal(told[0].name, "c0");
	table_free(&table);
}

static void
play(struct seen *seen, enum event_kind kind, struct fact fact)
{
	struct event event = { .kind = kind, .fact = fact };

	seen_event(seen, NULL, &event);
}

static void
events_are_followed(void **state)
{
	static struct seen seen;
	struct map labels = { 1, off };

	(void)state;
	take_crowd(&seen, 2);
	play(&seen, EVENT_START, make_fact(7, false, labels));
	play(&seen, EVENT_START, make_fact(7, false, labels));
	assert_int_equal(seen.ignored.in_all, 3);
	play(&seen, EVENT_END, make_fact(0, false, labels));
	assert_int_equal(seen.ignored.in_all, 2);
	assert_string_equal(seen.ignored.entries[0].name, "c1");
	/* Others' ends, enabled ones, and ones without labels change nothing. */
	play(&seen, EVENT_END, make_fact(99, false, labels));
	play(&seen, EVENT_START, make_fact(8, true, labels));
	play(&seen, EVENT_START, make_fact(9, false, (struct map){ 0, NULL }));
	play(&seen, EVENT_RENAME, make_fact(10, false, labels));
	assert_int_equal(seen.ignored.in_all, 2);
	assert_int_equal(seen.ignored.count, 2);
}

static void
the_tunnels_own_container_is_none(void **state)
{
	static struct seen seen;
	struct fact fact = make_fact(1, false, (struct map){ 1, off });

	(void)state;
	(void)snprintf(fact.name, sizeof(fact.name), "dockflare-agent-tunnel");
	play(&seen, EVENT_START, fact);
	assert_int_equal(seen.ignored.in_all, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_judged),
		cmocka_unit_test(long_values_are_cut_between_characters),
		cmocka_unit_test(a_crowd_is_counted_and_told_in_part),
		cmocka_unit_test(events_are_followed),
		cmocka_unit_test(the_tunnels_own_container_is_none),
	};

	return RUN_TESTS(tests);
}
