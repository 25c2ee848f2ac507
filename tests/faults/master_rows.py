# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the master and what lies before it."""

from fault import Fault

AWAY = r"master-link: master is away: "
BACK = r"master-link: master is back after "
REJECTED = r"master-link: key rejected: "
TAKEN = r"master-link: (registered|the master takes the key again)"
REGISTERS = r"master-link: the master asks for a registration: "


def master(kind, **more):
    return lambda case: case.master.fault(kind, times=1000000, **more)


def clear(case):
    case.master.control("clear-faults")


def faulty_requests(case):
    count = len([r for r in case.master.requests(since=case.before["request"]) if r["fault"]])
    return "%d requests" % count if count else None


def control(name, **more):
    return lambda case: case.master.control(name, **more)


def away(case):
    port = case.master.port
    return "no connection to port %d" % port if case.refuses(port) else None


def connections(case):
    count = case.master.state()["connections"] - case.before["connections"]
    return "%d new connections" % count if count else None


def registrations(case):
    count = len(case.master.requests("/register", since=case.before["request"]))
    return "%d registrations" % count if count else None


ROWS = [
    Fault("master away", control("away"), away, control("back"), seconds=6, said=AWAY, over=BACK,
          part=("link", "away"), any_time=True),
    Fault("master drops connections", control("drop-connections"), connections, any_time=True),
    Fault("master answers 401", master("401"), faulty_requests, clear, said=REJECTED, over=TAKEN,
          converges=75, part=("link", "rejected")),
    Fault("master answers 403", master("403"), faulty_requests, clear, said=REJECTED, over=TAKEN,
          converges=75),
    Fault("master answers 404", master("404", path="/commands"), faulty_requests, clear,
          said=REGISTERS),
    Fault("master answers 409", master("409", path="/commands"), faulty_requests, clear,
          said=REGISTERS),
    Fault("master answers 429", master("429", retry_after=True, seconds=3), faulty_requests, clear,
          said=AWAY, over=BACK, part=("link", "away"), any_time=True),
    Fault("master answers 503", master("503"), faulty_requests, clear, said=AWAY, over=BACK,
          part=("link", "away"), any_time=True),
    Fault("master behind a broken edge", master("html-502"), faulty_requests, clear, said=AWAY,
          over=BACK, part=("link", "away"), any_time=True),
    Fault("master behind a login page", master("302"), faulty_requests, clear, said=AWAY,
          over=BACK, part=("link", "away"), any_time=True),
    Fault("master says HTML with 200", master("html"), faulty_requests, clear, said=AWAY,
          over=BACK, any_time=True),
    Fault("master hangs", master("hang", seconds=60), faulty_requests, clear, seconds=14,
          said=AWAY, over=BACK, detected=35, converges=75, any_time=True),
    Fault("one byte a second", master("trickle", seconds=60), faulty_requests, clear, seconds=14,
          said=AWAY, over=BACK, detected=35, converges=75, any_time=True),
    Fault("answers lost", master("drop-after", path="/events"), faulty_requests, clear, said=AWAY,
          over=BACK, any_time=True),
    Fault("sessions forgotten", control("forget-sessions"), registrations, said=REGISTERS, any_time=True),
    Fault("master's state lost", control("reset"), registrations, said=REGISTERS),
]
