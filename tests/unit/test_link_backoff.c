/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long to wait for a master: doubling, jitter, a bound, and what the master asks for. */
#include "tests/unit/unit.h"

#include "backoff.h"

static void
waits_double_up_to_a_bound(void **state)
{
	(void)state;
	for (int run = 0; run < 200; run++) {
		int64_t expected = BACKOFF_FIRST_MS;
		struct backoff backoff = { 0 };

		for (int turn = 0; turn < 40; turn++) {
			assert_in_range(backoff_next(&backoff, -1), expected - expected / 4,
			    expected);
			expected = expected * 2 > BACKOFF_LAST_MS ? BACKOFF_LAST_MS : expected * 2;
		}
		assert_int_equal(backoff.failures, 40);
		backoff_reset(&backoff);
		assert_in_range(backoff_next(&backoff, -1), 750, BACKOFF_FIRST_MS);
	}
}

static void
they_are_not_in_step(void **state)
{
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	for (int run = 0; run < 200; run++) {
		struct backoff backoff = { .failures = 9 };
		int64_t wait = backoff_next(&backoff, -1);

		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	assert_true(most - least > BACKOFF_LAST_MS / 8);
}

struct row {
	const char *what;
	unsigned failures;
	int64_t retry_after_ms;
	int64_t least;
	int64_t most;
};

static const struct row rows[] = {
	{ "nothing asked", 0, -1, 750, 1000 },
	{ "at once", 0, 0, 750, 1000 },
	{ "less than our own patience", 5, 1000, 22500, 30000 },
	{ "more than it", 0, 5000, 5000, 5000 },
	{ "the most that is obeyed", 0, RETRY_AFTER_MAX_MS, RETRY_AFTER_MAX_MS,
	    RETRY_AFTER_MAX_MS },
	{ "a day", 0, 86400000, RETRY_AFTER_MAX_MS, RETRY_AFTER_MAX_MS },
	{ "for ever", 9, INT64_MAX, RETRY_AFTER_MAX_MS, RETRY_AFTER_MAX_MS },
	{ "a wrong number", 0, INT64_MIN, 750, 1000 },
	{ "very many failures", UINT32_MAX - 1, -1, 22500, 30000 },
};

static void
the_master_may_ask_for_patience(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct backoff backoff = { .failures = rows[at].failures };
		int64_t wait = backoff_next(&backoff, rows[at].retry_after_ms);

		if (wait < rows[at].least || wait > rows[at].most)
			row_int_equal(rows[at].what, wait, rows[at].least);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_a_bound),
		cmocka_unit_test(they_are_not_in_step),
		cmocka_unit_test(the_master_may_ask_for_patience),
	};

	return RUN_TESTS(tests);
}
