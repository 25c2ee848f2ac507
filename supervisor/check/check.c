/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See check.h: what was found, told line by line on stdout, and the end. */
#include "supervisor/check/check.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log_out.h"
#include "common/printable.h"

#define LINE_BYTES 3500
#define LINES_MAX_BYTES ((size_t)CHECK_FINDINGS_MAX * LINE_BYTES)
#define EXIT_WRONG 1

/* ---- lines ---- */

/* Whoever asked for the check waits for it, so this may wait too; a reader that is gone ends it. */
static void
print(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);
		struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

		if (written < 0 && errno == EAGAIN)
			(void)poll(&out, 1, -1);
		else if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
}

/* "wrong    C207  master    no trusted TLS …: set DOCKFLARE_CA_FILE …" */
static void
add_line(struct buffer *out, enum finding finding, enum process from, const char *text,
    size_t length)
{
	const struct finding_entry *entry = &findings[finding];

	(void)buffer_printf(out, "%-8s %s  %-9s ", check_verdict_names[entry->verdict], entry->id,
	    finding_subject(finding, from));
	printable_add(out, text, length, CHECK_TEXT_BYTES);
	if (entry->remedy != NULL)
		(void)buffer_printf(out, ": %s", entry->remedy);
	(void)buffer_add_text(out, "\n");
}

static void
print_finding(struct check *check, enum finding finding, const char *format, va_list arguments)
{
	struct buffer line _cleanup_buffer_ = BUFFER(LINE_BYTES);
	char text[LINE_BYTES];

	(void)vsnprintf(text, sizeof(text), format, arguments);
	check->counts[findings[finding].verdict]++;
	add_line(&line, finding, PROCESS_SUPERVISOR, text, strlen(text));
	print(line.bytes, line.length);
}

void
check_say(struct check *check, enum finding finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_finding(check, finding, format, arguments);
	va_end(arguments);
}

/* ---- the workers' ---- */

static void
print_held(struct check_worker *worker)
{
	print(worker->lines.bytes, worker->lines.length);
	buffer_free(&worker->lines);
	worker->lines = BUFFER(LINES_MAX_BYTES);
}

/*
 * In the order of the processes, each once it and those before it are done.  name-resolver's come
 * at once: the others' hang on them, and it is through when they are.
 */
static void
print_done(struct check *check)
{
	print_held(&check->workers[PROCESS_NAME_RESOLVER]);
	for_each_worker(process) {
		if (!check->workers[process].done)
			return;
		print_held(&check->workers[process]);
	}
}

/* A line of a worker's log pipe: true if it is a finding, whose id is a row of that worker's. */
static bool
take_line(void *context, const char *line, size_t length)
{
	struct check_worker *worker = context;
	struct check *check = worker->check;
	enum finding finding;

	if (length < LOG_MARK_BYTES ||
	    memcmp(line, log_level_marks[LOG_LEVEL_INFO], LOG_MARK_BYTES) != 0)
		return false;
	finding = finding_of_line(worker->process, line + LOG_MARK_BYTES, length - LOG_MARK_BYTES);
	if (finding == FINDING_COUNT)
		return false;
	if (worker->count == CHECK_FINDINGS_MAX)
		check_say(check, FINDING_TOO_MANY, "%s has over %d findings",
		    processes[worker->process].name, CHECK_FINDINGS_MAX);
	if (worker->count++ >= CHECK_FINDINGS_MAX)
		return true;
	check->counts[findings[finding].verdict]++;
	add_line(&worker->lines, finding, worker->process, line + LOG_MARK_BYTES + LOG_ID_BYTES + 1,
	    length - LOG_MARK_BYTES - LOG_ID_BYTES - 1);
	print_done(check);
	return true;
}

void
check_listen(struct check *check, struct slot *slot)
{
	slot->log.take = take_line;
	slot->log.take_context = &check->workers[slot->process];
}

void
check_state(struct check *check, enum state_file file, const char *why)
{
	if (!check->no_folder)
		check_say(check, FINDING_STATE_UNREADABLE, "%s: %s", state_file_names[file], why);
}

static void
set_done(struct check_worker *worker)
{
	worker->done = true;
	print_done(worker->check);
}

void
check_worker_done(struct supervisor *supervisor, enum process process)
{
	struct slot *slot = &supervisor->slots[process];

	/* What it wrote before it said so is there already. */
	if (slot->log.fd >= 0)
		log_pipe_read(&slot->log, clock_ms());
	set_done(&supervisor->check->workers[process]);
}

void
check_worker_ended(struct supervisor *supervisor, enum process process)
{
	struct check_worker *worker = &supervisor->check->workers[process];

	if (!worker->done)
		check_say(supervisor->check, FINDING_WORKER_ENDED, "%s ended before it was through",
		    processes[process].name);
	set_done(worker);
}

/* ---- beginning and end ---- */

void
check_begin(struct check *check)
{
	*check = (struct check){ 0 };
	for (enum process process = 0; process < PROCESS_COUNT; process++) {
		check->workers[process].check = check;
		check->workers[process].process = process;
		check->workers[process].lines = BUFFER(LINES_MAX_BYTES);
	}
}

int64_t
check_wait_ms(const struct supervisor *supervisor, int64_t now_ms)
{
	int64_t left_ms = supervisor->check->end_ms - now_ms;

	if (supervisor->stopping || left_ms > CHECK_MS)
		return CHECK_MS;
	return left_ms > 0 ? left_ms : 0;
}

void
check_tick(struct supervisor *supervisor, int64_t now_ms)
{
	struct check *check = supervisor->check;
	bool all = true;

	if (supervisor->stopping)
		return;
	for_each_worker(process)
		all = all && check->workers[process].done;
	if (!all && now_ms < check->end_ms)
		return;
	for_each_worker(process)
		if (!check->workers[process].done)
			check_say(check, FINDING_WORKER_LATE, "%s was not through after %d s",
			    processes[process].name, CHECK_MS / 1000);
	stop_begin(supervisor);
}

int
check_end(struct check *check)
{
	char text[128];
	unsigned wrong = check->counts[CHECK_WRONG];
	bool complete = true;

	for_each_worker(process) {
		print_held(&check->workers[process]);
		complete = complete && check->workers[process].done;
		buffer_free(&check->workers[process].lines);
	}
	(void)snprintf(text, sizeof(text), "%u wrong, %u %s, %u ok\n", wrong,
	    check->counts[CHECK_WARNING],
	    check->counts[CHECK_WARNING] == 1 ? "warning" : "warnings", check->counts[CHECK_OK]);
	print(text, strlen(text));
	log_out_flush();
	return wrong > 0 || !complete ? EXIT_WRONG : EXIT_SUCCESS;
}
