# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls to Docker that the agents of the suite made are those of docs/hardening.md, and no other.

Recorders stand before the engine in all tests (harness/calls.py); this file runs behind the others.
"""

import json
import os
import re
from collections import Counter
from urllib.parse import unquote

import pytest

from harness import calls, docker, proxies, wait
from harness.faulty_engine import json_answer

ID = "0123456789abcdef" * 4


def judge(found):
    strange = calls.strangers(found)
    assert not strange, "in no row of docs/hardening.md: " + "; ".join(strange)


def through(proxy):
    """What went through one recording proxy."""
    return calls.read(proxy.output.name)


def test_an_agent_asks_only_what_is_listed(engine, agents, masters, tunnel, folder):
    """From its start to its stop, with a service and a tunnel."""
    made = {kind: proxies.Proxy(kind, folder, recorded=kind) for kind in ("read", "tunnel")}
    try:
        master = masters()
        agent = agents.start(master, DOCKER_HOST=made["read"].host, TUNNEL_ON_EXIT="remove",
                             DOCKER_TUNNEL_HOST=made["tunnel"].host)
        master.wait_container(engine.service("asked"))
        master.start_tunnel(tunnel)
        docker.wait_running(docker.TUNNEL_CONTAINER)
        agent.stop()
        found = [call for proxy in made.values() for call in through(proxy)]
    finally:
        for proxy in made.values():
            proxy.close()
    assert len({(call.method, call.path) for call in found}) >= 10, found
    judge(found)


def test_a_dead_container_is_removed_by_force(engine, agents, masters, tunnel, faulty_engine):
    """Docker's answer calls it so until then; all else is the real engine's."""
    agent = agents.make(masters(), DOCKER_TUNNEL_HOST=faulty_engine.host)
    agent.write("tunnel_state.json", tunnel.state())
    agent.start()
    docker.wait_running(docker.TUNNEL_CONTAINER)
    agent.wait_status("the tunnel serves", lambda s: s["tunnel"]["ready_connections"], 20)
    seen = docker.inspect(docker.TUNNEL_CONTAINER)
    seen["State"].update(Status="dead", Dead=True, Running=False)
    faulty_engine.add("GET .*/%s/json" % docker.TUNNEL_CONTAINER, json_answer(seen))
    docker.docker("kill", docker.TUNNEL_CONTAINER)
    asked = wait.until("it is removed", lambda: [
        line.split()[1] for line in faulty_engine.seen if line.startswith("DELETE")], 20)
    faulty_engine.clear()
    assert asked[0].endswith("/containers/%s?v=1&force=1" % seen["Id"])
    new = wait.until("it is made anew", lambda: docker.running(docker.TUNNEL_CONTAINER), 20)
    assert new["Id"] != seen["Id"]


def test_every_recorded_call_is_listed(output):
    """Those of all tests of this part that ran before."""
    found = calls.recorded(output)
    print("%d calls" % len(found))
    judge(found)


def test_the_events_are_those_that_are_listed(output):
    [row] = [line for line in calls.document().splitlines() if "filters=FILTERS" in line]
    listed = re.search(r"events of containers: ([a-z, ]+);", row)[1].split(", ")
    asked = {unquote(call.path.split("filters=")[1]) for call in calls.recorded(output)
             if "/events" in call.path}
    assert all(json.loads(filters) == {"type": ["container"], "event": listed} for filters in asked)


def test_the_comparison_finds_what_is_not_listed():
    """The control run."""
    def strange(endpoint, method, path, denied=False):
        return calls.strangers([calls.Call(endpoint, method, path, denied)])

    assert not strange("read", "GET", "/v1.41/containers/json")
    assert not strange("any", "POST", "/v1.41/containers/%s/stop?t=6" % ID)
    assert strange("tunnel", "GET", "/v1.41/containers/json")
    assert not strange("tunnel", "GET", "/v1.41/containers/json", denied=True)
    for call in (("GET", "/v1.41/info"), ("GET", "/v1.41/containers/json?all=1"),
                 ("POST", "/v1.41/containers/json"), ("GET", "/containers/json"),
                 ("POST", "/v1.41/containers/%s/exec" % ID), ("GET", "/v1.41/images/json"),
                 ("POST", "/v1.41/containers/create?name=other"), ("<BADREQ>", "<BADREQ>")):
        assert strange("any", *call), call


def test_a_recording_proxy_is_the_shipped_one():
    """But for three ways of logging."""
    for path in proxies.CONFIGURATIONS.values():
        with open(path, encoding="utf-8") as file:
            before = Counter(file.read().splitlines())
        after = Counter(calls.recording(path).splitlines())
        assert set(before - after) <= {"  option httplog", "  option dontlog-normal"}
        assert set(after - before) == {"  option dontlognull", "  option logasap",
                                       '  log-format "CALL %HM %HU %ST"'}


@pytest.mark.whole
def test_every_listed_call_was_made(output):
    """By the agents of all parts of a whole run."""
    found = calls.recorded(os.path.dirname(output))
    judge(found)
    seen = {row: sum(calls.matches(row, call) for call in found) for row in calls.rows()}
    for row, times in seen.items():
        print("%6d %s %s" % (times, row.method, row.path))
    missing = ["%s %s" % (row.method, row.path) for row, times in seen.items() if times == 0]
    assert not missing, "no agent of the suite asked: " + "; ".join(missing)
