/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor.  See slot.h. */
#include "supervisor/slot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/log_out.h"
#include "supervisor/check/check.h"

#define STOP_FIRST_MS 6700 /* tunnel-keeper: Docker stops the container within 6 s */
#define STOP_OTHERS_MS 600

void
slot_kill(struct slot *slot)
{
	slot->killed = true;
	/* Not reaped yet, so the number is still this process's. */
	if (slot->pid > 0)
		kill(slot->pid, SIGKILL);
}

/* ---- what the table calls ---- */

static void
on_start(struct supervisor *supervisor, struct slot *slot)
{
	int error = spawn_worker(supervisor, slot);

	if (error != 0 && error != slot->start_error)
		say(LOG_WORKER_UNSTARTED, "%s can't be started: %s; trying again",
		    processes[slot->process].name, strerror(-error));
	slot->start_error = error;
	if (error != 0)
		slot_event(supervisor, slot, EVENT_FAILED);
}

static void
on_confined(struct supervisor *supervisor, struct slot *slot)
{
	char since[48] = "";

	slot->ready_ms = slot->alive_ms = clock_ms();
	hand_over(supervisor, slot);
	if (slot->died_ms != 0)
		snprintf(since, sizeof(since), ", %lld ms after its end",
		    (long long)(clock_ms() - slot->died_ms));
	say(LOG_WORKER_READY, "%s is ready (pid %d, %lld ms%s)", processes[slot->process].name,
	    slot->pid, (long long)(clock_ms() - slot->started_ms), since);
}

static void
on_kill(struct supervisor *supervisor, struct slot *slot)
{
	(void)supervisor;
	slot_kill(slot);
}

static void
on_silence(struct supervisor *supervisor, struct slot *slot)
{
	(void)supervisor;
	say(LOG_WORKER_SILENT, "%s gives no sign of life: replacing it",
	    processes[slot->process].name);
	slot_kill(slot);
}

/* Doubles from 100 ms to 30 s; each delay loses up to a quarter at random. */
static int64_t
next_delay(struct slot *slot)
{
	int64_t delay;

	if (slot->ready_ms != 0 && slot->died_ms - slot->ready_ms >= HEALTHY_MS) {
		slot->backoff_ms = 0;
		return 0;
	}
	slot->backoff_ms = slot->backoff_ms == 0 ? BACKOFF_FIRST_MS : slot->backoff_ms * 2;
	if (slot->backoff_ms > BACKOFF_MAX_MS)
		slot->backoff_ms = BACKOFF_MAX_MS;
	delay = slot->backoff_ms;
	return delay - clock_jitter(delay / 4);
}

/* In a check nobody is started again. */
static bool
ends_check(struct supervisor *supervisor, struct slot *slot)
{
	if (supervisor->check == NULL)
		return false;
	slot->phase = PHASE_STOPPED;
	check_worker_ended(supervisor, slot->process);
	return true;
}

static void
on_end(struct supervisor *supervisor, struct slot *slot)
{
	int64_t delay;

	if (ends_check(supervisor, slot))
		return;
	slot->died_ms = clock_ms();
	delay = next_delay(slot);
	slot->due_ms = slot->died_ms + delay;
	slot->restarts++;
	if (delay > 0)
		say(LOG_WORKER_WAITS, "%s: restarting in %lld ms", processes[slot->process].name,
		    (long long)delay);
	else
		slot_event(supervisor, slot, EVENT_DUE);
}

static void
on_failed(struct supervisor *supervisor, struct slot *slot)
{
	if (ends_check(supervisor, slot))
		return;
	/* How well its predecessor was is no reason to try again at once, and at once again. */
	slot->ready_ms = 0;
	slot->due_ms = clock_ms() + next_delay(slot);
}

static void
on_stop(struct supervisor *supervisor, struct slot *slot)
{
	(void)supervisor;
	slot->stop_by_ms = clock_ms() + (processes[slot->process].stop_order == 0 ? STOP_FIRST_MS :
										    STOP_OTHERS_MS);
	send_text(slot, "{\"type\":\"shutdown\"}", -1);
}

static void
on_stop_overdue(struct supervisor *supervisor, struct slot *slot)
{
	(void)supervisor;
	say(LOG_WORKER_LATE, "%s did not stop in time: killing it", processes[slot->process].name);
	slot_kill(slot);
}

static void
on_stopped(struct supervisor *supervisor, struct slot *slot)
{
	(void)slot;
	stop_go_on(supervisor);
}

/*
 * What follows on what.  `next` is entered before `act` runs; a cell without `act` is an event that
 * means nothing in that phase.
 */
static const struct {
	enum worker_phase next;
	void (*act)(struct supervisor *supervisor, struct slot *slot);
} rows[][EVENT_COUNT] = {
	[PHASE_STARTING] = {
		[EVENT_CONFINED] = { PHASE_RUNNING, on_confined },
		[EVENT_VIOLATION] = { PHASE_STARTING, on_kill },
		[EVENT_OVERDUE] = { PHASE_STARTING, on_silence },
		[EVENT_ENDED] = { PHASE_BACKOFF, on_end },
		[EVENT_FAILED] = { PHASE_BACKOFF, on_failed },
		[EVENT_STOP] = { PHASE_STOPPING, on_kill },
	},
	[PHASE_RUNNING] = {
		[EVENT_VIOLATION] = { PHASE_RUNNING, on_kill },
		[EVENT_OVERDUE] = { PHASE_RUNNING, on_silence },
		[EVENT_ENDED] = { PHASE_BACKOFF, on_end },
		[EVENT_STOP] = { PHASE_STOPPING, on_stop },
	},
	[PHASE_BACKOFF] = {
		[EVENT_DUE] = { PHASE_STARTING, on_start },
		[EVENT_STOP] = { PHASE_STOPPED, on_stopped },
	},
	[PHASE_STOPPING] = {
		[EVENT_VIOLATION] = { PHASE_STOPPING, on_kill },
		[EVENT_OVERDUE] = { PHASE_STOPPING, on_stop_overdue },
		[EVENT_ENDED] = { PHASE_STOPPED, on_stopped },
	},
	[PHASE_STOPPED] = {
		[EVENT_DUE] = { PHASE_STARTING, on_start },
	},
};

void
slot_event(struct supervisor *supervisor, struct slot *slot, enum event event)
{
	void (*act)(struct supervisor *, struct slot *) = rows[slot->phase][event].act;

	if (act == NULL)
		return;
	slot->phase = rows[slot->phase][event].next;
	act(supervisor, slot);
}

/* ---- time ---- */

int64_t
slot_deadline(const struct slot *slot)
{
	if (slot->killed && slot->pid > 0)
		return INT64_MAX;
	switch (slot->phase) {
	case PHASE_STARTING:
		return slot->started_ms + WATCHDOG_MS;
	case PHASE_RUNNING:
		return slot->alive_ms + WATCHDOG_MS;
	case PHASE_BACKOFF:
		return slot->due_ms;
	case PHASE_STOPPING:
		return slot->stop_by_ms;
	case PHASE_STOPPED:
		break;
	}
	return INT64_MAX;
}

void
slot_tick(struct supervisor *supervisor, struct slot *slot, int64_t now_ms)
{
	if (slot->log.fd >= 0)
		log_pipe_tick(&slot->log, now_ms);
	if (slot_deadline(slot) <= now_ms)
		slot_event(supervisor, slot,
		    slot->phase == PHASE_BACKOFF ? EVENT_DUE : EVENT_OVERDUE);
}

/* ---- ends ---- */

/* After three deaths before the first sign of life, the next of its files is given up. */
static void
count_early_death(struct supervisor *supervisor, struct slot *slot, bool by_others)
{
	const struct process_entry *entry = &processes[slot->process];
	enum state_file file;
	unsigned files = (unsigned)__builtin_popcount(entry->state_files);
	char why[96];

	if (slot->alive_seen)
		slot->early_deaths = slot->losses = 0;
	if (slot->alive_seen || !slot->state_given || by_others || files == 0 ||
	    ++slot->early_deaths < EARLY_DEATHS_MAX)
		return;
	file = entry->loss_order[slot->losses++ % files];
	slot->early_deaths = 0;
	snprintf(why, sizeof(why), "ended %s %d times on being read", entry->name,
	    EARLY_DEATHS_MAX);
	put_aside(supervisor, file, why);
}

static void
tell_end(const struct slot *slot, int status)
{
	const char *name = processes[slot->process].name;
	enum log_event event = slot->phase == PHASE_STOPPING ? LOG_WORKER_ENDED : LOG_WORKER_DIED;

	if (WIFSIGNALED(status))
		say(event, "%s ended (signal %d%s, pid %d)", name, WTERMSIG(status),
		    WTERMSIG(status) == SIGSYS ? ", a system call that its policy does not allow" :
						 "",
		    slot->pid);
	else
		say(event, "%s ended (exit %d, pid %d)", name, WEXITSTATUS(status), slot->pid);
}

void
slot_ended(struct supervisor *supervisor, struct slot *slot, int status)
{
	bool by_others = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !slot->killed;

	log_pipe_close(&slot->log, clock_ms());
	channel_close(&slot->control);
	tell_end(slot, status);
	slot->pid = 0;
	slot->seccomp_filters = 0;
	buffer_free(&slot->status);
	count_early_death(supervisor, slot, by_others);
	slot_event(supervisor, slot, EVENT_ENDED);
}
