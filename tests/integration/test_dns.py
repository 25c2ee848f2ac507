# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: real DNS queries of the confined name-resolver, to a stand-in for a name server."""

import os

import pytest

from harness import wait
from harness.agent import read_status
from harness.dns import Dns

NAME = "master.example"
SERVERS = ("127.53.0.1", "127.53.0.2")
# The agent has a resolv.conf of its own.
MOUNT = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'


@pytest.fixture
def servers():
    made = []

    def start(number, names, mode="good"):
        made.append(Dns(SERVERS[number], names, mode))
        return made[-1]

    yield start
    for server in made:
        server.close()


@pytest.fixture
def settings():
    return {"DOCKER_HOST": "tcp://127.0.0.1:1", "LOG_LEVEL": "DEBUG",
            "REPORT_INTERVAL_SECONDS": "1", "COMMAND_POLL_SECONDS": "1"}


def write_conf(path, *servers):
    with open(path, "w", encoding="ascii") as file:
        file.writelines("nameserver %s\n" % server for server in servers)
    os.chmod(path, 0o644)


@pytest.fixture
def named(agents, folder):
    """Starts an agent whose master is known by its name only."""
    conf = os.path.join(folder, "resolv.conf")
    write_conf(conf, SERVERS[0])

    def start(master, mode="shared", servers=SERVERS[:1]):
        write_conf(conf, *servers)
        agent = agents.make(master, mode=mode,
                            DOCKFLARE_MASTER_URL="http://%s:%d" % (NAME, master.port),
                            ALLOW_PLAINTEXT_MASTER="true")
        agent.before = ["unshare", "--mount", "sh", "-c", MOUNT, "sh", conf]
        agent.conf = conf
        return agent.start()

    return start


@pytest.mark.parametrize("mode", ["shared", "distinct"])
@pytest.mark.parametrize("way", ["good", "truncated"])
def test_a_name_is_asked_for_by_udp_and_by_tcp_where_it_must(named, masters, servers, mode, way):
    dns = servers(0, {NAME: ["::1", "127.0.0.1"]}, way)
    master = masters()
    agent = named(master, mode)
    master.wait_registered()
    assert {(name, how) for name, _, how in dns.asked} == {
        (NAME, how) for how in (("udp", "tcp") if way == "truncated" else ("udp",))}
    status = agent.wait_status("it is counted", lambda s: s["resolver"]["answered"] > 0)
    assert status["resolver"]["failed"] == 0
    assert read_status(agent.pids()["name-resolver"])["Seccomp"] == "2"


def test_a_name_that_is_not_there_yet(named, masters, servers):
    dns = servers(0, {})
    master = masters()
    agent = named(master)
    agent.wait_line("master is away: .*%s" % NAME)
    agent.wait_status("it is counted", lambda s: s["resolver"]["failed"] > 0)
    assert not master.requests()
    dns.names[NAME] = ["127.0.0.1"]
    master.wait_registered(20)


def test_a_name_that_moves(named, masters, servers):
    """The address that it had does not answer any more; the new one does."""
    dns = servers(0, {NAME: ["127.66.0.1"]})
    master = masters()
    agent = named(master)
    agent.wait_line("master is away: ")
    dns.names[NAME] = ["127.0.0.1"]
    master.wait_registered(20)


@pytest.mark.parametrize("mode", ["silent", "garbage", "foreign"])
def test_a_server_that_gives_no_answer_is_passed_over(named, masters, servers, mode):
    bad = servers(0, {NAME: ["127.0.0.1"]}, mode)
    servers(1, {NAME: ["127.0.0.1"]})
    master = masters()
    agent = named(master, servers=SERVERS)
    master.wait_registered(20)
    assert bad.asked
    assert not agent.log.find("name-resolver ended")


def test_no_server_answers(named, masters, servers):
    """It is said in time, nobody is replaced, and it is found once there is an answer."""
    dns = servers(0, {NAME: ["127.0.0.1"]}, "silent")
    master = masters()
    agent = named(master)
    agent.wait_line("master is away: .*%s" % NAME, 15)
    assert not agent.log.find("replacing|ended")
    dns.mode = "good"
    master.wait_registered(20)


def test_another_resolv_conf_is_read(named, masters, servers):
    servers(0, {}, "silent")
    second = servers(1, {NAME: ["127.0.0.1"]})
    master = masters()
    agent = named(master)
    agent.wait_line("master is away: .*%s" % NAME, 15)
    assert not second.asked
    write_conf(agent.conf, SERVERS[1])
    master.wait_registered(20)
    wait.until("the other one was asked", lambda: second.asked)
