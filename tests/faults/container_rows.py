# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about containers: many, fast, and what becomes of them."""

import os
import threading
import time

import idle
from fault import Fault
from harness import wait

BURST = 2000
MANY = 500
PLAIN = 1000
NOISE_A_SECOND = 100  # three exec_* events for each health check of PLAIN containers in 30 s
NOISE_LEAST = NOISE_A_SECOND * 10  # in all: fewer are no noise
NOISE = ("exec_create: /bin/true", "exec_start: /bin/true", "exec_die", "health_status: healthy",
         "top", "resize")
STARTS_AND_STOPS_A_SECOND = 200
BUSY, BUSY_AT_ONCE = 1000, 300
LOAD_SECONDS = float(os.environ.get("TEST_LOAD_SECONDS", "5"))
CALM_SECONDS = 5
TOLD_SECONDS = 10  # what a report tells: REPORT_INTERVAL_SECONDS, and what the machine needs


def counting(act):
    def begin(case):
        before = case.engine.events
        act(case)
        case.kept["made"] = case.engine.events - before
    return begin


def counted(least):
    """By the stand-in, while a stream took them."""
    def evidence(case):
        made = case.kept["made"]
        return "%d events" % made if made >= least and case.engine.streams else None
    return evidence


@counting
def burst(case):
    """As fast as the stream takes them, over a hundred containers."""
    for number in range(BURST):
        name = "burst-%d" % (number % 100)
        if number // 100 % 2:
            case.engine.stop(name)
        else:
            case.engine.start(name)


@counting
def many(case):
    for number in range(MANY):
        case.engine.start("many-%d" % number)


def none_refused(case):
    state = case.master.state()
    bad = [r for r in state["requests"] if r["n"] >= case.before["request"]
           and (r.get("status") or 200) >= 400]
    return "the master refused %d requests" % len(bad) if bad else None


def keep_busy(case, ended):
    """Each runs for three seconds and is gone for seven: long enough to be told both times."""
    due = time.monotonic()
    number = 0
    while not ended.wait(max(0.0, due - time.monotonic())):
        at = BUSY_AT_ONCE + number // 2
        if number % 2:
            case.engine.stop("busy-%d" % ((at - BUSY_AT_ONCE) % BUSY), remove=True)
        else:
            case.engine.start("busy-%d" % (at % BUSY))
        number += 1
        due += 1 / STARTS_AND_STOPS_A_SECOND


def steady(case):
    for number in range(BUSY_AT_ONCE):
        case.engine.start("busy-%d" % number)
    ended = threading.Event()
    thread = threading.Thread(target=keep_busy, args=(case, ended), daemon=True)
    case.kept.update(events=case.engine.events, began=time.monotonic(), ended=ended, thread=thread)
    case.beside.callback(ended.set)
    thread.start()


def rate(case):
    """Told once it is over, so that what the case itself does is not in it."""
    seconds = time.monotonic() - case.kept["began"]
    found = (case.engine.events - case.kept["events"]) / seconds
    enough = found > 0.8 * STARTS_AND_STOPS_A_SECOND
    return "%.0f events a second" % found if enough else None


def no_more(case):
    case.kept["ended"].set()
    case.kept["thread"].join()


def restart_loop(case):
    """Down for half a second, up for half a second, as a restart policy makes it."""
    def loop():
        for _ in range(8):
            case.engine.stop("c19")
            time.sleep(0.5)
            case.engine.start("c19")
            time.sleep(0.5)

    case.kept["thread"] = threading.Thread(target=loop, daemon=True)
    case.kept["thread"].start()


def loops(case):
    spans = len(case.engine.by_name["c19"].spans)
    return "started %d times" % spans if spans > 5 else None


def loop_ends(case):
    case.kept["thread"].join()


def no_stop_of(name):
    def holds(case):
        key = case.engine.by_name[name].id
        told = [r for r in case.master.requests("/events", since=case.before["request"])
                if '"container_stop"' in r["body"] and key in r["body"]]
        return "%s was told as stopped" % name if told else None
    return holds


def told(what, condition):
    """What the master's record must come to hold."""
    def holds(case):
        try:
            wait.until(what, lambda: condition(case, case.master.containers()), TOLD_SECONDS)
        except AssertionError as error:
            return str(error)[:200]
        return None
    return holds


@counting
def rename(case):
    case.engine.rename("c19", "renamed")


def is_renamed(case, known):
    return "c19" not in known and known["renamed"]["id"] == case.engine.by_name["renamed"].id


@counting
def pause(case):
    case.engine.pause("c18")
    case.engine.pause("c19")


def unpause(case):
    case.engine.pause("c18", False)


def is_paused(case, known):
    return (known["c18"]["status"], known["c19"]["status"]) == ("running", "paused")


@counting
def make_anew(case):
    """The name has another id, and other labels, before the old one's end is looked at."""
    case.kept["old"] = case.engine.by_name["c19"].id
    case.engine.labels["c19"] = {"dockflare.hostname": "other.example.com"}
    case.engine.stop("c19", remove=True)
    case.engine.start("c19")


def is_another(case, known):
    now = known.get("c19", {"id": None})
    return (now["id"] == case.engine.by_name["c19"].id != case.kept["old"]
            and now["labels"]["dockflare.hostname"] == "other.example.com"
            and "other.example.com|" in case.master.rules())


def slow_reports(case):
    """A report holds containers that are gone before the master has answered it."""
    case.master.fault("slow", type="status_report", seconds=1.5, times=4)
    since = case.before["request"]
    wait.until("a report is on its way", lambda: [
        r for r in case.master.state(since)["requests"]
        if r["fault"] == "slow" and "status" not in r], 10)
    for number in range(10, 18):
        case.engine.stop("c%d" % number, remove=True)


def slow_requests(case):
    state = case.master.state(case.before["request"])
    count = len([r for r in state["requests"] if r["fault"]])
    return "%d slow reports" % count if count else None


# -- noise ----------------------------------------------------------------------------------------

def as_in_use(case):
    """The shipped intervals, and many containers that are none of the agent's business."""
    case.agent.environment.update(REPORT_INTERVAL_SECONDS="30", COMMAND_POLL_SECONDS="30")
    case.engine.add_plain(PLAIN)


def noise(all_the_same, *busy):
    """Idle but for the noise of health checks: what each process takes meanwhile."""
    def make(case, ended):
        due, number = time.monotonic(), 0
        while not ended.wait(max(0.0, due - time.monotonic())):
            case.engine.send_noise(NOISE[number % len(NOISE)],
                                   case.engine.plain[number % PLAIN], all_the_same)
            number += 1
            due += 1 / NOISE_A_SECOND

    def begin(case):
        time.sleep(CALM_SECONDS)
        ended = threading.Event()
        thread = threading.Thread(target=make, args=(case, ended), daemon=True)
        thread.start()
        pids = {"supervisor": case.agent.pid, **case.agent.pids()}
        case.kept["idle"] = idle.best_window(pids, busy)
        ended.set()
        thread.join()
    return begin


def filtered(case):
    """The engine does as the filter of the request says, and has the others wait for nothing."""
    engine, window = case.engine, case.kept["idle"]
    if engine.filtered != engine.noise or engine.noise < NOISE_LEAST:
        return None
    return "%d kept, %.3f %% CPU, %.1f wakes a second" % (
        engine.filtered, 100 * sum(window.cpu.values()), sum(window.wakes.values()))


def sent(case):
    if case.engine.noise < NOISE_LEAST:
        return None
    cpu = case.kept["idle"].cpu
    others = sum(cpu.values()) - cpu["docker-watcher"]
    return "%d sent, %.3f + %.3f %% CPU" % (case.engine.noise, 100 * cpu["docker-watcher"],
                                            100 * others)


def is_idle(*busy):
    return lambda case: case.kept["idle"].wrong(busy)


ROWS = [
    Fault("burst of %d events" % BURST, burst, counted(BURST), bounded=True, holds=none_refused),
    Fault("%d more containers" % MANY, many, counted(MANY), bounded=True, holds=none_refused),
    Fault("%d starts and stops a second" % STARTS_AND_STOPS_A_SECOND, steady, rate, no_more,
          seconds=LOAD_SECONDS, bounded=True, holds=none_refused),
    Fault("restart loop", restart_loop, loops, loop_ends, seconds=8, holds=no_stop_of("c19")),
    Fault("renamed", rename, counted(1), holds=told("the new name", is_renamed)),
    Fault("paused, one unpaused", pause, counted(2), unpause, holds=told("the states", is_paused)),
    Fault("name reused, other labels", make_anew, counted(2),
          holds=told("the new one", is_another)),
    Fault("removed while being reported", slow_reports, slow_requests),
    Fault("noise of %d containers" % PLAIN, noise(False), filtered, prepare=as_in_use,
          holds=is_idle(), converges=75),
    Fault("noise sent all the same", noise(True, "docker-watcher"), sent, prepare=as_in_use,
          holds=is_idle("docker-watcher"), converges=75),
]
