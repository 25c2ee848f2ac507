/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker's log on its way to the agent's: no line is forged, torn or deceiving, no flood passes. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "common/buffer.h"
#include "common/log_out.h"
#include "common/log_pipe.h"
#include "common/rate.h"

#define PIPE_BYTES (1024 * 1024)
#define CAPTURED_MAX_BYTES (2 * 1024 * 1024)

/* ---- rates ---- */

static void
a_bucket_fills_and_empties(void **state)
{
	struct rate rate = { 0 };

	(void)state;
	for (int at = 0; at < 3; at++)
		assert_true(rate_allows(&rate, 1000, 3, 2));
	assert_false(rate_allows(&rate, 1000, 3, 2));
	assert_false(rate_allows(&rate, 1499, 3, 2));
	assert_true(rate_allows(&rate, 1500, 3, 2));
	assert_false(rate_allows(&rate, 1500, 3, 2));
	/* However long it was, no more than the burst is there. */
	for (int at = 0; at < 3; at++)
		assert_true(rate_allows(&rate, 1000000, 3, 2));
	assert_false(rate_allows(&rate, 1000000, 3, 2));
}

/* ---- stderr, caught ---- */

struct caught {
	int stderr_was;
	int pipe_end;
};

static struct caught
catch_stderr(int pipe_bytes)
{
	struct caught caught;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes) >= 0);
	caught.stderr_was = dup(STDERR_FILENO);
	caught.pipe_end = ends[0];
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	return caught;
}

static void
add_caught(struct buffer *text, const struct caught *caught)
{
	char bytes[8192];
	ssize_t got;

	while ((got = read(caught->pipe_end, bytes, sizeof(bytes))) > 0)
		assert_int_equal(buffer_add(text, bytes, (size_t)got), 0);
}

/* Everything that was told; stderr is as before. */
static void
release_stderr(struct buffer *text, const struct caught *caught)
{
	(void)dup2(caught->stderr_was, STDERR_FILENO);
	close(caught->stderr_was);
	add_caught(text, caught);
	close(caught->pipe_end);
}

/* The lines without their times. */
static void
drop_times(struct buffer *text)
{
	struct buffer lines _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	const char *at = text->length > 0 ? text->bytes : "";

	while (*at != '\0') {
		size_t time = strcspn(at, " \n"), whole = strcspn(at, "\n");

		assert_int_equal(at[time], ' ');
		assert_int_equal(at[whole], '\n');
		assert_int_equal(buffer_add(&lines, at + time + 1, whole - time), 0);
		at += whole + 1;
	}
	buffer_clear(text);
	assert_int_equal(buffer_add(text, lines.length > 0 ? lines.bytes : "", lines.length), 0);
}

/* ---- a worker's pipe ---- */

struct worker {
	struct log_pipe pipe;
	int stderr_end;
};

static struct worker
start_worker(void)
{
	struct worker worker = { 0 };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	worker.stderr_end = ends[1];
	log_pipe_open(&worker.pipe, ends[0], PROCESS_MASTER_LINK);
	return worker;
}

static void
say_as(struct worker *worker, struct slice bytes, int64_t now_ms)
{
	assert_int_equal(write(worker->stderr_end, bytes.bytes, bytes.length), bytes.length);
	log_pipe_read(&worker->pipe, now_ms);
}

static void
end_worker(struct worker *worker, int64_t now_ms)
{
	close(worker->stderr_end);
	log_pipe_close(&worker->pipe, now_ms);
	buffer_free(&worker->pipe.line);
	buffer_free(&worker->pipe.last);
}

struct row {
	const char *what;
	struct slice bytes;
	const char *lines; /* without times */
};

static const struct row rows[] = {
	{ "no mark", SLICE("hello\n"), "---- INFO master-link: hello\n" },
	{ "DEBUG", SLICE("<0>x\n"), "---- DEBUG master-link: x\n" },
	{ "INFO", SLICE("<1>x\n"), "---- INFO master-link: x\n" },
	{ "WARNING", SLICE("<2>x\n"), "---- WARNING master-link: x\n" },
	{ "ERROR", SLICE("<3>x\n"), "---- ERROR master-link: x\n" },
	{ "CRITICAL", SLICE("<4>x\n"), "---- CRITICAL master-link: x\n" },
	{ "no such mark", SLICE("<5>x\n"), "---- INFO master-link: <5>x\n" },
	{ "half a mark", SLICE("<4\n"), "---- INFO master-link: <4\n" },
	{ "a mark only", SLICE("<2>\n"), "---- WARNING master-link: \n" },
	{ "a mark behind a blank", SLICE(" <4>x\n"), "---- INFO master-link:  <4>x\n" },
	{ "a mark inside", SLICE("a<4>b\n"), "---- INFO master-link: a<4>b\n" },
	{ "two marks", SLICE("<0><4>x\n"), "---- DEBUG master-link: <4>x\n" },
	{ "an event", SLICE("<2>L010 x\n"), "L010 WARNING master-link: x\n" },
	{ "an event without a mark", SLICE("L010 x\n"), "L010 INFO master-link: x\n" },
	{ "another worker's event", SLICE("<2>D002 x\n"), "---- WARNING master-link: D002 x\n" },
	{ "the supervisor's event", SLICE("<4>S004 x\n"), "---- CRITICAL master-link: S004 x\n" },
	{ "two lines", SLICE("<2>a\n<3>b\n"),
	    "---- WARNING master-link: a\n---- ERROR master-link: b\n" },
	{ "empty lines", SLICE("\n\n\n"), "" },
	{ "a line that was not ended", SLICE("<2>last words"),
	    "---- WARNING master-link: last words\n" },
	{ "a forged line", SLICE("2026-01-02T03:04:05 CRITICAL supervisor: lies\n"),
	    "---- INFO master-link: 2026-01-02T03:04:05 CRITICAL supervisor: lies\n" },
	{ "a carriage return", SLICE("a\r<4>b\n"), "---- INFO master-link: a\\x0d<4>b\n" },
	{ "a tab", SLICE("a\tb\n"), "---- INFO master-link: a\\x09b\n" },
	{ "NUL", SLICE("a\0b\n"), "---- INFO master-link: a\\x00b\n" },
	{ "a terminal's escape", SLICE("\x1b[2J\n"), "---- INFO master-link: \\x1b[2J\n" },
	{ "backspace and DEL", SLICE("a\b\x7f\n"), "---- INFO master-link: a\\x08\\x7f\n" },
	{ "UTF-8", SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n"),
	    "---- INFO master-link: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n" },
	{ "no UTF-8", SLICE("\xff\xc0\xaf\xed\xa0\x80z\n"),
	    "---- INFO master-link: \\xff\\xc0\\xaf\\xed\\xa0\\x80z\n" },
	{ "a sequence that is cut", SLICE("\xe2\x82\n"), "---- INFO master-link: \\xe2\\x82\n" },
	{ "the first of C1", SLICE("\xc2\x80\n"), "---- INFO master-link: \\xc2\\x80\n" },
	{ "CSI of C1",
	    SLICE("\xc2\x9b"
		  "2J\n"),
	    "---- INFO master-link: \\xc2\\x9b2J\n" },
	{ "behind C1", SLICE("\xc2\xa0\n"), "---- INFO master-link: \xc2\xa0\n" },
	{ "U+061C", SLICE("\xd8\x9c\n"), "---- INFO master-link: \\xd8\\x9c\n" },
	{ "U+200D", SLICE("\xe2\x80\x8d\n"), "---- INFO master-link: \xe2\x80\x8d\n" },
	{ "U+200E", SLICE("\xe2\x80\x8e\n"), "---- INFO master-link: \\xe2\\x80\\x8e\n" },
	{ "U+200F", SLICE("\xe2\x80\x8f\n"), "---- INFO master-link: \\xe2\\x80\\x8f\n" },
	{ "U+2010", SLICE("\xe2\x80\x90\n"), "---- INFO master-link: \xe2\x80\x90\n" },
	{ "U+2027", SLICE("\xe2\x80\xa7\n"), "---- INFO master-link: \xe2\x80\xa7\n" },
	{ "U+2028", SLICE("\xe2\x80\xa8\n"), "---- INFO master-link: \\xe2\\x80\\xa8\n" },
	{ "U+202A", SLICE("\xe2\x80\xaa\n"), "---- INFO master-link: \\xe2\\x80\\xaa\n" },
	{ "U+202E",
	    SLICE("a\xe2\x80\xae"
		  "b\n"),
	    "---- INFO master-link: a\\xe2\\x80\\xaeb\n" },
	{ "U+202F", SLICE("\xe2\x80\xaf\n"), "---- INFO master-link: \xe2\x80\xaf\n" },
	{ "U+2065", SLICE("\xe2\x81\xa5\n"), "---- INFO master-link: \xe2\x81\xa5\n" },
	{ "U+2066", SLICE("\xe2\x81\xa6\n"), "---- INFO master-link: \\xe2\\x81\\xa6\n" },
	{ "U+2069", SLICE("\xe2\x81\xa9\n"), "---- INFO master-link: \\xe2\\x81\\xa9\n" },
	{ "U+206A", SLICE("\xe2\x81\xaa\n"), "---- INFO master-link: \xe2\x81\xaa\n" },
};

static void
lines_are_escaped_and_marked(void **state)
{
	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
		struct worker worker = start_worker();
		struct caught caught = catch_stderr(PIPE_BYTES);

		say_as(&worker, rows[at].bytes, 1000);
		end_worker(&worker, 1000);
		release_stderr(&told, &caught);
		drop_times(&told);
		if (strcmp(told.bytes, rows[at].lines) != 0)
			fail_msg("%s: %s", rows[at].what, told.bytes);
	}
}

/* The message of a line of JSON, with what else stands in it; fails the test if it is none. */
static const char *
message_of(json_object *line)
{
	json_object *member;
	const char *message;

	assert_int_equal(json_object_object_length(line), 5);
	assert_true(json_object_object_get_ex(line, "worker", &member));
	assert_string_equal(json_object_get_string(member), "master-link");
	assert_true(json_object_object_get_ex(line, "message", &member));
	message = json_object_get_string(member);
	assert_int_equal(strlen(message), json_object_get_string_len(member));
	return message;
}

/* Puts a line of JSON into the form of the text log. */
static void
add_as_text(struct buffer *out, const char *line, size_t length)
{
	struct json_tokener *tokener = json_tokener_new();
	json_object *object, *level, *event;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, line, (int)length + 1);
	assert_non_null(object);
	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	assert_true(json_object_object_get_ex(object, "level", &level));
	assert_true(json_object_object_get_ex(object, "event", &event));
	assert_int_equal(buffer_printf(out, "%s %s master-link: %s\n",
			     event == NULL ? LOG_ID_NONE : json_object_get_string(event),
			     json_object_get_string(level), message_of(object)),
	    0);
	json_object_put(object);
	json_tokener_free(tokener);
}

static void
json_says_the_same(void **state)
{
	(void)state;
	log_out_format("json");
	for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
		struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
		struct buffer text _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
		struct worker worker = start_worker();
		struct caught caught = catch_stderr(PIPE_BYTES);

		say_as(&worker, rows[at].bytes, 1000);
		end_worker(&worker, 1000);
		release_stderr(&told, &caught);
		for (char *line = told.bytes; line != NULL && *line != '\0';) {
			size_t length = strcspn(line, "\n");

			assert_int_equal(line[length], '\n');
			line[length] = '\0';
			add_as_text(&text, line, length);
			line += length + 1;
		}
		if (strcmp(text.length > 0 ? text.bytes : "", rows[at].lines) != 0)
			fail_msg("%s: %s", rows[at].what, text.bytes);
	}
	log_out_format(NULL);
}

/* Where each byte becomes two the line still fits, and is whole. */
static void
a_long_line_of_json_is_cut(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct buffer text _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);
	static char bytes[LOG_LINE_BYTES];

	(void)state;
	log_out_format("json");
	memset(bytes, '"', sizeof(bytes));
	say_as(&worker, (struct slice){ bytes, sizeof(bytes) }, 1000);
	end_worker(&worker, 1000);
	release_stderr(&told, &caught);
	log_out_format(NULL);
	assert_true(told.length <= PIPE_BUF);
	told.bytes[told.length - 1] = '\0';
	add_as_text(&text, told.bytes, told.length - 1);
	assert_true(strspn(text.bytes + strlen("---- INFO master-link: "), "\"") >= 1890);
}

static void
lines_are_not_torn(void **state)
{
	static const char text[] = "<3>one \xc3\xa9\n<2>two\n";
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);

	(void)state;
	for (size_t at = 0; at < sizeof(text) - 1; at++)
		say_as(&worker, (struct slice){ text + at, 1 }, 1000);
	end_worker(&worker, 1000);
	release_stderr(&told, &caught);
	drop_times(&told);
	assert_string_equal(told.bytes,
	    "---- ERROR master-link: one \xc3\xa9\n---- WARNING master-link: two\n");
}

/* What a worker writes until its end does not begin the next one's first line. */
static void
lines_do_not_outlive_their_worker(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);
	int ends[2];

	(void)state;
	say_as(&worker, SLICE("half a "), 1000);
	close(worker.stderr_end);
	log_pipe_close(&worker.pipe, 1000);
	assert_int_equal(worker.pipe.fd, -1);
	log_pipe_close(&worker.pipe, 1000);
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	log_pipe_open(&worker.pipe, ends[0], PROCESS_MASTER_LINK);
	worker.stderr_end = ends[1];
	say_as(&worker, SLICE("<4>line\n"), 1000);
	end_worker(&worker, 1000);
	release_stderr(&told, &caught);
	drop_times(&told);
	assert_string_equal(told.bytes,
	    "---- INFO master-link: half a \n---- CRITICAL master-link: line\n");
}

/* A worker that closes its stderr and lives on: poll(2) would report its end for ever. */
static void
an_ended_pipe_is_closed(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);
	int fd;

	(void)state;
	say_as(&worker, SLICE("last words"), 1000);
	close(worker.stderr_end);
	log_pipe_read(&worker.pipe, 1000);
	fd = worker.pipe.fd;
	worker.stderr_end = -1;
	end_worker(&worker, 1000);
	release_stderr(&told, &caught);
	assert_int_equal(fd, -1);
	drop_times(&told);
	assert_string_equal(told.bytes, "---- INFO master-link: last words\n");
}

static void
a_long_line_is_cut(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);
	static char bytes[3 * LOG_LINE_BYTES];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	/* Where a second line would begin if it were broken up instead. */
	memcpy(bytes + LOG_LINE_BYTES, "<4>forged", 9);
	say_as(&worker, (struct slice){ bytes, sizeof(bytes) }, 1000);
	say_as(&worker, SLICE("\n<2>next\n"), 1000);
	end_worker(&worker, 1000);
	release_stderr(&told, &caught);
	drop_times(&told);
	assert_int_equal(strspn(told.bytes + strlen("---- INFO master-link: "), "a"),
	    LOG_LINE_BYTES);
	assert_string_equal(told.bytes + strlen("---- INFO master-link: ") + LOG_LINE_BYTES,
	    "\n---- WARNING master-link: next\n");
}

static void
an_escaped_line_fits_one_write(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);
	char bytes[LOG_LINE_BYTES];

	(void)state;
	memset(bytes, '\x01', sizeof(bytes));
	bytes[sizeof(bytes) - 1] = '\n';
	say_as(&worker, (struct slice){ bytes, sizeof(bytes) }, 1000);
	end_worker(&worker, 1000);
	release_stderr(&told, &caught);
	assert_true(told.length < PIPE_BUF);
	assert_int_equal(strcspn(told.bytes, "\n"), told.length - 1);
	assert_non_null(strstr(told.bytes, "\\x01\\x01\n"));
}

/* ---- floods ---- */

static size_t
count_lines(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		count++;
	return count;
}

static void
a_flood_is_bounded(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);
	int64_t dropped;

	(void)state;
	for (unsigned line = 0; line < 5 * LOG_LINES_BURST; line++) {
		char text[32];
		int length = snprintf(text, sizeof(text), "line %u\n", line);

		say_as(&worker, (struct slice){ text, (size_t)length }, 1000);
	}
	say_as(&worker, SLICE("later 1\nlater 2\n"), 1100);
	dropped = worker.pipe.dropped_in_all;
	end_worker(&worker, 1100);
	release_stderr(&told, &caught);
	drop_times(&told);
	assert_int_equal(count_lines(told.bytes, "master-link: line "), LOG_LINES_BURST);
	assert_non_null(strstr(told.bytes,
	    "S051 WARNING master-link: (800 lines dropped: too many a "
	    "second)\n---- INFO master-link: later 1\n---- INFO master-link: later 2\n"));
	assert_int_equal(dropped, 4 * LOG_LINES_BURST);
}

/* Three seconds of it: what says how much was left out is no flood of its own. */
static void
what_was_dropped_is_told_once_a_second(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);

	(void)state;
	for (unsigned line = 0; line < 3000; line++) {
		char text[32];
		int length = snprintf(text, sizeof(text), "line %u\n", line);

		say_as(&worker, (struct slice){ text, (size_t)length }, 1000 + line);
	}
	end_worker(&worker, 4000);
	release_stderr(&told, &caught);
	assert_in_range(count_lines(told.bytes, "lines dropped"), 3, 4);
	assert_int_equal(count_lines(told.bytes, "master-link: line ") +
			     (size_t)worker.pipe.dropped_in_all,
	    3000);
}

static void
what_was_dropped_is_told_at_the_end(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);

	(void)state;
	for (unsigned line = 0; line < LOG_LINES_BURST + 1; line++) {
		char text[32];
		int length = snprintf(text, sizeof(text), "line %u\n", line);

		say_as(&worker, (struct slice){ text, (size_t)length }, 1000);
	}
	end_worker(&worker, 1000);
	release_stderr(&told, &caught);
	assert_non_null(strstr(told.bytes, "master-link: (1 lines dropped"));
}

static void
repeats_are_summed_up(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct worker worker = start_worker();
	struct caught caught = catch_stderr(PIPE_BYTES);

	(void)state;
	for (unsigned line = 0; line < 10 * LOG_LINES_BURST; line++)
		say_as(&worker, SLICE("<2>same\n"), 1000);
	log_pipe_tick(&worker.pipe, 1000 + LOG_REPEAT_MS - 1);
	say_as(&worker, SLICE("<2>same\n"), 1000 + LOG_REPEAT_MS - 1);
	log_pipe_tick(&worker.pipe, 1000 + LOG_REPEAT_MS);
	log_pipe_tick(&worker.pipe, 1000 + 2 * LOG_REPEAT_MS);
	say_as(&worker, SLICE("<2>same\n<3>same\n<3>same\n"), 1000 + 2 * LOG_REPEAT_MS);
	end_worker(&worker, 1000 + 2 * LOG_REPEAT_MS);
	release_stderr(&told, &caught);
	drop_times(&told);
	assert_string_equal(told.bytes, "---- WARNING master-link: same\n"
					"S050 INFO master-link: (the last line 2000 times more)\n"
					"S050 INFO master-link: (the last line 1 times more)\n"
					"---- ERROR master-link: same\n"
					"S050 INFO master-link: (the last line 1 times more)\n");
}

/* ---- the agent's own log ---- */

static void
times_are_told_with_their_zone(void **state)
{
	static const char like[] =
	    "0000-00-00T00:00:00.000+05:30 S026 WARNING supervisor: hello 1\n";
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct caught caught = catch_stderr(PIPE_BYTES);

	(void)state;
	setenv("TZ", "IST-5:30", 1);
	tzset();
	say(LOG_WORKER_LATE, "hello %d", 1);
	unsetenv("TZ");
	tzset();
	release_stderr(&told, &caught);
	assert_int_equal(told.length, strlen(like));
	for (size_t at = 0; like[at] != '\0'; at++)
		if (like[at] != '0' || at > 23)
			assert_int_equal(told.bytes[at], like[at]);
}

static void
low_levels_are_left_out(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct caught caught = catch_stderr(PIPE_BYTES);

	(void)state;
	say(LOG_STARTED, "one");
	log_out_set("ERROR", NULL);
	say(LOG_WORKER_LATE, "two");
	say(LOG_WORKER_DIED, "three");
	log_out_set("DEBUG", NULL);
	say(LOG_STOPPED, "four");
	log_out_set("INFO", NULL);
	release_stderr(&told, &caught);
	drop_times(&told);
	assert_string_equal(told.bytes, "S001 INFO supervisor: one\nS021 ERROR supervisor: three\n"
					"S012 INFO supervisor: four\n");
}

/* Says lines that nobody reads, more than the queue holds. */
static unsigned
say_too_much(void)
{
	unsigned lines = 0;

	for (; lines < 2000; lines++)
		say(LOG_STARTED, "%04u %0200u", lines, 0);
	return lines;
}

static void
nobody_is_waited_for(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct caught caught = catch_stderr(PIPE_BUF);
	bool waited, waits;
	unsigned said = say_too_much(), lost = 0;
	const char *note;

	(void)state;
	waited = log_out_waits();
	for (unsigned turn = 0; turn < 1000; turn++) {
		log_out_flush();
		add_caught(&told, &caught);
	}
	say(LOG_STARTED, "the end");
	waits = log_out_waits();
	release_stderr(&told, &caught);
	assert_true(waited);
	assert_false(waits);
	/* Whole lines, and how many are missing. */
	for (note = told.bytes; (note = strstr(note, " S052 WARNING supervisor: ")) != NULL;
	     note++) {
		lost += (unsigned)strtoul(note + strlen(" S052 WARNING supervisor: "), NULL, 10);
		assert_non_null(strstr(note, " lines lost: stderr was not read\n"));
	}
	assert_int_equal(count_lines(told.bytes, " S001 INFO supervisor: 0") +
			     count_lines(told.bytes, " S001 INFO supervisor: 1"),
	    said - lost);
	assert_non_null(strstr(told.bytes, "the end\n"));
}

/* Where the reader has gone, a full pipe never takes a byte again, and poll(2) says so at once. */
static void
a_reader_that_is_gone_ends_the_queue(void **state)
{
	struct buffer told _cleanup_buffer_ = BUFFER(CAPTURED_MAX_BYTES);
	struct caught caught = catch_stderr(PIPE_BUF);
	bool waited, waits;

	(void)state;
	say_too_much();
	waited = log_out_waits();
	close(caught.pipe_end);
	log_out_flush();
	waits = log_out_waits();
	/* For release_stderr. */
	caught.pipe_end = open("/dev/null", O_RDONLY | O_CLOEXEC);
	release_stderr(&told, &caught);
	assert_true(waited);
	assert_false(waits);
}

static int
ignore_sigpipe(void **state)
{
	(void)state;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_fills_and_empties),
		cmocka_unit_test(lines_are_escaped_and_marked),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(a_long_line_of_json_is_cut),
		cmocka_unit_test(lines_are_not_torn),
		cmocka_unit_test(lines_do_not_outlive_their_worker),
		cmocka_unit_test(an_ended_pipe_is_closed),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(an_escaped_line_fits_one_write),
		cmocka_unit_test(a_flood_is_bounded),
		cmocka_unit_test(what_was_dropped_is_told_at_the_end),
		cmocka_unit_test(what_was_dropped_is_told_once_a_second),
		cmocka_unit_test(repeats_are_summed_up),
		cmocka_unit_test(times_are_told_with_their_zone),
		cmocka_unit_test(low_levels_are_left_out),
		cmocka_unit_test(nobody_is_waited_for),
		cmocka_unit_test(a_reader_that_is_gone_ends_the_queue),
	};

	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
