# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire contract with the master, row by row, with each protocol, by the master's record."""

import json
import os
import time
from datetime import datetime

import pytest

from harness import docker, wait
from harness.master import AGENTS

PROTOCOLS = ("1", "2", "new1")


@pytest.fixture(params=PROTOCOLS)
def protocol(request):
    return request.param


@pytest.fixture
def any_master(masters, protocol):
    """A master of each protocol in turn."""
    return masters(protocol=protocol)


@pytest.fixture
def any_agent(agents, any_master):
    started = agents.start(any_master)
    any_master.wait_registered()
    return started


def sequences(master, kind=None):
    """The sequences of the events (or reports) that were not met by a fault, in order."""
    found = []
    for request in master.requests("/events", since=0):
        body = json.loads(request["body"])
        report = body["type"] == "status_report"
        if request["fault"] is None and report == (kind == "status_report"):
            found.append(body["report_sequence" if report else "event_sequence"])
    return found


# -- POST /register ---------------------------------------------------------------------------------

def test_first_and_second_registration(agents, any_master, protocol):
    agent = agents.make(any_master, AGENT_DISPLAY_NAME="Büro 3")
    agent.start()
    known = any_master.wait_registered()
    body = any_master.bodies("/register")[0]
    assert body["display_name"] == "Büro 3" and known["display_name"] == "Büro 3"
    assert body["supported_protocol_versions"] == [2, 1] and "agent_id" not in body
    assert {"decommission.v1", "tunnel_stop.v1"} == set(body["capabilities"])
    assert body["version"] == body["agent_version"] == known["version"]
    headers = any_master.requests("/register")[0]["headers"]
    assert headers["authorization"] == "(right)" and headers["content-type"] == "application/json"
    assert any_master.requests("/register")[0]["status"] == 201
    wait.until("the id is kept", lambda: (agent.read("agent_id.txt") or b"").strip()
               == known["id"].encode())
    mode = os.stat(agent.path("agent_id.txt"))
    assert (mode.st_mode & 0o7777, mode.st_uid) == (0o600, 65532)
    agent.stop()
    any_master.set_mark()
    agent.start()
    assert any_master.wait_requests("/register")[0]["status"] == 200
    assert any_master.bodies("/register")[0]["agent_id"] == known["id"]
    assert any_master.agent()["registrations"] == 2
    expected = 2 if protocol == "2" else 1
    agent.wait_status("its protocol", lambda s: s["link"]["protocol"] == expected)


def test_without_a_display_name_none_is_sent(agent, master):
    assert "display_name" not in master.bodies("/register")[0]
    assert master.agent()["display_name"] == "agent-" + master.agent()["id"][:8]


def test_a_revoked_key_is_told_apart(agents, master):
    master.control("revoke")
    agent = agents.start(master)
    agent.wait_line(r"master-link: key rejected: ")
    agent.wait_status("rejected", lambda s: s["link"]["state"] == "rejected")
    wait.stays("no second try", lambda: len(master.requests("/register")) == 1, 2)
    code, line = agent.health()
    # A restart would not help, and with TUNNEL_ON_EXIT=remove it would drop the tunnel.
    assert code == 0 and line.startswith("degraded: ") and "rejects the key" in line


def test_a_key_of_another_agent_is_told_apart(agents, any_master):
    any_master.control("key", key=any_master.key, status="active", bound="someone-else")
    agent = agents.make(any_master)
    agent.write("agent_id.txt", "my-own-id\n")
    agent.start()
    agent.wait_line(r"master-link: key rejected: ")
    assert any_master.bodies("/register")[0]["agent_id"] == "my-own-id"
    assert any_master.requests("/register")[0]["status"] == 403
    assert agent.read("agent_id.txt").strip() == b"my-own-id"


def test_a_revoked_key_later_on(any_agent, any_master):
    any_master.control("revoke")
    any_agent.wait_line(r"master-link: key rejected: ")
    any_agent.wait_status("rejected", lambda s: s["link"]["state"] == "rejected")


def test_a_master_without_memory_gets_everything_again(any_agent, any_master, engine, protocol):
    name = engine.service("kept")
    any_master.wait_container(name)
    before = any_master.agent()["id"]
    any_master.control("reset")
    any_master.wait_registered()
    any_master.wait_container(name)
    assert engine.hostname_rule("kept") in any_master.rules()
    after = any_master.agent()["id"]
    if protocol == "1":
        assert after == before  # an old master takes the id that is offered
    else:
        assert after != before
        any_agent.wait_line(r"security: .*id")
    wait.until("the id is kept", lambda: any_agent.read("agent_id.txt").strip() == after.encode())
    assert any_agent.wait_line("registered with the master as agent " + after)


def test_a_second_403_soon_after_a_registration_is_a_rejected_key(agent, master):
    """One registration at once, but no storm of them."""
    master.fault("403", "/events", times=100000)
    master.fault("403", "/commands", times=100000)
    agent.wait_line(r"master-link: key rejected: ")
    wait.stays("no storm", lambda: len(master.requests("/register")) <= 3, 2)


def test_an_unknown_session_is_registered_anew(agent, master, engine):
    master.wait_events("heartbeat")
    master.control("forget-sessions")
    wait.until("registered again", lambda: master.agent()["registrations"] == 2)
    name = engine.service("after")
    master.wait_container(name)
    assert len(master.requests("/register")) == 2


def test_a_hostile_agent_id_stays_in_its_place(masters, agents):
    answer = json.dumps({"status": "success", "agent_id": "../../x?y#z/%2e", "agent": {}})
    master = masters("--faults", json.dumps(
        [{"kind": "answer", "status": 201, "path": "/register", "body": answer}]), protocol="1")
    agents.start(master)
    request = master.wait_requests("/api/", 2)[1]
    assert request["path"].startswith(AGENTS + "/..%2F..%2Fx%3Fy%23z%2F%252e/")


def test_unsupported_protocol_is_said(agents, masters):
    master = masters("--faults", json.dumps([{"kind": "409-unsupported", "path": "/register"}]))
    agent = agents.start(master)
    agent.wait_line(r"master-link: .*protocol")
    master.wait_registered()


# -- events -----------------------------------------------------------------------------------------

def test_containers_come_and_go(any_agent, any_master, engine, protocol):
    name = engine.service("web", labels={"com.example.private": "do not tell",
                                         "dockflare.0.hostname": "second.example.com",
                                         "dockflare.0.service": "http://web:81"})
    known = any_master.wait_container(name)
    full = docker.inspect(name)
    assert known["id"] == full["Id"] and len(known["id"]) == 64
    assert "com.example.private" not in known["labels"] and "test-run" not in known["labels"]
    assert known["labels"]["dockflare.service"] == "http://web:80"
    assert engine.hostname_rule("web") in any_master.rules()
    engine.remove(name)
    any_master.wait_no_container(name)
    assert engine.hostname_rule("web") in any_master.rules("pending_deletion")
    kinds = {event["type"] for event in any_master.events()}
    assert "container_die" not in kinds
    for event in any_master.events():
        moment = datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
        assert moment.utcoffset().total_seconds() == 0
        assert abs(moment.timestamp() - time.time()) < 60
        assert ("event_sequence" in event or "report_sequence" in event) == (protocol == "2")


def test_protocol_2_counts_events_and_reports_apart(agent, master, engine):
    engine.service("counted")
    master.wait_container(engine.name("counted"))
    master.wait_events("status_report", 3)
    for kind in (None, "status_report"):
        seen = sequences(master, kind)
        assert seen == list(range(1, len(seen) + 1))
    session = master.agent()["session"]
    for event in master.events():
        assert event["protocol_version"] == 2 and event["agent_session_id"] == session
    report = master.events("status_report")[-1]
    assert report["inventory_complete"] is True
    assert report["inventory_scope"] == "dockflare_enabled_running"
    assert {"id", "name", "labels", "status"} <= set(report["containers"][0])


def test_protocol_1_reports_under_container(masters, agents, engine):
    master = masters(protocol="1")
    name = engine.service("listed")
    agents.start(master)
    master.wait_container(name)
    report = master.wait_events("status_report")[0]
    listed = report["container"]["containers"]
    assert name in [container["name"] for container in listed]
    assert all(set(c) == {"id", "name", "labels", "status"} for c in listed)
    assert not {"protocol_version", "event_sequence", "agent_session_id"} & set(report)


def test_heartbeats_and_reports_at_their_interval(any_agent, any_master):
    any_master.wait_events("heartbeat", 1)
    any_master.set_mark()
    time.sleep(3.3)
    assert 2 <= len(any_master.events("heartbeat")) <= 5
    assert 2 <= len(any_master.events("status_report")) <= 5
    assert 2 <= len(any_master.requests("/commands")) <= 5


def test_a_lost_answer_costs_nothing(agent, master, engine):
    """The event was kept, its answer got lost: it is sent again and found to be a duplicate."""
    master.wait_events("heartbeat")
    master.fault("drop-after", "/events", type="container_start")
    name = engine.service("once")
    master.wait_container(name)
    wait.until("the agent goes on", lambda: len(master.events("status_report")) > 2)
    assert master.agent()["registrations"] == 1
    assert engine.hostname_rule("once") in master.rules()


@pytest.mark.parametrize("kind", ["500", "503", "429", "413", "400", "409-stale", "502"])
def test_a_refused_event_is_not_lost(any_agent, any_master, engine, kind):
    any_master.wait_events("heartbeat")
    any_master.fault(kind, "/events", type="container_start")
    name = engine.service("kept")
    any_master.wait_container(name)
    assert any_master.agent()["registrations"] == 1
    assert engine.hostname_rule("kept") in any_master.rules()


def test_retry_after_is_obeyed(any_agent, any_master):
    any_master.wait_events("heartbeat")
    any_master.set_mark()
    any_master.fault("503-retry-after", "/events", seconds=3)
    wait.until("the fault is met", lambda: [
        r for r in any_master.requests() if r["fault"]], 5)
    refused = [r for r in any_master.requests() if r["fault"]][0]
    wait.until("something comes after it", lambda: any_master.requests(since=refused["n"] + 1))
    after = any_master.requests(since=refused["n"] + 1)[0]
    assert 2.9 <= after["time"] - refused["time"] < 6


def test_one_connection_and_one_request_at_a_time(any_agent, any_master, engine):
    for short in ("a", "b", "c"):
        engine.service(short)
    for short in ("a", "b", "c"):
        any_master.wait_container(engine.name(short))
    any_master.wait_events("status_report", 3)
    state = any_master.state()
    assert state["most_in_flight"] == 1
    assert len({request["from"] for request in state["requests"]}) == 1


# -- an outage --------------------------------------------------------------------------------------

def test_away_and_back_with_nothing_lost(any_agent, any_master, engine):
    gone, stays = engine.service("gone"), engine.service("stays")
    any_master.wait_container(gone)
    any_master.wait_container(stays)
    any_master.control("away")
    any_agent.wait_line(r"master-link: master is away: ")
    engine.remove(gone)
    comes = engine.service("comes")
    assert any_agent.health()[0] == 0
    pids = any_agent.pids()
    any_master.control("back")
    any_master.wait_container(comes, 15)
    any_master.wait_no_container(gone)
    any_agent.wait_line(r"master-link: master is back after ")
    assert engine.hostname_rule("stays") in any_master.rules()
    assert engine.hostname_rule("comes") in any_master.rules()
    assert engine.hostname_rule("gone") in any_master.rules("pending_deletion")
    assert any_agent.pids() == pids


def test_dropped_connections_are_made_again(agent, master):
    for _ in range(3):
        master.wait_events("heartbeat", len(master.events("heartbeat")) + 1)
        master.control("drop-connections")
    master.wait_events("heartbeat", len(master.events("heartbeat")) + 1)
    assert master.agent()["registrations"] == 1


def test_a_master_that_hangs_is_given_up_in_time(agent, master):
    """The request's own time-out is 15 s; the agent is alive all the time."""
    master.fault("hang", "/commands", seconds=40)
    wait.until("the fault is taken", lambda: not master.state()["faults"])
    began = time.time()
    pids = agent.pids()
    wait.until("the next request", lambda: [r for r in master.requests() if r["time"] > began + 1],
               25)
    assert agent.pids() == pids


def test_a_slow_master_is_waited_for(any_agent, any_master, engine):
    any_master.fault("slow", "/events", type="container_start", seconds=2)
    name = engine.service("slow")
    any_master.wait_container(name)
    wait.until("heartbeats go on", lambda: len(any_master.events("heartbeat")) > 1)
    starts = [e for e in any_master.events("container_start") if e["container"]["name"] == name]
    assert len(starts) <= 1


# -- answers that are no answers --------------------------------------------------------------------

WRONG = ("html", "html-403", "html-502", "302", "cut", "huge", "wrong-types", "nul", "raw-nul",
         "bad-utf8", "duplicate-keys", "deep", "huge-number", "empty", "not-an-object",
         "truncated-json", "garbage", "huge-header", "drop", "500")


def test_wrong_answers_on_every_path(masters, agents, engine):
    """An agent and a master for each wrong answer, all at once: it comes on registration, on the
    command poll, on an event and on a report, and the agent goes on."""
    name = engine.service("there")
    pairs = {}
    for kind in WRONG:
        faults = [{"kind": kind, "path": path, "times": 1}
                  for path in ("/register", "/commands", "/events")]
        faults.append({"kind": kind, "path": "/events", "type": "status_report", "times": 1})
        master = masters("--faults", json.dumps(faults))
        pairs[kind] = (master, agents.start(master, ready=False))
    unhappy = []
    for kind, (master, agent) in pairs.items():
        try:
            wait.until(kind + ": every fault is met", lambda: not master.state()["faults"], 60)
            agent.wait_ready()
            master.set_mark()
            master.wait_requests("/commands", 1, 40)
            master.wait_container(name, 30)
            assert agent.log.find(r"supervisor: \S+ ended") is None, "a worker died"
            assert not master.requests("/_stolen", since=0), "a redirect was followed"
            assert not [r for r in master.requests("", since=0)
                        if "location" in r["headers"]]
        except AssertionError as error:
            unhappy.append("%s: %s" % (kind, error))
    assert not unhappy, "\n".join(unhappy)
    for master, agent in pairs.values():
        agent.kill()


def test_a_huge_answer_is_cut_short(agent, master):
    master.fault("huge", "/commands")
    wait.until("the fault is met", lambda: [
        r for r in master.requests("/commands") if r["fault"] == "huge"], 20)
    status = dict(line.split(":", 1) for line in
                  open("/proc/%d/status" % agent.pids()["master-link"], encoding="ascii"))
    assert int(status["VmHWM"].split()[0]) < 64 * 1024


# -- commands ---------------------------------------------------------------------------------------

def test_start_restart_and_stop(any_agent, any_master, engine, tunnel):
    any_master.start_tunnel(tunnel)
    first = docker.wait_running(docker.TUNNEL_CONTAINER)
    any_master.wait_tunnel("running")
    assert any_master.tunnel()["name"] == tunnel.name
    any_master.start_tunnel(tunnel)  # the same once more: nothing to do
    any_master.restart_tunnel(tunnel)
    second = wait.until("the container is replaced", lambda: (
        lambda c: c if c and c["Id"] != first["Id"] else None)(
            docker.running(docker.TUNNEL_CONTAINER)))
    time.sleep(1.5)
    assert docker.running(docker.TUNNEL_CONTAINER)["Id"] == second["Id"]
    any_master.command("stop_tunnel")
    docker.wait_gone(docker.TUNNEL_CONTAINER)
    any_master.wait_tunnel("stopped")
    # The container is gone a moment before it is on disk that the command is done.
    wait.until("the state is saved", lambda: any_agent.read_json("tunnel_state.json") == {
        "token": None, "id": None, "name": None, "desired_state": "stopped"})
    # The master's record changes before the request that changed it has ended.
    event = wait.until("its request has ended", lambda: [
        e for e in any_master.events("tunnel_status") if e["tunnel"]["status"] == "stopped"])[-1]
    assert event["container"]["status"] == "stopped"


def test_the_tunnel_is_told_where_the_master_reads_it(any_agent, any_master, tunnel):
    any_master.start_tunnel(tunnel)
    any_master.wait_tunnel("running")
    wait.until("the version is told", lambda: any_master.tunnel()["version"] == "2025.9.0", 15)
    event = any_master.events("tunnel_status")[-1]
    assert set(event["tunnel"]) >= {"name", "status", "version"}
    assert event["container"]["name"] == tunnel.name
    assert event["container"]["status"] == "running"


def test_bad_commands_are_skipped_and_good_ones_obeyed_in_order(any_agent, any_master, tunnel):
    hostile = {"action": "start_tunnel", "tunnel_name": "x" * 5000, "tunnel_id": "i", "token": "t"}
    any_master.control("command", commands=[
        {"action": "fly"}, 17, None, [], "start_tunnel", {}, {"action": ["start_tunnel"]},
        {"action": "start_tunnel"}, {"action": "start_tunnel", "tunnel_name": 1, "tunnel_id": 2,
                                     "token": 3},
        hostile, {"action": "restart_tunnel", "tunnel_name": tunnel.name},
        {"action": "update_tunnel_config", "rules": [1, 2]},
        {"action": "prepare_decommission"}, {"action": "finalize_decommission",
                                             "operation_id": "../..", "command_id": 5},
        {"action": "start_tunnel", "tunnel_name": tunnel.name, "tunnel_id": tunnel.id,
         "token": tunnel.token, "new_field": {"a": [1]}}])
    docker.wait_running(docker.TUNNEL_CONTAINER)
    any_master.wait_tunnel("running")
    assert any_agent.wait_line(r"master-link: .*fly")
    assert len(any_agent.pids()) == 4
    assert any_agent.read("decommission.json") is None


def test_a_pending_agent_works_like_an_enrolled_one(agents, masters, engine, tunnel):
    master = masters(protocol="1")
    name = engine.service("early")
    agent = agents.start(master)
    master.wait_container(name)
    assert master.agent()["status"] == "pending"
    master.wait_requests("/commands")
    status = agent.wait_status("pending", lambda s: s["link"]["agent_status"] == "pending")
    assert any("enrol" in warning for warning in status["link"]["warnings"])
    master.control("enrol", tunnel_name=tunnel.name, tunnel_id=tunnel.id, token=tunnel.token)
    docker.wait_running(docker.TUNNEL_CONTAINER)
    master.wait_tunnel("running")


def test_a_lost_tunnel_state_is_restored_from_the_registration(agents, masters, tunnel):
    """Protocol 1's answer holds the assigned tunnel."""
    master = masters(protocol="1")
    first = agents.start(master)
    master.wait_registered()
    master.control("enrol", tunnel_name=tunnel.name, tunnel_id=tunnel.id, token=tunnel.token,
                   queue=False)
    agent_id = wait.until("the id is kept", lambda: first.read("agent_id.txt"))
    first.stop()
    second = agents.make(master)
    second.write("agent_id.txt", agent_id)
    second.start()
    docker.wait_running(docker.TUNNEL_CONTAINER)
    assert second.read_json("tunnel_state.json")["token"] == tunnel.token


RULES = {
    "one": {"status": "active", "hostname": "a.example.com", "service": "http://a:1",
            "path": ""},
    "two": {"status": "pending_deletion", "hostname": "b.example.com", "service": "http://b:1"},
    "three": {"status": "active", "hostname": "c.example.com", "service": "http://c:1",
              "path": "/x"},
}
INGRESS = [{"hostname": "a.example.com", "service": "http://a:1"},
           {"hostname": "c.example.com", "service": "http://c:1", "path": "/x"},
           {"service": "http_status:404"}]


def test_update_tunnel_config_with_a_master_that_offers_it(agents, masters, protocol, tunnel):
    master = masters("--cloudflare-helper", protocol=protocol)
    agents.start(master)
    master.wait_registered()
    master.start_tunnel(tunnel)
    master.wait_tunnel("running")
    master.command("update_tunnel_config", rules=RULES)
    done = wait.until("the configuration is put", lambda: master.state()["configurations"])[0]
    assert done["account"] == "a" * 32 and done["tunnel_id"] == tunnel.id
    assert done["body"] == {"config": {"ingress": INGRESS}}


def test_update_tunnel_config_with_a_master_that_does_not(any_agent, any_master, tunnel):
    any_master.start_tunnel(tunnel)
    any_master.wait_tunnel("running")
    for _ in range(2):
        any_master.command("update_tunnel_config", rules=RULES)
        any_master.set_mark()
        any_master.wait_requests("/commands", 3)
    assert any_agent.wait_line(r"master-link: .*not offered by this master")
    assert len([l for _, l in any_agent.log.lines if "not offered by this master" in l]) == 1
    assert any_master.agent()["registrations"] == 1
    any_master.wait_tunnel("running")


# -- decommissioning --------------------------------------------------------------------------------

def decommissioned(agent, master, tunnel):
    master.start_tunnel(tunnel)
    master.wait_tunnel("running")
    operation = master.control("decommission")
    wait.until("the operation is complete", lambda: master.state()["operations"][
        operation["operation_id"]]["state"] == "completed", 20)
    return master.state()["operations"][operation["operation_id"]]


def test_decommissioning(agent, master, tunnel):
    agent_id = master.agent()["id"]
    operation = decommissioned(agent, master, tunnel)
    prepared, final = operation["acks"][0], operation["acks"][-1]
    assert prepared["phase"] == "prepared" and prepared["tunnel_container"] == "stopped"
    assert prepared["tombstone_persisted"] is True
    assert prepared["self_stop_capability"] == "manual"
    assert prepared["cloudflared_image"] == docker.TUNNEL_IMAGE and "agent_image" in prepared
    assert final["phase"] == "shutdown_scheduled" and final["self_stop_capability"] == "manual"
    container = docker.inspect(docker.TUNNEL_CONTAINER)
    assert container is not None and not container["State"]["Running"]
    stone = agent.read_json("decommission.json")
    assert stone["schema_version"] == 1 and stone["phase"] == "finalized"
    assert stone["operation_id"] == operation["operation_id"] and stone["agent_id"] == agent_id
    assert stone["requested_self_action"] == "stop"
    assert stone["prepared_at"] and stone["finalized_at"]
    assert os.stat(agent.path("decommission.json")).st_mode & 0o7777 == 0o600
    state = agent.read_json("tunnel_state.json")
    assert state["token"] is None and state["desired_state"] == "stopped"
    agent.wait_status("finalized", lambda s: s["link"]["lifecycle"] == "finalized")
    code, line = agent.health()
    assert code == 0 and "decommissioned" in line
    began = operation["acks"] and master.requests("/ack")[0]["time"]
    assert not [r for r in master.requests("/events") if r["time"] > began + 0.2]
    agent.stop()
    master.set_mark()
    agent.start()
    agent.wait_status("it knows", lambda s: s["link"]["lifecycle"] == "finalized")
    time.sleep(2)
    assert master.requests() == []
    assert not docker.inspect(docker.TUNNEL_CONTAINER)["State"]["Running"]


def test_decommissioning_twice_is_harmless(agent, master, tunnel):
    """The acknowledgement is refused at first, so that the command comes again."""
    master.fault("503", "/ack", times=2)
    operation = decommissioned(agent, master, tunnel)
    phases = [ack["phase"] for ack in operation["acks"]]
    assert phases[0] == "prepared" and phases[-1] == "shutdown_scheduled"
    assert agent.read_json("decommission.json")["phase"] == "finalized"


def test_decommissioning_over_a_restart(agents, master, tunnel):
    """Prepared, killed, started again: stays out of service and finishes."""
    agent = agents.start(master)
    master.wait_registered()
    master.start_tunnel(tunnel)
    master.wait_tunnel("running")
    master.fault("500", "/ack", times=1000)
    operation = master.control("decommission")
    wait.until("prepared is on disk", lambda: agent.read("decommission.json"))
    agent.kill()
    master.control("clear-faults")
    agent.start()
    wait.until("the operation is complete", lambda: master.state()["operations"][
        operation["operation_id"]]["state"] == "completed", 20)
    assert not docker.inspect(docker.TUNNEL_CONTAINER)["State"]["Running"]


# -- the way to the master --------------------------------------------------------------------------

def test_a_path_in_the_url_and_a_trailing_slash(masters, agents):
    master = masters("--base", "/dock/flare")
    agents.start(master, DOCKFLARE_MASTER_URL=master.url + "/dock/flare/")
    master.wait_registered()
    assert master.requests()[0]["path"] == "/dock/flare" + AGENTS + "/register"


def test_a_master_by_name(masters, agents):
    master = masters()
    agents.start(master, DOCKFLARE_MASTER_URL="http://localhost:%d" % master.port)
    master.wait_registered()
    assert master.requests()[0]["headers"]["host"] == "localhost:%d" % master.port
