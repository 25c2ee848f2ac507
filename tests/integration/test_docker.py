# SPDX-License-Identifier: GPL-3.0-or-later
"""What docker-watcher makes of Docker: the real engine, and one that answers wrongly on purpose."""

import json
import os
import socket
import threading
import time

import pytest

from harness import docker, install, wait
from harness.agent import read_status
from harness.faulty_engine import (EVENTS, LIST, STREAM_HEAD, FaultyEngine, json_answer,
                                   socket_group)
from harness.lone_worker import LoneWorker

UNREADABLE = r"WARNING docker-watcher: Docker can't be read: "
PATHS = {"/_ping": "GET /_ping", "/version": "GET /version", "/events": EVENTS,
         "/containers/json": LIST}
WRONG = ("html", "302", "403", "500", "empty", "cut", "wrong-types", "garbage", "nul", "bad-utf8",
          "deep", "huge", "list-with-broken-entry")
# What is no wrong answer there: /_ping says nothing but that it is there, and its refusal is
# made up for by /version; a stream of events has no beginning and no end to miss.
NOT_WRONG = {"/_ping": {"html", "empty", "wrong-types", "nul", "bad-utf8", "deep", "403",
                        "list-with-broken-entry"}}


class Watcher(LoneWorker):
    """docker-watcher with its peers; says what master-link was told."""

    def __init__(self, program, log_path, host, **settings):
        values = {"DOCKER_HOST": host, "LOG_LEVEL": "DEBUG", **settings}
        super().__init__(program, "docker-watcher", log_path, values, {}, {})
        self.link = self.peer("master-link")
        self.keeper = self.peer("tunnel-keeper")
        self.resolver = self.peer("name-resolver")

    def told(self):
        """The kinds of frames that master-link got, in order."""
        return [message["type"] for message in self.link.messages()]

    def view(self):
        """Name to container as master-link has them after all frames; None before a snapshot."""
        found, pages = None, {}
        for message in self.link.messages():
            if message["type"] == "snapshot":
                pages = {} if message["page"] == 0 else pages
                pages.update({c["id"]: c for c in message["containers"]})
                found = dict(pages) if message["last"] else found
            elif message["type"] == "container" and found is not None:
                if message["change"] == "gone":
                    found.pop(message["id"], None)
                else:
                    found[message["id"]] = message
        return None if found is None else {c["name"]: c for c in found.values()}

    def wait_view(self, what, condition, seconds=10):
        return wait.until(what, lambda: (lambda v: v if v is not None and condition(v) else None)(
            self.view()), seconds)

    def complaints(self):
        return [line for _, line in self.log.lines if "can't be read" in line]


@pytest.fixture
def watchers(tmp_path):
    program = os.path.join(install.prefix(), "libexec", "dockflare-agent", "docker-watcher")
    made = []

    def start(host, **settings):
        made.append(Watcher(program, tmp_path / ("watcher-%d.log" % len(made)), host, **settings))
        return made[-1]

    yield start
    for watcher in made:
        watcher.kill()


@pytest.fixture
def engines():
    made = []

    def start():
        made.append(FaultyEngine())
        return made[-1]

    yield start
    for engine in made:
        engine.close()


def listed(number, labels, name=None, state="running"):
    """One element of Docker's list, as bytes; labels may be bytes of JSON."""
    if not isinstance(labels, bytes):
        labels = json.dumps(labels).encode()
    head = {"Id": "%064x" % number, "Names": ["/" + (name or "c%d" % number)], "Image": "x",
            "State": state}
    return json.dumps(head).encode()[:-1] + b', "Labels": ' + labels + b"}"


ENABLED = {"dockflare.enable": "true", "dockflare.hostname": "a.example.com",
           "dockflare.service": "http://a:80"}


# -- answers that are none ------------------------------------------------------------------------

@pytest.mark.parametrize("path", PATHS)
def test_wrong_answers_are_said_and_never_believed(watchers, engines, engine, path):
    """A watcher and an engine for each wrong answer, all at once; the fault comes three times."""
    name = engine.service("there")
    pairs = {}
    for kind in WRONG:
        faulty = engines()
        faulty.add(PATHS[path], kind, times=3)
        pairs[kind] = (watchers(faulty.host), faulty)
    unhappy = []
    for kind, (watcher, faulty) in pairs.items():
        try:
            watcher.wait_view("recovers", lambda v: name in v, 20)
            told = watcher.told()
            before = told[:told.index("snapshot")]
            if kind in NOT_WRONG.get(path, ()):
                continue
            assert not faulty.faults, "the fault was not met"
            assert "docker-lost" in before, told
            assert set(before) == {"docker-lost"}, told
            complaints = watcher.complaints()
            print(path, kind, *complaints, sep="\n  ")
            assert len(complaints) == 1, complaints
            if kind == "huge" and path == "/containers/json":
                assert "over 256 MiB" in complaints[0]
            if kind == "403":
                assert "denies GET" in complaints[0] and path in complaints[0]
            assert watcher.ended is None
            assert all(name in page_names(message) for message in watcher.link.messages("snapshot"))
            wait.until("the status is good again", lambda: (watcher.status or {}).get(
                "state") == "connected" and "detail" not in watcher.status, 3)
        except AssertionError as error:
            unhappy.append("%s: %s\n%s" % (kind, error, "\n".join(
                line for _, line in watcher.log.lines[-12:])))
    assert not unhappy, "\n".join(unhappy)


def page_names(message):
    return [container["name"] for container in message["containers"]]


def test_a_list_that_breaks_later_ends_nothing(watchers, engines, engine):
    """A container has ended, and the list that would decide it is wrong: nothing else is gone."""
    stays, ends = engine.service("stays"), engine.service("ends")
    pairs = {}
    for kind in ("html", "500", "empty", "cut", "wrong-types", "list-with-broken-entry"):
        faulty = engines()
        pairs[kind] = (watchers(faulty.host), faulty)
    for watcher, _ in pairs.values():
        watcher.wait_view("both run", lambda v: stays in v and ends in v)
    # The second list after a connect is over by then.
    for watcher, _ in pairs.values():
        wait.until("the second list", lambda: watcher.told().count("snapshot") >= 2, 5)
    for kind, (_, faulty) in pairs.items():
        faulty.add(LIST, kind, times=2)
    engine.remove(ends)
    unhappy = []
    for kind, (watcher, faulty) in pairs.items():
        try:
            view = watcher.wait_view("it is gone", lambda v: ends not in v, 15)
            assert stays in view
            assert "docker-lost" in watcher.told()
            gone = [m["name"] for m in watcher.link.messages("container") if m["change"] == "gone"]
            assert set(gone) <= {ends}
            for message in watcher.link.messages("snapshot"):
                assert stays in page_names(message)
            assert len(watcher.complaints()) == 1, watcher.complaints()
        except AssertionError as error:
            unhappy.append("%s: %s" % (kind, error))
    assert not unhappy, "\n".join(unhappy)


def test_an_engine_that_hangs_holds_nothing_up(watchers, engines, engine):
    name = engine.service("there")
    pairs = {}
    for path, request in PATHS.items():
        faulty = engines()
        faulty.add(request, "hang", times=1)
        pairs[path] = (watchers(faulty.host), faulty)
    # A stream whose header does not come holds the list back for five seconds only.
    pairs["/events"][0].wait_view("listed without the stream", lambda v: name in v, 8)
    for path, (watcher, faulty) in pairs.items():
        if path != "/events":
            assert "snapshot" not in watcher.told(), path
        faulty.released.set()
    for path, (watcher, faulty) in pairs.items():
        watcher.wait_view(path + " recovers", lambda v: name in v, 10)
        assert watcher.control.messages("alive")


def test_a_stream_that_always_ends_at_once_is_said(watchers, engines, engine):
    """And tried again ever more seldom."""
    name = engine.service("there")
    faulty = engines()
    faulty.add(EVENTS, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    watcher = watchers(faulty.host)
    watcher.wait_line("Docker can't be read: the event stream ended before")
    time.sleep(3)
    assert len(watcher.complaints()) == 1
    assert len([1 for line in faulty.seen if "/events" in line]) < 12
    faulty.clear()
    watcher.wait_view("recovers", lambda v: name in v, 10)


VERSIONS = {
    "too-old": ({"ApiVersion": "1.20", "MinAPIVersion": "1.12"},
                r"Docker is too old: it speaks API 1\.20, this agent needs 1\.24 or newer"),
    "too-new": ({"ApiVersion": "1.60", "MinAPIVersion": "1.50"},
                r"Docker is too new: it wants API 1\.50 or newer, this agent speaks up to 1\.44"),
    "other": ({"ApiVersion": "2.0", "MinAPIVersion": "2.0"}, r"API version is none"),
    "no-number": ({"ApiVersion": "1.x"}, r"API version is none"),
    "not-told": ({"Version": "20.10"}, r"GET /version is not Docker's"),
    "wrong-kind": ({"ApiVersion": 1.41}, r"GET /version is not Docker's"),
    # The engine below it says no: its own words are told.
    "not-kept": ({"ApiVersion": "1.44", "MinAPIVersion": "1.24"}, r"client version 1\.44"),
}


def test_api_versions_that_do_not_fit_are_named(watchers, engines, engine):
    name = engine.service("there")
    pairs = {}
    for kind, (value, expected) in VERSIONS.items():
        faulty = engines()
        faulty.add("GET /version", json_answer(value))
        pairs[kind] = (watchers(faulty.host), faulty, expected)
    for kind, (watcher, faulty, expected) in pairs.items():
        watcher.wait_line("Docker can't be read: .*" + expected)
    time.sleep(0.5)
    for kind, (watcher, faulty, expected) in pairs.items():
        assert watcher.told() == ["docker-lost"], (kind, watcher.told())
        assert len(watcher.complaints()) == 1
        faulty.clear()
    for kind, (watcher, faulty, expected) in pairs.items():
        watcher.wait_view(kind + " recovers", lambda v: name in v, 15)


def test_versions_are_asked_for_and_the_highest_common_one_is_spoken(watchers, engines, engine):
    engine.service("there")
    for value, spoken in (({"ApiVersion": "1.24"}, "1.24"),
                          ({"ApiVersion": "1.41", "MinAPIVersion": "1.24"}, "1.41")):
        faulty = engines()
        faulty.add("GET /version", json_answer(value))
        watcher = watchers(faulty.host)
        watcher.wait_line(r"watching Docker \(API %s, 1 enabled container\)" % spoken)
        assert [line for line in faulty.seen if line.startswith("GET /v%s/containers" % spoken)]


def test_the_masters_are_told_of_the_loss_as_they_can_understand_it(agents, masters, engine,
                                                                    read_proxy):
    """An agent with each protocol; protocol 1 has no word for it, so nothing is said there."""
    by_protocol = {protocol: masters(protocol=protocol) for protocol in ("1", "2")}
    name = engine.service("there")
    started = {protocol: agents.start(master) for protocol, master in by_protocol.items()}
    for master in by_protocol.values():
        master.wait_container(name)
    pids = {protocol: agent.pids() for protocol, agent in started.items()}
    read_proxy.stop()
    for protocol, master in by_protocol.items():
        started[protocol].wait_line(UNREADABLE)
    time.sleep(0.2)
    for master in by_protocol.values():
        master.set_mark()
    late = engine.service("late")
    engine.remove(name)
    time.sleep(1.5)
    told = by_protocol["2"].wait_events("status_report")
    assert all(report["inventory_complete"] is False for report in told)
    assert not any(report.get("containers") for report in told)
    assert by_protocol["1"].events("status_report") == []
    for protocol, master in by_protocol.items():
        master.wait_events("heartbeat", 2)
        assert engine.hostname_rule("there") in master.rules()
        assert started[protocol].status()["docker"]["state"] == "unreadable"
    read_proxy.start()
    for protocol, master in by_protocol.items():
        agent = started[protocol]
        master.wait_container(late)
        master.wait_no_container(name)
        assert agent.pids() == pids[protocol]
        assert len([1 for _, line in agent.log.lines if "can't be read" in line]) == 1
        agent.wait_status("it is read again", lambda s: s["docker"]["state"] == "connected")


# -- what comes and goes --------------------------------------------------------------------------

def test_a_restart_is_no_stop(agent, master, engine):
    """As long as it takes Docker under 1.8 s, which a busy machine may miss now and then."""
    name = engine.service("restarted")
    master.wait_container(name)
    for attempt in range(5):
        master.set_mark()
        began = time.time()
        docker.docker("restart", "-t", "3", name)
        happened = dict((action, when) for when, action in docker.events(name, began))
        took = happened["start"] - happened["die"]
        time.sleep(max(0, happened["die"] + 2.9 - time.time()))
        print("restarted in %.2f s" % took)
        if took < 1.6:
            break
    else:
        raise AssertionError("Docker never restarted the container in time")
    assert master.events("container_stop") == [] and master.events("container_start") == []
    for report in master.events("status_report"):
        assert name in page_names(report)


def test_what_a_policy_brings_back_is_no_stop_and_an_end_is_one(agent, master, engine):
    looping = engine.service("looping", command=("400", "1"), restart="always")
    slow = engine.service("slow", command=("700", "0"), restart="unless-stopped")
    ended = engine.service("ended")
    for name in (looping, slow, ended):
        master.wait_container(name)
    began = time.time()
    docker.docker("kill", ended)
    died = [when for when, action in docker.events(ended, began) if action == "die"][0]
    master.wait_no_container(ended)
    stop = [r for r in master.requests("/events") if '"container_stop"' in r["body"]][0]
    print("die to container_stop: %.2f s" % (stop["time"] - died))
    assert 1.7 < stop["time"] - died < 3.5
    time.sleep(2)
    assert {e["container"]["name"] for e in master.events("container_stop")} == {ended}
    for short in ("looping", "slow"):
        assert engine.hostname_rule(short) in master.rules()
    assert len([a for _, a in docker.events(looping, began) if a == "die"]) >= 1


def test_names_states_and_labels_follow(agent, master, engine):
    name = engine.service("named")
    known = master.wait_container(name)
    renamed = engine.name("renamed")
    docker.docker("rename", name, renamed)
    engine.containers.append(renamed)
    assert master.wait_container(renamed)["id"] == known["id"]
    docker.docker("pause", renamed)
    wait.until("it is paused", lambda: master.containers()[renamed].get("status") == "paused"
               or reported(master, renamed) == "paused")
    docker.docker("unpause", renamed)
    wait.until("it runs", lambda: reported(master, renamed) == "running")
    engine.remove(renamed)
    engine.run("named", {**ENABLED, "dockflare.hostname": "other.example.com"})
    again = wait.until("it has other labels", lambda: (lambda c: c if c and c["labels"][
        "dockflare.hostname"] == "other.example.com" else None)(master.containers().get(name)))
    assert again["id"] != known["id"]
    wait.until("the former is gone", lambda: renamed not in master.containers())
    assert "other.example.com|" in master.rules()
    assert not [e for e in master.events("container_stop") if e["container"]["id"] == again["id"]]


def reported(master, name):
    """A container's state in the last report."""
    reports = [r for r in master.events("status_report") if r.get("containers")]
    found = [c["status"] for c in reports[-1]["containers"] if c["name"] == name] if reports else []
    return found[0] if found else None


def test_a_burst_ends_in_what_is_there(agent, master, engine):
    name = engine.service("burst")
    master.wait_container(name)
    master.set_mark()
    threads = [threading.Thread(target=engine.service, args=("b%d" % number,))
               for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        docker.docker("pause", name)
        docker.docker("unpause", name)
    docker.docker("pause", name)
    for thread in threads:
        thread.join()
    for number in range(3):
        engine.remove(engine.name("b%d" % number))
    wait.until("it is as Docker has it", lambda: {
        c["id"] for c in master.containers().values()} == set(docker.enabled_running()))
    wait.until("it is paused", lambda: reported(master, name) == "paused")
    assert len(master.events("container_start")) <= 30
    assert not [e for e in master.events("container_stop") if e["container"]["name"] == name]
    assert agent.log.find("docker-watcher ended") is None


def test_a_thousand_events_in_one_piece(watchers, engines):
    """More at once than a channel holds: the last state is what counts."""
    faulty = engines()
    faulty.add("GET /version", json_answer({"ApiVersion": "1.41"}))
    faulty.add(LIST, json_answer([]))
    stream = b""
    for number in range(2000):
        action = ("start", "pause", "unpause", "pause")[number % 4]
        stream += json.dumps({"Type": "container", "Action": action, "Actor": {
            "ID": "%064x" % (number % 50), "Attributes": {**ENABLED, "name": "c%d" % (
                number % 50)}}}).encode() + b"\n"
    faulty.add(EVENTS, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(stream) + 9)
               + stream, times=1)
    watcher = watchers(faulty.host)
    wait.until("a snapshot", lambda: "snapshot" in watcher.told())
    wait.until("nothing runs, says the list", lambda: watcher.view() == {}, 15)
    assert watcher.ended is None


FLOOD_EVENTS = 200
FLOOD = {**ENABLED, **{"dockflare.%d.path" % number: "/" * 4000 for number in range(100)}}
WATCHER_MAX_KIB = 48 * 1024  # a channel's queue of 8 MiB, and what it takes to fill it


def test_what_waits_for_a_peer_that_reads_nothing_is_bounded(watchers, engines):
    """It is given up and reported; to the one after it a snapshot tells everything."""
    go, sent, faulty = threading.Event(), threading.Event(), engines()

    def events(connection):
        connection.sendall(STREAM_HEAD)
        go.wait(20)
        for number in range(FLOOD_EVENTS):
            text = json.dumps({"Type": "container", "Action": ("pause", "unpause")[number % 2],
                               "Actor": {"ID": "%064x" % 1, "Attributes": {
                                   **FLOOD, "name": "c1"}}}).encode()
            connection.sendall(b"%x\r\n%s\r\n" % (len(text), text))
        sent.set()
        faulty.released.wait(60)

    faulty.add(EVENTS, events)
    faulty.keep_apart(listed(1, FLOOD))
    watcher = watchers(faulty.host, LOG_LEVEL="INFO")
    watcher.wait_view("a snapshot", lambda v: len(v) == 1)
    deaf, theirs = socket.socketpair()
    with deaf, theirs:
        watcher.control.send({"type": "peer", "peer": "master-link"}, theirs.fileno())
        go.set()
        assert sent.wait(20)
        peak = int(read_status(watcher.pid)["VmHWM"].split()[0])
        print("%d events for nobody: at most %d KiB" % (FLOOD_EVENTS, peak))
        assert peak <= WATCHER_MAX_KIB, "docker-watcher took %d KiB" % peak
        assert watcher.control.wait("bad-peer")["peer"] == "master-link"
    watcher.link = watcher.peer("master-link")
    watcher.wait_view("the last state", lambda v: v["c1"]["status"] == "running")
    assert watcher.ended is None


# -- labels ---------------------------------------------------------------------------------------

# label: part of what is said about it
HOSTILE = {
    "long": ({"dockflare.path": "x" * 1000000}, "dockflare.path", "too long"),
    "over-4-kib": ({"dockflare.path": "x" * 4097}, "dockflare.path", "too long"),
    "control": ({"dockflare.access.x": "a\x1b[31mred\r\nnew line"}, "dockflare.access.x",
                "control characters"),
    "nul": ({"dockflare.path": "a\0b"}, "dockflare.path", "NUL"),
    "nul-in-key": ({"dockflare.a\0b": "1"}, "dockflare.a", "NUL"),
    # Their names come last: Docker sorts them, and the first 256 are kept.
    "many": ({"dockflare.zz%d.path" % number: "/" for number in range(1000)}, "dockflare.",
             "too many labels"),
    "long-key": ({"dockflare." + "k" * 3000: "1"}, "dockflare.kkk", "too long"),
    "foreign": ({"com.example.a\0b": "x" * 200000, "com.example.esc": "\x1b"}, None, None),
}


def create(engine, short, labels):
    """Started by the engine's API, since the command line can't say all of that."""
    name = engine.name(short)
    made = docker.call("POST", "/containers/create?name=" + name, json.dumps({
        "Image": docker.PAUSE_IMAGE, "Labels": labels, "HostConfig": {"NetworkMode": "none"}}))
    docker.call("POST", "/containers/%s/start" % made["Id"])
    engine.containers.append(name)
    return name


def reader_of(agent, gates):
    """Who reads Docker's own list, and so tells what is wrong in it; and its part of the status."""
    return (gates[0].gate, "engine", "gate-engine") if gates else (agent, "docker",
                                                                   "docker-watcher")


def check_hostile(agent, master, names, gates):
    reader, part, _ = reader_of(agent, gates)
    for kind, name in names.items():
        labels, key, why = HOSTILE[kind]
        known = master.wait_container(name, 15)
        assert known["labels"]["dockflare.service"] == "http://a:80", kind
        assert len(known["labels"]) <= 256
        assert all("\0" not in text and "\x1b" not in text for text in known["labels"].values())
        lines = [l for _, l in reader.log.lines if "container %s: label " % name in l]
        assert len(lines) == (1 if key else 0), (kind, lines)
        if key:
            assert "label %s" % key in lines[0] and "is dropped" in lines[0] and why in lines[0]
    warnings = reader.wait_status("all are in the status", lambda s: len(
        s[part]["warnings"]) == len(HOSTILE) - 1)[part]["warnings"]
    for kind, name in names.items():
        if HOSTILE[kind][1]:
            assert [w for w in warnings if "container %s: label %s" % (name, HOSTILE[kind][1]) in w]


def test_hostile_labels_cost_themselves_only(agents, master, engine, gates):
    """They come, as events, while the agent runs; and they are there when it starts again."""
    plain = engine.service("plain")
    agent = agents.start(master)
    master.wait_container(plain)
    names = {kind: create(engine, "h-" + kind, {**ENABLED, **labels})
             for kind, (labels, _, _) in HOSTILE.items()}
    check_hostile(agent, master, names, gates)
    assert not agent.log.find("can't be read") and not agent.log.find("docker-watcher ended")
    assert not agent.log.find("\x1b") and not agent.log.find("\0")
    agent.kill()
    master.control("reset")
    again = agents.start(master)
    check_hostile(again, master, names, gates)
    assert plain in master.containers()
    docker.docker("rm", "-f", *names.values())
    for name in names.values():
        master.wait_no_container(name, 15)
    reader, part, _ = reader_of(again, gates)
    reader.wait_status("they are gone from the status", lambda s: s[part]["warnings"] == [], 75)


def test_a_container_over_all_bounds_costs_itself_only(agents, master, engine, gates):
    plain = engine.service("plain")
    huge = create(engine, "huge", {**ENABLED, "dockflare.path": "x" * 5000000})
    agent = agents.start(master)
    master.wait_container(plain)
    known = docker.inspect(huge)["Id"]
    reader, _, name = reader_of(agent, gates)
    reader.wait_line(r"%s: container %s: .* over 4 MiB" % (name, known[:12]))
    second = create(engine, "huge2", {**ENABLED, "dockflare.path": "x" * 5000000})
    known = docker.inspect(second)["Id"]
    reader.wait_line(r"%s: container %s: .* over 4 MiB" % (name, known[:12]), 70)
    assert huge not in master.containers() and plain in master.containers()
    assert not agent.log.find("can't be read")


# What the real engine never sends: raw bytes within a label, by one list for each.
RAW = {
    "bad-utf8": b'"dockflare.path": "\xff\xfe"', "raw-nul": b'"dockflare.path": "a\0b"',
    "raw-control": b'"dockflare.path": "a\nb"', "lone-surrogate": b'"dockflare.path": "\\ud800"',
    "number": b'"dockflare.path": 5', "object": b'"dockflare.path": {"a": [1]}',
    "null": b'"dockflare.path": null',
    "twice": b'"dockflare.path": "/a", "dockflare.path": "/b"',
    "escaped-key": b'"dockflare.\\u0000path": "/a"', "bad-utf8-key": b'"dockflare.\xff": "/a"',
}


def test_labels_that_no_engine_sends(watchers, engines):
    enabled = json.dumps(ENABLED).encode()[:-1]
    pairs = {}
    for kind, label in RAW.items():
        faulty = engines()
        faulty.answer_list(listed(1, ENABLED), listed(2, enabled + b", " + label + b"}"),
                           listed(3, ENABLED))
        pairs[kind] = watchers(faulty.host)
    unhappy = []
    for kind, watcher in pairs.items():
        try:
            view = watcher.wait_view("a snapshot", lambda v: True)
            assert set(view) == {"c1", "c2", "c3"}
            labels = view["c2"]["labels"]
            assert labels["dockflare.service"] == "http://a:80"
            assert set(labels) - set(ENABLED) <= ({"dockflare.path"} if kind == "twice" else set())
            watcher.wait_line(r"container c2: label dockflare\.\S* is dropped: ")
            wait.until("the status names it", lambda: [
                w for w in (watcher.status or {}).get("warnings", []) if "container c2" in w], 3)
        except AssertionError as error:
            unhappy.append("%s: %s\n%s" % (kind, error, "\n".join(
                line for _, line in watcher.log.lines[-5:])))
    assert not unhappy, "\n".join(unhappy)


BROKEN = {
    "id": listed(2, ENABLED).replace(b'"Id"', b'"id"'),
    "short-id": listed(2, ENABLED).replace(b"0" * 60, b""),
    "id-is-a-number": listed(2, ENABLED).replace(b'"%s"' % (b"%064x" % 2), b"2"),
    "no-state": listed(2, ENABLED).replace(b'"State"', b'"state"'),
    "labels-are-a-list": listed(2, b"[1]"), "labels-are-text": listed(2, b'"x"'),
    "bad-escape": listed(2, b'{"dockflare.path": "\\x"}'),
    "not-closed": listed(2, ENABLED)[:-1], "a-number": b"5", "nested": b"[" + listed(2, {}) + b"]",
}


def test_a_broken_list_is_refused_whole(watchers, engines):
    pairs = {}
    for kind, element in BROKEN.items():
        faulty = engines()
        faulty.answer_list(listed(1, ENABLED), element, listed(3, ENABLED))
        pairs[kind] = watchers(faulty.host)
    for kind, watcher in pairs.items():
        watcher.wait_line("Docker can't be read: the answer to GET /containers/json")
    time.sleep(0.5)
    for kind, watcher in pairs.items():
        assert set(watcher.told()) == {"docker-lost"}, (kind, watcher.told())
        assert len(watcher.complaints()) == 1, (kind, watcher.complaints())


def test_which_labels_enable_a_container(watchers, engines):
    """Prefixes and true values, each a container of one list."""
    rows = [({"dockflare.enable": value}, True) for value in (
        "true", "TRUE", "True", "1", "t", "T", "yes", "YES", "Yes")]
    rows += [({"cloudflare.tunnel.enable": value}, True) for value in ("true", "1")]
    rows += [({"dockflare.enable": value}, False) for value in (
        "false", "", "0", "no", "on", "y", "truee", " true", "enabled", "2")]
    rows += [({"Dockflare.enable": "true"}, False), ({"dockflare.enabled": "true"}, False),
             ({"dockflare.0.enable": "true"}, False), ({}, False), ({"enable": "true"}, False),
             # The first that is there decides, in the order of the master.
             ({"dockflare.enable": "false", "cloudflare.tunnel.enable": "true"}, False),
             ({"dockflare.enable": "true", "cloudflare.tunnel.enable": "false"}, True)]
    prefix = [({"my.own.enable": "true"}, True), ({"my.own.enable": "no"}, False),
              ({"my.own.enable": "no", "dockflare.enable": "true"}, False),
              ({"my.own.enable": "yes", "dockflare.enable": "false"}, True),
              ({"dockflare.enable": "true"}, True), ({"my.ownenable": "true"}, False)]
    for table, settings in ((rows, {}), (prefix, {"LABEL_PREFIX": "my.own."})):
        faulty = engines()
        extra = {"my.own.hostname": "h", "com.example.x": "y", "dockflare.service": "s",
                 "cloudflare.tunnel.service": "t"}
        faulty.answer_list(*(listed(number, {**labels, **extra})
                             for number, (labels, _) in enumerate(table)))
        watcher = watchers(faulty.host, **settings)
        view = watcher.wait_view("a snapshot", lambda v: True)
        expected = {"c%d" % number for number, (_, is_enabled) in enumerate(table) if is_enabled}
        assert set(view) == expected, sorted(
            table[int(name[1:])][0].items() for name in set(view) ^ expected)
        for container in view.values():
            assert ("my.own.hostname" in container["labels"]) == bool(settings)
            assert "com.example.x" not in container["labels"]
            assert {"dockflare.service", "cloudflare.tunnel.service"} <= set(container["labels"])


def test_a_custom_prefix_with_the_real_engine(agents, master, engine):
    name = engine.run("own", {"my.own.enable": "Yes", "my.own.hostname": "x.example.com",
                              "my.own.service": "http://x:80"})
    old = engine.run("legacy", {"cloudflare.tunnel.enable": "true",
                                "cloudflare.tunnel.hostname": "y.example.com",
                                "cloudflare.tunnel.service": "http://y:80"})
    agents.start(master, LABEL_PREFIX="my.own.")
    assert master.wait_container(name)["labels"]["my.own.service"] == "http://x:80"
    assert master.wait_container(old)["labels"]["cloudflare.tunnel.hostname"] == "y.example.com"
    assert "y.example.com|" in master.rules()


STATES = {"running": True, "paused": True, "restarting": True, "exited": False, "created": False,
          "dead": False, "removing": False, "": False, "RUNNING": False}


def test_which_states_count_as_running(watchers, engines):
    faulty = engines()
    faulty.answer_list(*(listed(number, ENABLED, state=state)
                         for number, state in enumerate(STATES)))
    watcher = watchers(faulty.host)
    view = watcher.wait_view("a snapshot", lambda v: True)
    assert {c["status"] for c in view.values()} == {s for s, runs in STATES.items() if runs}
    assert len(view) == 3


def test_ten_thousand_containers(watchers, engines):
    """Pages, in order; and none of it holds up the signs of life."""
    faulty = engines()
    faulty.answer_list(*(listed(number, ENABLED) for number in range(10000)))
    watcher = watchers(faulty.host)
    began = time.time()
    view = watcher.wait_view("all of them", lambda v: len(v) == 10000, 15)
    print("10,000 containers: %.2f s to the whole snapshot" % (time.time() - began))
    assert view["c9999"]["labels"] == ENABLED


# -- a socket -------------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_the_engines_own_socket(agents, master, engine, tunnel, mode):
    host = "unix://" + docker.SOCKET
    name = engine.service("by-socket")
    agent = agents.start(master, mode=mode, groups=socket_group() if mode == "shared" else None,
                         DOCKER_HOST=host, DOCKER_TUNNEL_HOST=None)
    master.wait_container(name)
    master.start_tunnel(tunnel)
    docker.wait_running(docker.TUNNEL_CONTAINER)
    master.wait_tunnel("running")
    warnings = agent.status()["agent"]["warnings"]
    assert [w for w in warnings if "DOCKER_HOST" in w and "is root on this host" in w], warnings
    assert agent.wait_line("WARNING supervisor: DOCKER_HOST: .*unix socket")
    groups = {name: read_status(pid)["Groups"].split() for name, pid in agent.pids().items()}
    if mode == "distinct":
        assert groups["docker-watcher"] == groups["tunnel-keeper"] == [socket_group()]
        assert groups["master-link"] == groups["name-resolver"] == []
    engine.remove(name)
    master.wait_no_container(name)


def test_a_socket_without_its_group_says_what_is_missing(agents, master, engine):
    agent = agents.make(master, DOCKER_HOST="unix://" + docker.SOCKET)
    agent.start(ready=False)
    agent.wait_line(r"unix:/|%s" % docker.SOCKET)
    wait.until("it says what to do", lambda: agent.log.find(
        r"(?i)(permission denied|group)"), 5)
    assert not master.events("status_report") or all(
        not report.get("inventory_complete") for report in master.events("status_report"))
