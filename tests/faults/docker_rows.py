# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the Docker engine, its proxy and the stream of its events."""

import surroundings
from engine import LABELS
from fault import Fault
from harness.faulty_engine import EVENTS, LIST

DOCKER_GONE = r"docker-watcher: Docker can't be read: "
DOCKER_BACK = r"docker-watcher: watching Docker "


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


def notes_are_whole(case):
    other = [name for name, container in case.master.containers().items()
             if container["labels"].get("dockflare.note") != LABELS["dockflare.note"]]
    return "labels of %s came otherwise" % ", ".join(other) if other else None


def pieces(case):
    return "%d events in pieces" % case.engine.pieces if case.engine.pieces else None


def twice(case):
    case.engine.twice = True


def doubled(case):
    return "%d events twice" % case.engine.doubled if case.engine.doubled else None


def late(before, between):
    def begin(case):
        case.engine.late = (before, between)
    return begin


def waiting(case):
    count = case.engine.waiting
    return "%d events wait" % count if count else None


def swap(case):
    case.engine.swap = True


def swapped(case):
    return "%d pairs swapped" % case.engine.swapped if case.engine.swapped else None


def silent_streams_cut(case):
    """By the proxy: the engine sees its end of each."""
    opened = case.engine.opened - case.before["opened"]
    return "%d new streams" % opened if opened >= 2 else None


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


def listen_elsewhere(case):
    """With another address, which the name server tells from now on."""
    case.engine.server.address = "127.0.0.2"
    case.kept["dns"].names[surroundings.PROXY_NAME] = ["127.0.0.2"]
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


ROWS = [
    Fault("event stream cut", cut, streams, any_time=True),
    Fault("event stream half closed", half_close, streams, any_time=True),
    Fault("event stream silent", drop_events, dropped, mend, seconds=6, converges=75,
          any_time=True),
    Fault("events in pieces", in_pieces, pieces, mend, holds=notes_are_whole, any_time=True),
    Fault("events twice", twice, doubled, mend, any_time=True),
    Fault("events seconds late", late(2, 0), waiting, mend, any_time=True),
    Fault("events byte by byte", late(0, 0.005), waiting, mend, any_time=True),
    Fault("events out of order", swap, swapped, mend, converges=75, any_time=True),
    Fault("proxy cuts what is silent", lambda case: None, silent_streams_cut, seconds=14,
          prepare=surroundings.impatient_proxy, unsaid=DOCKER_GONE),
    Fault("proxy without its engine, 502", answers("502"), met, mend, said=DOCKER_GONE,
          over=DOCKER_BACK, part=("docker", "unreadable"), any_time=True),
    Fault("proxy without its engine, 503", answers("503"), met, mend, said=DOCKER_GONE,
          over=DOCKER_BACK, part=("docker", "unreadable"), any_time=True),
    Fault("proxy back with another address", refuse, not_listening, listen_elsewhere,
          prepare=surroundings.named_proxy("127.0.0.1"), said=DOCKER_GONE, over=DOCKER_BACK,
          part=("docker", "unreadable")),
    Fault("proxy's first address dead", refuse, not_listening, listen_again, seconds=6,
          prepare=surroundings.named_proxy("127.0.0.9", "127.0.0.1"), said=DOCKER_GONE,
          over=DOCKER_BACK, part=("docker", "unreadable")),
    Fault("garbage in the stream", stream_bytes(b"\xff\xfenot JSON at all\n"), streams,
          said=DOCKER_GONE, over=DOCKER_BACK, any_time=True),
    Fault("half an event, then the end", stream_bytes(b'{"Type":"container","Act'),
          open_streams, end=cut, seconds=1),
    Fault("engine or proxy gone", refuse, not_listening, listen_again, seconds=8,
          said=DOCKER_GONE, over=DOCKER_BACK, part=("docker", "unreadable"), any_time=True),
    Fault("engine answers 500", answers("500"), met, mend, said=DOCKER_GONE, over=DOCKER_BACK,
          part=("docker", "unreadable"), any_time=True),
    Fault("engine hangs", answers("hang"), met, mend, seconds=16, said=DOCKER_GONE,
          over=DOCKER_BACK, detected=16, any_time=True),
    Fault("engine talks nonsense", answers("garbage"), met, mend, said=DOCKER_GONE,
          over=DOCKER_BACK, part=("docker", "unreadable"), any_time=True),
    Fault("list cut off", answers("cut", LIST), met, mend,
          said=DOCKER_GONE, over=DOCKER_BACK, part=("docker", "unreadable"), any_time=True),
    Fault("list with a broken entry", answers("list-with-broken-entry", LIST), met, mend,
          said=DOCKER_GONE, over=DOCKER_BACK, any_time=True),
    Fault("proxy denies events", answers("403", EVENTS), met, mend,
          said=DOCKER_GONE, over=DOCKER_BACK, any_time=True),
    Fault("proxy denies the list", answers("403", LIST), met, mend,
          said=DOCKER_GONE, over=DOCKER_BACK, any_time=True),
    Fault("engine upgraded", version("1.52"), asked_with("1.44"), version("1.41"), seconds=4),
    Fault("engine downgraded", version("1.30"), asked_with("1.30"), version("1.41"), seconds=4),
]
