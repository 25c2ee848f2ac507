# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the agent's own processes."""

import os
import re
import signal
import time

from fault import Fault
from harness import wait

DEATHS = 10
HEALTHY_SECONDS = 10  # of service, after which a worker is replaced at once
BACKOFF_MS = 100  # then doubled


def kill(number, *which):
    def begin(case):
        pids = case.agent.pids()
        case.killed = {name: pids[name] for name in which if name in pids}
        for pid in case.killed.values():
            os.kill(pid, number)
    return begin


def other_pids(case):
    now = case.agent.pids()
    new = [name for name, pid in case.killed.items() if now.get(name) not in (None, pid)]
    return "%s replaced" % " and ".join(new) if new and len(new) == len(case.killed) else None


def die_again_and_again(name):
    """Killed as soon as it is there, each time; the first time it has been well for long."""
    def begin(case):
        case.kept.update(others={n: p for n, p in case.agent.pids().items() if n != name},
                         died=[], id=case.agent.read("agent_id.txt"))
        ready = case.agent.log.find(r"supervisor: %s is ready" % name)
        time.sleep(max(0.0, ready[1] + HEALTHY_SECONDS + 0.5 - time.time()))
        for _ in range(DEATHS):
            pid = wait.until("%s is there" % name, lambda: case.agent.pids().get(name), 20)
            os.kill(pid, signal.SIGKILL)
            case.kept["died"].append(pid)
            wait.until("it is gone", lambda: not os.path.exists("/proc/%d" % pid))
    return begin


def died(name):
    def evidence(case):
        pids = case.agent.pids()
        others = {n: p for n, p in pids.items() if n != name}
        count = len(set(case.kept["died"]))
        if count < DEATHS or name in pids or others != case.kept["others"]:
            return None
        return "%d processes killed, 3 stay" % count
    return evidence


def is_backed_off(name):
    def holds(case):
        """At once the first time, then doubled from 100 ms, a quarter less at most."""
        delays = [int(found[1]) for _, line in case.agent.log.lines[case.mark:] if (
            found := re.search(r"%s: restarting in (\d+) ms" % name, line))]
        due = [BACKOFF_MS << number for number in range(DEATHS - 1)]
        if len(delays) != len(due) or any(not full * 3 // 4 <= delay <= full
                                          for delay, full in zip(delays, due)):
            return "restarted after %s" % delays
        shown = [w for w in case.agent.status()["workers"] if w["name"] == name][0]
        if shown["restarts"] != DEATHS or shown["state"] != "running":
            return "status shows %s" % shown
        return None
    return holds


def kill_supervisor(case):
    case.killed = {"all": sorted(case.agent.pids().values())}
    os.kill(case.agent.pid, signal.SIGKILL)
    case.agent.process.wait(5)


def start_again(case):
    case.agent.start()
    case.mark = 0  # another log


def all_ended(case):
    left = [pid for pid in case.killed["all"] if os.path.exists("/proc/%d" % pid)]
    return None if left else "4 workers ended with it"


def pause(case):
    case.killed = dict(case.agent.pids())
    for pid in (case.agent.pid, *case.killed.values()):
        os.kill(pid, signal.SIGSTOP)


def resume(case):
    for pid in (*case.killed.values(), case.agent.pid):
        os.kill(pid, signal.SIGCONT)


def same_pids(case):
    return "the same five processes" if case.agent.pids() == case.killed else None


def worker_rows():
    for name in ("master-link", "docker-watcher", "tunnel-keeper", "name-resolver"):
        ready = r"supervisor: %s is ready .* after its end\)" % name
        for number, what in ((signal.SIGKILL, "killed"), (signal.SIGSEGV, "crashes")):
            yield Fault("%s %s" % (name, what), kill(number, name), other_pids,
                        said=r"supervisor: %s ended \(signal %d" % (name, number), over=ready,
                        any_time=True)
        yield Fault("%s stopped" % name, kill(signal.SIGSTOP, name), other_pids, seconds=14,
                    said=r"supervisor: %s gives no sign of life" % name, detected=13, over=ready,
                        any_time=True)
    yield Fault("two workers killed", kill(signal.SIGKILL, "master-link", "docker-watcher"),
                other_pids, said=r"supervisor: docker-watcher ended \(signal 9",
                over=r"supervisor: docker-watcher is ready .* after its end\)", any_time=True)


def ten_deaths(name):
    return Fault("%s dies ten times" % name, die_again_and_again(name), died(name),
                 said=r"supervisor: %s: restarting in \d{5} ms" % name, converges=75, lines=DEATHS,
                 over=r"supervisor: %s is ready .* after its end\)" % name,
                 holds=is_backed_off(name))


ROWS = [
    *worker_rows(),
    *(ten_deaths(name) for name in ("docker-watcher", "master-link", "name-resolver")),
    Fault("supervisor killed", kill_supervisor, all_ended, start_again, seconds=2,
          over=r"supervisor: started, version"),
    Fault("all of it paused", pause, same_pids, resume, seconds=16),
]
