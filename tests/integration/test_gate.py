# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of tests/gate: each request sent to a real engine itself, through tecnativa's rules, and
through docker-gate; and what no table can hold: clients and engines that misbehave, Debian's docker
command, and the container that comes out of it.

The engine is one of the tests' own, on which nothing happens but what they do.  `./dev test gate`
prints the table.  TEST_GATE, an expression, chooses rows by their whole name.
"""

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time

import pytest

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "gate"))
import ask  # noqa: E402
import clients  # noqa: E402
import column  # noqa: E402
import request  # noqa: E402
import all_rows  # noqa: E402
import template  # noqa: E402
import world as worlds  # noqa: E402
from harness import docker, proxies, secret, wait  # noqa: E402
from harness.faulty_engine import json_answer  # noqa: E402
from harness.gate import Gate  # noqa: E402
from harness.own_engine import OwnEngine  # noqa: E402

INSPECT = "/v1.41/containers/dockflare-agent-tunnel/json"
ROWS = [row for row in all_rows.ROWS if re.fullmatch(os.environ.get("TEST_GATE", ".*"), row.name)]
if not ROWS:
    raise RuntimeError("no row's name matches TEST_GATE")


@pytest.fixture(scope="module")
def own(output):
    docker.build_pause_image()
    made = OwnEngine(os.path.join(output, "dockerd-%s.log" % secrets.token_hex(3)),
                     images=(docker.PAUSE_IMAGE,))
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(own):
    return worlds.World(own)


@pytest.fixture
def make_gate(prefix, folder, world):
    """make_gate(mode, **settings): a gate that is ready."""
    made = []

    def make(mode="shared", **settings):
        given = {"CLOUDFLARED_IMAGE": worlds.IMAGE, "CLOUDFLARED_NETWORK_NAME": worlds.NETWORK,
                 "GATE_CREATES_A_MINUTE": "3600", **settings}
        made.append(Gate(prefix, os.path.join(folder, "gate-%d" % len(made)), mode,
                         socket_path=world.socket, **given).start())
        return made[-1]

    yield make
    for gate in made:
        gate.close()


@pytest.fixture
def ill(faulty_engine, make_gate):
    """ill(fault, request): a gate before an engine that answers so, but when it is asked its
    version."""
    def make(fault, request_line=".*"):
        faulty_engine.add("GET /_ping", json_answer(b"OK"))
        faulty_engine.add("GET .*/version", json_answer({
            "Version": "20.10", "ApiVersion": "1.41", "MinAPIVersion": "1.24", "Os": "linux",
            "Arch": "amd64"}))
        faulty_engine.add(request_line, fault)
        gate = make_gate(GATE_DOCKER_HOST=faulty_engine.host)
        gate.engine = faulty_engine
        return gate

    return make


@pytest.fixture(scope="module")
def seen():
    """Column to row to what it answered."""
    return {"engine": {}, "tecnativa": {}, "gate": {}}


@pytest.fixture
def show(capsys):
    def lines(*rows):
        with capsys.disabled():
            print("", *rows, sep="\n", flush=True)

    return lines


# -- the table ------------------------------------------------------------------------------------

def test_each_row_is_what_the_engine_itself_would_do(world, seen):
    seen["engine"], unhappy = column.ask_engine(ROWS, world)
    assert not unhappy, "\n".join(unhappy)


def test_tecnativas_rules_as_control(world, seen, output):
    """A proxy that looks at the beginning of a path lets through what its section holds."""
    proxy = proxies.Proxy("tecnativa", output, socket_path=world.socket)
    try:
        seen["tecnativa"] = column.ask_proxy(ROWS, world, proxy)
    finally:
        proxy.close()
    differ = [row.name for row in ROWS if row in all_rows.BODIES and column.is_done(
        seen["engine"].get(row, "400")) and not column.is_done(seen["tecnativa"][row])]
    assert not differ, "its rules do not look at bodies, and yet refuse %s" % differ


def test_the_gate_refuses_each_row_and_does_nothing(world, seen, make_gate, show):
    seen["gate"], unhappy = column.ask_gate(ROWS, world, make_gate)
    show(*column.told(ROWS, seen))
    assert not unhappy, "\n".join(unhappy)


# -- what it lets through -------------------------------------------------------------------------

def create(gate, world, body=request.GOOD):
    return ask.ask(gate.address("tunnel"), request.create(body).bytes(world.fill))[0]


@pytest.mark.parametrize("token_in", ["file", "environment"])
def test_the_created_container_is_the_template_field_by_field(world, make_gate, token_in):
    """Against one that the test makes itself, of the template in its own words."""
    gate = make_gate(GATE_TOKEN_IN=token_in)
    world.mend(absent=True)
    made = create(gate, world)
    assert made.status == 201, made.body
    found = world.inspect(json.loads(made.body)["Id"])
    assert found["Name"] == "/" + worlds.TUNNEL
    wanted = world.call("POST", "/containers/create?name=it-gate-template", template.template(
        worlds.IMAGE, worlds.NETWORK, world.tunnel.token if token_in == "environment" else None))
    differ = template.differences(template.comparable(found),
                                  template.comparable(world.inspect(wanted["Id"])))
    assert not differ, "\n".join(differ)
    shown = json.dumps(found)
    assert (world.tunnel.token in shown) == (token_in == "environment")
    # The agent sees its token either way, and only at the tunnel's endpoint.
    seen = ask.ask(gate.address("tunnel"), request.get(
        INSPECT).bytes())[0]
    assert "TUNNEL_TOKEN=" + world.tunnel.token in json.loads(seen.body)["Config"]["Env"]
    listed = ask.ask(gate.address("read"), request.get(
        "/v1.41/containers/json?all=1").bytes())[0]
    assert worlds.TUNNEL.encode() in listed.body and world.tunnel.token.encode() not in listed.body


# What a client may ask for, beside the agent's own: (what, body, target, status).
ALLOWED = [
    ("the agent's own", request.GOOD, request.CREATE, 201),
    ("another image that is listed", request.set_in("Image", "<image-other-tag>"),
     request.CREATE, 201),
    ("an escaped name", request.GOOD, request.CREATE.replace("dockflare-", "dockflare%2D"), 201),
    ("no command id", request.set_in("Labels", {"dockflare.agent.owner": "dockflare-agent"}),
     request.CREATE, 201),
    ("the token alone", request.set_in("Env", ["TUNNEL_TOKEN=<token>"]), request.CREATE, 201),
    ("the longest grace", request.set_in("Env", ["TUNNEL_TOKEN=<token>",
                                                 "TUNNEL_GRACE_PERIOD=60s"]), request.CREATE, 201),
    ("a body of 16 KiB", request.padded(16384), request.CREATE, 201),
    ("the oldest API", request.GOOD, request.CREATE.replace("1.41", "1.24"), 201),
    ("the newest", request.GOOD, request.CREATE.replace("1.41", "1.44"), 201),
]


def test_what_a_client_may_ask_for(world, make_gate):
    """One field beside each of these is a row of the table."""
    gate = make_gate(GATE_IMAGES=worlds.OTHER_TAG)
    seen = {}
    for what, body, target, status in ALLOWED:
        world.mend(absent=True)
        answer = ask.ask(gate.address("tunnel"), request.create(body, target).bytes(world.fill))[0]
        seen[what] = answer.status, world.inspect(worlds.TUNNEL) is not None
    assert seen == {what: (status, True) for what, _, _, status in ALLOWED}


def test_only_what_is_published_is_told_of(world, make_gate):
    """Of the list and of events: name, state, and labels under the enabled prefixes."""
    gate = make_gate()
    world.mend(absent=False)
    stream = clients.Stream(gate.address("read"))
    wait.until("the stream begins", lambda: stream.begun)
    try:
        for name in (worlds.OTHER, worlds.PUBLISHED, worlds.TUNNEL):
            world.call("POST", "/containers/%s/restart?t=1" % name)
        wait.until("its events", lambda: stream.text().count(b'"start"') >= 2, 5)
        listed = ask.ask(gate.address("read"), request.get(
            "/v1.41/containers/json?all=1").bytes())[0]
    finally:
        stream.close()
    rows = json.loads(listed.body)
    assert sorted(row["Names"][0] for row in rows) == ["/" + worlds.TUNNEL, "/" + worlds.PUBLISHED]
    assert set().union(*rows) <= {"Id", "Names", "State", "Status", "Labels"}
    assert all(label.startswith("dockflare.") for row in rows for label in row["Labels"])
    told = [json.loads(line) for line in stream.text().splitlines()]
    assert {one["Actor"]["Attributes"]["name"] for one in told} == {
        worlds.TUNNEL, worlds.PUBLISHED}
    for hidden in (*world.hidden, worlds.OTHER, worlds.ALIKE):
        assert hidden.encode() not in listed.body + stream.text()


def test_a_foreign_container_of_the_name_is_only_named(world, make_gate):
    """Somebody else's: it is told of, so that the agent can report it, and nothing more."""
    gate = make_gate()
    world.mend(absent=True)
    made = world.call("POST", "/containers/create?name=" + worlds.TUNNEL, {
        "Image": worlds.OTHER_IMAGE, "Env": ["HIDDEN=" + world.hidden[0]],
        "Labels": {"private": world.hidden[1]}, "HostConfig": {"NetworkMode": worlds.NETWORK}})
    world.settle()
    before, happened = world.look(), len(world.happened)
    path = "/v1.41/containers/dockflare-agent-tunnel"
    answers = {call.method + call.target[len(path):]: ask.ask(
        gate.address("tunnel"), call.bytes())[0] for call in (
            request.get(path + "/json"), request.post(path + "/start"),
            request.post(path + "/stop?t=1"), request.Call("DELETE", path + "?v=1&force=1"),
            request.post("/v1.41/containers/%s/start" % made["Id"]))}
    found = json.loads(answers.pop("GET/json").body)
    assert (found["Id"], found["Name"]) == (made["Id"], "/" + worlds.TUNNEL)
    assert found["Config"]["Image"] == worlds.OTHER_IMAGE
    assert not any(hidden in json.dumps(found) for hidden in world.hidden)
    assert {one.status for one in answers.values()} == {403}, {
        key: all_rows.told([one]) for key, one in answers.items()}
    assert world.look() == before and not world.happened[happened:]
    world.mend(absent=True)


def test_tunnels_and_numbers_are_bounded(world, make_gate):
    """ALLOWED_TUNNELS and GATE_CREATES_A_MINUTE."""
    gate = make_gate(ALLOWED_TUNNELS="%s/%s" % (world.tunnel.account, world.tunnel.id),
                     GATE_CREATES_A_MINUTE="2")
    world.mend(absent=True)
    other = request.set_in("Env", ["TUNNEL_TOKEN=<other-token>"])
    refused = create(gate, world, other)
    assert refused.status == 403 and world.inspect(worlds.TUNNEL) is False, refused.body
    statuses = []
    for _ in range(3):
        world.mend(absent=True)
        statuses.append(create(gate, world).status)
    assert statuses == [201, 201, 429]
    assert secret.found_in(gate.log.text()) == []


# -- clients that misbehave -------------------------------------------------------------------------

def trickle(connection):
    """An engine that answers a byte a second."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    with contextlib.suppress(OSError):
        for _ in range(60):
            time.sleep(1)
            connection.sendall(b" ")


def ask_slow_engine(gate):
    """What is answered when it takes longer than a call may: (seconds, answers, a ping's)."""
    began = time.monotonic()
    answers = ask.ask(gate.address("tunnel"), request.get(INSPECT).bytes(), idle=50, most=50)
    return (time.monotonic() - began, answers,
            [one.status for one in ask.ask(gate.address("tunnel"), clients.PING)])


@pytest.mark.slow
def test_what_is_slow_keeps_nobody_from_being_served(world, make_gate, ill):
    """They wait together: what each client is cut after, what a call is given up after, and what the
    others see meanwhile."""
    slow, gate = ill(trickle, "GET .*/dockflare-agent-tunnel/json"), make_gate()
    read, tunnel = gate.address("read"), gate.address("tunnel")
    world.mend(absent=False)
    stream = clients.Stream(read)
    wait.until("the stream begins", lambda: stream.begun)

    def others():
        """Both endpoints answer all along; the slowest answer's seconds."""
        slowest, end = 0, time.monotonic() + 15
        while time.monotonic() < end:
            for address in (read, tunnel):
                began = time.monotonic()
                answers = ask.ask(address, clients.PING)
                assert [one.status for one in answers] == [200], address
                slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
        return slowest

    slow_head, slow_body, quiet, kept, sent, slowest, engine = clients.side_by_side(
        lambda: clients.drip(read, clients.LIST),
        lambda: clients.drip(tunnel, request.create(request.GOOD).bytes(world.fill)),
        lambda: clients.silent(tunnel),
        lambda: clients.idle_after_answer(read, 12),
        lambda: clients.never_reads(read),
        others,
        lambda: ask_slow_engine(slow))
    for seconds in (slow_head, slow_body, quiet):
        assert seconds is not None and 9 <= seconds <= 13, (slow_head, slow_body, quiet)
    assert kept, "an idle connection was not kept"
    assert sent < 16 * 1024 * 1024, "it took all that a client sent who read nothing"
    assert slowest < 2, slowest
    assert stream.ended is None, "an event stream was cut"
    stream.close()
    seconds, answers, ping = engine
    assert [one.status for one in answers] == [504] and seconds < 45, all_rows.told(answers)
    assert all_rows.not_docker_form(answers[0]) is None and ping == [200]
    assert len(gate.pids()) == len(slow.pids()) == 3


def test_a_thousand_connections(world, make_gate):
    """At one endpoint: the other still serves, and so does an earlier client; then all is as before."""
    gate = make_gate()
    read, tunnel = gate.address("read"), gate.address("tunnel")
    world.mend(absent=False)
    stream = clients.Stream(read)
    wait.until("the stream begins", lambda: stream.begun)
    with clients.crowd(read) as made:
        assert len(made) > 500
        answers = ask.ask(tunnel, request.get(
            INSPECT).bytes())
        assert [one.status for one in answers] == [200]
        wait.until("those beyond its bound are closed",
                   lambda: clients.still_open(made) < 100, 5)
        before = stream.raw
        world.call("POST", "/containers/%s/restart?t=1" % worlds.PUBLISHED)
        wait.until("the earlier client has its event", lambda: stream.raw != before, 5)
    wait.until("it serves again", lambda: [one.status for one in ask.ask(
        read, clients.LIST)] == [200], 5)
    stream.close()
    assert len(gate.pids()) == 3 and gate.log.count(r"a connection beyond") >= 1


# -- engines that misbehave -------------------------------------------------------------------------

# What the engine answers to (list, inspect); and what the gate then answers, both times.
ENGINES = ["garbage", "html", "302", "403", "500", "502", "503", "empty", "cut", "wrong-types",
           "nul", "bad-utf8", "deep"]


@pytest.mark.parametrize("fault", ENGINES)
def test_an_engine_that_answers_nonsense(ill, fault):
    """An error in Docker's form, never a short list; and the gate lives."""
    gate = ill(fault)
    seen = {}
    for what, endpoint, target in (
            ("list", "read", "/v1.41/containers/json"),
            ("inspect", "tunnel", INSPECT),
            ("network", "tunnel", "/v1.41/networks/" + worlds.NETWORK)):
        answers = ask.ask(gate.address(endpoint), request.get(target).bytes(), idle=5)
        assert len(answers) == 1, (what, answers)
        seen[what] = answers[0].status
        assert answers[0].status >= 400, (what, answers[0].body[:200])
        assert all_rows.not_docker_form(answers[0]) is None, (what, answers[0].body[:200])
    assert len(gate.pids()) == 3 and not gate.log.find("ended .*signal|CRITICAL"), seen


def test_an_engine_that_says_nothing(ill):
    """A call that hangs holds up neither another client nor the other endpoint."""
    gate = ill("hang")
    with ask.connect(gate.address("tunnel")) as sock:
        sock.sendall(request.get(INSPECT).bytes())
        wait.until("it was asked", lambda: any(
            "dockflare-agent-tunnel/json" in line for line in gate.engine.seen), 5)
        for endpoint in ("read", "tunnel"):
            began = time.monotonic()
            assert [one.status for one in ask.ask(gate.address(endpoint), clients.PING)] == [200]
            assert time.monotonic() - began < 2
        gate.engine.released.set()  # the engine closes the connection without an answer
        sock.settimeout(5)
        assert sock.recv(100).startswith(b"HTTP/1.1 50")


def test_an_engine_that_is_away(make_gate):
    """503 at once, in Docker's form, and health says so."""
    gate = make_gate(GATE_DOCKER_HOST="tcp://127.0.0.1:%d" % proxies.free_port())
    for endpoint, target in (("read", "/v1.41/containers/json"), ("read", "/healthz"),
                             ("tunnel", "/v1.41/networks/" + worlds.NETWORK)):
        answers = ask.ask(gate.address(endpoint), request.get(target).bytes())
        assert [one.status for one in answers] == [503], (target, all_rows.told(answers))
        assert all_rows.not_docker_form(answers[0]) is None


# -- Debian's docker command --------------------------------------------------------------------------

def docker_command(gate, *arguments, seconds=20):
    """With the tunnel's endpoint it is the same: (exit code, both outputs)."""
    done = subprocess.run(["/usr/bin/docker", "-H", gate.host, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    return done.returncode, done.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize("client", ["/usr/bin/docker"])
def test_debians_docker_command(world, make_gate, client):
    assert os.path.exists(client), "install docker.io"
    gate = make_gate()
    world.mend(absent=False)
    code, text = docker_command(gate, "ps", "--all", "--format", "{{.Names}} {{.State}}")
    assert code == 0, text
    assert sorted(text.split("\n")[:-1]) == sorted([
        worlds.TUNNEL + " running", worlds.PUBLISHED + " running"])
    code, text = docker_command(gate, "ps")
    assert code == 0 and worlds.PUBLISHED in text and worlds.OTHER not in text, text
    code, text = docker_command(gate, "version", "--format", "{{.Server.APIVersion}}")
    assert code == 0, text
    for arguments in (("run", "--rm", worlds.IMAGE), ("exec", worlds.PUBLISHED, "/pause"),
                      ("inspect", worlds.PUBLISHED), ("images",), ("logs", worlds.PUBLISHED),
                      ("info",), ("rm", "-f", worlds.PUBLISHED), ("network", "ls"),
                      ("volume", "ls"), ("cp", worlds.PUBLISHED + ":/pause", "-"),
                      ("kill", worlds.PUBLISHED), ("build", "-"), ("pull", worlds.OTHER_IMAGE)):
        code, text = docker_command(gate, *arguments)
        if arguments[0] == "build":
            # Refused and closed while it still sends, which may be all that it sees.
            wait.until("the refusal is logged", lambda: gate.log.find(
                r"refused: POST /v[0-9.]+/build.* is not allowed"))
            assert "not allowed" in text or "broken pipe" in text or "reset" in text, text
            text = "not allowed"
        assert (code != 0 or arguments == ("info",)) and "not allowed" in text, (arguments, text)
    watched = subprocess.Popen([client, "-H", gate.host, "events", "--format",
                                "{{.Action}} {{.Actor.Attributes.name}}"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        lines = []
        threading.Thread(target=lambda: lines.extend(watched.stdout), daemon=True).start()
        wait.until("its stream is open", lambda: gate.log.find("GET /v1.*/events|events") or
                   watched.poll() is None, 5)
        time.sleep(1)
        for name in (worlds.OTHER, worlds.PUBLISHED):
            world.call("POST", "/containers/%s/restart?t=1" % name)
        wait.until("the published one's start", lambda: any(
            b"start " + worlds.PUBLISHED.encode() in line for line in lines), 10)
    finally:
        watched.terminate()
        watched.wait(5)
    assert not any(worlds.OTHER.encode() in line for line in lines), lines


# -- the engine itself ends: the last test of all ---------------------------------------------------

def test_streams_end_when_the_engine_stops(world, make_gate):
    """Promptly and in order; and all is served again when the engine is back."""
    gate = make_gate()
    stream = clients.Stream(gate.address("read"))
    wait.until("the stream begins", lambda: stream.begun)
    stopping = time.monotonic()
    world.engine.stop()
    wait.until("the stream ends", lambda: stream.ended, 5)
    assert stream.whole, "it did not end as a chunked body does"
    assert stream.ended - stopping < 15
    answer = ask.ask(gate.address("read"), clients.LIST)[0]
    assert answer.status in (502, 503) and all_rows.not_docker_form(answer) is None
    world.engine.start()
    wait.until("it lists again", lambda: ask.ask(
        gate.address("read"), clients.LIST)[0].status == 200, 30)
    again = clients.Stream(gate.address("read"))
    wait.until("the stream begins", lambda: again.begun)
    gate.stop()
    wait.until("the stream ends with the gate", lambda: again.ended, 2)
    assert again.whole
