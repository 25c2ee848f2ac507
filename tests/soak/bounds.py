# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds that hold under any load of this size, and the watch over them."""

import os

from harness.agent import read_status

# At most, since the process began (VmHWM).
PEAK_MAX_KIB = {"supervisor": 16 * 1024, "master-link": 64 * 1024, "docker-watcher": 48 * 1024,
                "tunnel-keeper": 32 * 1024, "name-resolver": 24 * 1024}
DESCRIPTORS_MAX = 32
THREADS = 1
LINES_AT_ONCE, LINES_A_SECOND = 300, 40
# One after the other, each as fast as the master answers: containers are told one by one.
REQUESTS_AT_ONCE, REQUESTS_A_SECOND = 1000, 120


class Bounds:
    """Samples an agent's processes; what is over a bound is said to `wrong`."""

    def __init__(self, agent, wrong):
        self.agent = agent
        self.wrong = wrong
        self.most = {}  # process: (KiB, descriptors)
        self.rates = {}  # what: so many a second

    def sample(self):
        """{process: (KiB now, descriptors)}"""
        taken = {}
        for name, pid in {"supervisor": self.agent.pid, **self.agent.pids()}.items():
            status = read_status(pid)
            try:
                descriptors = len(os.listdir("/proc/%d/fd" % pid))
            except OSError:
                continue
            if not status or "VmRSS" not in status:
                continue
            peak = int(status["VmHWM"].split()[0])
            taken[name] = (int(status["VmRSS"].split()[0]), descriptors)
            before = self.most.get(name, (0, 0))
            self.most[name] = (max(peak, before[0]), max(descriptors, before[1]))
            self.judge(name, peak, descriptors, int(status["Threads"]))
        return taken

    def judge(self, name, peak, descriptors, threads):
        if peak > PEAK_MAX_KIB[name]:
            self.wrong("%s had %d KiB" % (name, peak))
        if descriptors > DESCRIPTORS_MAX:
            self.wrong("%s has %d descriptors" % (name, descriptors))
        if threads != THREADS:
            self.wrong("%s has %d threads" % (name, threads))

    def judge_lines(self, count, seconds):
        self.rates["lines"] = count / seconds
        if count > LINES_AT_ONCE + LINES_A_SECOND * seconds:
            self.wrong("%d log lines in %.0f s" % (count, seconds))

    def judge_requests(self, count, seconds):
        self.rates["requests"] = count / seconds
        if count > REQUESTS_AT_ONCE + REQUESTS_A_SECOND * seconds:
            self.wrong("%d requests in %.0f s" % (count, seconds))
