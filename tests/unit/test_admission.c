/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may connect to an endpoint of the gate. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/admission.h"

struct row {
	const char *list; /* NULL: not set */
	const char *address;
	bool taken;
};

static const struct row rows[] = {
	{ NULL, "127.0.0.1", true },
	{ NULL, "::1", true },
	{ NULL, "172.29.255.9", true },
	{ NULL, "fd00::1", true },
	{ NULL, "8.8.8.8", false },
	{ NULL, "169.254.1.1", false },
	{ NULL, "0.0.0.0", false },
	{ "uid:1", "127.0.0.1", true }, /* says nothing of addresses */
	{ "10.0.0.0/8", "10.1.2.3", true },
	{ "10.0.0.0/8", "127.0.0.1", false },
	{ "10.0.0.0/8,uid:5,192.168.0.1", "192.168.0.1", true },
	{ "10.0.0.0/8,uid:5,192.168.0.1", "192.168.0.2", false },
};

static void
addresses_are_judged(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct admission admission = { 0 };
		struct address address;
		const char *why;

		if (rows[at].list != NULL)
			assert_int_equal(admission_parse(rows[at].list, &admission, &why), 0);
		assert_int_equal(address_parse(rows[at].address, &address), 0);
		row_int_equal(rows[at].address, admission_takes_address(&admission, &address),
		    rows[at].taken);
	}
}

static void
user_ids_are_judged(void **state)
{
	struct admission admission = { 0 };
	const char *why;

	(void)state;
	assert_false(admission_takes_uid(&admission, 0));
	assert_int_equal(admission_parse("uid:65529, 10.0.0.0/8 uid:0", &admission, &why), 0);
	assert_true(admission_takes_uid(&admission, 65529));
	assert_true(admission_takes_uid(&admission, 0));
	assert_false(admission_takes_uid(&admission, 65530));
}

static void
flawed_lists_are_refused(void **state)
{
	static const char seventeen[] =
	    "uid:0,uid:1,uid:2,uid:3,uid:4,uid:5,uid:6,uid:7,uid:8,uid:9,"
	    "uid:10,uid:11,uid:12,uid:13,uid:14,uid:15,uid:16";
	static const char *const lists[] = { "", " , ", "uid:", "uid:-1", "uid:x", "uid:4294967295",
		"uid:99999999999", "uid:1 2 3", "10.0.0.1/8", "host", "10.0.0.0/8 everybody",
		seventeen };

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(lists); at++) {
		struct admission admission;
		const char *why = NULL;

		row_int_equal(lists[at], admission_parse(lists[at], &admission, &why), -EINVAL);
		assert_non_null(why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_judged),
		cmocka_unit_test(user_ids_are_judged),
		cmocka_unit_test(flawed_lists_are_refused),
	};

	return RUN_TESTS(tests);
}
