# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent takes that has nothing to do: how often it wakes, and what that costs.

How often each process wakes depends on the agent alone.  What a wake costs depends on the machine,
and on what else it does: so the stated share of a core is judged beside a program that does next to
nothing but wake, at the same time and at the same priority.
"""

import contextlib
import subprocess
import time

from harness import programs

WINDOW_SECONDS = 20
# The best of so many: what another program does meanwhile makes wakes dearer, never cheaper.
WINDOWS = 5
CPU = 0.001  # of a core, for all five processes
# Where the machine makes a bare wake so dear that all of them take more: so many bare ones each.
BARE_WAKES = 4
# A sign of life and a tick every 5 s, with 3 requests and 2 looks in the worst window; the
# supervisor wakes for each of the signs, if they do not come at once.
WAKES = {"supervisor": 1.5, "master-link": 1.2, "docker-watcher": 0.6, "tunnel-keeper": 0.8,
         "name-resolver": 0.4}


def cpu_seconds(pid):
    """Exact: /proc/PID/stat counts in hundredths of a second, which is all that is allowed."""
    with open("/proc/%d/schedstat" % pid, encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def wakes(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("voluntary")).split()[1])


@contextlib.contextmanager
def sleeper():
    """Its pid."""
    with subprocess.Popen([programs.built("sleeper")]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


class Window:
    """Shares of a core and wakes a second, by process, and the CPU seconds of one bare wake."""

    def __init__(self, pids, bare):
        watched = {**pids, None: bare}
        before = {name: (cpu_seconds(pid), wakes(pid)) for name, pid in watched.items()}
        began = time.monotonic()
        time.sleep(WINDOW_SECONDS)
        seconds = time.monotonic() - began
        self.cpu = {name: (cpu_seconds(pid) - before[name][0]) / seconds
                    for name, pid in watched.items()}
        self.wakes = {name: (wakes(pid) - before[name][1]) / seconds
                      for name, pid in watched.items()}
        self.bare = self.cpu.pop(None) / max(self.wakes.pop(None), 1 / seconds)

    def wrong(self, but=()):
        """What is more than it may be, as a text, or None; `but`: processes that have work."""
        judged = [name for name in self.cpu if name not in but]
        often = ["%s wakes %.2f times a second" % (name, self.wakes[name])
                 for name in judged if self.wakes[name] > WAKES[name]]
        used, awake = (sum(of[name] for name in judged) for of in (self.cpu, self.wakes))
        if used > max(CPU, BARE_WAKES * self.bare * awake):
            often.append("idle at %.3f %% of a core, %.1f wakes a second, a bare one takes "
                         "%.0f us: %s" % (100 * used, awake, 1e6 * self.bare, ", ".join(
                             "%s %.3f %%" % (name, 100 * self.cpu[name]) for name in judged)))
        return "; ".join(often) or None


def best_window(pids, but=()):
    """The first in which nothing is too much, or the last."""
    with sleeper() as bare:
        for _ in range(WINDOWS):
            window = Window(pids, bare)
            if not window.wrong(but):
                break
    return window
