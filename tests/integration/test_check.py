# SPDX-License-Identifier: GPL-3.0-or-later
"""`--check --online`: each planted fault is found and its remedy named, and nothing is changed by it.

Every fault is made for real: certificates by openssl, names by a DNS server of the test's own, HAProxy
with a dead engine or narrower rules, folders of another owner.  What stands for Docker in the rows of
FAULTS answers as Docker does and has nothing to do with the real engine.
"""

import os
import shutil
import socket
import subprocess
import time

import pytest

from harness import check, docker, gate, hostile, install, proxies, secret, wait
from harness.authority import LONG_AGO, SOON, ALWAYS, Authority
from harness.agent import WORKERS
from harness.dns import Dns
from harness.faulty_engine import FaultyEngine, json_answer
from harness.http_proxy import HttpProxy

MODES = pytest.mark.parametrize("mode", ["shared", "distinct"])
DNS_SERVER, NO_SERVER = "127.53.0.3", "127.53.0.4"
MOUNT = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
INSPECT = "GET .*/containers/dockflare-agent-tunnel/json"
ID = "ab" * 32


def element(name="web", labels=None, network="cloudflare-net"):
    """One of Docker's list."""
    return json_answer({
        "Id": ID, "Names": ["/" + name], "State": "running",
        "Labels": {"dockflare.enable": "true", **(labels or {})},
        "NetworkSettings": {"Networks": {network: {}}}}).split(b"\r\n\r\n", 1)[1]


def foreign():
    """An inspect answer for a container that is not the agent's."""
    return json_answer({
        "Id": ID, "Name": "/dockflare-agent-tunnel", "State": {"Status": "running"},
        "RestartCount": 0, "Config": {"Image": "nginx:1", "Labels": {}, "Env": [], "Cmd": []},
        "NetworkSettings": {"Networks": {}}})


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("ca"))
    made.certificate("good").certificate("other", names="DNS:elsewhere.example")
    made.certificate("over", end=LONG_AGO).certificate("not-yet", start=SOON, end="20990201000000Z")
    made.certificate("ends", start=ALWAYS, end=time.strftime(
        "%Y%m%d%H%M%SZ", time.gmtime(time.time() + 2 * 24 * 3600)))
    return made


class World:
    """All that an agent needs, whole; a fault takes something away before the check."""

    def __init__(self, agents, masters, authority, folder, tunnel, mode):
        self.authority, self.folder, self.tunnel = authority, folder, tunnel
        self.closed = []
        self.master = masters(*authority.options("good"))
        self.read, self.write = self.engine(), self.engine()
        self.read.answer_list(element())
        self.write.add("GET .*/networks/", json_answer({"Name": "cloudflare-net", "Id": ID}))
        self.write.add("GET .*/images/.*/json", json_answer({"Id": "sha256:" + ID}))
        self.write.add("POST .*/containers/create", json_answer(
            {"message": "config cannot be empty in order to create a container"}, 400))
        self.write.add("POST .*/images/create", json_answer({"message": "invalid tag format"}, 400))
        self.ca_file = os.path.join(folder, "ca.pem")
        shutil.copy(authority.ca, self.ca_file)
        os.chmod(self.ca_file, 0o644)
        self.agent = agents.make(self.master, mode=mode, DOCKFLARE_CA_FILE=self.ca_file,
                                 DOCKER_HOST=self.read.host, DOCKER_TUNNEL_HOST=self.write.host)
        self.agent.write("tunnel_state.json", tunnel.state())
        self.set = self.agent.environment.update

    def engine(self):
        made = FaultyEngine()
        self.closed.append(made)
        return made

    def check(self):
        """The faults of the rows come first, then what is whole."""
        self.read.keep_apart(element())
        self.write.keep_apart()
        return check.run(self.agent)

    def first(self, engine, request, answer):
        engine.add(request, answer)
        engine.faults.insert(0, engine.faults.pop())

    def names(self, server, **addresses):
        """The master is known by a name; the name server is what the fault says."""
        conf = os.path.join(self.folder, "resolv.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write("nameserver %s\n" % server)
        os.chmod(conf, 0o644)
        self.agent.before = ["unshare", "--mount", "sh", "-c", MOUNT, "sh", conf]
        self.set({"DOCKFLARE_MASTER_URL": "https://master.example:%d" % self.master.port})
        if server == DNS_SERVER:
            self.closed.append(Dns(server, addresses))

    def master_with(self, *options):
        """The master has another certificate."""
        name = options[0]
        self.master.control("certificate", cert=self.authority.options(name)[1],
                            key=self.authority.options(name)[3])

    def proxy(self, **more):
        made = HttpProxy(**more)
        self.closed.append(made)
        self.set({"HTTPS_PROXY": "http://127.0.0.1:%d" % made.port})

    def close(self):
        for made in self.closed:
            made.close()


@pytest.fixture
def settings():
    """Of the agents without the real engine."""
    return {"CLOUDFLARED_IMAGE": docker.TUNNEL_IMAGE, "LOG_LEVEL": "INFO", "SANDBOX_LOG": "true"}


@pytest.fixture
def world(agents, masters, authority, folder, tunnel, request):
    mode = getattr(request, "param", "shared")
    made = World(agents, masters, authority, folder, tunnel, mode)
    yield made
    made.close()


# ---- a whole world ------------------------------------------------------------------------------


@pytest.mark.parametrize("world", ["shared", "distinct"], indirect=True)
def test_nothing_is_wrong(world):
    world.names(DNS_SERVER, **{"master.example": ["127.0.0.1"]})
    found = world.check()
    assert found.all_ok(), found.out + found.err
    assert found.err == ""
    subjects = [finding.subject for finding in found.findings]
    assert list(dict.fromkeys(subjects)) == ["settings", "kernel", "data", "run", "names",
                                             "master", "docker", "tunnel"]
    assert "good until 2098-01-01" in found.of("C200")[0].text
    assert found.of("C100")[0].text == "master.example has 127.0.0.1"
    assert found.of("C400")[0].text == "1 enabled container"
    assert secret.found_in(found.out + found.err) == []


def test_what_the_master_is_asked(world):
    """Never a registration, never a poll: one empty event."""
    world.agent.write("agent_id.txt", "an-agent")
    found = world.check()
    assert found.all_ok(), found.out
    assert [(r["method"], r["path"], r["body"], r["status"]) for r in world.master.requests()] == [
        ("POST", "/api/v2/agents/an-agent/events", "{}", 400)]
    assert world.master.agent() is None and world.master.state()["events"] == []


@pytest.mark.parametrize("protocol", ["1", "2", "new1"])
def test_the_key_is_judged_before_the_first_start(agents, masters, protocol):
    """In each protocol, with an id that is nobody's; the master learns of no agent by it."""
    master = masters(protocol=protocol)
    agent = agents.make(master, DOCKER_HOST="tcp://127.0.0.1:1", DOCKER_TUNNEL_HOST="tcp://127.0.0.1:2")
    assert check.run(agent).of("C230")
    agent.environment["DOCKFLARE_API_KEY"] = "dfk-another"
    assert check.run(agent).of("C231")
    assert {r["path"] for r in master.requests()} == {
        "/api/v2/agents/dockflare-agent-check/events"}
    assert master.state()["agents"] == {}


# ---- planted faults -------------------------------------------------------------------------------


def another_owner(world):
    os.chown(world.agent.data, 0, 0)


def unreadable_state(world):
    world.agent.write("agent_id.txt", "an-agent")
    os.chown(world.agent.path("agent_id.txt"), 0, 0)


def no_such_name(world):
    world.names(DNS_SERVER)


def no_name_server(world):
    world.names(NO_SERVER)


def plain_port(world):
    listener = socket.create_server(("127.0.0.1", 0))
    world.closed.append(listener)
    world.set({"DOCKFLARE_MASTER_URL": "https://127.0.0.1:%d" % world.master.control_port})


def own_ca_only(world):
    other = os.path.join(world.folder, "other")
    os.makedirs(other)
    shutil.copy(Authority(other).ca, world.ca_file)


def denying_proxy(world):
    world.proxy(denies=True)


def proxy_with_a_password(world):
    world.proxy(user="user", password=secret.fresh("proxy password", "pp-"))


def redirecting(world):
    world.master.fault("302")


def access_page(world):
    world.set({"CF_ACCESS_CLIENT_ID": "an-id", "CF_ACCESS_CLIENT_SECRET": "a-secret"})
    world.master.fault("html-403")


def dead_engine(world):
    made = proxies.Proxy("read", world.folder, socket_path=os.path.join(world.folder, "none.sock"))
    world.closed.append(made)
    world.set({"DOCKER_HOST": made.host})


def nothing_at_the_port(world):
    world.read.stop_listening()
    world.closed.remove(world.read)


def clock(seconds):
    return lambda world: world.master.control("clock", seconds=seconds)


def setting(**environment):
    return lambda world: world.set(environment)


def reads(request, answer):
    return lambda world: world.first(world.read, request, answer)


def writes(request, answer):
    return lambda world: world.first(world.write, request, answer)


# What is done, and what the check says then: its id, a part of the text, a part of the remedy.
WRONG = {
    "owner of the folder": (another_owner, "C021", "not writable for uid 65532",
                            "chown -R 65532:65532"),
    "owner of a state file": (unreadable_state, "C025", "agent_id.txt: Permission denied",
                              "chown 65532:65532"),
    "no such name": (no_such_name, "C101", "master.example", "DOCKFLARE_MASTER_URL"),
    "no name server": (no_name_server, "C102", "master.example", "/etc/resolv.conf"),
    "address not in the list": (setting(MASTER_ADDRESSES="10.0.0.0/8"), "C204", "127.0.0.1",
                                "MASTER_ADDRESSES"),
    "nobody at the master's port": (setting(DOCKFLARE_MASTER_URL="https://127.0.0.1:9"), "C205",
                                    "Connection refused", "firewall"),
    "unknown CA": (own_ca_only, "C207", "no trusted TLS", "DOCKFLARE_CA_FILE"),
    "expired certificate": (lambda world: world.master_with("over"), "C208", "expired", "renew"),
    "certificate of the future": (lambda world: world.master_with("not-yet"), "C209",
                                  "not yet valid", "clock"),
    "certificate for another name": (lambda world: world.master_with("other"), "C210",
                                     "no trusted TLS", "a name that the certificate has"),
    "no TLS": (plain_port, "C211", "no trusted TLS", "scheme and port"),
    "a proxy that refuses": (denying_proxy, "C212", "403 to CONNECT", "NO_PROXY"),
    "a proxy that wants a password": (proxy_with_a_password, "C213", "407 to CONNECT",
                                      "HTTPS_PROXY_FILE"),
    "a redirect": (redirecting, "C214", "HTTP 302", "CF_ACCESS_CLIENT_ID"),
    "a wrong Access token": (access_page, "C215", "HTTP 403", "Service Auth"),
    "no master": (lambda world: world.set({"DOCKFLARE_MASTER_URL": world.master.url + "/elsewhere"}),
                  "C216", "HTTP 404", "path in DOCKFLARE_MASTER_URL"),
    "a master that is down": (lambda world: world.master.fault("html-502"), "C217", "HTTP 502",
                              "the master's log"),
    "a wrong clock": (clock(-400), "C222", "s behind", "time server"),
    "a wrong key": (setting(DOCKFLARE_API_KEY="dfk-wrong"), "C231", "HTTP 401", "make a new key"),
    "the proxy denies events": (reads("GET .*/events", "403"), "C302",
                                "denies GET /v1.41/events", "proxy's rules"),
    "the proxy denies creating": (writes("POST .*/containers/create", "403"), "C302",
                                  "denies POST /v1.41/containers/create", "proxy's rules"),
    "the proxy denies removing": (writes("DELETE .*", "403"), "C302", "denies DELETE",
                                  "proxy's rules"),
    "a proxy without its engine": (dead_engine, "C304", "does not reach Docker", "restart the proxy"),
    "nobody at Docker's port": (nothing_at_the_port, "C305", "Connection refused", "DOCKER_HOST"),
    "a web server": (reads("GET ", "html"), "C307", "/version", "DOCKER_HOST"),
    "an old Docker": (reads("GET /version", json_answer({"ApiVersion": "1.20"})), "C308",
                      "too old", "update Docker"),
    "Docker's address not in the list": (setting(DOCKER_ADDRESSES="10.0.0.0/8"), "C309",
                                         "127.0.0.1", "DOCKER_ADDRESSES"),
    "an ill Docker": (reads("GET .*/containers/json", "500"), "C310", "it is ill", "Docker's log"),
    "a foreign container": (writes(INSPECT, foreign()), "C502", "abababababab", "remove or rename"),
    "no network": (writes("GET .*/networks/", json_answer({"message": "network not found"}, 404)),
                   "C511", "docker network create cloudflare-net", ""),
    "a tunnel that is not allowed": (setting(ALLOWED_TUNNELS="f" * 32), "C533", "may not run",
                                     "enrol"),
}

# The same for what is only a warning: the exit status is 0.
WARNINGS = {
    "plain HTTP": (lambda world: world.set({
        "DOCKFLARE_MASTER_URL": "http://127.0.0.1:%d" % world.master.control_port}), "C002",
        "DOCKFLARE_MASTER_URL: is http://"),
    "one proxy": (lambda world: world.set({"DOCKER_TUNNEL_HOST": world.read.host}), "C002",
                  "DOCKER_TUNNEL_HOST"),
    "no folder for the status": (lambda world: shutil.rmtree(world.agent.run), "C031",
                                 "No such file or directory: mount a tmpfs"),
    "a certificate that ends": (lambda world: world.master_with("ends"), "C201",
                                "good until 20"),
    "a clock that is off": (clock(60), "C221", "s ahead of"),
    "a master that was reset": (lambda world: (world.agent.write("agent_id.txt", "an-agent"),
                                               world.master.fault("404")), "C232", "an-agent"),
    "no id": (lambda world: world.agent.write("agent_id.txt", "\0\0"), "C234", "agent_id.txt"),
    "out of service": (lambda world: world.agent.write("decommission.json", {
        "schema_version": 1, "operation_id": "an-operation", "agent_id": "an-agent",
        "phase": "finalized", "requested_self_action": "stop", "prepared_at": None,
        "finalized_at": None}), "C235", "out of service: to use it again"),
    "a ping that is denied": (reads("GET /_ping", "403"), "C303", "denies GET"),
    "pulls that are denied": (writes("POST .*/images/create", "403"), "C303",
                              "denies POST /v1.41/images/create"),
    "off the network": (lambda world: (world.read.clear(), world.read.answer_list(
        element("off", network="bridge"))), "C401", "container off is not on the network"),
    "a label that is dropped": (lambda world: (world.read.clear(), world.read.answer_list(
        element("big", {"dockflare.hostname": "x" * 5000}))), "C402",
        "container big: label dockflare.hostname"),
    "not enrolled": (lambda world: os.unlink(world.agent.path("tunnel_state.json")), "C530",
                     "enrol it on the master's Agents page"),
    "a broken state": (lambda world: world.agent.write("tunnel_state.json", "{"), "C532",
                       "can't be understood"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_fault_is_found(world, fault):
    plant, finding_id, says, remedy = WRONG[fault]
    plant(world)
    found = world.check()
    assert found.code == 1, found.out + found.err
    texts = [finding.text for finding in found.of(finding_id) if finding.verdict == "wrong"]
    assert any(says in text and remedy in text for text in texts), found.out + found.err
    # And nothing else is called wrong.
    assert {finding.id for finding in found.with_verdict("wrong")} == {finding_id}, found.out
    assert secret.found_in(found.out + found.err) == []


@pytest.mark.parametrize("fault", WARNINGS)
def test_a_doubt_is_no_failure(world, fault):
    plant, finding_id, says = WARNINGS[fault]
    plant(world)
    found = world.check()
    texts = [finding.text for finding in found.of(finding_id) if finding.verdict == "warning"]
    assert any(says in text for text in texts), found.out + found.err
    if fault not in ("plain HTTP", "one proxy"):  # what they stand for has more that is wrong
        assert found.code == 0, found.out + found.err


def test_mistakes_in_settings_are_all_told(world):
    world.set({"DOCKFLARE_MASTER_URL": "ftp://master", "REPORT_INTERVAL_SECONDS": "0"})
    found = world.check()
    assert found.code == 78
    assert {finding.text.split(":")[0] for finding in found.of("C003")} == {
        "DOCKFLARE_MASTER_URL", "REPORT_INTERVAL_SECONDS"}
    assert not world.master.requests() and not world.read.seen and not world.write.seen


@pytest.mark.slow
def test_who_does_not_answer_is_not_waited_for(world):
    """Master and both endpoints at once: ten seconds, not thirty."""
    world.master.fault("hang")
    world.first(world.read, "GET /_ping", "hang")
    world.first(world.write, "GET /_ping", "hang")
    found = world.check()
    assert found.code == 1
    assert {finding.id for finding in found.with_verdict("wrong")} == {"C206", "C306"}
    assert len(found.of("C306")) == 2


# ---- workers that somebody has taken over ---------------------------------------------------------


@pytest.mark.parametrize("world", ["shared", "distinct"], indirect=True)
def test_a_worker_speaks_for_itself_only(world, tmp_path):
    """docker-watcher says others' findings, and lines that look like the supervisor's."""
    os.chmod(tmp_path, 0o755)
    hostile.take_place(world.agent, "docker-watcher", hostile.build(str(tmp_path), "finds"))
    found = world.check()
    assert found.code == 1
    # Its own row passes, escaped, on one line; there are as many as a check can have.
    own = found.of("C400")
    assert own[0].text.startswith("\\x1b[31m red \\x0d ok       C001  settings  all is well")
    assert len(own) == 256 and len(found.of("C042")) == 1
    assert all(finding.verdict == "ok" and finding.subject == "docker" for finding in own)
    for finding_id, text in (("C001", "forged"), ("C230", "forged"), ("C020", "forged")):
        assert all(text not in finding.text for finding in found.of(finding_id)), found.out
    assert "C230 forged" in found.err and "docker-watcher: " in found.err
    assert [finding.text for finding in found.of("C230")] == ["the master takes the key"]


def test_a_worker_that_ends_is_told(world, tmp_path):
    os.chmod(tmp_path, 0o755)
    hostile.take_place(world.agent, "tunnel-keeper", hostile.build(str(tmp_path), "dies-at-state"))
    found = world.check()
    assert found.code == 1
    assert [finding.text.split(":")[0] for finding in found.of("C040")] == [
        "tunnel-keeper ended before it was through"]
    assert "tunnel-keeper ended (exit 7" in found.err


def test_nothing_is_saved(world, tmp_path):
    """Saves and corrupt state files of a worker in a check change nothing on disk."""
    os.chmod(tmp_path, 0o755)
    hostile.take_place(world.agent, "tunnel-keeper", hostile.build(str(tmp_path), "saves-and-ends"))
    before = {name: world.agent.read(name) for name in os.listdir(world.agent.data)}
    found = world.check()
    assert {name: world.agent.read(name) for name in os.listdir(world.agent.data)} == before
    assert not found.of("C040"), found.out + found.err


def test_only_a_check_has_it_said(world, tmp_path):
    """In the agent's own work `checked` breaks the protocol."""
    os.chmod(tmp_path, 0o755)
    world.read.keep_apart(element())
    world.write.keep_apart()
    hostile.take_place(world.agent, "name-resolver", hostile.build(str(tmp_path), "checked"))
    world.agent.start(ready=False)
    world.agent.wait_line(r"name-resolver broke the protocol \(unknown text\)")


# ---- beside an agent that runs, before the real engine ---------------------------------------------


@pytest.fixture
def real_settings(engine, read_proxy, tunnel_proxy):
    return {"DOCKER_HOST": read_proxy.host, "DOCKER_TUNNEL_HOST": tunnel_proxy.host,
            "CLOUDFLARED_NETWORK_NAME": engine.network}


def seen_of_docker():
    """All containers and images as the engine has them, with when each was made and started."""
    ids = docker.docker("ps", "--all", "--quiet", "--no-trunc").split()
    states = [(c["Id"], c["State"]["Status"], c["State"]["StartedAt"], c["RestartCount"])
              for c in (docker.inspect(each) for each in sorted(ids)) if c]
    return states, sorted(docker.docker("images", "--quiet", "--no-trunc").split())


@pytest.mark.parametrize("way", ["proxy", "gate"])
@MODES
def test_a_running_agent_does_not_notice(agents, masters, authority, engine, real_settings, folder,
                                         tunnel, prefix, mode, way):
    master = masters(*authority.options("good"))
    ca_file = os.path.join(folder, "ca.pem")
    shutil.copy(authority.ca, ca_file)
    os.chmod(ca_file, 0o644)
    between = None
    if way == "gate":
        between = gate.Gate(prefix, os.path.join(folder, "gate"), mode,
                            CLOUDFLARED_IMAGE=docker.TUNNEL_IMAGE,
                            CLOUDFLARED_NETWORK_NAME=engine.network).start()
        real_settings = {**real_settings, "DOCKER_HOST": between.host,
                         "DOCKER_TUNNEL_HOST": between.tunnel_host}
    try:
        agent = agents.make(master, mode=mode, DOCKFLARE_CA_FILE=ca_file, TUNNEL_ON_EXIT="keep",
                            COMMAND_POLL_SECONDS="3600", REPORT_INTERVAL_SECONDS="3600",
                            **real_settings)
        agent.write("tunnel_state.json", tunnel.state())
        web = engine.service("web")
        docker.docker("network", "disconnect", "none", web)
        docker.docker("network", "connect", engine.network, web)
        agent.start()
        master.wait_registered()
        agent.wait_status("the tunnel serves", lambda s: s["tunnel"]["state"] == "running" and
                          s["tunnel"]["ready_connections"], 20)
        # In its queue, which a poll would empty.
        master.command("stop_tunnel")
        record, pids, mark = master.agent(), agent.pids(), agent.mark()
        files = {name: agent.read(name) for name in os.listdir(agent.data)}
        before = seen_of_docker()
        master.set_mark()
        found = check.run(agent)
        assert found.all_ok(), found.out + found.err
        assert found.of("C023") and found.of("C501") and found.of("C520"), found.out
        assert found.of("C400")[0].text == "1 enabled container"
        assert [(r["method"], r["path"].rsplit("/", 1)[1], r["body"])
                for r in master.requests()] == [("POST", "events", "{}")]
        assert master.agent() == record and record["commands"]
        assert seen_of_docker() == before
        assert {name: agent.read(name) for name in os.listdir(agent.data)} == files
        assert agent.pids() == pids and agent.health()[0] == 0
        assert not agent.log.find("away|lost|ended|replac", mark)
    finally:
        if between:
            between.close()


def narrower(path, without):
    """HAProxy's rules without the lines that hold a text."""
    name = os.path.join(path, "narrower.cfg")
    with open(proxies.CONFIGURATIONS["tunnel"], encoding="ascii") as whole, \
            open(name, "w", encoding="ascii") as file:
        file.writelines(line for line in whole if without not in line)
    return name


def test_real_proxies_with_narrower_rules(agents, masters, engine, real_settings, folder):
    """The rule for removing is missing; and the read endpoint is the tunnel's too."""
    made = proxies.Proxy("tunnel", folder, path=narrower(folder, "allow if delete remove"))
    name = engine.service("alone")
    try:
        agent = agents.make(masters(), **{**real_settings, "DOCKER_TUNNEL_HOST": made.host})
        found = check.run(agent)
        assert found.code == 1 and len(found.with_verdict("wrong")) == 1, found.out
        assert found.of("C302")[0].text.startswith("the proxy denies DELETE /v1.41/containers/")
        assert found.of("C401")[0].text.startswith("container %s is not on the network" % name)
        agent.environment["DOCKER_TUNNEL_HOST"] = real_settings["DOCKER_HOST"]
        denied = {finding.text.split(" (")[0] for finding in check.run(agent).of("C302")}
        assert denied == {"the proxy denies %s" % call for call in (
            "GET /v1.41/containers/dockflare-agent-tunnel/json", "POST /v1.41/containers/create",
            "POST /v1.41/containers/ID/start", "POST /v1.41/containers/ID/stop",
            "DELETE /v1.41/containers/ID")}
    finally:
        made.close()


def test_the_gates_wrong_endpoint(agents, masters, engine, prefix, folder):
    """docker-gate's own words for a call that the other endpoint has are no word of Docker's."""
    made = gate.Gate(prefix, os.path.join(folder, "gate"), CLOUDFLARED_IMAGE=docker.TUNNEL_IMAGE,
                     CLOUDFLARED_NETWORK_NAME=engine.network).start()
    try:
        agent = agents.make(masters(), DOCKER_HOST=made.host, DOCKER_TUNNEL_HOST=made.host,
                            CLOUDFLARED_NETWORK_NAME=engine.network)
        assert len(check.run(agent).of("C302")) >= 4
    finally:
        made.close()


def test_a_tunnel_without_connections(agents, masters, engine, real_settings, tunnel):
    """And one whose container was stopped, and a network that is not there."""
    master = masters()
    agent = agents.make(master, TUNNEL_ON_EXIT="keep", **real_settings)
    agent.write("tunnel_state.json", tunnel.state())
    agent.start()
    agent.wait_status("the tunnel serves", lambda s: s["tunnel"]["ready_connections"], 20)
    assert agent.stop()[0] == 0
    docker.docker("stop", "-t", "1", docker.TUNNEL_CONTAINER)
    found = check.run(agent)
    assert found.of("C503")[0].text.startswith("the tunnel's container is exited")
    assert found.of("C022") and found.code == 0
    agent.environment["CLOUDFLARED_NETWORK_NAME"] = "it-check-none"
    assert "docker network create it-check-none" in check.run(agent).of("C511")[0].text


def test_a_proxy_with_an_own_idea_of_rules(agents, masters, real_settings, folder):
    """One as widely used, before both endpoints: nothing is wrong, and that it is one is said."""
    made = proxies.Proxy("tecnativa", folder)
    try:
        agent = agents.make(masters(), **{**real_settings, "DOCKER_HOST": made.host,
                                          "DOCKER_TUNNEL_HOST": None})
        found = check.run(agent)
        assert found.code == 0, found.out + found.err
        assert any("DOCKER_TUNNEL_HOST" in finding.text for finding in found.of("C002")), found.out
    finally:
        made.close()


@MODES
def test_the_engines_own_socket(agents, masters, engine, mode):
    """A unix socket at both ends; and one that the agent's user may not open."""
    where = {"DOCKER_HOST": "unix://" + docker.SOCKET, "DOCKER_TUNNEL_HOST": "unix://" + docker.SOCKET,
             "CLOUDFLARED_NETWORK_NAME": engine.network}
    group = gate.group_of(docker.SOCKET)
    agent = agents.make(masters(), mode=mode, groups=group if mode == "shared" else None, **where)
    found = check.run(agent)
    assert found.code == 0, found.out + found.err
    if mode == "shared":
        agent.groups = None
        found = check.run(agent)
        assert len(found.of("C305")) == 2 and "Permission denied" in found.of("C305")[0].text


@MODES
def test_in_the_container(agents, masters, authority, real_settings, tunnel, folder, mode):
    """docker exec beside the agent, then containers of its own in its place; the image's own libcurl
    judges the certificate."""
    master = masters(*authority.options("good"))
    ca_file = os.path.join(folder, "ca.pem")
    shutil.copy(authority.ca, ca_file)
    os.chmod(ca_file, 0o644)
    agent = agents.make(master, mode=mode, container=True, TUNNEL_ON_EXIT="keep",
                        DOCKFLARE_CA_FILE=ca_file, **real_settings)
    agent.write("tunnel_state.json", tunnel.state())
    agent.more = ["-v", "%s:%s:ro" % (ca_file, ca_file)]
    agent.start()
    master.wait_registered()
    agent.wait_status("the tunnel serves", lambda s: s["tunnel"]["ready_connections"], 20)
    done = subprocess.run(["docker", "exec", agent.name, "/usr/local/bin/dockflare-agent", "--check",
                           "--online"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "DOCKER_HOST": "unix://" + docker.SOCKET}, check=False)
    found = check.Check(done.returncode, done.stdout, done.stderr)
    assert found.all_ok(), done.stdout + done.stderr
    assert found.of("C023") and found.of("C520") and "2098-01-01" in found.of("C200")[0].text
    agent.kill()

    def alone(name):
        """What a container that only checks says, and its exit status."""
        agent.name = "%s-%s" % (agent.name, name)
        agent.start("--check", "--online", ready=False)
        wait.until("the check ends", lambda: agent.process.poll() is not None, 30)
        agent.log.thread.join(5)
        code = docker.inspect(agent.name)["State"]["ExitCode"]
        agent.kill()
        return code, agent.log.text()

    code, text = alone("good")
    assert code == 0 and " 0 warnings" in text and "C022" in text and "C230" in text, text
    for name, finding_id in (("over", "C208"), ("other", "C210")):
        master.control("certificate", cert=authority.options(name)[1],
                       key=authority.options(name)[3])
        code, text = alone(name)
        assert code == 1 and "wrong    %s  master" % finding_id in text, text


@pytest.mark.parametrize("program, arguments", [
    ("dockflare-agent", ["--online"]), ("docker-gate", ["--check", "--online"]),
    ("dockflare-agent", ["--check", "--online", "now"])])
def test_only_with_check_and_only_of_the_agent(prefix, program, arguments):
    """Nothing is looked at, and the exit status is that of a wrong option."""
    done = subprocess.run([os.path.join(prefix, "bin", program), *arguments], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={})
    assert done.returncode == 64 and b"C001" not in done.stdout
