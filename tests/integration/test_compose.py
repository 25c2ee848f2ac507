# SPDX-License-Identifier: GPL-3.0-or-later
"""docker-compose.yml: what Compose makes of it, and the hardened profile on the real engine."""

import json
import os
import re
import secrets

import pytest

from harness import compose, docker, secret, wait
from harness.agent import UIDS, read_status

TUNNEL = "dockflare-agent-tunnel"
# In a container beside another: whether these addresses take a connection.
CONNECT = """
import socket, sys
for place in sys.argv[1:]:
    host, _, port = place.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 2).close()
        print(place, "open")
    except OSError as error:
        print(place, "closed")
"""


def test_every_service_is_in_a_profile():
    services = compose.configuration()["services"]
    assert {profile for found in services.values() for profile in found["profiles"]} == set(
        compose.PROFILES)
    assert [name for name, found in services.items() if not found.get("profiles")] == []


def test_every_service_is_bounded():
    """No service, the demo's stand-ins aside, is without one of these."""
    for name, found in compose.configuration()["services"].items():
        assert found["read_only"] and found["cap_drop"] == ["ALL"], name
        assert found["security_opt"] == ["no-new-privileges:true"], name
        assert found["pids_limit"] == 32 and found["logging"]["options"]["max-size"], name
        if not name.startswith("demo-"):
            assert int(docker_bytes(found["mem_limit"])) <= 128 << 20, name
            assert float(found["cpus"]) <= 0.5, name


def docker_bytes(text):
    """"128m" or "134217728" as a number."""
    number = re.fullmatch(r"(\d+)([kmg]?)b?", str(text).lower())
    return int(number[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[number[2]]


def test_the_example_sets_what_the_file_reads():
    """Each variable of .env.example is one that docker-compose.yml (or Compose itself) reads."""
    with open(os.path.join(compose.TOP, ".env.example"), encoding="utf-8") as file:
        names = {match[1] for match in re.finditer(r"^#?([A-Z_]+)=", file.read(), re.M)}
    with open(compose.FILE, encoding="utf-8") as file:
        read = set(re.findall(r"\$\{([A-Z_]+)", file.read()))
    assert names - {"COMPOSE_PROFILES"} <= read
    assert {"DOCKFLARE_MASTER_URL", "DOCKFLARE_API_KEY", "CLOUDFLARED_IMAGE"} <= names


class Deployed:
    """The hardened profile, up, with a stand-in master in a container on the tunnel's network."""

    def __init__(self, folder, network):
        self.project = "it-compose-" + secrets.token_hex(3)
        self.key = secret.fresh("API key", "dfk-")
        self.master = self.project + "-master"
        self.control = compose.free_network()
        docker.docker("run", "-d", "--name", self.master, "--network", network, "--network-alias",
                      "master", docker.TOOLS_IMAGE, "python3", "/standin/master.py", "--bind",
                      "0.0.0.0", "--port", "5000", "--control-port", "5001", "--key", self.key)
        path = os.path.join(folder, "api_key")
        with open(path, "w", encoding="ascii") as file:
            file.write(self.key + "\n")
        os.chmod(path, 0o400)
        os.chown(path, 65532, 65532)
        self.environment = os.path.join(folder, "env")
        with open(self.environment, "w", encoding="ascii") as file:
            file.write("".join("%s=%s\n" % item for item in {
                "DOCKFLARE_AGENT_IMAGE": docker.AGENT_IMAGE, "CONTROL_NETWORK": self.control,
                "CLOUDFLARED_NETWORK_NAME": network, "CLOUDFLARED_IMAGE": docker.TUNNEL_IMAGE,
                "DOCKFLARE_API_KEY_FROM": path, "DOCKFLARE_MASTER_URL": "http://master:5000",
                "REPORT_INTERVAL_SECONDS": "1s", "COMMAND_POLL_SECONDS": "1s"}.items()))
        self.compose("up", "-d", "--no-build")

    def compose(self, *arguments, check=True):
        return compose.compose(self.project, "hardened", self.environment, *arguments, check=check)

    def container(self, service):
        return self.compose("ps", "-q", service).strip()

    def inside(self, service, *command):
        return docker.docker("exec", self.container(service), *command, check=False)

    def status(self):
        text = self.inside("dockflare-agent-hardened", "dockflare-agentctl", "status", "--json")
        return json.loads(text) if text.startswith("{") else {}

    def call_master(self, path, body):
        return docker.docker("exec", self.master, "python3", "-c", (
            "import sys, urllib.request as u; print(u.urlopen(u.Request("
            "'http://127.0.0.1:5001/_test/' + sys.argv[1], sys.argv[2].encode())).read().decode())"),
            path, json.dumps(body))

    def close(self):
        self.compose("down", "-v", check=False)
        docker.docker("rm", "-f", "-v", self.master, TUNNEL, check=False)


@pytest.fixture
def deployed(folder, engine):
    made = None
    try:
        made = Deployed(folder, engine.network)
        yield made
    finally:
        if made is not None:
            made.close()


def check_confined(container):
    """A uid for each worker, no capability in any, none but the three in the supervisor."""
    rows = docker.docker("top", container, "-eo", "pid,comm").splitlines()[1:]
    found = {row.split()[1][:15]: read_status(int(row.split()[0])) for row in rows}
    uids = {name[:15]: uid for name, uid in UIDS.items()}
    assert {name: int(status["Uid"].split()[0]) for name, status in found.items()} == uids
    for name, status in found.items():
        allowed = 0xe0 if name == "dockflare-agent" else 0
        assert int(status["CapEff"], 16) & ~allowed == 0, name
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", name


def check_bounds(container):
    host = docker.inspect(container)["HostConfig"]
    assert host["ReadonlyRootfs"] and host["PidsLimit"] == 32
    assert host["Memory"] == 128 << 20 and host["NanoCpus"] == 500000000
    assert host["CapDrop"] == ["ALL"] and sorted(host["CapAdd"]) == ["KILL", "SETGID", "SETUID"]
    assert host["Sysctls"] == {"net.ipv4.tcp_fastopen": "0"}
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert {limit["Name"]: limit["Hard"] for limit in host["Ulimits"]} == {
        "core": 0, "memlock": 1 << 20}


def reached(container, *places):
    """Which of the places can be connected to from that container's network."""
    text = docker.docker("run", "--rm", "--network", "container:" + container, docker.TOOLS_IMAGE,
                         "python3", "-c", CONNECT, *places)
    return [line.split()[0] for line in text.splitlines() if line.endswith(" open")]


def test_the_hardened_profile(deployed, tunnel):
    agent = "dockflare-agent-hardened"
    wait.until("the agent is registered", lambda: (
        deployed.status().get("link", {}).get("state") == "connected"), 20)
    deployed.call_master("enrol", {"tunnel_name": tunnel.name, "tunnel_id": tunnel.id,
                                   "token": tunnel.token})
    wait.until("the tunnel serves", lambda: (
        deployed.status().get("tunnel", {}).get("ready_connections") == 4), 20)
    for service in (agent, "docker-gate"):
        check_bounds(deployed.container(service))
    check_confined(deployed.container(agent))
    # The key and the token are in nobody's configuration.
    for name in (deployed.container(agent), deployed.container("docker-gate"), TUNNEL):
        text = json.dumps(docker.inspect(name))
        assert deployed.key not in text and tunnel.token not in text
    # The gate's endpoints are the agent's alone: not cloudflared's, nor the services'.
    gate = deployed.control + ".4:%d"
    assert reached(deployed.container(agent), gate % 2375, gate % 2376) == [
        gate % 2375, gate % 2376]
    assert reached(TUNNEL, gate % 2375, gate % 2376, "master:5000") == ["master:5000"]
    said = deployed.inside(agent, "dockflare-agent", "--check", "--online")
    assert re.search(r"^0 wrong, \d+ warning", said, re.M), said
    assert deployed.inside(agent, "dockflare-agentctl", "health").strip() == "healthy"
    assert deployed.inside("docker-gate", "dockflare-agentctl", "health").strip() == "healthy"
    # An upgrade: the tunnel is the same container afterwards, and was never down.
    before = docker.inspect(TUNNEL)
    deployed.compose("up", "-d", "--no-build", "--force-recreate")
    wait.until("the agent is back", lambda: (
        deployed.status().get("tunnel", {}).get("ready_connections") == 4), 20)
    after = docker.inspect(TUNNEL)
    assert after["Id"] == before["Id"] and after["State"]["StartedAt"] == before["State"]["StartedAt"]
