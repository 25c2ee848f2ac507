/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The progress of a pull, and cloudflared's own account: streams cut anywhere, and nonsense. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "backoff.h"
#include "progress.h"
#include "ready.h"

static const char stream[] =
    "{\"status\":\"Pulling from cloudflare/cloudflared\",\"id\":\"2025.9.0\"}\r\n"
    "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"aaaaaaaaaaaa\"}\r\n"
    "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"bbbbbbbbbbbb\"}\r\n"
    "{\"status\":\"Already exists\",\"progressDetail\":{},\"id\":\"cccccccccccc\"}\r\n"
    "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1500000,\"total\":3000000},"
    "\"progress\":\"[=>   ]\",\"id\":\"aaaaaaaaaaaa\"}\r\n"
    "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":100,\"total\":1000000},"
    "\"id\":\"bbbbbbbbbbbb\"}\r\n"
    "{\"status\":\"Extracting\",\"progressDetail\":{\"current\":1,\"total\":9},"
    "\"id\":\"bbbbbbbbbbbb\"}\r\n"
    "{\"status\":\"Pull complete\",\"progressDetail\":{},\"id\":\"bbbbbbbbbbbb\"}\r\n";

static void
pieces_make_no_difference(void **state)
{
	(void)state;
	for (size_t size = 1; size < sizeof(stream); size++) {
		struct progress progress = PROGRESS();
		char text[96];

		for (size_t at = 0; at < sizeof(stream) - 1; at += size) {
			size_t left = sizeof(stream) - 1 - at;

			progress_take(&progress,
			    (struct slice){ stream + at, left < size ? left : size });
		}
		progress_tell(&progress, text, sizeof(text));
		assert_string_equal(text, "2 of 3 layers, 2.5 of 4.0 MB");
		assert_string_equal(progress.error, "");
		progress_free(&progress);
	}
}

static void
an_error_is_kept(void **state)
{
	struct progress progress = PROGRESS();

	(void)state;
	progress_take(&progress, SLICE("{\"errorDetail\":{\"message\":\"x\"},"
				       "\"error\":\"manifest for a:1 not\\nfound\"}\n"));
	assert_string_equal(progress.error, "manifest for a:1 not?found");
	progress_free(&progress);
}

static void
nonsense_is_passed_over(void **state)
{
	static char long_line[3 * PROGRESS_LINE_MAX_BYTES];
	struct progress progress = PROGRESS();
	char text[96];

	(void)state;
	memset(long_line, 'x', sizeof(long_line));
	progress_take(&progress, (struct slice){ long_line, sizeof(long_line) });
	progress_take(&progress, SLICE("\n\n<html>\n{\"id\":1}\n[]\n\xff\n"));
	progress_take(&progress, SLICE("{\"status\":\"Downloading\",\"progressDetail\":"
				       "{\"current\":-5,\"total\":-9},\"id\":\"dddddddddddd\"}\n"));
	for (int at = 0; at < 3 * PROGRESS_LAYERS_MAX; at++) {
		char line[96];

		snprintf(line, sizeof(line), "{\"status\":\"Waiting\",\"id\":\"%012x\"}\n", at);
		progress_take(&progress, slice_of(line));
	}
	progress_tell(&progress, text, sizeof(text));
	assert_string_equal(text, "0 of 64 layers, 0.0 of 0.0 MB");
	assert_string_equal(progress.error, "");
	progress_free(&progress);
}

struct ready_row {
	const char *answer;
	int64_t connections;
};

static const struct ready_row ready_rows[] = {
	{ "{\"status\":200,\"readyConnections\":4,\"connectorId\":\"x\"}", 4 },
	{ "{\"status\":503,\"readyConnections\":0}", 0 },
	{ "{\"status\":200}", -1 },
	{ "{\"readyConnections\":-1}", -1 },
	{ "{\"readyConnections\":\"4\"}", -1 },
	{ "{\"readyConnections\":99999999999999999999}", -1 },
	{ "OK", -1 },
	{ "", -1 },
};

static void
connections_are_counted(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(ready_rows); at++)
		assert_int_equal(ready_connections(slice_of(ready_rows[at].answer)),
		    ready_rows[at].connections);
}

struct version_row {
	const char *metrics;
	const char *version;
};

static const struct version_row version_rows[] = {
	{ "# HELP build_info x\nbuild_info{goversion=\"go1.24\",revision=\"r\",type=\"\","
	  "version=\"2025.9.0\"} 1\nother 2\n",
	    "2025.9.0" },
	{ "build_info{version=\"1\"} 1", "1" },
	{ "build_info{goversion=\"go1.24\"} 1\n", "" },
	{ "x_build_info{version=\"1\"} 1\n", "" },
	{ "build_info{version=\"", "" },
	{ "build_info{version=\"\"} 1\n", "" },
	{ "build_info{version=\"a b\"} 1\n", "" },
	{ "build_info{version=\"\033[1m\"} 1\n", "" },
	{ "build_info{version=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"} "
	  "1\n",
	    "" },
	{ "", "" },
};

static void
the_version_is_found(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(version_rows); at++) {
		char version[VERSION_MAX_BYTES + 1];

		ready_version(slice_of(version_rows[at].metrics), version);
		assert_string_equal(version, version_rows[at].version);
	}
}

static void
waits_double_up_to_a_bound(void **state)
{
	struct backoff backoff = BACKOFF(1000, 60000);
	int64_t expected = 1000;

	(void)state;
	for (int turn = 0; turn < 12; turn++) {
		int64_t wait = backoff_wait_ms(&backoff);

		assert_in_range(wait, expected - expected / 4, expected);
		expected = expected * 2 > 60000 ? 60000 : expected * 2;
	}
	backoff_reset(&backoff);
	assert_in_range(backoff_wait_ms(&backoff), 750, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_make_no_difference),
		cmocka_unit_test(an_error_is_kept),
		cmocka_unit_test(nonsense_is_passed_over),
		cmocka_unit_test(connections_are_counted),
		cmocka_unit_test(the_version_is_found),
		cmocka_unit_test(waits_double_up_to_a_bound),
	};

	return RUN_TESTS(tests);
}
