# SPDX-License-Identifier: GPL-3.0-or-later
"""One gate-front, confined as always: what its clients see, and what gate-engine is asked."""

import base64
import json
import os
import time

import pytest

from harness import wait
from harness.lone_front import ID, Front, Reader, read_answers, request

DONE = {"type": "gate-done", "status": 200}
TOKEN = base64.b64encode(json.dumps({"a": "1" * 32, "t": "12345678-1234-1234-1234-123456789abc",
                                     "s": "c2VjcmV0"}).encode()).decode()
EVENT = {"type": "gate-event", "action": "start", "container": ID, "name": "web",
         "labels": {"dockflare.enable": "true"}, "time_ns": 1700000000123456789}
CONTAINER = {"type": "gate-container", "ours": True, "labelled": True, "container": ID,
             "image": "cloudflare/cloudflared:2025.9.0", "state": "running",
             "started_at": "2026-01-02T03:04:05.6Z", "command_id": "c-1", "token": TOKEN,
             "on_network": True, "address": "172.18.0.2", "exit_code": 0, "restart_count": 3}


@pytest.fixture
def fronts(tmp_path):
    made = []

    def start(name, **values):
        made.append(Front(name, tmp_path / ("%s-%d.log" % (name, len(made))), **values))
        return made[-1]

    yield start
    for front in made:
        assert front.ended is None or front.stopped, front.log.text()
        front.kill()
        assert TOKEN not in front.log.text()


def body(**changes):
    made = {"Image": "cloudflare/cloudflared:2025.9.0",
            "Cmd": ["tunnel", "--no-autoupdate", "run"],
            "Env": ["TUNNEL_TOKEN=" + TOKEN, "TUNNEL_GRACE_PERIOD=5s",
                    "TUNNEL_METRICS=0.0.0.0:20241"],
            "Labels": {"dockflare.agent.owner": "dockflare-agent",
                       "dockflare.agent.command-id": "c-1"},
            "HostConfig": {"NetworkMode": "net-1", "RestartPolicy": {"Name": "unless-stopped"},
                           "ReadonlyRootfs": True, "CapDrop": ["ALL"],
                           "SecurityOpt": ["no-new-privileges"]}}
    made.update(changes)
    return json.dumps(made).encode()


def create(data, *headers):
    return request("POST", "/v1.41/containers/create?name=dockflare-agent-tunnel",
                   *(headers or ("Content-Type: application/json",)), body=data)


def test_without_gate_engine(fronts):
    front = fronts("gate-read")
    answers = front.ask(request("GET", "/_ping") + request("GET", "/healthz"))
    assert [each.status for each in answers] == [503, 503]
    assert "not there" in answers[0].message()


def test_about(fronts):
    front = fronts("gate-read")
    front.play()
    ping, version, health = front.ask(request("GET", "/_ping") + request("GET", "/v1.24/version") +
                                      request("GET", "/healthz"))
    assert (ping.status, ping.body) == (200, b"OK")
    assert ping.headers["api-version"] == "1.41" and ping.headers["ostype"] == "linux"
    assert version.json() == {"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.24",
                              "Os": "linux", "Arch": "amd64"}
    assert health.json() == {"status": "ok"}
    with front.connect() as client:
        client.sendall(request("HEAD", "/_ping") + request("GET", "/_ping"))
        head, ping = read_answers(client, bodiless=(0,))
    assert head.headers["api-version"] == "1.41" and ping.body == b"OK"
    front.engine.answers["gate-about"] = [{"type": "gate-done", "status": 503,
                                           "message": "the Docker engine can't be reached: gone"}]
    health = front.ask(request("GET", "/healthz"))[0]
    assert health.status == 503 and "can't be reached" in health.message()


def test_list(fronts):
    front = fronts("gate-read")
    row = {"id": ID, "name": "web", "status": "running", "labels": {"dockflare.a": "é\"\\"}}
    other = {**row, "id": "f" * 64, "name": "db", "status": "exited", "labels": {}}
    front.play({"list": [{"type": "gate-rows", "containers": [row]},
                         {"type": "gate-rows", "containers": [other]}, DONE]})
    answer, again = front.ask(request("GET", "/v1.41/containers/json") +
                              request("GET", "/v1.41/containers/json?all=1"))
    assert answer.json() == [
        {"Id": ID, "Names": ["/web"], "State": "running", "Status": "running",
         "Labels": {"dockflare.a": "é\"\\"}},
        {"Id": "f" * 64, "Names": ["/db"], "State": "exited", "Status": "exited", "Labels": {}}]
    assert again.json() == answer.json()
    assert [each["all"] for each in front.engine.requests()] == [False, True]
    front.engine.answers["list"] = [DONE]
    assert front.ask(request("GET", "/v1.41/containers/json"))[0].json() == []
    front.engine.answers["list"] = [{"type": "gate-rows", "containers": [row]},
                                    {"type": "gate-done", "status": 502, "message": "cut"}]
    answer = front.ask(request("GET", "/v1.41/containers/json"))[0]
    assert (answer.status, answer.message()) == (502, "cut")


def test_long_list(fronts):
    """Some megabytes in many pages."""
    front = fronts("gate-read")
    rows = [{"id": "%064x" % at, "name": "c%d" % at, "status": "running",
             "labels": {"dockflare.x": "y" * 4000}} for at in range(100)]
    front.play({"list": [{"type": "gate-rows", "containers": rows}] * 15 + [DONE]})
    assert len(front.ask(request("GET", "/v1.41/containers/json"))[0].json()) == 1500
    front.engine.answers["list"] = [{"type": "gate-rows", "containers": rows}] * 100 + [DONE]
    answer = front.ask(request("GET", "/v1.41/containers/json"))[0]
    assert answer.status == 502 and "too long" in answer.message()


def test_events(fronts):
    front = fronts("gate-read")
    engine = front.play()
    filters = "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%5D%7D"
    with front.connect() as client:
        client.sendall(request("GET", "/v1.41/events?filters=" + filters))
        asked = engine.end.wait("gate-read")
        engine.end.send({"type": "gate-begun", "id": asked["id"]})
        reader = Reader(client)
        status, headers = reader.head()  # before any event
        assert status == 200 and headers["transfer-encoding"] == "chunked"
        engine.end.send({**EVENT, "id": asked["id"], "action": "die"})  # filtered away
        began = time.monotonic()
        engine.end.send({**EVENT, "id": asked["id"]})
        event = json.loads(reader.chunk())
        assert time.monotonic() - began < 0.5
        assert event == {
            "status": "start", "id": ID, "Type": "container", "Action": "start",
            "Actor": {"ID": ID, "Attributes": {"name": "web", "dockflare.enable": "true"}},
            "scope": "local", "time": 1700000000, "timeNano": 1700000000123456789}
        engine.end.send({**DONE, "id": asked["id"]})
        assert reader.chunk() == b""
        client.sendall(request("GET", "/_ping"))  # the connection goes on
        assert reader.head()[0] == 200
    assert not engine.cancels()


def open_stream(front, engine):
    client = front.connect()
    count = len(engine.end.messages("gate-read"))
    client.sendall(request("GET", "/v1.41/events"))
    asked = engine.end.wait("gate-read", count + 1)
    engine.end.send({"type": "gate-begun", "id": asked["id"]})
    reader = Reader(client)
    assert reader.head()[0] == 200
    return client, reader, asked["id"]


def test_streams_end_promptly(fronts):
    front = fronts("gate-read")
    engine = front.play()
    one, two = open_stream(front, engine), open_stream(front, engine)
    one[0].close()
    assert engine.end.wait("gate-cancel", seconds=1)["id"] == one[2]
    engine.end.send({**EVENT, "id": one[2]})  # it was on its way
    engine.end.shutdown()
    assert two[1].chunk() == b""
    engine = front.play()
    three = open_stream(front, engine)
    wait.until("three streams were counted", lambda: front.status["streams"] == 1)
    front.control.send({"type": "shutdown"})
    began = time.monotonic()
    assert three[1].chunk() == b""
    assert front.wait_end() == 0 and time.monotonic() - began < 1
    front.stopped = True


def test_a_client_that_does_not_read(fronts):
    front = fronts("gate-read")
    engine = front.play()
    client, _, number = open_stream(front, engine)
    event = {**EVENT, "id": number, "labels": {"dockflare.%d" % at: "x" * 4000 for at in range(50)}}
    for _ in range(60):
        engine.end.send(event)
    engine.end.wait("gate-cancel", seconds=5)
    front.wait_line("too slowly")
    other = front.ask(request("GET", "/_ping"))
    assert other[0].status == 200
    client.close()


def test_the_client_goes_before_the_answer(fronts):
    front = fronts("gate-tunnel")
    engine = front.play()
    client = front.connect()
    client.sendall(request("GET", "/v1.41/containers/%s/json" % ID))
    asked = engine.end.wait("gate-tunnel")
    assert asked == {"type": "gate-tunnel", "id": asked["id"], "verb": "inspect", "container": ID,
                     "seconds": 0}
    client.close()
    assert engine.end.wait("gate-cancel", seconds=1)["id"] == asked["id"]
    wait.until("it is forgotten", lambda: front.status["connections"] == 0, 10)


def test_inspect(fronts):
    front = fronts("gate-tunnel")
    path = "/v1.41/containers/dockflare-agent-tunnel/json"
    front.play({"inspect": [CONTAINER, DONE]})
    ours = front.ask(request("GET", path))[0].json()
    assert ours == {
        "Id": ID, "Name": "/dockflare-agent-tunnel", "RestartCount": 3,
        "State": {"Status": "running", "Running": True, "ExitCode": 0, "Error": "",
                  "StartedAt": "2026-01-02T03:04:05.6Z", "FinishedAt": "0001-01-01T00:00:00Z"},
        "Config": {"Image": "cloudflare/cloudflared:2025.9.0", "Env": ["TUNNEL_TOKEN=" + TOKEN],
                   "Labels": {"dockflare.agent.owner": "dockflare-agent",
                              "dockflare.agent.command-id": "c-1"}},
        "NetworkSettings": {"Networks": {"net-1": {"IPAddress": "172.18.0.2",
                                                   "GlobalIPv6Address": ""}}}}
    front.engine.answers["inspect"] = [
        {**CONTAINER, "ours": False, "labelled": False, "image": "nginx"}, DONE]
    assert front.ask(request("GET", path))[0].json() == {
        "Id": ID, "Name": "/dockflare-agent-tunnel", "State": {"Status": "running"},
        "Config": {"Image": "nginx"}}
    front.engine.answers["inspect"] = [
        {"type": "gate-done", "status": 404, "message": "No such container"}]
    assert front.ask(request("GET", path))[0].status == 404


def test_steps(fronts):
    front = fronts("gate-tunnel")
    found = {"type": "gate-found", "object": ID}
    front.play({"start": [{"type": "gate-done", "status": 204}],
                "stop": [{"type": "gate-done", "status": 304}],
                "remove": [{"type": "gate-done", "status": 204}],
                "network": [found, DONE], "image": [found, DONE],
                "pull": [{"type": "gate-begun"},
                         {"type": "gate-progress", "text": "Pulling", "layer": "abc",
                          "current": 5, "total": 10},
                         {"type": "gate-progress", "current": 0, "total": 0, "error": "no space"},
                         DONE],
                "gate-create": [found, {"type": "gate-done", "status": 201}]})
    image = "/v1.41/images/cloudflare/cloudflared:2025.9.0/json"
    answers = front.ask(
        request("POST", "/v1.41/containers/%s/start" % ID, "Content-Length: 0") +
        request("POST", "/v1.41/containers/%s/stop?t=10" % ID) +
        request("DELETE", "/v1.41/containers/%s?v=1&force=1" % ID) +
        request("GET", "/v1.41/networks/net-1") + request("GET", image) + create(body()))
    assert [each.status for each in answers] == [204, 304, 204, 200, 200, 201]
    assert answers[3].json() == {"Name": "net-1", "Id": ID}
    assert answers[4].json() == {"Id": "sha256:" + ID}
    assert answers[5].json() == {"Id": ID, "Warnings": []}
    stop, made = front.engine.requests()[1], front.engine.requests()[5]
    assert (stop["verb"], stop["seconds"]) == ("stop", 10)
    assert made == {"type": "gate-create", "id": made["id"], "token": TOKEN, "command_id": "c-1",
                    "image": "cloudflare/cloudflared:2025.9.0", "grace_s": 5,
                    "metrics_port": 20241}
    with front.connect() as client:
        client.sendall(request(
            "POST", "/v1.41/images/create?fromImage=cloudflare%2Fcloudflared&tag=2025.9.0"))
        reader, lines = Reader(client), b""
        assert reader.head()[0] == 200
        while piece := reader.chunk():
            lines += piece
    assert [json.loads(line) for line in lines.splitlines()] == [
        {"status": "Pulling", "progressDetail": {"current": 5, "total": 10}, "id": "abc"},
        {"errorDetail": {"message": "no space"}, "error": "no space"}]


REFUSED = [
    ("HTTP/1.0", b"GET /_ping HTTP/1.0\r\nHost: x\r\n\r\n", 400),
    ("chunked", b"POST /v1.41/containers/create?name=dockflare-agent-tunnel HTTP/1.1\r\nHost: x\r\n"
     b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
    ("two lengths", request("POST", "/v1.41/containers/dockflare-agent-tunnel/start",
                            "Content-Length: 0", "Content-Length: 0"), 400),
    ("both framings", request("POST", "/v1.41/containers/dockflare-agent-tunnel/start",
                              "Content-Length: 5", "Transfer-Encoding: chunked"), 400),
    ("an upgrade", request("GET", "/_ping", "Connection: Upgrade", "Upgrade: tcp"), 400),
    ("a body on GET", request("GET", "/_ping", body=b"{}"), 400),
    ("Expect", request("GET", "/_ping", "Expect: 100-continue"), 417),
    ("gzip", create(b"\x1f\x8b", "Content-Type: application/json", "Content-Encoding: gzip"), 415),
    ("a form", create(body(), "Content-Type: text/plain"), 415),
    ("too long", create(b" " * 16385), 413),
    ("40 headers", request("GET", "/_ping", *("X-%d: 1" % at for at in range(40))), 431),
    ("a path with %", request("GET", "/v1.41/containers/%64ockflare-agent-tunnel/json"), 400),
    ("//", request("GET", "/v1.41//version"), 400),
    ("..", request("GET", "/v1.41/containers/../version"), 400),
    ("upper case", request("GET", "/v1.41/Version"), 403),
    ("another container", request("POST", "/v1.41/containers/web/stop"), 403),
    ("exec", request("POST", "/v1.41/containers/dockflare-agent-tunnel/exec"), 403),
    ("a list", request("GET", "/v1.41/containers/json"), 403),
    ("absolute form", request("GET", "http://docker/_ping"), 400),
    ("Binds", create(body(HostConfig={"Binds": ["/:/host"]})), 403),
    ("another case", create(body(hostconfig={})), 403),
]


def test_refusals(fronts):
    front = fronts("gate-tunnel")
    engine = front.play()
    for name, data, status in REFUSED:
        answers = front.ask(data)
        assert [each.status for each in answers] == [status], name
        assert answers[0].message(), name
    assert engine.requests() == []
    front.wait_line(r'refused: POST /v1.41/containers/create: field "HostConfig.Binds" is not allowed '
                    r"\(tunnel endpoint\)")


def test_a_pipelined_second_request(fronts):
    front = fronts("gate-tunnel")
    front.play()
    good, evil = front.ask(request("GET", "/_ping") + request("GET", "/v1.41/info"))
    assert (good.status, evil.status) == (200, 403)
    evil, good = front.ask(request("GET", "/v1.41/info") + request("GET", "/_ping"))
    assert (good.status, evil.status) == (200, 403)
    # Behind a body whose end two readers may see in different places nothing is read.
    answers = front.ask(b"POST /v1.41/info HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                        b"Content-Length: 40\r\n\r\n" + request("GET", "/_ping"))
    assert [each.status for each in answers] == [400]


def test_flood_of_refusals(fronts):
    front = fronts("gate-read")
    data = request("GET", "/v1.41/info") * 30
    for _ in range(5):
        assert len(front.ask(data)) == 30
    front.wait_line("refused: [0-9]+ more")
    assert len([1 for line in front.log.text().splitlines() if "refused: GET" in line]) < 40
    wait.until("150 are counted", lambda: front.status["refused"] == 150, 10)


def test_many_connections(fronts):
    front = fronts("gate-read")
    front.play()
    first = front.connect()
    crowd = []
    for _ in range(500):
        client = front.connect()
        client.settimeout(2)
        crowd.append(client)
    first.sendall(request("GET", "/_ping"))
    assert read_answers(first)[0].status == 200
    for client in crowd:
        client.close()
    front.wait_line("a connection beyond 64")
    wait.until("they are gone", lambda: front.status["connections"] == 1, 10)
    assert front.ask(request("GET", "/_ping"))[0].status == 200


def test_slow_clients(fronts):
    """One that sends a byte a second, one that sends none, one that began a second request."""
    front = fronts("gate-read")
    front.play()
    slow, silent, second = (front.connect(30) for _ in range(3))
    second.sendall(request("GET", "/_ping"))
    assert read_answers(second)[0].status == 200
    second.settimeout(30)
    second.sendall(b"GET /_pi")
    began = time.monotonic()
    ended = {}
    data = iter(request("GET", "/_ping"))
    while len(ended) < 3 and time.monotonic() - began < 15:
        try:
            slow.sendall(bytes([next(data)]))
        except OSError:
            pass
        time.sleep(0.5)
        for name, client in (("slow", slow), ("silent", silent), ("second", second)):
            client.setblocking(False)
            try:
                if name not in ended and client.recv(1) == b"":
                    ended[name] = time.monotonic() - began
            except BlockingIOError:
                pass
            except ConnectionResetError:
                ended.setdefault(name, time.monotonic() - began)
            client.setblocking(True)
    assert sorted(ended) == ["second", "silent", "slow"]
    assert all(9 <= after <= 12 for after in ended.values()), ended
    wait.until("their places are free", lambda: front.status["connections"] == 0, 10)


def test_peers(fronts, tmp_path):
    """Over a unix socket by user id, over TCP by address."""
    path = str(tmp_path / "front.sock")
    front = fronts("gate-read", path=path, GATE_READ_PEERS="uid:%d" % os.getuid())
    front.play()
    assert front.ask(request("GET", "/_ping"))[0].status == 200
    path = str(tmp_path / "other.sock")
    front = fronts("gate-read", path=path, GATE_READ_PEERS="uid:4711")
    assert front.ask(request("GET", "/_ping")) == []
    front.wait_line("refused: a connection of user id")
    front = fronts("gate-read", GATE_READ_PEERS="10.0.0.0/8")
    assert front.ask(request("GET", "/_ping")) == []
    front.wait_line("refused: a connection from an address")


def test_an_answer_that_was_not_asked_for(fronts):
    front = fronts("gate-read")
    engine = front.play({"list": [{"type": "gate-found", "object": ID}]})
    answer = front.ask(request("GET", "/v1.41/containers/json"))[0]
    assert answer.status == 503
    front.control.wait("bad-peer")
    assert engine.end.closed


def test_long_targets(fronts):
    front = fronts("gate-read")
    assert front.ask(request("GET", "/v1.41/events?filters=" + "a" * 2048))[0].status == 414
    assert front.ask(request("GET", "/" + "a" * 5000))[0].status == 414
    assert front.ask(request("GET", "/" + "a" * 40000))[0].status in (400, 414)
    front.play()
    for data in (b"garbage\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"\0" * 40000):
        with front.connect() as client:
            client.sendall(data)
            assert b" 200 " not in client.recv(1000)
    assert front.ask(request("GET", "/_ping"))[0].status == 200
