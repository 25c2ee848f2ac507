# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults: what is broken, how, for how long, and what of it must show.  One table.

`begin` and `end` get the case (tests/faults/case.py).  `evidence` answers, from the stand-in, the
kernel or Docker and never from the agent, that the fault took effect: a text, or None if it did not.
`said` and `over` are the lines that the agent must log when it notices and when it is over, None
where a fault that heals itself at once is none for the operator.
"""

import os
import signal
from dataclasses import dataclass
from typing import Callable, Optional

from harness.faulty_engine import EVENTS, LIST

DOCKER_GONE = r"docker-watcher: Docker can't be read: "
DOCKER_BACK = r"docker-watcher: watching Docker "
AWAY = r"master-link: master is away: "
BACK = r"master-link: master is back after "
REJECTED = r"master-link: key rejected: "
TAKEN = r"master-link: (registered|the master takes the key again)"
REGISTERS = r"master-link: the master asks for a registration: "


@dataclass
class Fault:
    name: str
    begin: Callable
    evidence: Callable
    end: Callable = lambda case: None
    seconds: float = 3
    said: Optional[str] = None
    over: Optional[str] = None
    detected: float = 10  # seconds from begin to `said`
    converges: float = 40  # seconds from end: 30 of backoff, 5, and what the machine needs
    prepare: Callable = lambda case: None  # before the agent's start
    part: Optional[tuple] = None  # (part of the status, its state while it lasts)


# ---- how ----

def mend(case):
    case.engine.mend()


def answers(answer, request=".*"):
    def begin(case):
        case.engine.break_with(answer, request)
        case.engine.cut_streams()
    return begin


def met(case):
    """The stand-in engine's own count of what it answered wrongly."""
    count = case.engine.server.met
    return "%d answers" % count if count else None


def streams(case):
    opened = case.engine.opened - case.before["opened"]
    return "%d new streams" % opened if opened else None


def cut(case):
    case.engine.cut_streams()


def half_close(case):
    case.engine.half_close_streams()


def drop_events(case):
    case.engine.drop_events = True


def dropped(case):
    return "%d events dropped" % case.engine.dropped if case.engine.dropped else None


def in_pieces(case):
    case.engine.in_pieces = True


def pieces(case):
    return "%d events in pieces" % case.engine.pieces if case.engine.pieces else None


def twice(case):
    case.engine.twice = True


def doubled(case):
    return "%d events twice" % case.engine.doubled if case.engine.doubled else None


def open_streams(case):
    """Half of an event is in them, and they end with the fault."""
    return "%d streams open" % len(case.engine.streams) if case.engine.streams else None


def stream_bytes(data):
    return lambda case: case.engine.send_raw(data)


def refuse(case):
    """As a proxy without its daemon, or one that is gone: nobody listens."""
    case.engine.server.stop_listening()
    case.engine.cut_streams()


def listen_again(case):
    case.engine.server.listen_again()


def not_listening(case):
    port = case.engine.server.port
    return "nothing listens on port %d" % port if case.refuses(port) else None


def version(text):
    def begin(case):
        case.engine.version = text
        case.engine.mend()
        case.engine.cut_streams()
    return begin


def asked_with(text):
    def evidence(case):
        count = len([line for line in case.engine.server.seen if " /v%s/" % text in line])
        return "%d calls of API %s" % (count, text) if count else None
    return evidence


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


def kill(number, *which):
    def begin(case):
        case.killed = {name: case.agent.pids()[name] for name in which}
        for pid in case.killed.values():
            os.kill(pid, number)
    return begin


def other_pids(case):
    now = case.agent.pids()
    new = [name for name, pid in case.killed.items() if now.get(name) not in (None, pid)]
    return "%s replaced" % " and ".join(new) if len(new) == len(case.killed) else None


def kill_supervisor(case):
    case.killed = {"all": sorted(case.agent.pids().values())}
    os.kill(case.agent.pid, signal.SIGKILL)
    case.agent.process.wait(5)


def start_again(case):
    case.agent.start()
    case.mark = 0  # another log


def all_ended(case):
    left = [pid for pid in case.killed["all"] if os.path.exists("/proc/%d" % pid)]
    return None if left else "4 workers ended with it"


def pause(case):
    case.killed = dict(case.agent.pids())
    for pid in (case.agent.pid, *case.killed.values()):
        os.kill(pid, signal.SIGSTOP)


def resume(case):
    for pid in (*case.killed.values(), case.agent.pid):
        os.kill(pid, signal.SIGCONT)


def same_pids(case):
    return "the same five processes" if case.agent.pids() == case.killed else None


def bad_command(case):
    """It is journalled, then refused: nothing runs for it."""
    case.master.command("start_tunnel", tunnel_name="a", tunnel_id="b", token="not-a-token")


def read_only(case):
    os.chmod(case.agent.data, 0o500)
    bad_command(case)


def writable(case):
    os.chmod(case.agent.data, 0o700)


def mode_of_data(case):
    mode = os.stat(case.agent.data).st_mode & 0o7777
    return "mode %04o" % mode if mode == 0o500 else None


# A data folder of its own, of a few pages.
SMALL = ('mount -t tmpfs -o size=64k,uid=65532,gid=65532,mode=0700 none "$1" && shift && '
         'exec "$@"')


def small_disk(case):
    case.agent.before = ["unshare", "--mount", "sh", "-c", SMALL, "sh", case.agent.data]


def filler(case):
    return "/proc/%d/root%s/filler" % (case.agent.pid, case.agent.data)


def fill_disk(case):
    with open(filler(case), "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    bad_command(case)


def disk_is_full(case):
    status = os.statvfs(os.path.dirname(filler(case)))
    return None if status.f_bavail else "no block free"


def empty_disk(case):
    os.unlink(filler(case))


# ---- the table ----

def worker_rows():
    for name in ("master-link", "docker-watcher", "tunnel-keeper", "name-resolver"):
        ready = r"supervisor: %s is ready .* after its end\)" % name
        for number, what in ((signal.SIGKILL, "killed"), (signal.SIGSEGV, "crashes")):
            yield Fault("%s %s" % (name, what), kill(number, name), other_pids,
                        said=r"supervisor: %s ended \(signal %d" % (name, number), over=ready)
        yield Fault("%s stopped" % name, kill(signal.SIGSTOP, name), other_pids, seconds=14,
                    said=r"supervisor: %s gives no sign of life" % name, detected=13, over=ready)
    yield Fault("two workers killed", kill(signal.SIGKILL, "master-link", "docker-watcher"),
                other_pids, said=r"supervisor: docker-watcher ended \(signal 9",
                over=r"supervisor: docker-watcher is ready .* after its end\)")


FAULTS = [
    Fault("event stream cut", cut, streams),
    Fault("event stream half closed", half_close, streams),
    Fault("event stream silent", drop_events, dropped, mend, seconds=6, converges=75),
    Fault("events in pieces", in_pieces, pieces, mend),
    Fault("events twice", twice, doubled, mend),
    Fault("garbage in the stream", stream_bytes(b"\xff\xfenot JSON at all\n"), streams,
          said=DOCKER_GONE, over=DOCKER_BACK),
    Fault("half an event, then the end", stream_bytes(b'{"Type":"container","Act'),
          open_streams, end=cut, seconds=1),
    Fault("engine or proxy gone", refuse, not_listening, listen_again, seconds=8,
          said=DOCKER_GONE, over=DOCKER_BACK, part=("docker", "unreadable")),
    Fault("engine answers 500", answers("500"), met, mend, said=DOCKER_GONE, over=DOCKER_BACK,
          part=("docker", "unreadable")),
    Fault("engine hangs", answers("hang"), met, mend, seconds=16, said=DOCKER_GONE,
          over=DOCKER_BACK, detected=16),
    Fault("engine talks nonsense", answers("garbage"), met, mend, said=DOCKER_GONE,
          over=DOCKER_BACK, part=("docker", "unreadable")),
    Fault("list cut off", answers("cut", LIST), met, mend,
          said=DOCKER_GONE, over=DOCKER_BACK, part=("docker", "unreadable")),
    Fault("list with a broken entry", answers("list-with-broken-entry",
                                              LIST), met, mend,
          said=DOCKER_GONE, over=DOCKER_BACK),
    Fault("proxy denies events", answers("403", EVENTS), met, mend,
          said=DOCKER_GONE, over=DOCKER_BACK),
    Fault("proxy denies the list", answers("403", LIST), met, mend,
          said=DOCKER_GONE, over=DOCKER_BACK),
    Fault("engine upgraded", version("1.52"), asked_with("1.44"), version("1.41"), seconds=4),
    Fault("engine downgraded", version("1.30"), asked_with("1.30"), version("1.41"), seconds=4),
    Fault("master away", control("away"), away, control("back"), seconds=6, said=AWAY, over=BACK,
          part=("link", "away")),
    Fault("master drops connections", control("drop-connections"), connections),
    Fault("master answers 401", master("401"), faulty_requests, clear, said=REJECTED, over=TAKEN,
          converges=75, part=("link", "rejected")),
    Fault("master answers 403", master("403"), faulty_requests, clear, said=REJECTED, over=TAKEN,
          converges=75),
    Fault("master answers 404", master("404", path="/commands"), faulty_requests, clear,
          said=REGISTERS),
    Fault("master answers 409", master("409", path="/commands"), faulty_requests, clear,
          said=REGISTERS),
    Fault("master answers 429", master("429", retry_after=True, seconds=3), faulty_requests, clear,
          said=AWAY, over=BACK, part=("link", "away")),
    Fault("master answers 503", master("503"), faulty_requests, clear, said=AWAY, over=BACK,
          part=("link", "away")),
    Fault("master behind a broken edge", master("html-502"), faulty_requests, clear, said=AWAY,
          over=BACK, part=("link", "away")),
    Fault("master behind a login page", master("302"), faulty_requests, clear, said=AWAY,
          over=BACK, part=("link", "away")),
    Fault("master says HTML with 200", master("html"), faulty_requests, clear, said=AWAY,
          over=BACK),
    Fault("master hangs", master("hang", seconds=60), faulty_requests, clear, seconds=14,
          said=AWAY, over=BACK, detected=35, converges=75),
    Fault("one byte a second", master("trickle", seconds=60), faulty_requests, clear, seconds=14,
          said=AWAY, over=BACK, detected=35, converges=75),
    Fault("answers lost", master("drop-after", path="/events"), faulty_requests, clear, said=AWAY,
          over=BACK),
    Fault("sessions forgotten", control("forget-sessions"), registrations, said=REGISTERS),
    Fault("master's state lost", control("reset"), registrations, said=REGISTERS),
    *worker_rows(),
    Fault("supervisor killed", kill_supervisor, all_ended, start_again, seconds=2,
          over=r"supervisor: started, version"),
    Fault("all of it paused", pause, same_pids, resume, seconds=16),
    Fault("disk full", fill_disk, disk_is_full, empty_disk, prepare=small_disk, seconds=4,
          said=r"can't be saved: No space left", over=r"journal.json is saved again"),
    Fault("data folder read-only", read_only, mode_of_data, writable, seconds=4,
          said=r"can't be saved: ", over=r"journal.json is saved again"),
]
