# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the agent's own processes."""

import os
import signal

from fault import Fault


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
                        said=r"supervisor: %s ended \(signal %d" % (name, number), over=ready, any_time=True)
        yield Fault("%s stopped" % name, kill(signal.SIGSTOP, name), other_pids, seconds=14,
                    said=r"supervisor: %s gives no sign of life" % name, detected=13, over=ready,
                        any_time=True)
    yield Fault("two workers killed", kill(signal.SIGKILL, "master-link", "docker-watcher"),
                other_pids, said=r"supervisor: docker-watcher ended \(signal 9",
                over=r"supervisor: docker-watcher is ready .* after its end\)", any_time=True)


ROWS = [
    *worker_rows(),
    Fault("supervisor killed", kill_supervisor, all_ended, start_again, seconds=2,
          over=r"supervisor: started, version"),
    Fault("all of it paused", pause, same_pids, resume, seconds=16),
]
