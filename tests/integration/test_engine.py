# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine that is restarted, and a proxy that cuts idle streams: with a real engine of the test's
own, on which nothing happens but what the test does.

TEST_IDLE_SECONDS=600 lets the proxy's time-out be what it is in the field, TEST_DOWN_SECONDS=180 the
engine be away for minutes.
"""

import os
import re
import secrets
import time

import pytest

from harness import docker, proxies, wait
from harness.docker import TUNNEL_CONTAINER as NAME
from harness.gate import between
from harness.own_engine import OwnEngine

IDLE_SECONDS = int(os.environ.get("TEST_IDLE_SECONDS", "6"))
DOWN_SECONDS = int(os.environ.get("TEST_DOWN_SECONDS", "3"))
NETWORK = "cloudflare-net"
GONE = r"docker-watcher: Docker can't be read: "
BACK = r"docker-watcher: watching Docker "


@pytest.fixture
def options():
    """Of dockerd."""
    return ()


@pytest.fixture
def own(output, monkeypatch, options):
    """The engine, which docker.* then speaks to."""
    docker.build_pause_image()
    made = OwnEngine(os.path.join(output, "dockerd-%s.log" % secrets.token_hex(3)), *options,
                     images=(docker.PAUSE_IMAGE,))
    monkeypatch.setattr(docker, "SOCKET", made.socket)
    docker.docker("network", "create", NETWORK)
    yield made
    made.close()


@pytest.fixture
def proxied(own, output, through):
    """A proxy for each endpoint."""
    made = {kind: between(through, kind, output) for kind in ("read", "tunnel")}
    yield made
    for proxy in made.values():
        proxy.close()


@pytest.fixture
def gates(proxied, through):
    return proxied.values() if through == "gate" else ()


@pytest.fixture
def settings(proxied):
    return {"DOCKER_HOST": proxied["read"].host, "DOCKER_TUNNEL_HOST": proxied["tunnel"].host,
            "CLOUDFLARED_NETWORK_NAME": NETWORK, "CLOUDFLARED_IMAGE": docker.PAUSE_IMAGE,
            "REPORT_INTERVAL_SECONDS": "5", "COMMAND_POLL_SECONDS": "1", "LOG_LEVEL": "DEBUG",
            "TUNNEL_ON_EXIT": "keep"}


def service(name, restart):
    docker.docker("run", "-d", "--name", name, "--network", "none", "--restart", restart,
                  "--label", "dockflare.enable=true", "--label",
                  "dockflare.hostname=%s.example.com" % name, docker.PAUSE_IMAGE)
    return name


def life(name):
    """What changes when a container is made or started anew."""
    found = docker.inspect(name)
    return found["Id"], found["State"]["StartedAt"], found["State"]["Running"]


def equals_docker(master):
    known = {container["id"] for container in master.containers().values()}
    return known == set(docker.enabled_running())


@pytest.fixture
def served(own, agents, master, tunnel):
    """An agent with two services, of which one does not come back by itself, and its tunnel."""
    names = [service("it-stays", "unless-stopped"), service("it-ends", "no"), NAME]
    agent = agents.start(master)
    master.wait_registered()
    master.start_tunnel(tunnel)
    docker.wait_running(NAME)
    wait.until("the master knows both", lambda: equals_docker(master))
    time.sleep(3)  # Docker's list is read a second time shortly after the first
    return agent, {name: life(name) for name in names}


def restart_engine(own, agent):
    """The engine's process is another one then; the agent has said both."""
    mark, pid = agent.mark(), own.process.pid
    own.stop()
    agent.wait_line(GONE, 10, mark)
    wait.until("status says so", lambda: agent.status()["docker"]["state"] == "unreadable")
    time.sleep(DOWN_SECONDS)
    own.start()
    assert own.process.pid != pid
    agent.wait_line(BACK, 40, mark)
    return mark


def stops(master):
    return {(event["container"] or {})["name"] for event in master.events("container_stop")}


@pytest.mark.parametrize("options", [("--live-restore",)])
def test_an_engine_restarted_under_running_containers(own, served, master):
    """live-restore: nothing that runs is touched, so nothing is told to have stopped."""
    agent, before = served
    master.set_mark()
    began = time.time()
    mark = restart_engine(own, agent)
    wait.until("the master's picture is Docker's", lambda: equals_docker(master))
    wait.stays("no stop is told", lambda: not stops(master), 4)
    assert {name: life(name) for name in before} == before
    assert not [e for e in docker.events(NAME, began) if e[1] in ("create", "start", "destroy")]
    assert not agent.log.find(r"tunnel-keeper: tunnel container (created|started|removed)", mark)
    assert len(agent.pids()) == 4
    wait.until("health is healthy but for the tunnel's connections", lambda: agent.status()[
        "docker"]["state"] == "connected")


def test_the_machines_engine_keeps_its_bridge(request):
    """The test's own one is another engine, and must not take anything from it."""
    bridge = "/sys/class/net/docker0"
    before = os.path.exists(bridge)
    own = request.getfixturevalue("own")
    assert own.command("network", "ls", "--quiet", "--filter", "name=" + NETWORK)
    assert os.path.exists(bridge) == before


def test_an_engine_restarted_with_its_containers(own, served, master):
    """They end with it; those with a policy come back, and only the other one is told to have ended."""
    agent, before = served
    master.set_mark()
    mark = restart_engine(own, agent)
    docker.wait_running(NAME)
    wait.until("one is gone, and told", lambda: stops(master) == {"it-ends"}, 15)
    assert len([1 for _, line in agent.log.lines[mark:] if re.search(GONE, line)]) == 1
    wait.until("the master's picture is Docker's", lambda: equals_docker(master))
    after = {name: life(name) for name in before}
    assert [after[name][2] for name in before] == [True, False, True]
    for name in ("it-stays", NAME):
        assert after[name][0] == before[name][0] and after[name][1] != before[name][1]
    assert not agent.log.find(r"tunnel-keeper: tunnel container (created|removed)", mark)
    wait.stays("nothing else stops", lambda: stops(master) == {"it-ends"}, 3)


@pytest.fixture
def impatient(own, output):
    """The proxy for everything, whose time-out is that of this test."""
    path = os.path.join(output, "impatient-%s.cfg" % secrets.token_hex(3))
    with open(proxies.CONFIGURATIONS["tecnativa"], encoding="ascii") as file:
        text = file.read()
    assert text.count("10m") == 2
    with open(path, "w", encoding="ascii") as file:
        file.write(text.replace("10m", "%ds" % IDLE_SECONDS).replace(
            "option dontlog-normal", "option httplog"))
    made = proxies.Proxy("tecnativa", output, path=path)
    yield made
    made.close()


def cut_streams(proxy):
    """The streams that HAProxy ended for their silence, by its log: cD or sD before the counts."""
    with open(proxy.output.name, encoding="utf-8", errors="replace") as file:
        return [line for line in file if "/events?" in line and (" cD" in line or " sD" in line)]


def test_a_proxy_that_cuts_idle_streams(agents, master, impatient):
    """Nothing is lost by it, nothing is said, and no list is needed more often than each minute."""
    first = service("it-first", "no")
    agent = agents.start(master, DOCKER_HOST=impatient.host, DOCKER_TUNNEL_HOST=impatient.host)
    master.wait_container(first)
    mark, began = agent.mark(), time.time()
    time.sleep(IDLE_SECONDS + 15)
    cut = cut_streams(impatient)
    assert cut, "the proxy has cut no stream"
    assert not agent.log.find(GONE, mark)
    second = service("it-second", "no")
    started = time.time()
    master.wait_container(second, 5)
    print("%d streams cut in %.0f s, a start known after %.2f s" % (
        len(cut), started - began, time.time() - started))
    docker.docker("rm", "-f", first)
    master.wait_no_container(first, 5)
    assert agent.health()[1].strip() and len(agent.pids()) == 4
