# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversation of the workers, recorded once and then broken at each of its messages.

The agent registers, tells containers, obeys commands for its tunnel, loses Docker for a moment, and
is taken out of service at last.
Each worker that sends or gets a message is killed as soon as the log shows that message for the
first time, in a run of its own; afterwards everything must be as if nothing had happened.
"""

import contextlib
import os
import re
import signal
import threading
import time

from engine import LoadEngine
from harness import secret, wait
from judge import Judge
from surroundings import MASTER_NAME, PROXY_NAME, name_server
from tunnel import NETWORK, StandinTunnel

CONTAINERS = 5
MESSAGE = re.compile(r" (\S+): (\S+) -> (\S+): (\S+) \(\d+ bytes\)$")
# Who has nothing new to tell says so after 15 s: three of them, on a tick of five seconds.
AT_WORK = "at-work"
AT_WORK_SECONDS = 30
AT_WORK_LINKS = 3
SETTLES_SECONDS = 30


class Conversation:
    """One run.  `breaks` is (sender, type, receiver, who is killed), or None to record."""

    def __init__(self, agents, masters, mode, breaks=None):
        self.breaks = breaks
        self.unhappy = []
        self.kept = {}
        self.beside = contextlib.ExitStack()
        self.engine = LoadEngine()
        self.tunnel = StandinTunnel(self.engine)
        self.master = masters()
        self.judge = Judge(self.engine, "2", self.wrong)
        self.first = secret.Tunnel("first")
        self.second = secret.Tunnel("second")
        self.killed = None
        self.ended = threading.Event()
        self.agent = agents.make(
            self.master, mode=mode, LOG_LEVEL="DEBUG", CLOUDFLARED_IMAGE="a/b:1",
            CLOUDFLARED_NETWORK_NAME=NETWORK, TUNNEL_METRICS_PORT=str(self.tunnel.port),
            REPORT_INTERVAL_SECONDS="2", COMMAND_POLL_SECONDS="1", TUNNEL_ON_EXIT="keep",
            DOCKFLARE_MASTER_URL="http://%s:%d" % (MASTER_NAME, self.master.port),
            DOCKER_HOST="tcp://%s:%d" % (PROXY_NAME, self.engine.server.port),
            ALLOW_PLAINTEXT_MASTER="true")
        name_server(self, {MASTER_NAME: ["127.0.0.1"], PROXY_NAME: ["127.0.0.1"]})

    def wrong(self, what):
        self.unhappy.append("%s: %s" % (self.title(), what))

    def title(self):
        return "%s -> %s: %s, %s killed" % (
            self.breaks[0], self.breaks[2], self.breaks[1], self.breaks[3]) \
            if self.breaks else "recorded"

    def messages(self):
        """The distinct (sender, type, receiver) of the log."""
        found = {}
        for _, line in list(self.agent.log.lines):
            match = MESSAGE.search(line)
            if match:
                found[(match[2], match[4], match[3])] = None
        return list(found)

    def break_it(self):
        """Kills as soon as the line is there."""
        sender, kind, receiver, victim = self.breaks
        at = 0
        while not self.ended.is_set():
            lines = self.agent.log.lines[at:] if self.agent.log else []
            at += len(lines)
            for _, line in lines:
                match = MESSAGE.search(line)
                if match and (match[2], match[4], match[3]) == (sender, kind, receiver):
                    pid = self.agent.pids().get(victim)
                    if pid:
                        os.kill(pid, signal.SIGKILL)
                        self.killed = pid
                        return
            time.sleep(0.001)

    # -- what is said -----------------------------------------------------------------------------

    def until(self, what, condition, seconds=SETTLES_SECONDS):
        wait.until(what, condition, seconds)

    def worked(self):
        if self.breaks:
            return self.killed
        return len([m for m in self.messages() if m[1] == AT_WORK]) == AT_WORK_LINKS

    def is_told(self):
        return self.engine.is_known_to(self.master)

    def runs(self, tunnel, made):
        return (self.tunnel.state == "running" and self.tunnel.token() == tunnel.token
                and self.tunnel.made >= made)

    def talk(self):
        for number in range(CONTAINERS):
            self.engine.start("c%d" % number)
        self.agent.start()
        self.until("it registers", self.master.agent)
        self.until("the master knows what runs", self.is_told)
        self.master.start_tunnel(self.first)
        self.until("the tunnel runs", lambda: self.runs(self.first, 1))
        self.master.restart_tunnel(self.second)
        self.until("the other one runs", lambda: self.runs(self.second, 2))
        self.engine.start("new")
        self.engine.stop("c0")
        self.engine.rename("c1", "renamed")
        self.until("the master knows that too", self.is_told)
        self.engine.break_with("500")
        self.engine.cut_streams()
        self.until("Docker is lost", lambda: self.engine.server.met)
        self.engine.mend()
        self.master.command("stop_tunnel")
        self.until("it is stopped", lambda: self.tunnel.state is None)
        self.master.start_tunnel(self.first)
        self.until("it runs again", lambda: self.runs(self.first, 3))

    def finish(self):
        self.until("the master knows what runs at last", self.is_told)
        self.until("health is healthy", lambda: self.agent.health()[1].startswith("healthy"))
        self.until("the tunnel serves at last", lambda: self.runs(self.first, 3) and
                   self.master.tunnel().get("status") == "running")
        self.judge.read(self.master)
        tokens = [self.first.token, self.second.token, self.first.token]
        if self.tunnel.made != 3 or self.tunnel.tokens != tokens:
            self.wrong("%d containers made, %d started for 3 commands" % (
                self.tunnel.made, len(self.tunnel.tokens)))
        journal = self.agent.read("journal.json") or b""
        if b"token" in journal:
            self.wrong("a command is still in the journal")

    def retire(self):
        """The tunnel is stopped, not removed, and its token forgotten."""
        operation = self.master.control("decommission")["operation_id"]
        self.until("it is taken out of service", lambda: self.master.call(
            "/_test/state?requests=no")["operations"][operation]["state"] == "completed")
        state = self.agent.read_json("tunnel_state.json")
        if self.tunnel.state != "exited" or state["token"] is not None:
            self.wrong("out of service the tunnel is %s, its token %s" % (
                self.tunnel.state, "gone" if state["token"] is None else "still there"))
        self.until("health says so",
                   lambda: self.agent.health()[1].startswith("decommissioned"))
        if self.breaks and (not self.killed or self.killed in self.agent.pids().values()):
            self.wrong("nobody was killed")

    def run(self):
        try:
            if self.breaks:
                threading.Thread(target=self.break_it, daemon=True).start()
            self.talk()
            if not self.breaks or self.breaks[1] == AT_WORK:
                self.until("all are told of the work", self.worked, AT_WORK_SECONDS)
            self.finish()
            self.retire()
        except Exception as error:  # one run must not hide the others
            self.wrong("%s: %s; health: %s" % (type(error).__name__, str(error)[:200],
                                               self.agent.health()[1].strip()))
        self.ended.set()

    def close(self):
        self.ended.set()
        self.agent.kill()
        self.beside.close()
        self.tunnel.close()
        self.engine.close()
