/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor in a check: what it prints of workers' lines, who is through, when it ends, and with
 * which status.  Real pipes; stdout is caught; the end of the workers is the test's own.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "supervisor/check/check.h"

#define OUTPUT_MAX_BYTES ((size_t)1024 * 1024)

const enum program supervisor_program = PROGRAM_AGENT;

static unsigned stops;

void
stop_begin(struct supervisor *supervisor)
{
	supervisor->stopping = true;
	stops++;
}

/* ---- a supervisor in a check, and the workers' ends of the log pipes ---- */

static struct check check;
static struct supervisor supervisor;
static int ends[PROCESS_COUNT];
static int stdout_was, stdout_end;

static int
set_up(void **state)
{
	int out[2];

	(void)state;
	stops = 0;
	check_begin(&check);
	check.end_ms = 1000 + CHECK_MS;
	supervisor = (struct supervisor){ .check = &check };
	for_each_worker(process) {
		struct slot *slot = &supervisor.slots[process];
		int pipes[2];

		if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) != 0)
			return -1;
		slot->process = process;
		log_pipe_open(&slot->log, pipes[0], process);
		check_listen(&check, slot);
		ends[process] = pipes[1];
	}
	fflush(stdout);
	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) != 0 ||
	    fcntl(out[1], F_SETPIPE_SZ, OUTPUT_MAX_BYTES) < 0)
		return -1;
	stdout_was = dup(STDOUT_FILENO);
	stdout_end = out[0];
	if (dup2(out[1], STDOUT_FILENO) != STDOUT_FILENO)
		return -1;
	close(out[1]);
	return 0;
}

static void
take_output(struct buffer *text)
{
	char bytes[8192];
	ssize_t got;

	buffer_clear(text);
	while ((got = read(stdout_end, bytes, sizeof(bytes))) > 0)
		assert_int_equal(buffer_add(text, bytes, (size_t)got), 0);
	assert_int_equal(buffer_add(text, "", 1), 0);
}

static int
tear_down(void **state)
{
	(void)state;
	for_each_worker(process) {
		struct slot *slot = &supervisor.slots[process];

		close(ends[process]);
		log_pipe_close(&slot->log, 1);
		buffer_free(&slot->log.line);
		buffer_free(&slot->log.last);
		buffer_free(&check.workers[process].lines);
	}
	(void)dup2(stdout_was, STDOUT_FILENO);
	close(stdout_was);
	close(stdout_end);
	return 0;
}

static void
say_as(enum process process, const char *line)
{
	assert_int_equal(write(ends[process], line, strlen(line)), (ssize_t)strlen(line));
	log_pipe_read(&supervisor.slots[process].log, 1);
}

static void
expect_output(const char *expected)
{
	struct buffer text _cleanup_buffer_ = BUFFER(OUTPUT_MAX_BYTES);

	take_output(&text);
	assert_string_equal(text.bytes, expected);
}

static void
all_done(void)
{
	for_each_worker(process)
		check_worker_done(&supervisor, process);
}

/* ---- the tests ---- */

static void
a_good_check_ends_with_zero(void **state)
{
	(void)state;
	check_say(&check, FINDING_DATA_GOOD, "%s can be written", "/app/data");
	say_as(PROCESS_MASTER_LINK, "<1>C230 the master takes the key\n");
	check_tick(&supervisor, 1001);
	assert_int_equal(stops, 0);
	all_done();
	check_tick(&supervisor, 1002);
	assert_int_equal(stops, 1);
	assert_int_equal(check_end(&check), 0);
	expect_output("ok       C020  data      /app/data can be written\n"
		      "ok       C230  master    the master takes the key\n"
		      "0 wrong, 0 warnings, 2 ok\n");
}

static void
groups_stand_together_and_names_come_first(void **state)
{
	(void)state;
	say_as(PROCESS_TUNNEL_KEEPER, "<1>C510 network a is there\n");
	say_as(PROCESS_DOCKER_WATCHER, "<1>C400 2 enabled containers\n");
	check_worker_done(&supervisor, PROCESS_TUNNEL_KEEPER);
	check_worker_done(&supervisor, PROCESS_NAME_RESOLVER);
	say_as(PROCESS_MASTER_LINK, "<1>C230 the master takes the key\n");
	expect_output("");
	say_as(PROCESS_NAME_RESOLVER, "<1>C100 master has 10.0.0.1\n");
	check_worker_done(&supervisor, PROCESS_MASTER_LINK);
	expect_output("ok       C100  names     master has 10.0.0.1\n"
		      "ok       C230  master    the master takes the key\n");
	check_worker_done(&supervisor, PROCESS_DOCKER_WATCHER);
	expect_output("ok       C400  docker    2 enabled containers\n"
		      "ok       C510  tunnel    network a is there\n");
}

static void
what_is_wrong_has_its_remedy(void **state)
{
	(void)state;
	say_as(PROCESS_MASTER_LINK, "<1>C207 no trusted TLS\n");
	say_as(PROCESS_MASTER_LINK, "<1>C221 60 s ahead\n");
	all_done();
	assert_int_equal(check_end(&check), 1);
	expect_output("wrong    C207  master    no trusted TLS: set DOCKFLARE_CA_FILE to the PEM "
		      "file of that authority\n"
		      "warning  C221  master    60 s ahead: let both machines take their time from "
		      "a time server\n"
		      "1 wrong, 1 warning, 0 ok\n");
}

static void
a_worker_says_only_what_is_its_own(void **state)
{
	(void)state;
	say_as(PROCESS_DOCKER_WATCHER, "<1>C230 the master takes the key\n");
	say_as(PROCESS_DOCKER_WATCHER, "<1>C020 the data folder is good\n");
	say_as(PROCESS_DOCKER_WATCHER, "C400 without a mark\n");
	say_as(PROCESS_DOCKER_WATCHER, "<4>C400 another mark\n");
	say_as(PROCESS_DOCKER_WATCHER, "ok       C001  settings  every setting is good\n");
	say_as(PROCESS_DOCKER_WATCHER, "<1>C400 a\x1b[2K\rb \xe2\x80\xae c\n");
	all_done();
	assert_int_equal(check_end(&check), 0);
	expect_output("ok       C400  docker    a\\x1b[2K\\x0db \\xe2\\x80\\xae c\n"
		      "0 wrong, 0 warnings, 1 ok\n");
}

static void
a_worker_that_says_too_much_is_cut(void **state)
{
	struct buffer text _cleanup_buffer_ = BUFFER(OUTPUT_MAX_BYTES);
	const char *at;
	unsigned lines = 0;

	(void)state;
	/* The same line again is no repeat that is summed up, and no rate is held against it. */
	for (int times = 0; times < CHECK_FINDINGS_MAX + 50; times++)
		say_as(PROCESS_DOCKER_WATCHER, "<1>C400 none\n");
	all_done();
	assert_int_equal(check_end(&check), 1);
	take_output(&text);
	for (at = text.bytes; (at = strstr(at, "C400  docker    none\n")) != NULL; at++)
		lines++;
	assert_int_equal(lines, CHECK_FINDINGS_MAX);
	at = strstr(text.bytes, "C042");
	assert_non_null(at);
	assert_null(strstr(at + 1, "C042"));
}

static void
a_worker_that_ends_is_wrong(void **state)
{
	(void)state;
	all_done();
	check_worker_ended(&supervisor, PROCESS_MASTER_LINK);
	expect_output("");
	check.workers[PROCESS_TUNNEL_KEEPER].done = false;
	check_worker_ended(&supervisor, PROCESS_TUNNEL_KEEPER);
	check_tick(&supervisor, 1001);
	assert_int_equal(stops, 1);
	assert_int_equal(check_end(&check), 1);
	expect_output(
	    "wrong    C040  agent     tunnel-keeper ended before it was through: the lines "
	    "on stderr say why; with SANDBOX_LOG=true they name a denied system call\n"
	    "1 wrong, 0 warnings, 0 ok\n");
}

static void
nobody_is_waited_for_longer(void **state)
{
	(void)state;
	check_worker_done(&supervisor, PROCESS_NAME_RESOLVER);
	check_worker_done(&supervisor, PROCESS_DOCKER_WATCHER);
	check_worker_done(&supervisor, PROCESS_MASTER_LINK);
	assert_int_equal(check_wait_ms(&supervisor, 1000), CHECK_MS);
	assert_int_equal(check_wait_ms(&supervisor, 30999), 1);
	check_tick(&supervisor, 30999);
	assert_int_equal(stops, 0);
	assert_int_equal(check_wait_ms(&supervisor, 31001), 0);
	check_tick(&supervisor, 31000);
	check_tick(&supervisor, 31000);
	assert_int_equal(stops, 1);
	assert_int_equal(check_end(&check), 1);
	expect_output(
	    "wrong    C041  agent     tunnel-keeper was not through after 30 s: see to what "
	    "it said as wrong, and check again\n"
	    "1 wrong, 0 warnings, 0 ok\n");
}

static void
a_check_that_is_stopped_is_no_good_one(void **state)
{
	(void)state;
	check_worker_done(&supervisor, PROCESS_MASTER_LINK);
	supervisor.stopping = true;
	check_tick(&supervisor, 31000);
	assert_int_equal(stops, 0);
	assert_int_equal(check_end(&check), 1);
	expect_output("0 wrong, 0 warnings, 0 ok\n");
}

static void
a_folder_that_is_closed_is_told_once(void **state)
{
	(void)state;
	check_state(&check, STATE_AGENT_ID, "Permission denied");
	check.no_folder = true;
	check_state(&check, STATE_TUNNEL, "Bad file descriptor");
	expect_output("wrong    C025  data      agent_id.txt: Permission denied: chown 65532:65532 "
		      "it, mode 0600; or remove it, and the agent starts without it\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_good_check_ends_with_zero),
		TEST(groups_stand_together_and_names_come_first),
		TEST(what_is_wrong_has_its_remedy),
		TEST(a_worker_says_only_what_is_its_own),
		TEST(a_worker_that_says_too_much_is_cut),
		TEST(a_worker_that_ends_is_wrong),
		TEST(nobody_is_waited_for_longer),
		TEST(a_check_that_is_stopped_is_no_good_one),
		TEST(a_folder_that_is_closed_is_told_once),
	};

	return RUN_TESTS(tests);
}
