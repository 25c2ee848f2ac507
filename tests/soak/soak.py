# SPDX-License-Identifier: GPL-3.0-or-later
"""./dev soak: load, a random fault every five seconds, and the invariants watched all along.

The agent is the installed one.  The engine that it watches and the master are stand-ins of this
process and its child; with --tunnel its cloudflared runs on the real engine.  Everything that is
random comes from the seed, so that a run can be played again.
"""

import argparse
import os
import random
import secrets
import shutil
import sys
import tempfile
import threading
import time

import picture
from bounds import Bounds
from engine import LoadEngine
from harness import docker, secret, wait
from harness.agent import Agent
from harness.faulty_engine import FaultyEngine
from harness.master import Master
from judge import BELIEF_SECONDS, Judge
from table import FAULTS

EVENTS_A_SECOND = 50
FAULT_EVERY_SECONDS = 5
FAULT_LASTS_SECONDS = 4  # at most
ANY_TIME = [fault for fault in FAULTS if fault.any_time]
BUSY, CALM = 40, 110  # names: those that change all the time, and those that mostly run
CHECK_EVERY_SECONDS = 60
# A dropped event is found by the next list, a minute later at most; a request that failed is tried
# again within 30 s; then it takes 5 s.
CONVERGES_SECONDS = 95


class Soak:
    """One agent under load.  What is wrong is in `unhappy`."""

    def __init__(self, options, folder):
        self.options = options
        self.random = random.Random(options.seed)
        self.unhappy = []
        self.samples = []  # (seconds, {process: (KiB, descriptors)})
        self.killed = {}  # for the faults, like `engine`, `master` and `agent`
        self.counts = {}
        self.slowest = 0.0
        self.ended = threading.Event()
        self.loading = threading.Event()
        self.engine = LoadEngine()
        self.master = Master(secret.fresh("API key", "dfk-"), protocol=options.protocol)
        self.judge = Judge(self.engine, options.protocol, self.wrong)
        self.relay = FaultyEngine() if options.tunnel else None
        environment = {
            "DOCKFLARE_MASTER_URL": self.master.url, "DOCKFLARE_API_KEY": self.master.key,
            "DOCKER_HOST": self.engine.host, "REPORT_INTERVAL_SECONDS": "5",
            "COMMAND_POLL_SECONDS": "2", "LOG_LEVEL": "INFO", "TUNNEL_ON_EXIT": "keep"}
        if options.tunnel:
            self.docker = docker.Engine(secrets.token_hex(3))
            environment.update(DOCKER_TUNNEL_HOST=self.relay.host,
                               CLOUDFLARED_NETWORK_NAME=self.docker.network,
                               CLOUDFLARED_IMAGE=docker.TUNNEL_IMAGE)
        self.agent = Agent(options.prefix, folder, options.mode, environment)
        self.bounds = Bounds(self.agent, self.wrong)
        self.began = time.time()
        self.tunnel_run = None

    def wrong(self, what):
        line = "%7.1f s: %s" % (time.time() - self.began, what)
        self.unhappy.append(line)
        print("WRONG " + line, flush=True)

    # -- load -------------------------------------------------------------------------------------

    def load(self):
        """Starts, stops, restarts and removals; the random numbers are this thread's own."""
        chance = random.Random(self.options.seed + 1)
        for number in range(CALM):
            self.engine.start("calm-%d" % number)
        due, counted = time.monotonic(), self.engine.events
        while not self.ended.is_set():
            self.loading.wait(1)
            if not self.loading.is_set():
                due, counted = time.monotonic(), self.engine.events
                continue
            name = "busy-%d" % chance.randrange(BUSY)
            if chance.random() < 0.01:
                name = "calm-%d" % chance.randrange(CALM)
            act = chance.random()
            if act < 0.6:
                self.engine.restart(name)
            elif act < 0.8:
                self.engine.stop(name, remove=act < 0.7)
                self.engine.start("busy-%d" % chance.randrange(BUSY))
            else:
                self.engine.start(name)
                self.engine.stop("busy-%d" % chance.randrange(BUSY))
            self.ended.wait(max(0.0, due + (self.engine.events - counted) / EVENTS_A_SECOND -
                                time.monotonic()))

    # -- watching ---------------------------------------------------------------------------------

    def watch(self):
        """Judges each request once, and samples the processes, every second."""
        while not self.ended.wait(1):
            try:
                self.judge.read(self.master)
            except OSError:
                continue
            now = time.time()
            self.engine.forget_old(now - 3 * BELIEF_SECONDS)
            self.sample(now)

    def sample(self, now):
        seconds = now - self.began
        self.samples.append((seconds, self.bounds.sample()))
        self.bounds.judge_lines(len(self.agent.log.lines), seconds)
        self.bounds.judge_requests(self.judge.requests, seconds)
        # At the end it is the soak that ends it, and this may still be at its last look.
        if self.agent.process.poll() is not None and not self.ended.is_set():
            self.wrong("the supervisor ended")
            self.ended.set()

    def check_tunnel(self):
        if not self.options.tunnel:
            return
        found = docker.inspect(docker.TUNNEL_CONTAINER)
        run = found and (found["Id"], found["State"]["StartedAt"], found["RestartCount"])
        if self.tunnel_run is None:
            self.tunnel_run = run
        elif run != self.tunnel_run:
            self.wrong("the tunnel's container was %s, is %s" % (self.tunnel_run, run))
            self.tunnel_run = run

    def checkpoint(self):
        """Everything rests: the master's picture becomes Docker's, and the status is well."""
        self.loading.clear()
        began = time.monotonic()
        try:
            wait.until("the master knows what runs", lambda: self.engine.is_known_to(
                self.master), CONVERGES_SECONDS)
            wait.until("all is well again", lambda: self.agent.health()[1].startswith("healthy"),
                       CONVERGES_SECONDS)
        except AssertionError as error:
            self.wrong("%s; master has %d, Docker %d; %s" % (
                str(error)[:200], len(self.master.containers()), len(self.engine.running()),
                self.agent.health()[1].strip()))
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        self.check_tunnel()
        self.loading.set()
        return took

    # -- running ----------------------------------------------------------------------------------

    def one_fault(self):
        fault = self.random.choice(ANY_TIME)
        seconds = self.random.uniform(0.5, min(fault.seconds, FAULT_LASTS_SECONDS))
        self.counts[fault.name] = self.counts.get(fault.name, 0) + 1
        if self.options.verbose:
            print("%7.1f s: %s (%.1f s)" % (time.time() - self.began, fault.name, seconds),
                  flush=True)
        fault.begin(self)
        self.ended.wait(seconds)
        fault.end(self)
        self.ended.wait(FAULT_EVERY_SECONDS - seconds)

    def begin(self):
        self.agent.start()
        self.master.wait_registered()
        if self.options.tunnel:
            self.master.start_tunnel(secret.Tunnel("soak"))
            docker.wait_running(docker.TUNNEL_CONTAINER)
            self.master.wait_tunnel("running")
        for act in (self.load, self.watch):
            threading.Thread(target=act, daemon=True).start()
        self.loading.set()

    def run(self):
        self.begin()
        self.check_tunnel()
        until = time.time() + self.options.minutes * 60
        next_check = time.time() + CHECK_EVERY_SECONDS
        while time.time() < until and not self.ended.is_set():
            self.one_fault()
            if time.time() >= next_check:
                print("%7.1f s: converged within %.1f s" % (time.time() - self.began,
                                                            self.checkpoint()), flush=True)
                next_check = time.time() + CHECK_EVERY_SECONDS
        self.checkpoint()
        self.judge.read(self.master)
        self.ended.set()
        if self.engine.events < EVENTS_A_SECOND * 30 * self.options.minutes:
            self.wrong("only %d events: there was no load" % self.engine.events)
        if self.judge.stops == 0 or self.judge.reports == 0:
            self.wrong("nothing that the master was told was judged")

    def close(self):
        self.ended.set()
        self.agent.kill()
        self.agent.forget()
        self.master.close()
        self.engine.close()
        if self.relay:
            self.relay.close()
            docker.discard(docker.TUNNEL_CONTAINER)
            self.docker.close()

    def tell(self):
        print("seed %d, %s minutes, %s start, protocol %s, %s" % (
            self.options.seed, self.options.minutes, self.options.mode, self.options.protocol,
            "with a tunnel" if self.options.tunnel else "without a tunnel"))
        print("%d events, %d lists, %d requests, %d stops and %d reports judged, %d log lines" % (
            self.engine.events, self.engine.lists, self.judge.requests, self.judge.stops,
            self.judge.reports, len(self.agent.log.lines)))
        print("%d faults: %s" % (sum(self.counts.values()), ", ".join(
            "%s %d" % item for item in sorted(self.counts.items()))))
        print("converged within %.1f s at most" % self.slowest)
        for name, most in self.bounds.most.items():
            print("%-15s at most %6d KiB, %3d descriptors" % (name, *most))
        print("soak: %s" % ("%d wrong" % len(self.unhappy) if self.unhappy else "all held"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("prefix")
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1000000))
    parser.add_argument("--mode", choices=("shared", "distinct"), default="shared")
    parser.add_argument("--protocol", choices=("1", "2", "new1"), default="2")
    parser.add_argument("--tunnel", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--output", help="the folder that keeps log and picture")
    options = parser.parse_args()
    where = options.output or tempfile.mkdtemp(prefix="dockflare-agent-soak-")
    folder = os.path.join(where, "agent")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for path in (where, folder):
        os.chmod(path, 0o755)
    print("seed %d" % options.seed, flush=True)
    soak = Soak(options, folder)
    try:
        soak.run()
    finally:
        soak.close()
    soak.tell()
    path = os.path.join(where, "soak.svg")
    picture.draw(path, soak.samples, "soak, seed %d" % options.seed)
    print("the picture is %s, the agent's log %s" % (path, soak.agent.log.path))
    return 1 if soak.unhappy else 0


if __name__ == "__main__":
    sys.exit(main())
