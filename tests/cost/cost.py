# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sandbox costs: the same agent with and without it, in turn, on the same work.

Usage: cost.py PREFIX-WITH PREFIX-WITHOUT ROUNDS.  The engine and the master are stand-ins of this
process and its child, so their time is not counted.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time

from harness import wait
from harness.agent import Agent, children
from harness.faulty_engine import EVENTS, STREAM_HEAD, FaultyEngine
from harness.master import Master

BURST = 5000
TRICKLE = 500
TRICKLE_A_SECOND = 50
METHOD = """\
method: the installed agent in the standard start, natively; its Docker and its master are stand-ins
on loopback. Builds with and without the sandbox in turn, %d rounds. Start: from exec of the
supervisor to the end of the registration's request. CPU: run time of all five processes by
/proc/PID/schedstat, from the first event to the moment at which the master knows all containers,
divided by the events. Median (least to most)."""


class Feed:
    """An event stream that this process writes to."""

    def __init__(self):
        self.connection = None

    def __call__(self, connection):
        connection.sendall(STREAM_HEAD)
        self.connection = connection
        while connection.recv(65536):
            pass

    def send(self, numbers):
        text = b"".join(json.dumps({
            "Type": "container", "Action": "start", "Actor": {
                "ID": "%064x" % number, "Attributes": {
                    "name": "c%d" % number, "dockflare.enable": "true",
                    "dockflare.hostname": "c%d.example.com" % number,
                    "dockflare.service": "http://c%d:80" % number}}}).encode() + b"\n"
                        for number in numbers)
        self.connection.sendall(b"%x\r\n%s\r\n" % (len(text), text))


def cpu_ns(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/schedstat" % pid, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def measure(prefix, folder):
    """One agent's life: (start in ms, CPU for each event of a burst and of a trickle in us)."""
    os.makedirs(folder, mode=0o755)
    engine, feed, master = FaultyEngine(), Feed(), Master("dfk-cost")
    engine.add(EVENTS, feed)
    engine.keep_apart()
    agent = Agent(prefix, folder, environment={
        "DOCKFLARE_MASTER_URL": master.url, "DOCKFLARE_API_KEY": master.key,
        "DOCKER_HOST": engine.host, "REPORT_INTERVAL_SECONDS": "60",
        "COMMAND_POLL_SECONDS": "60", "LOG_LEVEL": "WARNING"})
    try:
        began = time.time()
        agent.start(ready=False)
        master.wait_registered()
        registered = (master.requests("/register")[0]["time"] - began) * 1000
        wait.until("the stream is there", lambda: feed.connection)
        # Docker's list is empty: it is read twice, and then not for a minute.
        time.sleep(3)
        pids = [agent.pid, *children(agent.pid)]
        assert len(pids) == 5, pids
        before = cpu_ns(pids)
        feed.send(range(BURST))
        wait.until("the burst is told", lambda: len(master.containers()) == BURST, 30)
        burst = (cpu_ns(pids) - before) / BURST / 1000
        before = cpu_ns(pids)
        for number in range(TRICKLE):
            feed.send([BURST + number])
            time.sleep(1 / TRICKLE_A_SECOND)
        wait.until("all are told", lambda: len(master.containers()) == BURST + TRICKLE, 30)
        trickle = (cpu_ns(pids) - before) / TRICKLE / 1000
        return registered, burst, trickle
    finally:
        agent.kill()
        agent.forget()
        master.close()
        engine.close()


def main(with_it, without, rounds):
    where = tempfile.mkdtemp(prefix="dockflare-agent-cost-")
    os.chmod(where, 0o755)
    results = {with_it: [], without: []}
    try:
        for number in range(rounds):
            for prefix in (with_it, without) if number % 2 else (without, with_it):
                folder = os.path.join(where, "%d-%d" % (number, prefix == with_it))
                results[prefix].append(measure(prefix, folder))
                print(".", end="", flush=True)
    finally:
        shutil.rmtree(where, ignore_errors=True)
    print("\n" + METHOD % rounds)
    print("%-38s %22s %22s %6s" % ("", "with the sandbox", "without", "ratio"))
    for at, what in enumerate(("start to registration, ms", "CPU for each event, burst of %d, us" %
                               BURST, "the same, %d a second, us" % TRICKLE_A_SECOND)):
        shown, medians = [], []
        for prefix in (with_it, without):
            values = [row[at] for row in results[prefix]]
            medians.append(statistics.median(values))
            shown.append("%.1f (%.1f to %.1f)" % (medians[-1], min(values), max(values)))
        print("%-38s %22s %22s %6.2f" % (what, *shown, medians[0] / medians[1]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
