/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  Its loop: one poll over signals, the workers' channels and log pipes, and the
 * status socket.  Ends of workers come by SIGCHLD: as PID 1 it must reap every child anyway.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log_out.h"
#include "supervisor/check/check.h"
#include "supervisor/slot.h"
#include "supervisor/supervisor.h"

#define LATE_MS 200 /* more than this late, and we did not run */
/* So long before a deadline it wakes up once, so that it is late then if it did not run, and a
   worker that did not run either has so much time left to say something. */
#define PROBE_MS 1000
#define IDLE_MS 30000
#define POLLED_MAX (3 + 2 * PROCESS_COUNT + STATUS_CLIENTS_MAX)

/* What a polled descriptor belongs to. */
enum owner { OWNER_SIGNALS, OWNER_STDERR, OWNER_STATUS, OWNER_CLIENT, OWNER_CONTROL, OWNER_LOG };

struct polled {
	unsigned count;
	struct pollfd fds[POLLED_MAX];
	struct {
		enum owner owner;
		size_t index;
	} owners[POLLED_MAX];
};

static void
add(struct polled *polled, int fd, short events, enum owner owner, size_t index)
{
	if (fd < 0)
		return;
	polled->fds[polled->count] = (struct pollfd){ .fd = fd, .events = events };
	polled->owners[polled->count].owner = owner;
	polled->owners[polled->count].index = index;
	polled->count++;
}

static void
collect(const struct supervisor *supervisor, struct polled *polled)
{
	polled->count = 0;
	add(polled, supervisor->signal_fd, POLLIN, OWNER_SIGNALS, 0);
	add(polled, log_out_waits() ? STDERR_FILENO : -1, POLLOUT, OWNER_STDERR, 0);
	if (clock_ms() >= supervisor->status_again_ms)
		add(polled, supervisor->status_fd, POLLIN, OWNER_STATUS, 0);
	for (size_t at = 0; at < STATUS_CLIENTS_MAX; at++)
		add(polled, supervisor->clients[at].fd, POLLOUT, OWNER_CLIENT, at);
	for_each_worker(process) {
		const struct slot *slot = &supervisor->slots[process];

		if (slot->pid == 0)
			continue;
		add(polled, slot->control.fd,
		    POLLIN | (channel_wants_write(&slot->control) ? POLLOUT : 0), OWNER_CONTROL,
		    process);
		add(polled, slot->log.fd, POLLIN, OWNER_LOG, process);
	}
}

static int
wait_ms(const struct supervisor *supervisor, int64_t now_ms)
{
	int64_t wait = IDLE_MS;

	if (supervisor->check != NULL)
		wait = check_wait_ms(supervisor, now_ms);
	for_each_worker(process) {
		const struct slot *slot = &supervisor->slots[process];
		int64_t until = slot_deadline(slot);

		if (until != INT64_MAX && until - now_ms > PROBE_MS && slot->phase != PHASE_BACKOFF)
			until -= PROBE_MS;
		if (until != INT64_MAX && until - now_ms < wait)
			wait = until - now_ms;
		if (slot->log.repeats > 0 && wait > LOG_REPEAT_MS)
			wait = LOG_REPEAT_MS;
	}
	return wait < 0 ? 0 : (int)wait;
}

/* ---- signals ---- */

static struct slot *
find_slot(struct supervisor *supervisor, pid_t pid)
{
	for_each_worker(process)
		if (supervisor->slots[process].pid == pid)
			return &supervisor->slots[process];
	return NULL;
}

static void
reap(struct supervisor *supervisor)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct slot *slot = find_slot(supervisor, pid);

		/* Others are orphans that PID 1 inherits. */
		if (slot != NULL)
			slot_ended(supervisor, slot, status);
	}
}

static void
take_signal(struct supervisor *supervisor, uint32_t number)
{
	if (number == SIGCHLD)
		reap(supervisor);
	else if (number == SIGHUP)
		reload(supervisor);
	else if (supervisor->stopping)
		stop_now(supervisor);
	else
		stop_begin(supervisor);
}

static void
read_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo signal;

	while (read(supervisor->signal_fd, &signal, sizeof(signal)) == (ssize_t)sizeof(signal))
		take_signal(supervisor, signal.ssi_signo);
}

/* ---- one turn ---- */

static void
serve_control(struct supervisor *supervisor, struct slot *slot, short revents)
{
	/* The same turn may have brought the worker's end, and its successor. */
	if ((revents & POLLOUT) != 0)
		(void)channel_flush(&slot->control);
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		control_read(supervisor, slot);
}

static void
serve(struct supervisor *supervisor, const struct polled *polled, unsigned at)
{
	size_t index = polled->owners[at].index;
	int fd = polled->fds[at].fd;

	switch (polled->owners[at].owner) {
	case OWNER_SIGNALS:
		read_signals(supervisor);
		break;
	case OWNER_STDERR:
		log_out_flush();
		break;
	case OWNER_STATUS:
		status_accept(supervisor);
		break;
	case OWNER_CLIENT:
		if (supervisor->clients[index].fd == fd)
			status_write(supervisor, &supervisor->clients[index]);
		break;
	case OWNER_CONTROL:
		if (supervisor->slots[index].control.fd == fd)
			serve_control(supervisor, &supervisor->slots[index],
			    polled->fds[at].revents);
		break;
	case OWNER_LOG:
		if (supervisor->slots[index].log.fd == fd)
			log_pipe_read(&supervisor->slots[index].log, clock_ms());
		break;
	}
}

/* Time in which we did not run (paused, a slow disk) does not count against a worker. */
static void
forgive(struct supervisor *supervisor, int64_t late_ms)
{
	if (late_ms <= LATE_MS)
		return;
	for_each_worker(process) {
		supervisor->slots[process].started_ms += late_ms;
		supervisor->slots[process].alive_ms += late_ms;
		supervisor->slots[process].stop_by_ms += late_ms;
	}
}

static void
turn(struct supervisor *supervisor)
{
	struct polled polled;
	int64_t before = clock_ms(), after;
	int timeout_ms = wait_ms(supervisor, before);

	collect(supervisor, &polled);
	if (poll(polled.fds, polled.count, timeout_ms) < 0 && errno != EINTR)
		say(LOG_POLL_FAILS, "poll: %s", strerror(errno));
	after = clock_ms();
	forgive(supervisor, after - before - timeout_ms);
	/* The last first: signals, which may end a worker, come after what it still said. */
	for (unsigned at = polled.count; at-- > 0;)
		if (polled.fds[at].revents != 0)
			serve(supervisor, &polled, at);
	forgive(supervisor, clock_ms() - after);
	for_each_worker(process)
		slot_tick(supervisor, &supervisor->slots[process], clock_ms());
	if (supervisor->check != NULL)
		check_tick(supervisor, clock_ms());
}

static bool
is_done(const struct supervisor *supervisor)
{
	if (!supervisor->stopping)
		return false;
	for_each_worker(process)
		if (supervisor->slots[process].phase != PHASE_STOPPED)
			return false;
	return true;
}

int
supervisor_run(struct supervisor *supervisor)
{
	for_each_worker(process) {
		struct slot *slot = &supervisor->slots[process];

		*slot = (struct slot){ .process = process, .log.fd = -1 };
		channel_close(&slot->control);
		if (supervisor->check != NULL)
			check_listen(supervisor->check, slot);
		slot_event(supervisor, slot, EVENT_DUE);
	}
	while (!is_done(supervisor))
		turn(supervisor);
	if (supervisor->check != NULL)
		return check_end(supervisor->check);
	status_close(supervisor);
	say(LOG_STOPPED, "stopped");
	log_out_flush();
	return supervisor->exit_code;
}
