# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault, met by one agent: begun, seen, ended, and everything is as it should be afterwards."""

import os
import socket
import threading
import time

from engine import LoadEngine
from harness import wait
from harness.agent import children
from judge import Judge

CONTAINERS = 30
# Of one processor, for all five processes; a start of a worker takes up to 0.1 s beside that.
BUSY_SHARE = 0.2
BUSY_SECONDS = 1
TICKS = os.sysconf("SC_CLK_TCK")


class Case:
    """An agent with an engine and a master of its own.  What is wrong is in `unhappy`."""

    def __init__(self, agents, masters, fault, mode, protocol="2"):
        self.fault = fault
        self.engine = LoadEngine()
        self.master = masters(protocol=protocol)
        self.judge = Judge(self.engine, protocol, self.wrong)
        self.unhappy = []
        self.killed = {}
        self.before = {}
        self.mark = 0  # the log's line at which the fault begins
        self.shown = {"evidence": "", "seen": None, "over": None, "converged": None}
        self.agent = agents.make(
            self.master, mode=mode, DOCKER_HOST=self.engine.host, CLOUDFLARED_IMAGE="a/b:1",
            REPORT_INTERVAL_SECONDS="5", COMMAND_POLL_SECONDS="1", TUNNEL_ON_EXIT="keep")

    def wrong(self, what):
        self.unhappy.append("%s: %s" % (self.fault.name, what))

    def refuses(self, port):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return False
        except OSError:
            return True

    def cpu_seconds(self):
        """What its processes have used so far, those that have ended too."""
        used = 0
        for pid in (self.agent.pid, *children(self.agent.pid)):
            try:
                with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            # proc(5): utime, stime, and those of children that were waited for.
            used += sum(int(ticks) for ticks in fields[11:15])
        return used / TICKS

    def churn(self, number):
        """Some start, some stop, some are made anew; most run on."""
        for at in range(3):
            self.engine.start("new-%d-%d" % (number, at))
            self.engine.restart("c%d" % (3 * number + at))
        self.engine.stop("c%d" % (20 + number))
        self.engine.stop("c%d" % (24 + number), remove=True)
        self.engine.start("c%d" % (24 + number))

    def is_told(self):
        known = {container["id"] for container in self.master.containers().values()}
        return known == self.engine.running()

    def start(self):
        for number in range(CONTAINERS):
            self.engine.start("c%d" % number)
        self.fault.prepare(self)
        self.agent.start()
        self.master.wait_registered()
        wait.until("the master knows what runs", self.is_told, 20)
        # Docker's list is read a second time shortly after the first: it is not the fault's.
        time.sleep(self.fault.after)
        self.fault.settle(self)

    def meet(self):
        fault = self.fault
        self.mark = self.agent.mark()
        state = self.master.state()
        self.before = {"opened": self.engine.opened, "request": state["next_request"],
                       "connections": state["connections"]}
        used = self.cpu_seconds()
        began = time.monotonic()
        fault.begin(self)
        self.churn(0)
        if fault.said:
            self.shown["seen"] = self.wait_line(fault.said, fault.detected, began)
        if fault.part:
            self.wait_part(*fault.part)
        time.sleep(max(0.0, fault.seconds - (time.monotonic() - began)))
        self.churn(1)
        self.shown["evidence"] = fault.evidence(self)
        if not self.shown["evidence"]:
            self.wrong("the fault took no effect")
        ended = time.monotonic()
        used = self.cpu_seconds() - used
        if used > BUSY_SHARE * (ended - began) + BUSY_SECONDS:
            self.wrong("it used the processor for %.1f of %.1f s" % (used, ended - began))
        fault.end(self)
        self.converge(ended)

    def converge(self, ended):
        fault = self.fault
        self.churn(2)
        try:
            wait.until("the master knows what runs", self.is_told, fault.converges)
        except AssertionError as error:
            self.wrong("%s; it has %d, Docker %d" % (error, len(self.master.containers()),
                                                     len(self.engine.running())))
        self.shown["converged"] = time.monotonic() - ended
        if fault.over:
            self.shown["over"] = self.wait_line(fault.over, fault.converges, ended)
        try:
            wait.until("health is healthy", lambda: self.agent.health()[1].startswith("healthy"),
                       fault.converges)
        except AssertionError as error:
            self.wrong("%s: %s" % (error, self.agent.health()[1].strip()))
        self.judge.read(self.master)
        self.count_lines()

    def wait_line(self, pattern, seconds, since):
        try:
            self.agent.wait_line(pattern, seconds, self.mark)
            return time.monotonic() - since
        except AssertionError:
            self.wrong("not logged within %.0f s: %s" % (seconds, pattern))
            return None

    def wait_part(self, part, state):
        try:
            wait.until("status has %s %s" % (part, state), lambda: (
                self.agent.status()[part] or {}).get("state") == state, 10)
        except AssertionError as error:
            self.wrong(str(error))

    def count_lines(self):
        """One line when it starts and one when it ends, not one for each try."""
        for pattern in (self.fault.said, self.fault.over):
            found, at = 0, self.mark
            while pattern and (hit := self.agent.log.find(pattern, at)):
                found, at = found + 1, hit[0] + 1
            if found > self.fault.lines:
                self.wrong("%d lines /%s/" % (found, pattern))

    def close(self):
        self.agent.kill()
        self.fault.clean(self)
        self.engine.close()

    def run(self):
        try:
            self.start()
            self.meet()
        except Exception as error:  # one row must not hide the others
            self.wrong("%s: %s" % (type(error).__name__, error))

    def row(self):
        def seconds(value):
            return "-" if value is None else "%.1f" % value
        return "%-30s %-28s %6s %6s %9s  %s" % (
            self.fault.name, self.shown["evidence"] or "none", seconds(self.shown["seen"]),
            seconds(self.shown["over"]), seconds(self.shown["converged"]),
            "; ".join(self.unhappy) or "all hold")


HEAD = "%-30s %-28s %6s %6s %9s" % ("fault", "evidence", "seen s", "over s", "converged")


def meet_all(agents, masters, faults, first_mode=0):
    """All of them side by side, each with an agent of its own: the lines to print, the unhappy."""
    cases = [Case(agents, masters, fault, ("shared", "distinct")[(number + first_mode) % 2])
             for number, fault in enumerate(faults)]
    threads = [threading.Thread(target=case.run) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for case in cases:
        case.close()
    return [case.row() for case in cases], [what for case in cases for what in case.unhappy]
