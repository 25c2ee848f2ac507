# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in master itself: a test that leans on it must know that it is strict."""

import http.client
import json
import socket
import time

import pytest

from harness import wait
from harness.master import AGENTS, Master

KEY = "standin-key-0001"


@pytest.fixture
def master(request):
    marker = request.node.get_closest_marker("master")
    made = Master(KEY, *(marker.args if marker else ()),
                  protocol=marker.kwargs.get("protocol", "2") if marker else "2")
    yield made
    made.close()


def ask(master, method, path, body=None, key=KEY, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", master.port, timeout=5)
    sent = {"Authorization": "Bearer " + key, **(headers or {})}
    data = None
    if body is not None:
        data = json.dumps(body)
        sent["Content-Type"] = "application/json"
    connection.request(method, AGENTS + path, data, sent)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, (json.loads(text) if text[:1] == b"{" else text)


def register(master, **more):
    status, answer = ask(master, "POST", "/register", {
        "version": "1", "supported_protocol_versions": [2, 1], **more})
    assert status in (200, 201)
    return answer


def event(master, session, kind, sequence, **more):
    stream = "report_sequence" if kind == "status_report" else "event_sequence"
    return ask(master, "POST", "/%s/events" % session["agent_id"], {
        "type": kind, "protocol_version": 2, "agent_session_id": session["agent_session_id"],
        stream: sequence, **more})


def container(number, **labels):
    return {"id": "%064x" % number, "name": "c%d" % number, "status": "running", "labels": {
        "dockflare.enable": "true", "dockflare.hostname": "h%d.example.com" % number,
        "dockflare.service": "http://c%d" % number, **labels}}


def test_registration_answers(master):
    status, first = ask(master, "POST", "/register", {"supported_protocol_versions": [2, 1]})
    assert status == 201 and first["code"] == "registered" and first["protocol_version"] == 2
    status, again = ask(master, "POST", "/register", {
        "agent_id": first["agent_id"], "supported_protocol_versions": [2, 1]})
    assert status == 200 and again["agent_session_id"] != first["agent_session_id"]
    assert ask(master, "POST", "/register", {"agent_id": "other"})[0] == 403
    assert ask(master, "POST", "/register", {}, key="wrong")[0] == 401
    status, answer = ask(master, "POST", "/register", {"supported_protocol_versions": [9]})
    assert (status, answer["code"]) == (409, "unsupported_protocol")


def test_sequences(master):
    session = register(master)
    assert event(master, session, "heartbeat", 4)[0] == 202
    assert event(master, session, "heartbeat", 4)[1]["code"] == "duplicate_sequence"
    assert event(master, session, "heartbeat", 3)[1]["code"] == "stale_sequence"
    assert event(master, session, "heartbeat", 0)[1]["code"] == "invalid_payload"
    assert event(master, session, "container_die", 5)[1]["code"] == "invalid_payload"
    master.control("forget-sessions")
    assert event(master, session, "heartbeat", 6)[1]["code"] == "registration_required"


def test_rules_follow_reports_of_protocol_2(master):
    session = register(master)
    event(master, session, "container_start", 1, container=container(1))
    complete = {"inventory_complete": True, "inventory_scope": "dockflare_enabled_running"}
    status, answer = event(master, session, "status_report", 1, inventory_complete=False)
    assert (status, answer["code"]) == (202, "inventory_incomplete")
    assert set(master.rules()) == {"h1.example.com|"}
    event(master, session, "status_report", 2, containers=[container(2)], **complete)
    assert set(master.rules()) == {"h2.example.com|"}
    assert set(master.rules("pending_deletion")) == {"h1.example.com|"}
    event(master, session, "container_stop", 2, container=container(2))
    assert not master.rules()


def test_a_label_over_the_limit_fails_the_whole_report(master):
    session = register(master)
    bad = container(2, **{"dockflare.path": "x" * 5000})
    status, _ = event(master, session, "status_report", 1, inventory_complete=True,
                      inventory_scope="dockflare_enabled_running",
                      containers=[container(1), bad])
    assert status == 413 and not master.rules()


@pytest.mark.master(protocol="1")
def test_protocol_1_tells_secrets_and_takes_rules_down_by_report(master):
    _, answer = ask(master, "POST", "/register", {"version": "1", "agent_id": "mine"})
    assert answer["agent_id"] == "mine" and answer["agent"]["api_key"] == KEY
    assert "protocol_version" not in answer
    path = "/mine/events"
    assert ask(master, "POST", path, {"type": "container_start", "container": container(1)})[0] \
        == 202
    assert set(master.rules()) == {"h1.example.com|"}
    ask(master, "POST", path, {"type": "container_die", "container": container(1)})
    assert set(master.rules()) == {"h1.example.com|"}
    ask(master, "POST", path, {"type": "status_report", "container": {"containers": []}})
    assert not master.rules()
    assert ask(master, "POST", "/nobody/events", {"type": "heartbeat"})[0] == 404
    assert ask(master, "POST", path, {})[0] == 400


@pytest.mark.master(protocol="new1")
def test_a_newer_master_on_protocol_1_takes_nothing_down_by_report(master):
    session = register(master)
    assert session["protocol_version"] == 1
    path = "/%s/events" % session["agent_id"]
    ask(master, "POST", path, {"type": "container_start", "container": container(1)})
    assert ask(master, "POST", path, {"type": "status_report", "containers": []})[0] == 202
    assert set(master.rules()) == {"h1.example.com|"}
    ask(master, "POST", path, {"type": "container_stop", "container": container(1)})
    assert not master.rules()


def test_commands_are_given_once(master):
    session = register(master)
    path = "/%s/commands" % session["agent_id"]
    master.command("stop_tunnel")
    assert ask(master, "GET", path)[1]["commands"] == [{"action": "stop_tunnel"}]
    assert ask(master, "GET", path)[1]["commands"] == []
    assert ask(master, "GET", "/nobody/commands")[0] == 404


def test_decommissioning(master):
    session = register(master)
    base = "/%s" % session["agent_id"]
    operation = master.control("decommission")
    for _ in range(2):  # until acknowledged
        command = ask(master, "GET", base + "/commands")[1]["commands"][0]
        assert command["action"] == "prepare_decommission"
    assert event(master, session, "heartbeat", 1)[1]["code"] == "agent_decommissioning"
    path = base + "/decommission/%s/ack" % operation["operation_id"]
    ack = {"operation_id": operation["operation_id"], "command_id": command["command_id"],
           "phase": "prepared", "tombstone_persisted": True, "tunnel_container": "failed",
           "self_stop_capability": "manual", "agent_image": None, "error_code": "no_docker",
           "cloudflared_image": "c/d:1", "agent_session_id": session["agent_session_id"]}
    assert ask(master, "POST", path, ack)[1]["code"] == "no_docker"
    ack["tunnel_container"] = "stopped"
    assert ask(master, "POST", path, ack)[1]["code"] == "acknowledged"
    command = ask(master, "GET", base + "/commands")[1]["commands"][0]
    assert command["action"] == "finalize_decommission"
    final = {"operation_id": operation["operation_id"], "command_id": command["command_id"],
             "phase": "shutdown_scheduled", "self_stop_capability": "manual",
             "agent_session_id": session["agent_session_id"]}
    assert ask(master, "POST", path, final)[1]["code"] == "acknowledged"
    assert ask(master, "POST", path, final)[1]["code"] == "acknowledged"
    assert ask(master, "GET", base + "/commands")[0] == 401


@pytest.mark.master("--access-id", "id.access", "--access-secret", "hush")
def test_the_edge_wants_its_token(master):
    assert ask(master, "POST", "/register", {})[0] == 302
    token = {"CF-Access-Client-Id": "id.access", "CF-Access-Client-Secret": "hush"}
    assert ask(master, "POST", "/register", {}, headers=token)[0] == 201
    assert "hush" not in json.dumps(master.state())


def test_away_is_a_refused_connection_and_back(master):
    register(master)
    master.control("away")
    wait.until("it is away", lambda: master.state()["away"])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", master.port), 2)
    master.control("back")
    assert register(master)["agent_id"]
    master.control("away", seconds=0.3)
    time.sleep(0.1)
    wait.until("it is back", lambda: not master.state()["away"], 5)


@pytest.mark.parametrize("kind, expected", [
    ("html", 200), ("302", 302), ("500", 500), ("503-retry-after", 503), ("404", 404),
    ("409", 409), ("empty", 200), ("nul", 200), ("deep", 200)])
def test_faults_are_met_once(master, kind, expected):
    register(master)
    master.fault(kind, "/register")
    try:
        assert ask(master, "POST", "/register", {})[0] == expected
    except (ValueError, RecursionError):
        assert kind == "deep"
    assert ask(master, "POST", "/register", {})[0] == 200


@pytest.mark.parametrize("kind, error", [
    ("cut", http.client.IncompleteRead), ("drop", http.client.RemoteDisconnected)])
def test_faults_of_the_connection(master, kind, error):
    register(master)
    master.fault(kind, "/register")
    with pytest.raises(error):
        ask(master, "POST", "/register", {})


def test_the_page_and_no_secret_in_the_state(master):
    session = register(master)
    master.control("enrol", tunnel_name="t", tunnel_id="i", token="very-secret-token")
    connection = http.client.HTTPConnection("127.0.0.1", master.port, timeout=5)
    connection.request("GET", "/")
    assert b"Demo master" in connection.getresponse().read()
    connection.close()
    state = json.dumps(master.state())
    assert "very-secret-token" not in state and KEY not in state
    assert session["agent_id"] in state


@pytest.mark.master("--cloudflare-helper")
def test_the_cloudflare_helper(master):
    register(master)
    connection = http.client.HTTPConnection("127.0.0.1", master.port, timeout=5)
    headers = {"Authorization": "Bearer " + KEY}
    connection.request("GET", "/accounts", headers=headers)
    account = json.load(connection.getresponse())["result"][0]["id"]
    body = {"config": {"ingress": [{"service": "http_status:404"}]}}
    connection.request("PUT", "/accounts/%s/cfd_tunnel/t1/configurations" % account,
                       json.dumps(body), {**headers, "Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    assert master.state()["configurations"][0]["body"] == body
