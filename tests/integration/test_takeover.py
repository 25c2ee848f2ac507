# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker that somebody has taken over can make its peers do: no more than its messages say.

One real worker at a time; the test plays the taken-over peer, within the frames and beside them.
"""

import json
import re
import socket
import threading
import time

import pytest

from harness import secret, wait
from harness.faulty_engine import FaultyEngine, json_answer
from harness.lone_worker import start_keeper, start_link
from harness.master import Master

ID = "%064x"
EVIL = "evil-7c1f"
NEW_ID = "c" * 64
NAME = "dockflare-agent-tunnel"


def text(value):
    return json.dumps(value).encode()


def container(**more):
    return {"type": "container", "change": "runs", "id": ID % 1, "name": EVIL,
            "status": "running", "labels": {"dockflare.enable": "true"}, **more}


def snapshot(**more):
    fact = {key: value for key, value in container().items() if key not in ("type", "change")}
    return {"type": "snapshot", "generation": 1, "page": 0, "last": True, "containers": [fact],
            **more}


def without(message, key):
    return {name: value for name, value in message.items() if name != key}


# What is no frame of anybody's.
NOT_JSON = [
    b"", b"null", b"[]", b"{", b'"%s"' % EVIL.encode(), b"\xff\xfe",
    b'{"type":"at-work"} ' + b"x", b'{"type":"at-work","type":"at-work"}',
    b'{"type":"at-work","\\u0000":1}', b'{"type":"at-work","a":' + b"[" * 40 + b"]" * 40 + b"}",
    b'{"type":"%s"}' % EVIL.encode(), b'{"type":1}', b"{}",
]
# Beside the bounds of what docker-watcher may tell.
FROM_WATCHER = NOT_JSON + [text(message) for message in (
    {"type": "tunnel", "state": "running", "name": EVIL},
    {"type": "command-done", "id": "c1", "outcome": "obeyed"},
    {"type": "addresses", "id": 1, "addresses": ["127.0.0.1"]},
    {"type": "at-work", "more": EVIL},
    without(container(), "labels"), container(more=EVIL), container(change="stopped"),
    container(id="1" * 63), container(id="G" * 64), container(id=ID % 1 + "\n"),
    container(name=""), container(name="a" * 256), container(name=EVIL + "/x"),
    container(name=EVIL + "\n"), container(name=5), container(status="a b"),
    container(labels=[EVIL]), container(labels={"dockflare.enable": 5}),
    container(labels={"dockflare.x": "v" * 4097}),
    container(labels={"dockflare.%d" % number: "" for number in range(257)}),
    container(labels={"": EVIL}),
    snapshot(generation=0), snapshot(page=-1), snapshot(page=1.5), snapshot(last="true"),
    snapshot(generation=2 ** 63), snapshot(containers={}), snapshot(containers=[EVIL]),
    snapshot(containers=snapshot()["containers"] * 257),
)] + [text(container()).replace(b'"running"', b'"a\\u0000b"'),
      text(container()).replace(b'"true"', b'"\xff"'),
      text(container()).replace(EVIL.encode(), EVIL.encode() + b"\\ud800")]


def command(**more):
    return {"type": "command", "id": "c1", "action": "start", **more}


# Beside the bounds of what master-link may order.
FROM_LINK = NOT_JSON + [text(message) for message in (
    {"type": "tunnel-hint", "action": "start"}, snapshot(),
    command(action="exec"), command(action=None), command(image="evil/image"), command(id=""),
    command(id="a" * 65), command(id="a b"), command(tunnel_id="a/b"), command(tunnel_name="a\nb"),
    command(token="a b"), command(token="t" * 4097), command(token=["t"]),
    {"type": "halt", "id": "o1", "forget": "yes"}, {"type": "halt", "forget": True},
    {"type": "restore", "tunnel_id": "a", "tunnel_name": "b", "token": ""},
)]
# All that tunnel-keeper ever asks an engine for (docs/hardening.md).
CALLS = re.compile(
    r"GET /(_ping|version|v1\.41/(containers/%s/json|networks/net|images/a/b:1/json)) |"
    r"POST /v1\.41/(containers/create\?name=%s|containers/%s/(start|stop\?\S*)) |"
    r"DELETE /v1\.41/containers/%s\?\S* " % (NAME, NAME, NEW_ID, NEW_ID))


@pytest.fixture
def engine():
    made = FaultyEngine()
    made.add("GET /v1.41/networks/net ", json_answer({"Id": "n"}))
    made.add("GET /v1.41/images/", json_answer({"Id": "i"}))
    made.add("POST /v1.41/containers/create", json_answer({"Id": NEW_ID, "Warnings": []}, 201))
    made.keep_apart()
    yield made
    made.close()


def reports(worker, peer):
    return [message for message in worker.control.messages("bad-peer") if message["peer"] == peer]


def offer(worker, peer, frames):
    """Each frame over a channel of its own; every one must be reported, and close the channel."""
    taken = []
    for number, frame in enumerate(frames):
        end = worker.peer(peer)
        end.send(frame)
        try:
            wait.until("it is reported", lambda: len(reports(worker, peer)) == number + 1 -
                       len(taken), 2)
            wait.until("the channel is closed", lambda: end.closed, 2)
        except AssertionError:
            taken.append(frame[:200])
    assert not taken, taken
    assert worker.ended is None


def test_docker_watcher_tells_the_master_nothing_but_facts_of_containers(workers):
    master = Master(secret.fresh("API key", "dfk-"))
    try:
        link = start_link(workers, master.url, master.key)
        link.peer("name-resolver")
        master.wait_registered()
        offer(link, "docker-watcher", FROM_WATCHER)
        # The control run: within the bounds it is told, as it is.
        link.peer("docker-watcher").send(snapshot(containers=[
            {"id": ID % 2, "name": "good", "status": "running",
             "labels": {"dockflare.enable": "true", "dockflare.x": "<\u202e>"}}]))
        assert master.wait_container("good")["labels"]["dockflare.x"] == "<\u202e>"
        assert set(master.containers()) == {"good"}
        assert EVIL not in json.dumps(master.state())
    finally:
        master.close()


def test_master_link_orders_nothing_but_commands_for_allowed_tunnels(workers, engine):
    allowed, other = secret.Tunnel("allowed"), secret.Tunnel("other")
    keeper = start_keeper(workers, engine.host,
                          ALLOWED_TUNNELS="%s/%s" % (allowed.account, allowed.id))
    keeper.peer("name-resolver")
    offer(keeper, "master-link", FROM_LINK)
    link = keeper.peer("master-link")
    for number, order in enumerate((
            command(id="o0", token=other.token, tunnel_id=other.id, tunnel_name=other.name),
            # Another's token under an allowed name, and a token that is none.
            command(id="o1", token=other.token, tunnel_id=allowed.id, tunnel_name=allowed.name),
            command(id="o2", token=EVIL, tunnel_id=allowed.id, tunnel_name=allowed.name),
            command(id="o3", action="restart"))):
        link.send(order)
        assert link.wait("command-done", number + 1)["outcome"] == "refused", order
    link.send({"type": "restore", "tunnel_id": other.id, "tunnel_name": other.name,
               "token": other.token})
    keeper.wait_line("ALLOWED_TUNNELS does not hold %s/%s" % (other.account, other.id))
    assert not [line for line in engine.seen if not line.startswith("GET ")]
    assert "tunnel_state.json" not in keeper.saved
    # The control run: what is allowed is done, and nothing that is not on the list.
    link.send(command(id="o9", token=allowed.token, tunnel_id=allowed.id,
                      tunnel_name=allowed.name))
    assert link.wait("command-done", 5)["outcome"] == "obeyed"
    wait.until("it is created", lambda: [line for line in engine.seen if "/create?" in line])
    time.sleep(1)
    assert not [line for line in engine.seen if not CALLS.match(line)]


class Listener:
    """A port that says nothing; counts who connects, and keeps what they send."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.got = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    self.got.append(connection.recv(65536))
                except OSError:
                    self.got.append(b"")

    def close(self):
        self.socket.close()


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


# (worker, the setting that says which addresses are right, what it logs where none is)
ASKERS = [("master-link", "MASTER_ADDRESSES", "master is away: "),
          ("docker-watcher", "DOCKER_ADDRESSES", "Docker can't be read: "),
          ("tunnel-keeper", "DOCKER_ADDRESSES", "Docker is away: ")]
# Right by its form, and none of them is in the setting's network; the listener is behind the first.
WRONG = (["127.0.0.1"], ["::ffff:127.0.0.1"], ["::1", "127.0.0.1"], ["127.0.0.1"] * 16,
         ["127.0.0.1:80"], ["localhost"], ["0"], [""], ["127.1"], ["0x7f000001"], [])
# What does not answer the question, and what is no answer.
UNASKED = ({"type": "addresses", "id": 99, "addresses": ["127.0.0.1"]},)
MALFORMED = ({"type": "addresses", "id": 1, "addresses": ["127.0.0.1"] * 17},
             {"type": "addresses", "id": 1, "addresses": "127.0.0.1"},
             {"type": "addresses", "id": 1, "addresses": ["1" * 46]},
             {"type": "addresses", "addresses": ["127.0.0.1"]})


@pytest.mark.parametrize("name, setting, line", ASKERS)
def test_name_resolver_leads_nobody_to_a_wrong_address(workers, listener, name, setting, line):
    """A worker for each answer, all at once; the control run has the right address."""
    key = secret.fresh("API key", "dfk-")

    def start(right, answer):
        url = "://a.example:%d" % listener.port
        if name == "master-link":
            worker = start_link(workers, "http" + url, key, **{setting: right})
        elif name == "tunnel-keeper":
            worker = start_keeper(workers, "tcp" + url, **{setting: right})
        else:
            worker = workers(name, {"DOCKER_HOST": "tcp" + url, "LABEL_PREFIX": "dockflare",
                                    setting: right})
        worker.addresses = answer
        worker.peer("name-resolver")
        return worker

    for worker in [start("10.0.0.0/8", answer) for answer in WRONG]:
        worker.wait_line(line)
    for frame in UNASKED + MALFORMED:
        worker = start("10.0.0.0/8", [])
        resolver = worker.peers["name-resolver"]
        resolver.wait("resolve")
        resolver.send(frame)
        if frame in MALFORMED:
            wait.until("it is reported", lambda: reports(worker, "name-resolver"))
        assert worker.ended is None
    assert listener.got == []
    start("127.0.0.0/8", ["127.0.0.1"])
    wait.until("the right address is taken", lambda: listener.got)
