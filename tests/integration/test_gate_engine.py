# SPDX-License-Identifier: GPL-3.0-or-later
"""gate-engine alone, before the real Docker engine: each verb, and what it must refuse.

The test plays both fronts, so it may ask for what no front in order would.
"""

import io
import json
import socket
import tarfile
import time

import pytest

from harness import docker, lone_gate_engine as gate, own_engine, wait
from harness.faulty_engine import EVENTS, LIST, STREAM_HEAD, json_answer
from harness.lone_worker import End

NAME = docker.TUNNEL_CONTAINER
OWNER = "dockflare.agent.owner"
TOKEN_FOLDER = "/etc/dockflare-tunnel"


@pytest.fixture(scope="module")
def engine_session(output):
    with own_engine.in_place(output, (docker.PAUSE_IMAGE, docker.TUNNEL_IMAGE)) as made:
        yield made


@pytest.fixture
def fronted(workers, engine):
    def start(**values):
        return gate.Engine(workers, engine.network, **values)
    return start


def created(front, tunnel, **more):
    """Creates the container through the gate; its id."""
    status, message, frames = front.create(docker.TUNNEL_IMAGE, tunnel.token, **more)
    assert status == 201, message
    assert [f["type"] for f in frames] == ["gate-found"]
    return frames[0]["object"]


def foreign(engine, *more):
    """A container of the tunnel's name that is not the agent's."""
    docker.docker("run", "-d", "--name", NAME, "--network", "none",
                  "-e", "SECRET=hidden", *more, docker.PAUSE_IMAGE)
    return docker.inspect(NAME)["Id"]


# ---- what anybody may ask ----

def test_about(fronted):
    made = fronted()
    for front in (made.reader, made.tunneller):
        status, _, frames = front.ask("gate-about")
        assert status == 200
        version = docker.call("GET", "/version")
        assert frames == [{"type": "gate-about-is", "id": frames[0]["id"],
                           "version": version["Version"], "api_version": "1.41",
                           "minimum": "1.24", "os": version["Os"], "arch": version["Arch"]}]
    wait.until("status", lambda: made.worker.status["state"] == "connected")


# ---- the read endpoint ----

def test_list_shows_published_containers_only(fronted, engine, tunnel):
    made = fronted(LABEL_PREFIX="custom.")
    service = engine.service("web", labels={"other": "hidden", "custom.a": "1"})
    halted = engine.service("ended", command=("0", "3"))
    hidden = engine.run("plain", {"com.example.secret": "hidden"})
    tunnel_id = created(made.tunneller, tunnel)
    wait.until("it ended", lambda: docker.inspect(halted)["State"]["Status"] == "exited")

    def listed(every):
        status, _, frames = made.reader.read("list", all=every)
        assert status == 200
        assert all(f["type"] == "gate-rows" for f in frames)
        return {row["name"]: row for f in frames for row in f["containers"]}

    rows = listed(False)
    assert service in rows and hidden not in rows and halted not in rows and NAME not in rows
    assert rows[service] == {
        "id": docker.inspect(service)["Id"], "name": service, "status": "running",
        "labels": {"custom.a": "1", "dockflare.enable": "true",
                   "dockflare.hostname": service + ".example.com",
                   "dockflare.service": "http://web:80"}}
    rows = listed(True)
    assert hidden not in rows
    assert rows[halted]["status"] == "exited"
    assert rows[NAME]["id"] == tunnel_id and rows[NAME]["status"] == "created"
    assert rows[NAME]["labels"] == {OWNER: "dockflare-agent"}


def test_list_of_many(fronted, workers, engine, faulty_engine):
    """Thousands of containers come in pages that are each well under a frame."""
    label = {"dockflare.enable": "true", "dockflare.x": "y" * 1500}
    many = [{"Id": "%064x" % n, "Names": ["/c%d" % n], "State": "running", "Labels": label}
            for n in range(5000)]
    faulty_engine.add(LIST, json_answer(many))
    made = fronted(host=faulty_engine.host)
    status, _, frames = made.reader.read("list")
    assert status == 200
    assert [row["id"] for f in frames for row in f["containers"]] == [c["Id"] for c in many]
    assert max(map(len, made.reader.end.frames)) < 600 * 1024
    assert len(frames) > 5


def test_slow_front_gets_its_whole_list(fronted, engine, faulty_engine):
    """What it has not read yet is not lost, and does not cost it its channel."""
    label = {"dockflare.enable": "true", "dockflare.x": "y" * 4000}
    faulty_engine.add(LIST, json_answer([
        {"Id": "%064x" % n, "Names": ["/c%d" % n], "State": "running", "Labels": label}
        for n in range(7000)]))
    made = fronted(host=faulty_engine.host)
    ours, theirs = socket.socketpair()
    made.worker.control.send({"type": "peer", "peer": "gate-read"}, theirs.fileno())
    theirs.close()
    end = End(ours)
    end.send({"type": "gate-read", "id": 1, "verb": "list", "all": False})
    time.sleep(2)
    while not (end.frames and b'"gate-done"' in end.frames[-1]):
        assert end.read()
    assert end.messages("gate-done")[0]["status"] == 200
    assert sum(len(m["containers"]) for m in end.messages("gate-rows")) == 7000
    end.close()


@pytest.mark.parametrize("fault", ["html", "302", "500", "empty", "cut", "wrong-types", "garbage",
                                   "nul", "deep", "list-with-broken-entry", "502"])
def test_broken_list_is_none(fronted, engine, faulty_engine, fault):
    faulty_engine.add(LIST, fault, times=1)
    made = fronted(host=faulty_engine.host)
    status, message, frames = made.reader.read("list")
    assert status == 502 and frames == [], (status, message)
    assert "it is ill" not in message
    # The next one is good.
    assert made.reader.read("list")[0] == 200


def test_events(fronted, engine, tunnel):
    made = fronted()
    stream = made.reader.send("gate-read", verb="events", all=False)
    made.reader.wait(stream, "gate-begun")
    service = engine.service("web")
    engine.run("plain", {"com.example.secret": "hidden"})
    docker.docker("pause", service)
    docker.docker("unpause", service)
    created(made.tunneller, tunnel)
    docker.docker("rename", NAME, engine.name("aside"))
    engine.containers.append(engine.name("aside"))
    docker.discard(engine.name("aside"))
    docker.docker("kill", service)

    def seen():
        return [(m["action"], m["name"]) for m in made.reader.answers(stream)
                if m["type"] == "gate-event"]

    aside = engine.name("aside")
    wait.until("events", lambda: len(seen()) >= 6 and ("die", service) in seen())
    assert seen() == [("start", service), ("pause", service), ("unpause", service),
                      ("rename", aside), ("destroy", aside), ("die", service)]
    events = {m["action"]: m for m in made.reader.answers(stream) if m["type"] == "gate-event"}
    assert events["rename"]["old_name"] == NAME
    assert "dockflare.enable" in events["start"]["labels"]
    assert "name" not in events["start"]["labels"] and "image" not in events["start"]["labels"]
    assert abs(events["die"]["time_ns"] / 1e9 - time.time()) < 30
    # A second stream beside it, ended by its client; then nothing comes for it.
    second = made.reader.send("gate-read", verb="events", all=False)
    made.reader.wait(second, "gate-begun")
    made.reader.cancel(second)
    engine.service("late")
    wait.until("the event", lambda: ("start", engine.name("late")) in seen())
    assert [m["type"] for m in made.reader.answers(second)] == ["gate-begun"]


def test_event_that_can_not_be_told_ends_the_stream(fronted, engine, faulty_engine):
    bad = [b'{"Type":"container","Action":"start"}', b'nonsense',
           b'{"Type":"container","Action":"start","Actor":{"ID":"' + b"a" * 64 +
           b'","Attributes":{"x":"' + b"y" * 1100000 + b'"}}}']
    made = None
    for text in bad:
        piece = b"%x\r\n%s\r\n" % (len(text), text)

        def send(connection, piece=piece):
            connection.sendall(STREAM_HEAD + piece)
            time.sleep(3)
        faulty_engine.add(EVENTS, send, times=1)
        made = made or fronted(host=faulty_engine.host)
        status, _, frames = made.reader.read("events", within=3)
        assert status == 200
        assert [f["type"] for f in frames] == ["gate-begun"]


def test_streams_end_with_the_engine(fronted, engine, faulty_engine):
    faulty_engine.add("GET /v[0-9.]+/events", "silent-stream")
    made = fronted(host=faulty_engine.host)
    stream = made.reader.send("gate-read", verb="events", all=False)
    made.reader.wait(stream, "gate-begun")
    faulty_engine.released.set()
    assert made.reader.wait(stream)["status"] == 200


# ---- the tunnel's container ----

def test_created_container_is_the_template(fronted, engine, tunnel):
    made = fronted(GATE_TUNNEL_MEMORY_MIB="100")
    number = created(made.tunneller, tunnel, command_id="cmd-1", grace_s=7, metrics_port=2345)
    seen = docker.inspect(NAME)
    # What the engine gives to each container that asks for nothing but its image and network.
    docker.call("POST", "/containers/create?name=" + engine.name("bare"), json.dumps(
        {"Image": docker.TUNNEL_IMAGE, "HostConfig": {"NetworkMode": engine.network}}))
    engine.containers.append(engine.name("bare"))
    bare = docker.inspect(engine.name("bare"))
    assert seen["Id"] == number
    assert seen["Config"] == {
        **bare["Config"], "Hostname": number[:12], "User": "65532:65532",
        "Cmd": ["tunnel", "--no-autoupdate", "run"],
        "Env": ["TUNNEL_TOKEN_FILE=/etc/dockflare-tunnel/token", "TUNNEL_GRACE_PERIOD=7s",
                "TUNNEL_METRICS=0.0.0.0:2345", *bare["Config"]["Env"]],
        "Labels": {OWNER: "dockflare-agent", "dockflare.agent.command-id": "cmd-1"}}
    megabytes = 100 * 1024 * 1024
    assert seen["HostConfig"] == {
        **bare["HostConfig"], "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
        "ReadonlyRootfs": True, "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"],
        "Memory": megabytes, "MemorySwap": megabytes, "PidsLimit": 256,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        "Mounts": [{"Type": "volume", "Target": TOKEN_FOLDER}]}
    assert seen["HostConfig"]["Privileged"] is False and seen["HostConfig"]["Binds"] is None
    (mount,) = seen["Mounts"]
    assert (mount["Type"], mount["Destination"], mount["Driver"]) == (
        "volume", TOKEN_FOLDER, "local")
    assert len(mount["Name"]) == 64
    assert list(seen["NetworkSettings"]["Networks"]) == [engine.network]
    assert tunnel.token not in json.dumps(seen)
    # Its volume goes with it.
    assert made.tunneller.tunnel("remove", container=number)[0] == 204
    assert docker.inspect(NAME) is None
    assert docker.docker("volume", "ls", "-q", "--filter", "name=" + mount["Name"]) == ""


def test_token_is_in_the_file_and_readable(fronted, engine, tunnel):
    made = fronted()
    number = created(made.tunneller, tunnel)
    status, text = docker.exchange("GET", "/containers/%s/archive?path=%s/token"
                                   % (number, TOKEN_FOLDER))
    assert status == 200
    with tarfile.open(fileobj=io.BytesIO(text)) as archive:
        (member,) = archive.getmembers()
        assert (member.name, member.mode & 0o7777, member.uid, member.gid) == (
            "token", 0o440, 0, 65532)
        assert archive.extractfile(member).read().decode() == tunnel.token
    assert made.tunneller.tunnel("start", container=number)[0] == 204
    docker.wait_running(NAME)
    read = docker.docker("exec", NAME, "cat", TOKEN_FOLDER + "/token")
    assert read == tunnel.token
    # It may not change it, and anybody else in the container can't read it.
    docker.docker("exec", NAME, "sh", "-c", "echo x >%s/token" % TOKEN_FOLDER, check=False)
    assert docker.docker("exec", NAME, "cat", TOKEN_FOLDER + "/token") == tunnel.token
    denied = docker.docker("exec", "--user", "65533:65533", NAME, "cat", TOKEN_FOLDER + "/token",
                           check=False)
    assert denied == ""
    # The gate shows it to the tunnel endpoint, as it is read back.
    status, _, (seen,) = made.tunneller.tunnel("inspect")
    assert status == 200 and seen["token"] == tunnel.token and seen["ours"]


def reads_of(engine):
    """The times that the token's file was read."""
    return [line for line in engine.seen if line.startswith("GET ") and "/archive?" in line]


def test_token_file_is_read_once(fronted, engine, tunnel, faulty_engine):
    """Docker mounts a container's files for it, and can't remove what is mounted."""
    created(fronted(host=faulty_engine.host).tunneller, tunnel)
    for expected in (1, 2):
        # A gate-engine that did not make it, and then another.
        front = fronted(host=faulty_engine.host).tunneller
        for _ in range(3):
            status, _, (seen,) = front.tunnel("inspect")
            assert status == 200 and seen["token"] == tunnel.token
        assert len(reads_of(faulty_engine)) == expected


def test_token_is_known_where_it_was_given(fronted, engine, tunnel, faulty_engine):
    front = fronted(host=faulty_engine.host).tunneller
    number = created(front, tunnel)
    assert front.tunnel("inspect")[2][0]["token"] == tunnel.token
    assert not reads_of(faulty_engine)
    # Of one that Docker could only half remove nothing is read, and it can be removed.
    dead = docker.inspect(NAME)
    dead["State"]["Status"] = "dead"
    other = fronted(host=faulty_engine.host).tunneller
    faulty_engine.add("GET /v[0-9.]+/containers/%s/json" % NAME, json_answer(dead), times=1)
    status, _, (seen,) = other.tunnel("inspect")
    assert status == 200 and seen["state"] == "dead" and "token" not in seen
    assert not reads_of(faulty_engine)
    assert other.tunnel("remove", container=number)[0] == 204


def test_token_in_the_environment(fronted, engine, tunnel):
    made = fronted(GATE_TOKEN_IN="environment")
    number = created(made.tunneller, tunnel)
    seen = docker.inspect(NAME)
    assert "TUNNEL_TOKEN=" + tunnel.token in seen["Config"]["Env"]
    assert seen["Mounts"] == []
    assert not seen["HostConfig"].get("Mounts")
    status, _, (told,) = made.tunneller.tunnel("inspect", container=number)
    assert status == 200 and told["token"] == tunnel.token


def test_life_of_the_container(fronted, engine, tunnel):
    made = fronted()
    front = made.tunneller
    assert front.tunnel("inspect")[0] == 404
    assert front.tunnel("start")[0] == 404
    number = created(front, tunnel, command_id="c-9")
    status, message, frames = front.create(docker.TUNNEL_IMAGE, tunnel.token)
    assert (status, frames) == (409, []) and "already in use" in message
    assert front.tunnel("start", container=number)[0] == 204
    assert front.tunnel("start", container=number)[0] == 304
    status, _, (seen,) = front.tunnel("inspect", container=number)
    real = docker.inspect(NAME)
    assert status == 200
    network = real["NetworkSettings"]["Networks"][engine.network]
    assert seen == {
        "type": "gate-container", "id": seen["id"], "ours": True, "labelled": True,
        "container": number, "image": docker.TUNNEL_IMAGE, "state": "running",
        "started_at": real["State"]["StartedAt"], "finished_at": real["State"]["FinishedAt"],
        "command_id": "c-9", "token": tunnel.token, "on_network": True,
        "address": network["IPAddress"], "exit_code": 0, "restart_count": 0}
    other = "f" * 64
    for verb in ("inspect", "start", "stop", "remove"):
        status, message, frames = front.tunnel(verb, container=other)
        assert (status, frames) == (404, []) and message == "No such container: " + other
    assert docker.running(NAME)
    assert front.tunnel("stop", container=number, stop_s=3)[0] == 204
    assert front.tunnel("stop", container=number)[0] == 304
    assert not docker.running(NAME)
    assert front.tunnel("remove", container=number)[0] == 204
    assert front.tunnel("remove")[0] == 404
    wait.until("it is counted", lambda: made.worker.status["creates"] == 1)


def test_foreign_container_is_left_alone(fronted, engine, tunnel):
    made = fronted()
    number = foreign(engine, "-e", "TUNNEL_TOKEN=abc", "-l", OWNER + "=somebody")
    for container in (None, number):
        status, _, (seen,) = made.tunneller.tunnel("inspect", container=container)
        assert status == 200
        assert seen == {"type": "gate-container", "id": seen["id"], "ours": False,
                        "labelled": False, "container": number, "image": docker.PAUSE_IMAGE,
                        "state": "running", "on_network": False, "exit_code": 0,
                        "restart_count": 0}
        for verb in ("start", "stop", "remove"):
            status, message, frames = made.tunneller.tunnel(verb, container=container)
            assert (status, frames) == (403, [])
            assert message == "the container named %s is not the agent's" % NAME
    assert docker.running(NAME)
    assert made.tunneller.create(docker.TUNNEL_IMAGE, tunnel.token)[0] == 409
    assert "hidden" not in json.dumps(made.tunneller.end.messages())
    made.worker.wait_line("security: a request of gate-tunnel is refused: the container named")


@pytest.mark.parametrize("how", ["environment", "argument"])
def test_tunnel_of_the_python_agent_is_ours(fronted, engine, tunnel, how):
    made = fronted()
    words = (["-e", "TUNNEL_TOKEN=" + tunnel.token, docker.TUNNEL_IMAGE, "tunnel", "run"]
             if how == "environment" else
             [docker.TUNNEL_IMAGE, "tunnel", "run", "--token", tunnel.token])
    docker.docker("create", "--name", NAME, "--network", engine.network, *words)
    status, _, (seen,) = made.tunneller.tunnel("inspect")
    assert status == 200
    assert (seen["ours"], seen["labelled"], seen["token"]) == (True, False, tunnel.token)
    assert made.tunneller.tunnel("remove")[0] == 204


def test_network_and_image(fronted, engine):
    made = fronted()
    status, _, (found,) = made.tunneller.tunnel("network")
    assert status == 200
    assert found["object"] == docker.call("GET", "/networks/" + engine.network)["Id"]
    status, _, (found,) = made.tunneller.tunnel("image", image=docker.TUNNEL_IMAGE)
    assert status == 200
    assert "sha256:" + found["object"] == docker.call(
        "GET", "/images/%s/json" % docker.TUNNEL_IMAGE)["Id"]
    for verb in ("image", "pull"):
        for image in ("debian:bookworm-slim", "standin-cloudflared:other", None, "../../info"):
            status, message, frames = made.tunneller.tunnel(verb, image=image)
            assert (status, frames) == (403, []), message
    missing = fronted(CLOUDFLARED_NETWORK_NAME="it-no-such", CLOUDFLARED_IMAGE="it-no-such:1",
                      GATE_IMAGES="it-no-such:2," + docker.TUNNEL_IMAGE)
    status, message, _ = missing.tunneller.tunnel("network")
    assert status == 404 and "it-no-such" in message
    status, message, _ = missing.tunneller.tunnel("image", image="docker.io/library/it-no-such:2")
    assert status == 404 and "it-no-such" in message
    assert missing.tunneller.tunnel("image", image=docker.TUNNEL_IMAGE)[0] == 200


def test_pull_fails_as_docker_says(fronted, engine):
    """127.0.0.1 has no registry at that port: the engine says so, in the stream or before it."""
    image = "127.0.0.1:9/it/none:1"
    made = fronted(CLOUDFLARED_IMAGE=image)
    status, message, frames = made.tunneller.tunnel("pull", image=image)
    errors = [f["error"] for f in frames if "error" in f]
    assert status in (200, 500), (status, message)
    assert "127.0.0.1:9" in (message or errors[0])


def test_pull_progress(fronted, engine, faulty_engine):
    lines = [{"status": "Pulling from x", "id": "latest"},
             {"status": "Downloading", "id": "abcdefabcdef",
              "progressDetail": {"current": 5, "total": 9}, "progress": "[=>]"},
             {"errorDetail": {"message": "no\nspace"}, "error": "no\nspace"}]
    faulty_engine.add("POST /v[0-9.]+/images/create",
                      json_answer(b"\r\n".join(json.dumps(l).encode() for l in lines)))
    made = fronted(host=faulty_engine.host)
    status, _, frames = made.tunneller.tunnel("pull", image=docker.TUNNEL_IMAGE)
    assert status == 200
    for frame in frames:
        del frame["id"]
    assert frames == [
        {"type": "gate-begun"},
        {"type": "gate-progress", "text": "Pulling from x", "layer": "latest", "current": 0,
         "total": 0},
        {"type": "gate-progress", "text": "Downloading", "layer": "abcdefabcdef", "current": 5,
         "total": 9},
        {"type": "gate-progress", "error": "no?space", "current": 0, "total": 0}]
    assert any("fromImage=standin-cloudflared&tag=test" in line for line in faulty_engine.seen)


# ---- refusals ----

def test_creates_that_are_refused(fronted, engine, tunnel):
    made = fronted(ALLOWED_TUNNELS="0123456789abcdef0123456789abcdef", GATE_CREATES_A_MINUTE="2")
    front = made.tunneller
    status, message, _ = front.create(docker.TUNNEL_IMAGE, "bm8gdG9rZW4=")
    assert status == 400 and message == "TUNNEL_TOKEN is not a tunnel token"
    status, message, _ = front.create(docker.TUNNEL_IMAGE, tunnel.token)
    assert status == 403 and "is not in ALLOWED_TUNNELS" in message
    made.worker.wait_line("security: .*is not in ALLOWED_TUNNELS")
    status, message, _ = front.create("debian:bookworm-slim", tunnel.token)
    assert status == 403
    assert docker.inspect(NAME) is None
    rate = fronted(GATE_CREATES_A_MINUTE="2")
    statuses = [rate.tunneller.create(docker.TUNNEL_IMAGE, tunnel.token)[0] for _ in range(4)]
    assert statuses == [201, 409, 429, 429]


def test_container_without_its_token_is_removed(fronted, engine, tunnel, faulty_engine):
    faulty_engine.add("PUT /v[0-9.]+/containers/[0-9a-f]*/archive", "500", times=1)
    made = fronted(host=faulty_engine.host)
    status, message, frames = made.tunneller.create(docker.TUNNEL_IMAGE, tunnel.token)
    assert (status, frames) == (502, [])
    assert docker.inspect(NAME) is None
    made.worker.wait_line("the token could not be given to the new container")
    assert created(made.tunneller, tunnel)


def test_create_is_carried_through(fronted, engine, tunnel):
    """A front that cancels, or dies, leaves no container without its token."""
    made = fronted()
    number = made.tunneller.send("gate-create", image=docker.TUNNEL_IMAGE, token=tunnel.token,
                                 grace_s=0, metrics_port=0)
    made.tunneller.cancel(number)
    made.tunneller = gate.Front(made.worker, "gate-tunnel")

    def whole():
        status, _, frames = made.tunneller.tunnel("inspect")
        return status == 404 or frames[0].get("token") == tunnel.token
    wait.until("the token", whole)


def test_bounds_of_open_requests(fronted, engine, faulty_engine):
    faulty_engine.add("GET /v[0-9.]+/networks", "hang")
    made = fronted(host=faulty_engine.host)
    assert made.reader.ask("gate-about")[0] == 200
    front = made.tunneller
    open_ones = [front.send("gate-tunnel", verb="network", seconds=0) for _ in range(32)]
    status, message, _ = front.tunnel("network")
    assert status == 429 and message == "too many requests are open"
    streams = [made.reader.send("gate-read", verb="events", all=False) for _ in range(24)]
    for stream in streams:
        made.reader.wait(stream, "gate-begun")
    assert made.reader.read("events")[0] == 429
    assert made.reader.ask("gate-about")[0] == 200, "the other front is not concerned"
    front.cancel(open_ones[0])
    made.reader.cancel(streams[0])
    assert front.ask("gate-about")[0] == 200
    assert made.reader.wait(made.reader.send("gate-read", verb="events", all=False), "gate-begun")
    faulty_engine.released.set()


def test_id_in_use_is_a_broken_protocol(fronted, engine, faulty_engine):
    faulty_engine.add("GET /v[0-9.]+/networks", "hang")
    made = fronted(host=faulty_engine.host)
    number = made.tunneller.send("gate-tunnel", verb="network", seconds=0)
    made.tunneller.end.send({"type": "gate-about", "id": number})
    made.worker.control.wait("bad-peer")
    faulty_engine.released.set()


# ---- an engine that is away, slow, or lies ----

def test_engine_that_is_away(fronted, engine, tmp_path):
    made = fronted(host="unix://" + str(tmp_path / "none.sock"))
    begun = time.monotonic()
    status, message, _ = made.reader.ask("gate-about")
    assert status == 503 and message.startswith("the Docker engine can't be reached: ")
    assert made.reader.read("list")[0] == 503
    assert made.reader.read("events")[0] == 503
    assert made.tunneller.tunnel("inspect")[0] == 503
    assert time.monotonic() - begun < 2
    made.worker.wait_line("the Docker engine is away")
    wait.until("status", lambda: made.worker.status["state"] == "unreadable")


def test_engine_that_comes_back(fronted, engine, faulty_engine):
    made = fronted(host=faulty_engine.host)
    assert made.reader.ask("gate-about")[0] == 200
    faulty_engine.add("GET /v[0-9.]+/version", "garbage", times=1)
    assert made.reader.ask("gate-about")[0] == 502
    assert made.reader.ask("gate-about")[0] == 200


def test_loss_and_return(fronted, engine, faulty_engine):
    made = fronted(host=faulty_engine.host)
    assert made.reader.ask("gate-about")[0] == 200
    faulty_engine.stop_listening()
    status, message, _ = made.reader.ask("gate-about")
    assert status == 503 and message.startswith("the Docker engine can't be reached: ")
    made.worker.wait_line("the Docker engine is away: ")
    faulty_engine.listen_again()
    # The version is asked for anew, as soon as somebody wants something.
    wait.until("it is back", lambda: made.reader.ask("gate-about")[0] == 200, 3)
    made.worker.wait_line("the Docker engine is back after")
    assert sum(" /version " in line and "/v1" not in line for line in faulty_engine.seen) == 2


@pytest.mark.slow
def test_engine_that_hangs(fronted, engine, tunnel, faulty_engine):
    """Each call has an end of its own: 504."""
    def hang(_):
        faulty_engine.released.wait(90)
    made = fronted(host=faulty_engine.host)
    created(made.tunneller, tunnel)
    faulty_engine.add("POST /v[0-9.]+/containers/[0-9a-f]+/stop", hang)
    faulty_engine.add("GET /v[0-9.]+/(networks|version|events)", hang)
    began = time.monotonic()
    tunneller, reader = made.tunneller, made.reader
    stop = tunneller.send("gate-tunnel", verb="stop", seconds=3)
    others = [(tunneller, tunneller.send("gate-tunnel", verb="network", seconds=0)),
              (reader, reader.send("gate-about")),
              (reader, reader.send("gate-read", verb="events", all=False))]
    assert tunneller.wait(stop, within=20)["status"] == 504
    assert 12 < time.monotonic() - began < 16
    for front, number in others:
        assert front.wait(number, within=40)["status"] == 504
    assert 29 < time.monotonic() - began < 34
    assert reader.read("list")[0] == 200, "it goes on"


def test_inspect_of_garbage(fronted, engine, faulty_engine):
    made = fronted(host=faulty_engine.host)
    for fault in ("html", "302", "empty", "cut", "wrong-types", "nul", "deep", "garbage", "huge"):
        faulty_engine.add("GET /v[0-9.]+/containers/%s/json" % NAME, fault, times=1)
        status, message, frames = made.tunneller.tunnel("inspect")
        assert (status, frames) == (502, []), (fault, message)
    faulty_engine.add("GET /v[0-9.]+/containers/%s/json" % NAME, "500", times=1)
    assert made.tunneller.tunnel("remove")[:2] == (500, "it is ill")
