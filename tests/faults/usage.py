# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent used of the processor, and how much it asked for, while a fault lasted."""

import os
import time

from harness.agent import children

# Of one processor, for all five processes; a start of a worker takes up to 0.1 s beside that.
BUSY_SHARE, BUSY_SECONDS = 0.2, 1
TICKS = os.sysconf("SC_CLK_TCK")
# Tries are backed off: so many requests at once and so many a second, beside those that tell the
# master of an event.
REQUESTS_AT_ONCE, REQUESTS_A_SECOND = 40, 5


def cpu_seconds(agent):
    """What its processes have used so far, those that have ended too."""
    used = 0
    for pid in (agent.pid, *children(agent.pid)):
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # proc(5): utime, stime, and those of children that were waited for.
        used += sum(int(ticks) for ticks in fields[11:15])
    return used / TICKS


class Usage:
    """From its making on."""

    def __init__(self, case):
        self.began = time.monotonic()
        self.cpu = cpu_seconds(case.agent)
        self.calls = len(case.engine.server.calls)
        self.events = case.engine.events
        self.requests = case.before["request"]

    def judge(self, case):
        seconds = time.monotonic() - self.began
        used = cpu_seconds(case.agent) - self.cpu
        if used > BUSY_SHARE * seconds + BUSY_SECONDS:
            case.wrong("it used the processor for %.1f of %.1f s" % (used, seconds))
        most = REQUESTS_AT_ONCE + REQUESTS_A_SECOND * seconds
        events = case.engine.events - self.events
        for whom, count, more in (
                ("the engine", len(case.engine.server.calls) - self.calls, 0),
                ("the master", case.master.state()["next_request"] - self.requests, events)):
            if count > most + more:
                case.wrong("%d requests to %s in %.1f s" % (count, whom, seconds))
