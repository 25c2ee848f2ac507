# SPDX-License-Identifier: GPL-3.0-or-later
"""Each worker in turn is one that somebody has taken over: the supervisor and the others go on.

harness/hostile.c misbehaves towards the supervisor and towards a peer in every way that the channels
allow.  Natively, in both start modes; the Docker engine is one that these agents have for themselves.
"""

import collections
import os
import re
import time

import pytest

from harness import hostile, wait
from harness.agent import WORKERS, read_status
from harness.faulty_engine import FaultyEngine

# They have an engine of their own, and run beside the tests that share the real one.
LINK, WATCHER, KEEPER, RESOLVER = WORKERS
OWN_FILES = (LINK, KEEPER)
MODES = ("shared", "distinct")

# What comes of it: the worker is replaced; it and the peer that reports it are; neither is.
REPLACED, BOTH, ENDURED = "replaced", "both", "endured"
BROKE = r"supervisor: {0} broke the protocol \(%s\): replacing it"
PEER_BROKE = r"supervisor: {1} reports that {0} broke the protocol: replacing both"
DIED = r"supervisor: {0} ended \(exit 7, "

# behaviour of hostile.c: (which workers, what comes of it, the line that says so or None)
BEHAVIOURS = {
    "deaf": (WORKERS, ENDURED, None),
    "dies-at-start": (WORKERS, REPLACED, DIED),
    "dies-at-config": (WORKERS, REPLACED, DIED),
    "dies-at-ready": (WORKERS, REPLACED, DIED),
    "dies-at-state": (OWN_FILES, REPLACED, DIED),
    "dies-at-secret": ((LINK,), REPLACED, DIED),
    "dies-at-peer": (WORKERS, REPLACED, DIED),
    "alive-before-ready": (WORKERS, REPLACED, BROKE % "speaks before it is ready"),
    "ready-again": (WORKERS, REPLACED, BROKE % "ready twice"),
    "oversized-frame": (WORKERS, REPLACED, BROKE % "Protocol error"),
    "garbage": (WORKERS, REPLACED, BROKE % "unknown text"),
    "foreign-text": (WORKERS, REPLACED, BROKE % "unknown text"),
    "blob-without-announcement": (WORKERS, REPLACED, BROKE % "unknown text"),
    "save-of-another": (WORKERS, REPLACED, BROKE % "unknown text"),
    # The kernel drops what there is no room for; the frame itself is a good one.
    "descriptors": (WORKERS, ENDURED, None),
    "saves": (OWN_FILES, ENDURED, None),
    "unread-saves": (OWN_FILES, ENDURED, None),
    "corrupts": (OWN_FILES, ENDURED, None),
    "statuses": (WORKERS, ENDURED, None),
    "signs-of-life": (WORKERS, ENDURED, None),
    "log-lines": (WORKERS, ENDURED, None),
    "log-bytes": (WORKERS, ENDURED, None),
    "peer-garbage": (WORKERS, BOTH, PEER_BROKE),
    "peer-oversized": (WORKERS, BOTH, PEER_BROKE),
    "peer-foreign": (WORKERS, BOTH, PEER_BROKE),
    "peer-descriptors": (WORKERS, ENDURED, None),
    "peer-flood": (WORKERS, ENDURED, None),
    "endless-snapshot": ((WATCHER,), ENDURED, None),
}
# These take as long as the deadline that they meet.
SLOW = {
    "never-ready": (WORKERS, REPLACED, r"supervisor: {0} ended \(signal 9"),
    "no-sign-of-life": (WORKERS, REPLACED, r"supervisor: {0} gives no sign of life"),
    "half-frame": (WORKERS, REPLACED, r"supervisor: {0} gives no sign of life"),
    "peer-half-frame": (WORKERS, BOTH, PEER_BROKE),
}

LASTS_SECONDS = 3
DESCRIPTORS_MAX = 24
SUPERVISOR_MAX_KIB = 32 * 1024
WORKER_MAX_KIB = 96 * 1024
# Of each worker 20 a second and 200 at once (docs/operation.md); beside them how many were left out
# (one a second), and how often one was repeated (before the next, which is within those 20).
LINES_AT_ONCE = 300
LINES_A_SECOND = 41


def victim(worker):
    """Towards whom hostile.c misbehaves."""
    return KEEPER if worker == LINK else LINK


def descriptors(pid):
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except (FileNotFoundError, PermissionError):
        return 0


def peak_kib(pid):
    status = read_status(pid)
    return int(status["VmHWM"].split()[0]) if status and "VmHWM" in status else 0


def said_most(lines):
    """Who has the most lines in the log, and how many."""
    names = collections.Counter(
        found[1] for _, line in lines if (found := re.match(r"\S+ \S{4} [A-Z]+ ([a-z-]+): ", line)))
    return names.most_common(1)[0]


class Case:
    """One agent with one hostile worker."""

    def __init__(self, agents, master, engine, program, worker, mode):
        self.worker = worker
        self.master = master
        self.agent = agents.make(master, mode=mode, DOCKER_HOST=engine.host,
                                 DOCKER_TUNNEL_HOST=engine.host, CLOUDFLARED_NETWORK_NAME="net",
                                 CLOUDFLARED_IMAGE="a/b:1", REPORT_INTERVAL_SECONDS="1",
                                 COMMAND_POLL_SECONDS="1", TUNNEL_ON_EXIT="keep")
        hostile.take_place(self.agent, worker, program)
        self.others = {}
        self.began = time.monotonic()

    def start(self):
        self.agent.start(ready=False)
        self.began = time.monotonic()

    def settle(self, involved):
        """Whoever has no part in it is up, and is to stay what it is."""
        uninvolved = [name for name in WORKERS if name not in involved]
        for name in uninvolved:
            try:
                self.agent.wait_line(r"supervisor: %s is ready" % name, 15)
            except AssertionError as error:
                raise AssertionError("%s; %d lines in %.1f s" % (
                    error, len(self.agent.log.lines), time.monotonic() - self.began)) from error
        self.others = {name: self.agent.pids()[name] for name in uninvolved}

    def judge(self, outcome, line):
        """What must hold at the end; a list of what does not."""
        unhappy = []
        agent, seconds = self.agent, time.monotonic() - self.began
        if line:
            pattern = line.format(self.worker, victim(self.worker))
            if not agent.log.find(pattern):
                unhappy.append("no line /%s/" % pattern)
        ended = agent.log.find(r"supervisor: %s ended" % self.worker)
        if (outcome == ENDURED) == bool(ended):
            unhappy.append("it ended" if ended else "it was not replaced")
        if agent.process.poll() is not None:
            return unhappy + ["the supervisor ended"]
        pids = agent.pids()
        for name, pid in self.others.items():
            if pids.get(name) != pid:
                unhappy.append("%s is not the process that it was" % name)
            if peak_kib(pid) > WORKER_MAX_KIB:
                unhappy.append("%s took %d KiB" % (name, peak_kib(pid)))
        for name, pid in {**self.others, "supervisor": agent.pid}.items():
            if descriptors(pid) > DESCRIPTORS_MAX:
                unhappy.append("%s has %d descriptors" % (name, descriptors(pid)))
        if peak_kib(agent.pid) > SUPERVISOR_MAX_KIB:
            unhappy.append("the supervisor took %d KiB" % peak_kib(agent.pid))
        talker, lines = said_most(agent.log.lines)
        if lines > LINES_AT_ONCE + LINES_A_SECOND * seconds:
            unhappy.append("%d lines of %s in %.1f s" % (lines, talker, seconds))
        print("%-15s supervisor %5d KiB, others at most %5d KiB, %4d lines in %.1f s" % (
            self.worker, peak_kib(agent.pid), max(map(peak_kib, self.others.values()), default=0),
            len(agent.log.lines), seconds))
        code, text = agent.agentctl("status", "--json")
        if code != 0:
            unhappy.append("status: %s" % text)
        if self.worker != LINK and not self.master.agent():
            unhappy.append("the master was not reached")
        return unhappy


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    for path in (folder, folder.parent, folder.parent.parent):
        os.chmod(path, 0o755)
    return str(folder)


@pytest.fixture
def settings():
    return {}


@pytest.fixture
def cases(agents, masters, programs):
    """cases(behaviour, workers): an agent for each, none started."""
    engine = FaultyEngine()
    engine.keep_apart()

    def make(behaviour, workers):
        program = hostile.build(programs, behaviour)
        return [Case(agents, masters(), engine, program, worker,
                     MODES[(len(behaviour) + number) % 2])
                for number, worker in enumerate(workers)]

    yield make
    engine.close()


def involved(worker, outcome):
    return {worker, victim(worker)} if outcome == BOTH else {worker}


def misbehave(made, seconds):
    """made: (case, outcome, line) of each."""
    for case, _, _ in made:
        case.start()
    for case, outcome, _ in made:
        case.settle(involved(case.worker, outcome))
    time.sleep(seconds)
    unhappy = []
    for case, outcome, line in made:
        unhappy += ["%s: %s" % (case.worker, what) for what in case.judge(outcome, line)]
    assert not unhappy, "\n".join(unhappy)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_hostile_worker_harms_nobody_else(cases, behaviour):
    workers, outcome, line = BEHAVIOURS[behaviour]
    misbehave([(case, outcome, line) for case in cases(behaviour, workers)], LASTS_SECONDS)


def test_deadlines_end_what_never_comes(cases):
    made = []
    for behaviour, (workers, outcome, line) in SLOW.items():
        made += [(case, outcome, line) for case in cases(behaviour, workers)]
    misbehave(made, 16)


# Whom it concerns: the part in the status, its word in health, and the exit status of health.
STALE = {LINK: ("link", "degraded", 0), WATCHER: ("docker", "unhealthy", 1),
         KEEPER: ("tunnel", "unhealthy", 1)}


def test_whoever_lives_and_does_nothing_is_seen(cases):
    """By the age of what its peers last heard; and one that works is not taken for such."""
    made = {case.worker: case for case in cases("useless", STALE)}
    for case in made.values():
        case.start()
    for worker, case in made.items():
        case.settle({worker})
        case.agent.wait_line(r"supervisor: %s is ready" % worker)
    began = time.monotonic()
    time.sleep(30)
    for worker, (part, _, _) in STALE.items():
        assert "stale" not in made[worker].agent.health()[1]
        assert (made[worker].agent.status()[part] or {}).get("state") != "stale"
    for worker, (part, word, code) in STALE.items():
        agent = made[worker].agent
        wait.until("%s is stale" % part, lambda: (agent.status()[part] or {}).get(
            "state") == "stale", began + 60 - time.monotonic())
        print("%s: stale after %.1f s" % (part, time.monotonic() - began))
        got, text = agent.health()
        assert (got, text.split(":")[0]) == (code, word), text
        assert "stale: %s has told its peers nothing for " % worker in text
        for other, (part, _, _) in STALE.items():
            if other != worker:
                shown = agent.status()[part]
                assert shown["state"] != "stale", (worker, part, shown)
                assert shown["heard_s"] is None or shown["heard_s"] <= 25, (worker, part, shown)
        assert agent.pids() == {**agent.pids(), **made[worker].others}
