# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults of the soak: what is broken, how, and how it is mended.  One table."""

import os
import signal

from harness.agent import WORKERS
from harness.faulty_engine import EVENTS, LIST


def kill(number):
    def act(soak, which):
        pid = soak.agent.pids().get(which)
        if pid:
            os.kill(pid, number)
            soak.killed += 1
    return act


def kill_two(soak, which):
    others = [name for name in WORKERS if name != which]
    kill(signal.SIGKILL)(soak, which)
    kill(signal.SIGKILL)(soak, others[soak.random.randrange(len(others))])


def engine(answer, request=".*"):
    return lambda soak, which: soak.engine.break_with(answer, request)


def flag(name):
    return lambda soak, which: setattr(soak.engine, name, True)


def cut_and_break(answer):
    """As an engine that is restarted: what is open ends, and new connections get this."""
    def act(soak, which):
        soak.engine.break_with(answer)
        soak.engine.cut_streams()
    return act


def master(kind, **more):
    return lambda soak, which: soak.master.fault(kind, times=1000000, **more)


def nothing(soak):
    pass


def mend_engine(soak):
    soak.engine.mend()


def mend_master(soak):
    soak.master.control("clear-faults")


# name: (begins with (soak, a worker's name), ends with (soak), lasts at most so many seconds)
FAULTS = {
    "worker killed": (kill(signal.SIGKILL), nothing, 0),
    "worker crashes": (kill(signal.SIGSEGV), nothing, 0),
    "worker stopped": (kill(signal.SIGSTOP), nothing, 0),
    "two workers killed": (kill_two, nothing, 0),
    "event stream cut": (lambda soak, which: soak.engine.cut_streams(), nothing, 0),
    "event stream half closed": (lambda soak, which: soak.engine.half_close_streams(), nothing, 0),
    "events in pieces": (flag("in_pieces"), mend_engine, 4),
    "events dropped": (flag("drop_events"), mend_engine, 2),
    "engine answers 500": (cut_and_break("500"), mend_engine, 4),
    "engine hangs": (cut_and_break("hang"), mend_engine, 4),
    "engine garbage": (cut_and_break("garbage"), mend_engine, 4),
    "list cut off": (engine("cut", LIST), mend_engine, 4),
    "list with a broken entry": (engine("list-with-broken-entry",
                                        LIST), mend_engine, 4),
    "stream refused": (engine("403", EVENTS), mend_engine, 4),
    "master away": (lambda soak, which: soak.master.control("away"),
                    lambda soak: soak.master.control("back"), 4),
    "master drops connections": (lambda soak, which: soak.master.control("drop-connections"),
                                 nothing, 0),
    "master answers 503": (master("503"), mend_master, 4),
    "master answers 429": (master("429", retry_after=True, seconds=2), mend_master, 3),
    "master behind a broken edge": (master("html-502"), mend_master, 4),
    "master behind a login page": (master("302"), mend_master, 4),
    "master hangs": (master("hang", seconds=3), mend_master, 4),
    "answers lost": (master("drop-after", path="/events"), mend_master, 3),
    "answers garbled": (master("garbage"), mend_master, 3),
    "sessions forgotten": (lambda soak, which: soak.master.control("forget-sessions"), nothing, 0),
}
