# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the master and what lies before it."""

import os
from datetime import datetime, timezone

from fault import Fault
from harness import secret, wait
from surroundings import MASTER_NAME, certificate, certified, named_master, with_tunnel

AWAY = r"master-link: master is away: "
BACK = r"master-link: master is back after "
REJECTED = r"master-link: key rejected: "
TAKEN = r"master-link: (registered|the master takes the key again)"
KEEPS_ASKING = r"master-link: the master keeps asking for a registration: "
REGISTERS = r"master-link: the master asks for a registration: "


def master(kind, **more):
    return lambda case: case.master.fault(kind, times=1000000, **more)


def clear(case):
    case.master.control("clear-faults")


def faulty_requests(case):
    """Those that still hang too."""
    count = len([r for r in case.master.state(case.before["request"])["requests"] if r["fault"]])
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


def start_without(case):
    """A start with the tunnel's state and no id while the master is away, and knows of nothing."""
    case.agent.kill()
    for name in os.listdir(case.agent.data):
        os.unlink(case.agent.path(name))
    case.agent.write("tunnel_state.json", secret.Tunnel("former").state())
    case.master.control("reset")
    case.master.control("away")
    wait.until("the master is away", lambda: case.refuses(case.master.port))
    case.agent.start(ready=False)
    case.mark = 0  # another log


def works_all_the_same(case):
    """Docker is read meanwhile, and the tunnel runs."""
    if not away(case) or not case.engine.streams:
        return None
    return "away, the tunnel %s" % case.engine.tunnel.state if case.engine.tunnel.state else None


def refused(reason):
    def evidence(case):
        """The alert that the stand-in got from the agent's TLS."""
        alerts = [alert for alert in case.master.state()["tls_refused"] if reason in alert]
        return alerts[-1].lower().replace("_", " ") if alerts else None
    return evidence


def connected_only(case):
    """The handshake came to an end, as its names are looked at behind it, and nothing was sent."""
    state = case.master.state()
    count = state["connections"] - case.kept["connections"]
    sent = state["next_request"] - case.kept["request"]
    return "%d connections, no request" % count if count and not sent else None


def bad_certificate(name, kind, evidence, reason):
    """Without its connections the agent meets it at once; else within the hour that one lives."""
    def begin(case):
        certificate(kind)(case)
        state = case.master.state()
        case.kept.update(connections=state["connections"], request=state["next_request"])

    return Fault(name, begin, evidence, certificate("good"), prepare=certified,
                 said=AWAY + r"no trusted TLS with \S+: .*" + reason, over=BACK,
                 part=("link", "away"))


def unknown_name(mode):
    """Its name fails, it is gone for a second, and then only the name is missing."""
    def begin(case):
        dns = case.kept["dns"]
        dns.mode = mode
        case.kept["asked"] = len(dns.asked)
        case.master.control("away", seconds=1)
    return begin


def good_name(case):
    case.kept["dns"].mode = "good"


def asked(case):
    count = len(case.kept["dns"].asked) - case.kept["asked"]
    return "%d questions" % count if count else None


def move_to_ipv6(case):
    case.kept["dns"].names[MASTER_NAME] = ["::1"]
    case.master.control("move", bind="::1")


def only_ipv6(case):
    state = case.master.state()
    if state["bind"] != "::1" or not case.refuses(case.master.port):
        return None
    return "%d requests to ::1" % (state["next_request"] - case.before["request"])


def wrong_clock(hours):
    """Its dates are hours off, those of Retry-After too: that form counts as none."""
    def begin(case):
        case.master.control("clock", seconds=hours * 3600)
        case.master.fault("503", "/commands", times=2, retry_date=True, seconds=3)
    return begin


def right_clock(case):
    case.master.control("clock", seconds=0)


def hours_off(case):
    seen = datetime.fromisoformat(case.master.agent()["last_seen"])
    hours = (seen - datetime.now(timezone.utc)).total_seconds() / 3600
    return "seen last at %+.1f h" % hours if abs(hours) > 1 else None


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
    Fault("master keeps no registration", master("404", path="/commands"), faulty_requests, clear,
          seconds=12, said=KEEPS_ASKING, over=r"master-link: the registration lasts again", lines=1,
          converges=95),
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
    Fault("closed before the answer", master("drop"), faulty_requests, clear, said=AWAY, over=BACK,
          any_time=True),
    Fault("closed within the answer", master("cut"), faulty_requests, clear, said=AWAY, over=BACK,
          any_time=True),
    Fault("closed behind each answer", master("close-after"), faulty_requests, clear, unsaid=AWAY,
          any_time=True),
    Fault("master away at the start", start_without, works_all_the_same, control("back"),
          seconds=6, prepare=with_tunnel, said=AWAY, over=TAKEN, part=("docker", "connected")),
    bad_certificate("certificate expired", "expired", refused("EXPIRED"), "expired"),
    bad_certificate("certificate of another CA", "foreign", refused("UNKNOWN_CA"), "issuer"),
    bad_certificate("certificate of another name", "misnamed", connected_only, "name"),
    *(Fault("master's name: %s" % mode, unknown_name(mode), asked, good_name, seconds=6,
            prepare=named_master("127.0.0.1"), said=AWAY, over=BACK, part=("link", "away"))
      for mode in ("servfail", "nxdomain", "silent")),
    Fault("two addresses, both away", control("away"), away, control("back"), seconds=14,
          prepare=named_master("::1", "127.0.0.1"), said=AWAY, over=BACK, part=("link", "away")),
    Fault("master moves to IPv6 only", move_to_ipv6, only_ipv6, seconds=6,
          prepare=named_master("127.0.0.1"), said=AWAY, over=BACK),
    Fault("master's clock 5 h ahead", wrong_clock(5), hours_off, right_clock, said=AWAY,
          over=BACK),
    Fault("master's clock 5 h behind", wrong_clock(-5), hours_off, right_clock, said=AWAY,
          over=BACK),
    Fault("sessions forgotten", control("forget-sessions"), registrations, said=REGISTERS,
          any_time=True),
    Fault("master's state lost", control("reset"), registrations, said=REGISTERS),
]
