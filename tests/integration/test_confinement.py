# SPDX-License-Identifier: GPL-3.0-or-later
"""How the five processes are confined, by the kernel's own account, in both start modes, natively
and in the container; and that a worker that is not confined gets nothing."""

import os
import re

import pytest

from harness import docker, impostor, wait
from harness.agent import UIDS, WORKERS, children, read_status

MODES = pytest.mark.parametrize("mode", ["shared", "distinct"])
PLACES = pytest.mark.parametrize("container", [False, True], ids=["native", "container"])
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapAmb")
# CAP_KILL 5, CAP_SETGID 6, CAP_SETUID 7 (capabilities(7))
THREE = 1 << 5 | 1 << 6 | 1 << 7


def number(status, name, base=16):
    return int(status[name], base)


def expected_uid(mode, name):
    return UIDS[name] if mode == "distinct" else UIDS["dockflare-agent"]


@pytest.fixture
def confined(agents, master, engine, mode, container):
    """A registered agent that has told a container: everything has been handed over."""
    name = engine.service("seen")
    agent = agents.start(master, mode=mode, container=container)
    master.wait_container(name)
    return agent


@MODES
@PLACES
def test_what_the_kernel_says(confined, mode, container):
    supervisor = read_status(confined.pid)
    own_filters = number(supervisor, "Seccomp_filters", 10)
    assert supervisor["Uid"].split() == [str(UIDS["dockflare-agent"])] * 4
    assert supervisor["Gid"].split() == [str(UIDS["dockflare-agent"])] * 4
    assert supervisor["NoNewPrivs"] == "1"
    for capability in CAPABILITIES:
        three = mode == "distinct" and capability in ("CapPrm", "CapEff")
        assert number(supervisor, capability) == (THREE if three else 0), capability
    assert set(confined.pids()) == set(WORKERS)
    assert len(children(confined.pid)) == 4
    for name, pid in confined.pids().items():
        status = read_status(pid)
        uid = str(expected_uid(mode, name))
        assert status["Uid"].split() == [uid] * 4 and status["Gid"].split() == [uid] * 4
        assert status["Groups"].split() in ([], [] if mode == "distinct" else
                                            supervisor["Groups"].split())
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
        assert number(status, "Seccomp_filters", 10) == own_filters + 1
        assert status["Threads"] == "1" and status["TracerPid"] == "0"
        for capability in CAPABILITIES:
            assert number(status, capability) == 0, (name, capability)


@MODES
@PLACES
def test_environment_arguments_and_descriptors(confined, master, mode, container):
    with open("/proc/%d/environ" % confined.pid, "rb") as file:
        assert master.key.encode() not in file.read()
    for name, pid in confined.pids().items():
        with open("/proc/%d/environ" % pid, "rb") as file:
            assert file.read() == b"", name
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            assert file.read().rstrip(b"\0").endswith(b"/" + name.encode())
        targets = {int(fd): os.readlink("/proc/%d/fd/%s" % (pid, fd))
                   for fd in os.listdir("/proc/%d/fd" % pid)}
        assert targets[0] == "/dev/null"
        assert targets[1] == targets[2] and targets[1].startswith("pipe:")
        rest = [target for fd, target in targets.items() if fd > 2]
        assert all(target.startswith("socket:") for target in rest), (name, rest)


@MODES
def test_limits(agents, master, mode):
    agent = agents.start(master, mode=mode)
    for name, pid in agent.pids().items():
        with open("/proc/%d/limits" % pid, encoding="ascii") as file:
            limits = dict(re.split(r"\s{2,}", line)[:2] for line in file.readlines()[1:])
        for limit in ("Max core file size", "Max file size", "Max processes"):
            assert limits[limit] == "0", (name, limit)


@MODES
def test_a_worker_can_not_be_looked_into(agents, master, mode):
    """As the agent's own uid and as a sibling's: neither memory nor environment nor descriptors."""
    agent = agents.start(master, mode=mode)
    victim = agent.pids()["master-link"]

    def reach(uid):
        """The paths below /proc/PID that this uid can open."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            for path in ("mem", "environ", "maps", "status"):
                try:
                    os.close(os.open("/proc/%d/%s" % (victim, path), os.O_RDONLY))
                    os.write(writer, path.encode() + b" ")
                except OSError:
                    pass
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as file:
            found = file.read().split()
        os.waitpid(child, 0)
        return found

    assert reach(0)[:2] == ["mem", "environ"]  # the control run: root can
    for uid in (UIDS["dockflare-agent"], UIDS["docker-watcher"]):
        assert reach(uid) == ["status"]


@pytest.mark.parametrize("mode", ["shared", "distinct"])
@pytest.mark.parametrize("what, why", [
    (("FILTERS=0",), r"Seccomp_filters is \d+, must be \d+"),
    (("FILTERS=2",), r"Seccomp_filters is \d+, must be \d+")], ids=["no filter", "two filters"])
def test_a_worker_that_is_not_confined_gets_nothing(agents, master, tunnel, mode, what, why):
    """In the container Docker's own filter is there all the same: its number is what tells."""
    agent = agents.make(master, mode=mode, container=True)
    agent.write("tunnel_state.json", tunnel.state())
    impostor.take_place(agent, "tunnel-keeper", *what)
    agent.start(ready=False)
    agent.wait_line(r"supervisor: tunnel-keeper is not confined: " + why)
    master.wait_registered()
    agent.wait_line(r"supervisor: tunnel-keeper ended \(signal 9")
    agent.wait_line(r"supervisor: tunnel-keeper: restarting in \d+ ms")
    assert agent.log.find(r"tunnel-keeper is ready") is None
    assert not docker.running(docker.TUNNEL_CONTAINER)


def test_an_impostor_that_is_confined_is_let_in(agents, master):
    """The control run of the one before: it is the missing filter that was refused."""
    agent = agents.make(master, container=True)
    impostor.take_place(agent, "tunnel-keeper", "ALIVE")
    agent.start(ready=False)
    agent.wait_line(r"supervisor: tunnel-keeper is ready")


def test_a_second_thread_can_not_be_made(agents, master):
    """The supervisor's filter is inherited: not even before a worker puts on its own."""
    agent = agents.make(master, container=True)
    impostor.take_place(agent, "tunnel-keeper", "THREADS")
    agent.start(ready=False)
    agent.wait_line(r"supervisor: tunnel-keeper ended \(signal 31")


def test_bad_peer_is_no_weapon(agents, master):
    """Whoever reports a peer is replaced with it."""
    agent = agents.make(master, container=True)
    impostor.take_place(agent, "tunnel-keeper",
                        'SAYS="{\\\"type\\\":\\\"bad-peer\\\",\\\"peer\\\":\\\"master-link\\\"}"')
    agent.start(ready=False)
    agent.wait_line(r"tunnel-keeper reports that master-link broke the protocol: replacing both")
    agent.wait_line(r"supervisor: tunnel-keeper ended \(signal 9")
    agent.wait_line(r"supervisor: master-link ended \(signal 9")
    master.set_mark()
    master.wait_registered()
    wait.until("master-link is back", lambda: master.requests("/register"))


def test_state_that_kills_its_reader_is_put_aside(agents, master, tunnel):
    """Three deaths after the state and before a sign of life: an empty state, the old one kept."""
    agent = agents.make(master, container=True)
    agent.write("tunnel_state.json", tunnel.state())
    impostor.take_place(agent, "tunnel-keeper", "DIES")
    agent.start(ready=False)
    agent.wait_line(r"tunnel_state.json ended tunnel-keeper 3 times on being read and is put aside "
                    r"as tunnel_state.json.corrupt")
    wait.until("the old one is kept", lambda: agent.read_json("tunnel_state.json.corrupt"))
    assert agent.read_json("tunnel_state.json.corrupt") == tunnel.state()
    assert agent.read("tunnel_state.json") is None


@MODES
def test_the_image_as_it_is_started(agents, master, mode):
    """docker top, the user, and what the image's own health check says."""
    agent = agents.start(master, mode=mode, container=True)
    rows = agent.top()
    assert len(rows) == 5
    assert "0" not in {uid for _, uid, _ in rows} and "root" not in {uid for _, uid, _ in rows}
    configuration = agent.image_configuration()
    assert configuration["User"] == "65532:65532"
    assert configuration["Healthcheck"]["Test"][-2:] == ["/usr/local/bin/dockflare-agentctl",
                                                         "health"]
    wait.until("Docker's health check has passed", lambda: agent.health()[0] == 0)
