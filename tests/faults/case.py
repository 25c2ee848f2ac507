# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault, met by one agent: begun, seen, ended, and everything is as it should be afterwards."""

import contextlib
import os
import re
import socket
import threading
import time

from bounds import Bounds
from engine import LoadEngine
from harness import wait
from harness.faulty_engine import LIST
from judge import Judge
from together import run_all
from usage import Usage

CONTAINERS = 30
# After the first request that can succeed again; and for what this machine does besides.
CONVERGES_SECONDS, MACHINE_SECONDS = 5, 1
# Lets each fault last at least so long: an outage of minutes, in real time.
LEAST_SECONDS = float(os.environ.get("TEST_FAULT_SECONDS", "0"))


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
        self.beside = contextlib.ExitStack()  # what a row needs besides, closed with the case
        self.kept = {}  # what a row remembers
        self.shown = {"evidence": "", "seen": None, "over": None, "converged": None, "after": None}
        self.agent = agents.make(
            self.master, mode=mode, DOCKER_HOST=self.engine.host, CLOUDFLARED_IMAGE="a/b:1",
            REPORT_INTERVAL_SECONDS="5", COMMAND_POLL_SECONDS="1", TUNNEL_ON_EXIT="keep")
        self.bounds = Bounds(self.agent, self.wrong)

    def wrong(self, what):
        self.unhappy.append("%s: %s" % (self.fault.name, what))

    def refuses(self, port):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return False
        except OSError:
            return True

    def churn(self, number):
        """Some start, some stop, some are made anew; most run on."""
        for at in range(3):
            self.engine.start("new-%d-%d" % (number, at))
            self.engine.restart("c%d" % (3 * number + at))
        self.engine.stop("c%d" % (20 + number))
        self.engine.stop("c%d" % (24 + number), remove=True)
        self.engine.start("c%d" % (24 + number))

    def is_told(self):
        return self.engine.is_known_to(self.master)

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
        self.mark = self.agent.mark()
        state = self.master.state()
        self.before = {"opened": self.engine.opened, "request": state["next_request"],
                       "connections": state["connections"]}
        with self.watch() if self.fault.bounded else contextlib.nullcontext():
            self.meet_between(self.fault)

    def meet_between(self, fault):
        began, usage = time.monotonic(), Usage(self)
        fault.begin(self)
        self.churn(0)
        if fault.said:
            self.shown["seen"] = self.wait_line(fault.said, fault.detected, began)
        if fault.part:
            self.wait_part(*fault.part)
        time.sleep(max(0.0, max(fault.seconds, LEAST_SECONDS) - (time.monotonic() - began)))
        self.churn(1)
        self.shown["evidence"] = fault.evidence(self)
        if not self.shown["evidence"]:
            self.wrong("the fault took no effect")
        usage.judge(self)
        # What was told can't be taken back: there is nothing to wait for.
        self.judge.read(self.master)
        if self.judge.found:
            return
        ended, moment, watched = time.monotonic(), time.time(), bool(self.engine.streams)
        fault.end(self)
        self.converge(ended)
        self.judge_time(moment, moment + self.shown["converged"], watched)

    @contextlib.contextmanager
    def watch(self):
        """Memory, descriptors and threads every half second, lines and requests at the end."""
        ended = threading.Event()

        def sample():
            while not ended.wait(0.5):
                self.bounds.sample()

        thread = threading.Thread(target=sample, daemon=True)
        began, lines = time.monotonic(), self.agent.mark()
        requests = self.before["request"]
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        seconds = time.monotonic() - began
        self.bounds.judge_lines(self.agent.mark() - lines, seconds)
        self.bounds.judge_requests(self.master.state()["next_request"] - requests, seconds)

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
        wrong = fault.holds(self)
        if wrong:
            self.wrong(wrong)

    def judge_time(self, ended, converged, watched):
        """Within 5 s after the first requests that succeeded again, of master and of Docker."""
        firsts = [min([r["time"] for r in self.master.requests(since=self.before["request"])
                       if r["time"] >= ended and (r["status"] or 999) < 300 and not r["fault"]],
                      default=converged)]
        if not watched:
            firsts.append(min([when for when, line in self.engine.server.calls
                               if when >= ended and re.match(LIST, line)], default=ended))
        after = converged - max(ended, min(max(firsts), converged))
        self.shown["after"] = after
        if after > CONVERGES_SECONDS + MACHINE_SECONDS:
            self.wrong("right %.1f s after the first request that succeeded again" % after)

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
        for pattern in filter(None, (self.fault.said, self.fault.over)):
            found = self.agent.log.count(pattern, self.mark)
            if found > self.fault.lines:
                self.wrong("%d lines /%s/" % (found, pattern))
        if self.fault.unsaid and (hit := self.agent.log.find(self.fault.unsaid, self.mark)):
            self.wrong("logged: %s" % self.agent.log.lines[hit[0]][1])

    def close(self):
        self.agent.kill()
        self.fault.clean(self)
        self.beside.close()
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
        return ROW % (self.fault.name, self.shown["evidence"] or "none",
                      *[seconds(self.shown[what]) for what in ("seen", "over", "converged",
                                                               "after")],
                      "; ".join(self.unhappy) or "all hold")


ROW = "%-30s %-28s %6s %6s %9s %7s  %s"
HEAD = ROW % ("fault", "evidence", "seen s", "over s", "converged", "after s", "invariants")


def meet_all(agents, masters, faults, first_mode=0):
    """All of them side by side, each with an agent of its own: the lines to print, the unhappy."""
    cases = [Case(agents, masters, fault, ("shared", "distinct")[(number + first_mode) % 2])
             for number, fault in enumerate(faults)]
    unhappy = run_all(cases)
    return [case.row() for case in cases], unhappy
