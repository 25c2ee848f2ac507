# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel-keeper that somebody has taken over, before the gate, and before a proxy that looks at paths.

It sends what it likes to its Docker endpoint (harness/robber.c).  Through the gate it gets no file of
the host, no second container and nothing of another container; the control shows that each of them
can be had through tecnativa's rules.
"""

import json
import os
import re
import subprocess

import pytest

from harness import docker, hostile, own_engine, proxies, wait
from harness.gate import Gate
from harness.programs import HERE

LOOT = "loot-5e1f9c"
SECOND = "it-robber-second"
ESCAPE = "it-robber-escape"
# What it is after: each must be had through the control.
PRIZES = ("file of the host", "environment of another", "file of another", "log of another")


def request(method, path, body=None, version="/v1.41"):
    text = b"" if body is None else json.dumps(body).encode()
    head = "%s %s%s HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n" % (method, version, path)
    if body is not None:
        head += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(text)
    return head.encode() + b"\r\n" + text


def requests(found, folder):
    """(name, bytes): the steps of each robbery in turn."""
    victim = found["Id"]
    plain = {"Image": docker.PAUSE_IMAGE}
    bound = {**plain, "HostConfig": {"Binds": [folder + ":/host"]}}
    return [
        ("create with a bind mount", request("POST", "/containers/create?name=" + ESCAPE, bound)),
        ("the tunnel's with a bind mount",
         request("POST", "/containers/create?name=" + docker.TUNNEL_CONTAINER, bound)),
        ("start it", request("POST", "/containers/%s/start" % ESCAPE)),
        ("file of the host", request("GET", "/containers/%s/archive?path=/host/secret" % ESCAPE)),
        ("second container", request("POST", "/containers/create?name=" + SECOND, plain)),
        ("environment of another", request("GET", "/containers/%s/json" % victim)),
        ("by its name", request("GET", "/containers%s/json" % found["Name"])),
        ("file of another", request("GET", "/containers/%s/archive?path=/loot" % victim)),
        ("export of another", request("GET", "/containers/%s/export" % victim)),
        ("log of another", request("GET", "/containers/%s/logs?stdout=1&stderr=1" % victim)),
        ("all containers", request("GET", "/containers/json?all=1")),
        ("a program in another", request("POST", "/containers/%s/exec" % victim,
                                         {"Cmd": ["/pause"], "Privileged": True})),
        ("stop another", request("POST", "/containers/%s/stop?t=0" % victim)),
    ]


def write_header(path, rows):
    """The requests as C: every byte by its number, so that nothing needs escaping."""
    with open(path, "w", encoding="ascii") as file:
        file.write("static const struct request requests[] = {\n")
        for name, text in rows:
            file.write('{ "%s", (const char[]){ %s }, %d },\n' % (
                name, ",".join(map(str, text)), len(text)))
        file.write("};\n")


def build_robber(folder, port, rows):
    header, program = os.path.join(folder, "requests.h"), os.path.join(folder, "robber")
    write_header(header, rows)
    subprocess.run(["gcc", "-Os", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
                    "-DPORT=%d" % port, '-DLOOT="%s"' % LOOT, '-DREQUESTS="%s"' % header,
                    "-o", program, os.path.join(HERE, "robber.c")], check=True)
    os.chmod(program, 0o111)
    return program


@pytest.fixture(scope="module")
def engine_session(output):
    with own_engine.in_place(output, (docker.PAUSE_IMAGE, docker.TUNNEL_IMAGE)) as made:
        yield made


@pytest.fixture
def victim(engine):
    """Another tenant's container, with something in its environment, its files and its log."""
    name = engine.name("victim")
    docker.docker("run", "-d", "--name", name, "--network", "none", "-e", "SECRET=" + LOOT,
                  "--user", "0:0", "--entrypoint", "/bin/sh", docker.TUNNEL_IMAGE, "-c",
                  "echo %s | tee /loot; exec sleep 300" % LOOT)
    engine.containers.append(name)
    wait.until("it has something to lose",
               lambda: LOOT in docker.docker("logs", name, check=False))
    yield docker.inspect(name)
    for each in (SECOND, ESCAPE):
        docker.discard(each)


@pytest.fixture
def host_folder(folder):
    where = os.path.join(folder, "host")
    os.makedirs(where)
    with open(os.path.join(where, "secret"), "w", encoding="ascii") as file:
        file.write(LOOT)
    return where


def containers():
    return {name for row in docker.call("GET", "/containers/json?all=1") for name in row["Names"]}


def rob(agent, folder, port, rows):
    """What it says of each request: name to (status, whether the loot was in the answer)."""
    hostile.take_place(agent, "tunnel-keeper", build_robber(folder, port, rows))
    agent.start(ready=False)
    agent.wait_line("robber is done", 60)
    found = re.findall(r"robber ([^:\n]+): (?:HTTP/1.1 (\d+)|[a-z ]+)(, LOOT)?", agent.log.text())
    return {name: (int(status or 0), bool(loot)) for name, status, loot in found}


@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_the_gate_gives_it_nothing(agents, master, engine, prefix, folder, victim, host_folder,
                                   mode):
    gate = Gate(prefix, os.path.join(folder, "gate"), mode, CLOUDFLARED_IMAGE=docker.TUNNEL_IMAGE,
                CLOUDFLARED_NETWORK_NAME=engine.network).start()
    agent = agents.make(master, mode=mode, DOCKER_HOST=gate.host,
                        DOCKER_TUNNEL_HOST=gate.tunnel_host)
    before = containers()
    rows = requests(victim, host_folder)
    try:
        got = rob(agent, folder, gate.ports[1], rows)
    finally:
        agent.kill()
        gate.stop()
    assert set(got) == {name for name, _ in rows}
    for name, (status, loot) in got.items():
        assert 400 <= status < 500 and not loot, (name, status, loot)
    assert containers() == before
    assert docker.inspect(victim["Id"])["State"]["Running"]
    assert "refused: POST /v1.41/containers/create" in gate.log.text()


def test_control_a_proxy_of_paths_gives_it_all(agents, master, folder, output, victim,
                                               host_folder):
    proxy = proxies.Proxy("tecnativa", output)
    agent = agents.make(master, DOCKER_HOST=proxy.host, DOCKER_TUNNEL_HOST=proxy.host)
    try:
        got = rob(agent, folder, proxy.port, requests(victim, host_folder))
    finally:
        agent.kill()
        proxy.close()
    assert all(got[prize][1] for prize in PRIZES), got
    assert got["second container"][0] == got["create with a bind mount"][0] == 201
    assert "/" + SECOND in containers()
    assert not docker.inspect(victim["Id"])["State"]["Running"]
