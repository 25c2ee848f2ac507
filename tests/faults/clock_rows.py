# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about time: clocks that are stepped under the agent, and the zone of its log."""

import datetime
import json
import os
import signal
import subprocess
import time

from fault import Fault
from harness.clock import ShiftedClock

HOURS = 5
HOUR_SECONDS = 3600
# How far a report's time may be from that of its arrival: it may be sent twice.
ACCURATE_SECONDS = 10
# A poll for commands keeps one connection, what is told another; each may be made anew.
CONNECTIONS = 4


def own_clock(case):
    case.kept["clock"] = ShiftedClock(case.agent)


def step(day=0, start=0):
    def begin(case):
        case.kept["pids"] = case.agent.pids()
        case.kept["lists"] = case.engine.lists
        case.kept["clock"].shift(day, start)
    return begin


def suspend(case):
    """An hour, in which nothing runs, and which the clock counts: the next moment comes late."""
    pids = [case.agent.pid, *case.agent.pids().values()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    step(start=HOUR_SECONDS)(case)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    # Nothing that happens on the engine explains a list in this second.
    time.sleep(1)
    case.kept["lists"] = case.engine.lists - case.kept["lists"]


def is_seen(case):
    """By all five, which are those that there were before."""
    pids = case.agent.pids()
    if pids != case.kept["pids"]:
        case.wrong("a worker was killed for the clock")
    return all(case.kept["clock"].is_seen_by(pid) for pid in (case.agent.pid, *pids.values()))


def keeps_connections(case):
    made = case.master.state()["connections"] - case.before["connections"]
    if made > CONNECTIONS:
        case.wrong("%d connections to the master were made" % made)


def dated(case):
    """By how many seconds the newest of what was told is dated otherwise than it came."""
    told = [request for request in case.master.requests("/events", case.before["request"])
            if request["body"]]
    if not told:
        return None
    when = datetime.datetime.fromisoformat(json.loads(told[-1]["body"])["timestamp"])
    return when.timestamp() - told[-1]["time"]


def reports_follow(hours):
    def evidence(case):
        seconds = dated(case)
        keeps_connections(case)
        follows = seconds is not None and abs(seconds - hours * HOUR_SECONDS) < ACCURATE_SECONDS
        return "reports are dated %+.1f h" % (seconds / HOUR_SECONDS) if (
            follows and is_seen(case)) else None
    return evidence


def listed_at_once(case):
    """A list that was not due for a minute, by the engine's count; time of day as it was."""
    return "a list that was not due" if (
        is_seen(case) and case.kept["lists"] and abs(dated(case)) < ACCURATE_SECONDS) else None


# ---- the host's zone ----

ZONE = "/usr/share/zoneinfo/Asia/Kolkata"
LOCAL = os.path.realpath("/etc/localtime")


def own_mounts(case):
    case.agent.before = ["unshare", "--mount"]


def in_its_mounts(case, *command):
    subprocess.run(["nsenter", "--mount=/proc/%d/ns/mnt" % case.agent.pid, *command], check=True)


def move(case):
    in_its_mounts(case, "mount", "--bind", ZONE, LOCAL)


def move_back(case):
    in_its_mounts(case, "umount", LOCAL)
    zones = {line[23:29] for _, line in case.agent.log.lines}
    if zones != {"+00:00"}:
        case.wrong("the log has other zones than UTC: %s" % zones)


def moved(case):
    local = os.stat("/proc/%d/root%s" % (case.agent.pid, LOCAL))
    return "its localtime is %s" % os.path.basename(ZONE) if (
        os.path.samestat(local, os.stat(ZONE))) else None


ROWS = [
    Fault("clock %d h forward" % HOURS, step(HOURS * HOUR_SECONDS), reports_follow(HOURS),
          step(-HOURS * HOUR_SECONDS), prepare=own_clock, seconds=4),
    Fault("clock %d h back" % HOURS, step(-HOURS * HOUR_SECONDS), reports_follow(-HOURS),
          step(HOURS * HOUR_SECONDS), prepare=own_clock, seconds=4),
    Fault("suspended for an hour", suspend, listed_at_once, prepare=own_clock, seconds=4,
          after=9),
    Fault("the host's time zone changes", move, moved, move_back, prepare=own_mounts),
]
