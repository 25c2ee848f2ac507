/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The supervisor.  An orderly stop: the workers end in groups, by processes[].stop_order, so that
 * the tunnel is down, and the master told, before the last of them goes.
 */
#include "common/log_out.h"
#include "supervisor/slot.h"
#include "supervisor/supervisor.h"

#define LAST_ORDER 2

static void
stop_group(struct supervisor *supervisor)
{
	for_each_worker(process)
		if (processes[process].stop_order == supervisor->stop_order)
			slot_event(supervisor, &supervisor->slots[process], EVENT_STOP);
}

void
stop_begin(struct supervisor *supervisor)
{
	say(LOG_STOPPING, "stopping");
	supervisor->stopping = true;
	supervisor->stop_order = 0;
	stop_group(supervisor);
	stop_go_on(supervisor);
}

static bool
group_is_stopped(const struct supervisor *supervisor)
{
	for_each_worker(process)
		if (processes[process].stop_order == supervisor->stop_order &&
		    supervisor->slots[process].phase != PHASE_STOPPED)
			return false;
	return true;
}

void
stop_go_on(struct supervisor *supervisor)
{
	while (supervisor->stopping && supervisor->stop_order <= LAST_ORDER &&
	       group_is_stopped(supervisor)) {
		supervisor->stop_order++;
		stop_group(supervisor);
	}
}

void
stop_now(struct supervisor *supervisor)
{
	say(LOG_STOPPING_AT_ONCE, "stopping at once");
	supervisor->stop_order = LAST_ORDER + 1;
	for_each_worker(process) {
		struct slot *slot = &supervisor->slots[process];

		slot->phase = slot->pid > 0 ? PHASE_STOPPING : PHASE_STOPPED;
		slot_kill(slot);
	}
}
