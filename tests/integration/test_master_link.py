# SPDX-License-Identifier: GPL-3.0-or-later
"""master-link alone against the stand-in master: the test plays supervisor, Docker and tunnel."""

import json
import os
import re
import time

import pytest

from harness import install, secret, wait
from harness.lone_worker import LoneWorker
from harness.master import Master

BOTH = pytest.mark.parametrize("protocol", ["1", "2", "new1"])
ID = "%064x"


@pytest.fixture(scope="module")
def program():
    given = os.environ.get("MASTER_LINK_PROGRAM")
    return given or os.path.join(install.prefix(), "libexec", "dockflare-agent", "master-link")


class Link(LoneWorker):
    """master-link with its peers."""

    def __init__(self, program, log_path, url, key, files=None, settings=None, peers=True,
                 secrets=None, fail_saves=False):
        values = {"DOCKFLARE_MASTER_URL": url, "LOG_LEVEL": "DEBUG",
                  "REPORT_INTERVAL_SECONDS": "1", "COMMAND_POLL_SECONDS": "1",
                  "ALLOW_PLAINTEXT_MASTER": "false", "DOCKER_HOST": "tcp://127.0.0.1:1",
                  "CLOUDFLARED_IMAGE": "cloudflare/cloudflared:2025.9.0",
                  "DOCKFLARE_CA_FILE": "/etc/ssl/certs/ca-certificates.crt"}
        values.update(settings or {})
        values = {name: value for name, value in values.items() if value is not None}
        state = {"agent_id.txt": None, "decommission.json": None, "journal.json": None}
        state.update(files or {})
        due = {"DOCKFLARE_API_KEY": key, "CF_ACCESS_CLIENT_ID": None,
               "CF_ACCESS_CLIENT_SECRET": None, "HTTPS_PROXY": None}
        due.update(secrets or {})
        super().__init__(program, "master-link", log_path, values, state, due, fail_saves)
        self.generation = 0
        if peers:
            self.watcher = self.peer("docker-watcher")
            self.keeper = self.peer("tunnel-keeper")
            self.resolver = self.peer("name-resolver")

    def snapshot(self, containers, page_size=256):
        """A snapshot of containers (number to labels)."""
        self.generation += 1
        facts = [fact(number, labels) for number, labels in containers.items()]
        pages = [facts[i:i + page_size] for i in range(0, len(facts), page_size)] or [[]]
        for number, page in enumerate(pages):
            self.watcher.send({"type": "snapshot", "generation": self.generation, "page": number,
                               "last": number == len(pages) - 1, "containers": page})

    def change(self, number, change="runs", labels=None):
        self.watcher.send({"type": "container", "change": change, **fact(number, labels)})

    def tunnel_is(self, state, **more):
        self.keeper.send({"type": "tunnel", "state": state, **more})

    def obey(self, command):
        self.keeper.send({"type": "command-done", "id": command["id"], "outcome": "obeyed"})


def fact(number, labels=None):
    if labels is None:
        labels = {"dockflare.enable": "true", "dockflare.hostname": "c%d.example.com" % number,
                  "dockflare.service": "http://c%d" % number}
    return {"id": ID % number, "name": "c%d" % number, "status": "running", "labels": labels}


@pytest.fixture
def masters():
    made = []

    def start(*options, protocol="2", key=None):
        made.append(Master(key or secret.fresh("API key", "dfk-"), *options, protocol=protocol))
        return made[-1]

    yield start
    for master in made:
        master.close()


@pytest.fixture
def links(program, tmp_path):
    made = []

    def start(master, **more):
        path = tmp_path / ("link-%d.log" % len(made))
        key = more.pop("key", master.key)
        made.append(Link(program, path, more.pop("url", master.url), key, **more))
        return made[-1]

    yield start
    for link in made:
        link.kill()
        assert secret.found_in(link.log.text()) == []
        print(link.log.text())


def registrations(master):
    return master.requests("/register")


# -- registration ---------------------------------------------------------------------------------


@BOTH
def test_registers_saves_its_id_and_reports(masters, links, protocol):
    master = masters(protocol=protocol)
    link = links(master)
    link.snapshot({1: None})
    link.wait_line("registered with the master as agent .* .protocol %s." % protocol[-1])
    agent = master.wait_registered()
    wait.until("the id is saved", lambda: "agent_id.txt" in link.saved)
    assert link.saved["agent_id.txt"].decode() == agent["id"]
    master.wait_container("c1")
    body = master.bodies("/register")[0]
    assert body["supported_protocol_versions"] == [2, 1]
    assert body["capabilities"] == ["decommission.v1", "tunnel_stop.v1"]
    assert body["version"] == body["agent_version"]
    assert "agent_id" not in body and "display_name" not in body
    master.wait_events("heartbeat")
    master.wait_requests("/commands", 2)
    assert {r["headers"]["authorization"] for r in master.requests()} == {"(right)"}
    state = master.state()
    assert state["connections"] == 1 and state["most_in_flight"] == 1


def test_cached_id_and_name_are_sent(masters, links):
    master = masters(protocol="1")
    link = links(master, files={"agent_id.txt": b"agent seven".replace(b" ", b"/") + b"\n"},
                 settings={"AGENT_DISPLAY_NAME": "Küche 7"})
    master.wait_registered()
    body = master.bodies("/register")[0]
    assert body["agent_id"] == "agent/seven" and body["display_name"] == "Küche 7"
    master.wait_requests("/commands")
    assert master.requests("/commands")[0]["path"].endswith("/agent%2Fseven/commands")
    assert link.saved == {}


@pytest.mark.parametrize("content", [b"two words", b"\xff\xfe", b"a" * 129, b"a\0b", b"x" * 65536])
def test_corrupt_id_is_kept_aside(masters, links, content):
    master = masters()
    link = links(master, files={"agent_id.txt": content})
    master.wait_registered()
    assert link.corrupt == ["agent_id.txt"]
    assert "agent_id" not in master.bodies("/register")[0]


def test_changed_id_is_a_security_event(masters, links):
    master = masters(protocol="1")
    link = links(master, files={"agent_id.txt": b"old-id"})
    master.wait_registered()
    master.control("reset", new_ids=True)
    link.wait_line("security: the master gave this agent another id: .*, it was old-id")
    wait.until("the id is saved", lambda: link.saved.get("agent_id.txt"))
    assert link.saved["agent_id.txt"].decode() == master.agent()["id"]


def test_master_that_forgot_the_agent_is_registered_with_once(masters, links):
    master = masters(protocol="1")
    link = links(master)
    link.snapshot({1: None})
    master.wait_container("c1")
    master.set_mark()
    master.control("reset")
    master.wait_container("c1")
    assert len(registrations(master)) == 1


def test_unknown_session_is_registered_anew(masters, links):
    master = masters()
    link = links(master)
    link.snapshot({1: None})
    master.wait_container("c1")
    master.set_mark()
    master.control("forget_sessions")
    wait.until("a registration", lambda: registrations(master))
    master.wait_events("status_report")
    assert len(registrations(master)) == 1
    assert [b["event_sequence"] for b in master.events("heartbeat")] == sorted(
        {b["event_sequence"] for b in master.events("heartbeat")})


def test_rejected_key(masters, links):
    master = masters()
    link = links(master, key=secret.fresh("API key", "dfk-"))
    link.wait_line("key rejected: HTTP 401 .unauthorized.; this key is revoked")
    wait.until("status", lambda: link.status and link.status["state"] == "rejected")
    count = len(registrations(master))
    wait.stays("no second try", lambda: len(registrations(master)) == count, 1.5)
    link.secrets["DOCKFLARE_API_KEY"] = master.key
    link.hand_out_secrets()
    link.control.send({"type": "reload"})
    master.wait_registered()
    wait.until("status", lambda: link.status["state"] == "connected")


def test_403_registers_once_and_a_second_one_rejects(masters, links):
    master = masters()
    link = links(master)
    master.wait_registered()
    master.set_mark()
    master.fault("403", "/commands", times=2)
    link.wait_line("key rejected: HTTP 403 .agent_key_mismatch.; it belongs to another agent")
    assert len(registrations(master)) == 1


def test_single_403_is_only_a_registration(masters, links):
    master = masters()
    link = links(master)
    master.wait_registered()
    master.set_mark()
    master.fault("403", "/events")
    wait.until("a registration", lambda: registrations(master))
    time.sleep(1.5)
    assert len(registrations(master)) == 1 and not link.log.find("key rejected")


def test_repeated_404_does_not_storm(masters, links):
    master = masters()
    links(master)
    master.wait_registered()
    master.set_mark()
    master.fault("404", "/commands", times=100)
    time.sleep(2.5)
    assert 1 <= len(registrations(master)) <= 4


# -- answers that are not the master's ------------------------------------------------------------


@pytest.mark.parametrize("kind", [
    "html", "html-403", "html-502", "302", "empty", "not-an-object", "truncated-json", "nul",
    "raw-nul", "bad-utf8", "deep", "cut", "huge", "drop", "garbage", "huge-header", "wrong-types",
    "duplicate-keys", "huge-number", "400", "404", "413", "429", "500", "503", "409-unsupported"])
def test_wrong_answers_to_registration_are_survived(masters, links, kind):
    master = masters("--faults", json.dumps([{"kind": kind, "path": "/register"}]))
    link = links(master)
    link.wait_line("master is away: ")
    link.wait_line("master is back after ")
    link.wait_line("registered with the master")
    assert len([1 for _, line in link.log.lines if "master is away" in line]) == 1
    assert not [r for r in master.requests("/_stolen")]


@pytest.mark.parametrize("kind", [
    "html", "html-502", "302", "empty", "truncated-json", "deep", "cut", "drop", "huge", "429",
    "502", "503-retry-after"])
@pytest.mark.parametrize("path", ["/commands", "/events"])
def test_wrong_answers_later_lose_nothing(masters, links, kind, path):
    master = masters()
    link = links(master)
    link.snapshot({1: None})
    master.wait_container("c1")
    master.fault(kind, path)
    link.change(2)
    link.change(1, "gone")
    master.wait_container("c2", 15)
    master.wait_no_container("c1", 15)


def test_302_names_what_to_check(masters, links):
    master = masters("--access-id", "id.access", "--access-secret",
                     secret.fresh("Access secret"))
    link = links(master)
    link.wait_line("master is away: HTTP 302 .*CF_ACCESS_CLIENT_ID")


def test_access_token_is_sent(masters, links):
    access = secret.fresh("Access secret")
    master = masters("--access-id", "id.access", "--access-secret", access)
    links(master, secrets={"CF_ACCESS_CLIENT_ID": "id.access", "CF_ACCESS_CLIENT_SECRET": access})
    master.wait_registered()
    assert master.requests("/register")[0]["headers"]["cf-access-client-secret"] == "(right)"


def test_retry_after_is_obeyed(masters, links):
    master = masters("--faults", json.dumps([
        {"kind": "503-retry-after", "path": "/register", "seconds": 3}]))
    links(master)
    wait.until("registered", lambda: len(registrations(master)) == 2)
    times = [r["time"] for r in registrations(master)]
    assert 2.9 <= times[1] - times[0] < 4


def test_public_plain_http_address_is_refused(masters, links):
    master = masters()
    link = links(master, url="http://master.example:%d" % master.port, peers=False)
    link.addresses = ["203.0.113.7"]
    link.peer("name-resolver")
    link.wait_line("master is away: .*no address that may be used")
    assert not master.requests()


def test_docker_address_with_the_same_port_is_refused(masters, links):
    master = masters()
    link = links(master, settings={"DOCKER_HOST": "tcp://127.0.0.1:%d" % master.port})
    link.wait_line("master is away: ")
    time.sleep(0.5)
    assert not master.requests()


def test_name_is_resolved_by_the_resolver(masters, links):
    master = masters()
    link = links(master, url="http://master:%d" % master.port)
    master.wait_registered()
    assert link.resolver.messages("resolve")[0]["host"] == "master"


def test_path_in_the_url_is_kept(masters, links):
    master = masters("--base", "/dock/flare")
    links(master, url=master.url + "/dock/flare")
    master.wait_registered()


# -- containers -----------------------------------------------------------------------------------


@BOTH
def test_start_and_stop_are_told(masters, links, protocol):
    master = masters(protocol=protocol)
    link = links(master)
    link.snapshot({1: None})
    master.wait_container("c1")
    link.change(2)
    master.wait_container("c2")
    link.change(1, "gone")
    master.wait_no_container("c1")
    assert "c2.example.com|" in master.rules()
    assert "c1.example.com|" in master.rules("pending_deletion")
    stop = master.wait_events("container_stop")[0]
    assert stop["container"]["name"] == "c1" and "labels" in stop["container"]


@BOTH
def test_what_stopped_while_docker_watcher_was_away_is_told(masters, links, protocol):
    master = masters(protocol=protocol)
    link = links(master)
    link.snapshot({1: None, 2: None})
    master.wait_container("c2")
    link.watcher = link.peer("docker-watcher")
    link.generation = 0
    link.snapshot({2: None, 3: None})
    master.wait_container("c3")
    master.wait_no_container("c1")
    assert "c2" in master.containers()


@BOTH
def test_a_burst_ends_in_the_last_state(masters, links, protocol):
    master = masters(protocol=protocol)
    link = links(master)
    link.snapshot({})
    master.wait_events("status_report")
    master.set_mark()
    # The burst is over before the first answer comes, so what is told does not hang on the load.
    master.fault("slow", "/events", type="container_start", seconds=1)
    for _ in range(5):
        for number in range(1, 101):
            link.change(number)
        for number in range(1, 51):
            link.change(number, "gone")
    wait.until("the master has them", lambda: len(master.containers()) == 50)
    starts = master.events("container_start")
    assert len(starts) < 60
    assert set(master.containers()) == {"c%d" % n for n in range(51, 101)}


def test_unreadable_docker_protocol_2(masters, links):
    master = masters()
    link = links(master)
    link.snapshot({1: None})
    master.wait_container("c1")
    master.set_mark()
    link.watcher.send({"type": "docker-lost", "reason": "the proxy answers 403"})
    reports = master.wait_events("status_report", 2)
    lost = [r for r in reports if r["inventory_complete"] is False]
    assert lost and all("containers" not in r for r in lost)
    assert "c1" in master.containers() and len(master.rules()) == 1


def test_unreadable_docker_protocol_1_is_told_nothing(masters, links):
    master = masters(protocol="1")
    link = links(master)
    link.watcher.send({"type": "docker-lost", "reason": "no engine"})
    master.wait_events("heartbeat", 2)
    assert master.events("status_report") == []
    link.snapshot({})
    master.wait_events("status_report")


def test_ten_thousand_containers(masters, links):
    master = masters(protocol="1")
    link = links(master)
    link.snapshot({number: None for number in range(1, 10001)})
    wait.until("the master has them", lambda: len(master.containers()) == 10000, 30)


def test_too_many_for_one_report_are_told_one_by_one(masters, links):
    master = masters()
    link = links(master)
    link.snapshot({number: None for number in range(1, 5101)})
    link.wait_line("does not take a report of 5100 containers: HTTP 413")
    wait.until("the master has them", lambda: len(master.containers()) == 5100, 60)


def test_a_container_that_the_master_refuses_costs_only_itself(masters, links):
    master = masters()
    link = links(master)
    link.snapshot({1: None})
    master.wait_container("c1")
    master.fault("413", "/events", times=1, type="container_start")
    link.change(2)
    link.wait_line("does not take container c2: HTTP 413")
    link.change(3)
    master.wait_container("c3")


def test_a_container_that_can_not_be_processed_does_not_hold_up_others(masters, links):
    master = masters(protocol="1")
    link = links(master, settings={"REPORT_INTERVAL_SECONDS": "3600"})
    link.snapshot({1: None})
    master.wait_container("c1")
    master.fault("500", "/events", times=1, type="container_start")
    link.change(2)
    link.wait_line("could not process container c2")
    link.change(3)
    master.wait_container("c3", 3)
    master.wait_container("c2")


def test_lost_answer_is_sent_again_with_its_sequence(masters, links):
    master = masters()
    link = links(master, settings={"REPORT_INTERVAL_SECONDS": "3600"})
    link.snapshot({1: None})
    master.wait_container("c1")
    master.fault("drop-after", "/events", type="container_start")
    link.change(2)
    starts = master.wait_events("container_start", 2)
    assert starts[0] == starts[1]


def test_stale_sequence_goes_on_with_a_higher_one(masters, links):
    master = masters()
    link = links(master)
    link.snapshot({})
    master.wait_events("heartbeat")
    master.fault("409-stale", "/events", times=3)
    link.change(2)
    master.wait_container("c2")
    assert len(registrations(master)) == 1


def test_outage_is_settled_by_one_report(masters, links):
    master = masters()
    link = links(master)
    link.snapshot({n: None for n in range(1, 21)})
    wait.until("told", lambda: len(master.containers()) == 20)
    master.control("away")
    link.wait_line("master is away")
    for n in range(1, 21):
        link.change(n, "gone")
        link.change(n + 100)
    time.sleep(1)
    master.set_mark()
    master.control("back")
    wait.until("told", lambda: set(master.containers()) == {"c%d" % n for n in range(101, 121)})
    link.wait_line("master is back after")
    assert len(master.events("container_start")) <= 1
    assert len([1 for _, line in link.log.lines if "master is back" in line]) == 1


# -- commands -------------------------------------------------------------------------------------


@BOTH
def test_commands_are_journalled_then_handed_on(masters, links, protocol):
    master = masters(protocol=protocol)
    link = links(master)
    master.wait_registered()
    tunnel = secret.Tunnel("t1")
    master.start_tunnel(tunnel)
    command = link.keeper.wait("command")
    assert command["action"] == "start" and command["token"] == tunnel.token
    assert json.loads(link.saved["journal.json"])["entries"][0]["id"] == command["id"]
    link.keeper = link.peer("tunnel-keeper")
    again = link.keeper.wait("command")
    assert again == command
    link.obey(command)
    wait.until("dropped", lambda: json.loads(link.saved["journal.json"])["entries"] == [])


def test_journal_is_replayed_after_a_restart(masters, links):
    master = masters()
    link = links(master)
    master.wait_registered()
    tunnel = secret.Tunnel("t1")
    master.restart_tunnel(tunnel)
    command = link.keeper.wait("command")
    files = dict(link.files)
    link.kill()
    other = links(master, files=files)
    assert other.keeper.wait("command") == command


def test_bad_commands_cost_only_themselves(masters, links):
    master = masters()
    link = links(master)
    master.wait_registered()
    tunnel = secret.Tunnel("t1")
    token = secret.fresh("tunnel token")
    deep = "x"
    for _ in range(40):
        deep = [deep]
    bad = [7, None, [], {}, "stop_tunnel", {"action": 5}, {"action": "format_disk"},
           {"action": "a\n" * 50}, {"action": "start_tunnel"}, {"action": "stop\0"},
           {"action": "start_tunnel", "token": 5, "tunnel_id": "x"},
           {"action": "start_tunnel", "token": token, "tunnel_id": "../../etc"},
           {"action": "start_tunnel", "token": "a\r\nb", "tunnel_id": "x"},
           {"action": "start_tunnel", "token": "a" * 5000, "tunnel_id": "x"},
           {"action": "restart_tunnel", "tunnel_token": token, "tunnel_id": "x"},
           {"action": "update_tunnel_config", "rules": [1]},
           {"action": "prepare_decommission", "operation_id": "../x", "command_id": "1"},
           {"action": "stop_tunnel", "deep": deep}]
    master.control("command", commands=[*bad, {
        "action": "start_tunnel", "tunnel_name": "t1", "tunnel_id": tunnel.id,
        "token": tunnel.token}])
    assert link.keeper.wait("command")["token"] == tunnel.token
    assert len(link.keeper.messages("command")) == 1
    skipped = [line for _, line in link.log.lines if "is skipped" in line]
    assert len(skipped) == 10
    link.wait_line("%d more commands of the master are skipped" % (len(bad) - 10))


def test_a_corrupt_journal_is_kept_aside(masters, links):
    master = masters()
    link = links(master, files={"journal.json": b'{"entries":[{"id":"../x","action":"start"}]}'})
    master.wait_registered()
    assert link.corrupt == ["journal.json"] and link.keeper.messages("command") == []


def test_failed_save_goes_on_from_memory(masters, links):
    master = masters()
    link = links(master, fail_saves=True)
    master.wait_registered()
    master.start_tunnel(secret.Tunnel("t1"))
    link.keeper.wait("command")
    link.wait_line("journal.json can't be saved: no space left")
    wait.until("status warns", lambda: any("agent_id.txt can't be saved" in w
                                           for w in link.status["warnings"]))


def test_record_of_protocol_1_restores_the_tunnel(masters, links):
    master = masters(protocol="1")
    link = links(master)
    master.wait_registered()
    link.wait_line("pending: enrol it in the master")
    wait.until("status", lambda: link.status["agent_status"] == "pending")
    tunnel = secret.Tunnel("t1")
    master.control("enrol", tunnel_name="t1", tunnel_id=tunnel.id, token=tunnel.token,
                   queue=False)
    files = dict(link.files)
    link.kill()
    other = links(master, files=files)
    restore = other.keeper.wait("restore")
    assert restore["token"] == tunnel.token and restore["tunnel_id"] == tunnel.id
    wait.until("status", lambda: other.status["agent_status"] == "enrolled")


# -- the tunnel -----------------------------------------------------------------------------------


@BOTH
def test_tunnel_status_is_told_where_the_master_reads_it(masters, links, protocol):
    master = masters(protocol=protocol)
    link = links(master)
    link.tunnel_is("starting", id="t-1", name="t1")
    link.tunnel_is("running", id="t-1", name="t1", version="2025.9.0")
    assert master.wait_tunnel("running")["version"] == "2025.9.0"
    body = wait.until("its request has ended", lambda: [
        e for e in master.events("tunnel_status") if e["tunnel"]["status"] == "running"])[-1]
    assert body["tunnel"] == body["container"] == {"name": "t1", "status": "running",
                                                   "version": "2025.9.0"}


@BOTH
def test_orderly_stop_tells_the_tunnel_and_ends(masters, links, protocol):
    master = masters(protocol=protocol)
    link = links(master)
    link.tunnel_is("running", name="t1")
    master.wait_tunnel("running")
    link.tunnel_is("stopped", name="t1")
    link.control.send({"type": "shutdown"})
    started = time.monotonic()
    assert link.wait_end() == 0
    assert time.monotonic() - started < 1
    master.wait_tunnel("stopped")


def test_orderly_stop_does_not_wait_for_a_master_that_hangs(masters, links):
    master = masters()
    link = links(master)
    master.wait_registered()
    master.fault("hang", "/events", times=5)
    link.tunnel_is("stopped", name="t1")
    time.sleep(0.2)
    link.control.send({"type": "shutdown"})
    started = time.monotonic()
    assert link.wait_end() == 0
    assert time.monotonic() - started < 1.2


# -- the Cloudflare helper ------------------------------------------------------------------------

RULES = {"z": {"status": "active", "hostname": "z.example.com", "service": "http://z"},
         "p": {"status": "pending_deletion", "hostname": "p.example.com", "service": "http://p"},
         "a": {"status": "active", "hostname": "a.example.com", "service": "http://a",
               "path": "/x", "zone": 5},
         "broken": {"status": "active", "hostname": 7, "service": "http://b"}}


def test_configuration_goes_through_the_master(masters, links):
    master = masters("--cloudflare-helper")
    link = links(master)
    master.wait_registered()
    master.command("update_tunnel_config", rules=RULES)
    link.wait_line("1 malformed rules")
    link.tunnel_is("running", id="t-1", name="t1")
    sent = wait.until("configured", lambda: master.state()["configurations"])
    assert sent[0]["account"] == "a" * 32 and sent[0]["tunnel_id"] == "t-1"
    assert sent[0]["body"] == {"config": {"ingress": [
        {"hostname": "z.example.com", "service": "http://z"},
        {"hostname": "a.example.com", "service": "http://a", "path": "/x"},
        {"service": "http_status:404"}]}}
    wait.until("dropped", lambda: "configuration" not in json.loads(link.saved["journal.json"]))


def test_helper_that_is_not_offered_is_said_once(masters, links):
    master = masters(protocol="1")
    link = links(master)
    link.tunnel_is("running", id="t-1", name="t1")
    master.wait_registered()
    for _ in range(2):
        master.set_mark()
        master.command("update_tunnel_config", rules=RULES)
        master.wait_requests("/accounts")
    time.sleep(0.3)
    lines = [line for _, line in link.log.lines if "not offered by this master" in line]
    assert len(lines) == 1 and len(master.requests("/register", since=0)) == 1


# -- decommissioning ------------------------------------------------------------------------------


def halted(link, result="stopped"):
    count = len(link.keeper.messages("halt"))
    halt = link.keeper.wait("halt", max(count, 1))
    link.keeper.send({"type": "halted", "id": halt["id"], "result": result})
    return halt


def test_decommissioning(masters, links):
    master = masters()
    link = links(master)
    link.snapshot({1: None})
    master.wait_container("c1")
    master.control("decommission")
    halt = link.keeper.wait("halt")
    assert halt["forget"] is False
    prepared = json.loads(link.saved["decommission.json"])
    assert prepared["phase"] == "prepared" and prepared["finalized_at"] is None
    assert prepared["schema_version"] == 1 and prepared["requested_self_action"] == "stop"
    assert prepared["agent_id"] == link.saved["agent_id.txt"].decode()
    link.keeper.send({"type": "halted", "id": halt["id"], "result": "stopped"})
    link.wait_line("acknowledged .prepared.")
    master.set_mark()
    last = link.keeper.wait("halt", 2)
    assert last["forget"] is True
    wait.until("finalized", lambda: json.loads(
        link.saved["decommission.json"])["phase"] == "finalized")
    link.change(5)
    link.tunnel_is("stopped")
    link.keeper.send({"type": "halted", "id": halt["id"], "result": "absent"})
    link.wait_line("acknowledged .finalized.")
    link.wait_line("stays idle")
    assert master.events() == []
    acks = list(master.state()["operations"].values())[0]["acks"]
    assert [a["phase"] for a in acks] == ["prepared", "shutdown_scheduled"]
    assert acks[0]["tunnel_container"] == "stopped" and acks[0]["tombstone_persisted"] is True
    assert acks[0]["self_stop_capability"] == acks[1]["self_stop_capability"] == "manual"
    wait.until("status", lambda: link.status["lifecycle"] == "finalized")
    master.set_mark()
    files = dict(link.files)
    link.kill()
    other = links(master, files=files)
    time.sleep(1.5)
    assert master.requests() == [] and other.status["state"] == "decommissioned"


def test_prepared_agent_goes_on_after_a_restart(masters, links):
    master = masters()
    link = links(master)
    master.wait_registered()
    master.control("decommission")
    link.keeper.wait("halt")
    files = dict(link.files)
    link.kill()
    other = links(master, files=files)
    halt = other.keeper.wait("halt")
    other.keeper.send({"type": "halted", "id": halt["id"], "result": "absent"})
    other.wait_line("acknowledged .prepared.")
    other.keeper.wait("halt", 2)
    files = dict(other.files)
    other.kill()
    third = links(master, files=files)
    halt = third.keeper.wait("halt")
    assert halt["forget"] is True
    third.keeper.send({"type": "halted", "id": halt["id"], "result": "absent"})
    third.wait_line("acknowledged .finalized.")


def test_acknowledgement_whose_answer_is_lost(masters, links):
    master = masters()
    link = links(master)
    master.wait_registered()
    master.control("decommission")
    halt = link.keeper.wait("halt")
    link.keeper.send({"type": "halted", "id": halt["id"], "result": "stopped"})
    link.wait_line("acknowledged .prepared.")
    link.keeper.wait("halt", 2)
    master.fault("drop-after", "/ack")
    link.keeper.send({"type": "halted", "id": halt["id"], "result": "stopped"})
    link.wait_line("stays idle", 20)


def test_a_tunnel_that_can_not_be_stopped_is_said(masters, links):
    master = masters()
    link = links(master)
    master.wait_registered()
    master.control("decommission")
    halt = link.keeper.wait("halt")
    link.keeper.send({"type": "halted", "id": halt["id"], "result": "failed", "detail": "busy"})
    link.wait_line("could not be stopped: busy")
    halt = link.keeper.wait("halt", 2)
    link.keeper.send({"type": "halted", "id": halt["id"], "result": "stopped"})
    link.wait_line("acknowledged .prepared.")


# -- peers that break the protocol ----------------------------------------------------------------


def test_snapshot_pages_out_of_order_are_reported(masters, links):
    master = masters()
    link = links(master)
    link.watcher.send({"type": "snapshot", "generation": 1, "page": 1, "last": True,
                       "containers": []})
    wait.until("reported", lambda: link.control.messages("bad-peer"))
    assert link.control.messages("bad-peer")[0]["peer"] == "docker-watcher"
    assert re.search("docker-watcher broke the protocol", link.log.text())
