# SPDX-License-Identifier: GPL-3.0-or-later
"""The orderly stop: in order, in time, and cut short by a second signal."""

import os
import signal
import time

import pytest

from harness import docker, wait

STOP_SECONDS = 8


@pytest.mark.parametrize("container", [False, True], ids=["native", "container"])
@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_orderly_stop(agents, master, tunnel, mode, container):
    agent = agents.start(master, mode=mode, container=container, TUNNEL_ON_EXIT="remove")
    master.wait_registered()
    master.start_tunnel(tunnel)
    master.wait_tunnel("running")
    code, took = agent.stop()
    assert code == 0 and took < STOP_SECONDS
    assert docker.inspect(docker.TUNNEL_CONTAINER) is None
    assert master.tunnel()["status"] == "stopped"
    assert agent.read_json("tunnel_state.json")["desired_state"] == "running"
    ends = [agent.log.find(r"supervisor: %s ended \(exit 0" % name)[0] for name in (
        "tunnel-keeper", "docker-watcher", "master-link")]
    assert ends == sorted(ends)
    assert agent.log.find(r"supervisor: stopped$")


def test_a_tunnel_that_lingers_is_stopped_in_time(agents, master, tunnel):
    """cloudflared uses its whole grace period (TUNNEL_GRACE_PERIOD=5s), and is not killed."""
    docker.docker("build", "-t", "standin-cloudflared:linger", "-",
                  stdin=b"FROM %s\nENV STANDIN_LINGER=1\n" % docker.TUNNEL_IMAGE.encode())
    agent = agents.start(master, TUNNEL_ON_EXIT="remove",
                         CLOUDFLARED_IMAGE="standin-cloudflared:linger")
    master.wait_registered()
    master.start_tunnel(tunnel)
    master.wait_tunnel("running")
    code, took = agent.stop(12)
    assert code == 0 and 4.5 < took < STOP_SECONDS
    assert docker.inspect(docker.TUNNEL_CONTAINER) is None
    assert master.tunnel()["status"] == "stopped"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_stop_it(agents, master, number):
    agent = agents.start(master)
    master.wait_registered()
    os.kill(agent.pid, number)
    assert agent.wait_end(STOP_SECONDS) == 0


def test_a_second_signal_ends_it_now(agents, master, tunnel):
    agent = agents.start(master, TUNNEL_ON_EXIT="remove")
    master.wait_registered()
    master.start_tunnel(tunnel)
    master.wait_tunnel("running")
    os.kill(agent.pids()["tunnel-keeper"], signal.SIGSTOP)
    os.kill(agent.pid, signal.SIGTERM)
    agent.wait_line("supervisor: stopping$")
    began = time.monotonic()
    os.kill(agent.pid, signal.SIGTERM)
    agent.wait_end(2)
    assert time.monotonic() - began < 1
    assert docker.running(docker.TUNNEL_CONTAINER)


def test_a_worker_that_hangs_does_not_hold_the_stop_up(agents, master):
    agent = agents.start(master)
    master.wait_registered()
    for name in ("tunnel-keeper", "docker-watcher", "master-link", "name-resolver"):
        os.kill(agent.pids()[name], signal.SIGSTOP)
    code, took = agent.stop(12)
    assert took < STOP_SECONDS + 0.5
    assert agent.log.find(r"tunnel-keeper did not stop in time: killing it")
    assert code == 0


def test_stop_while_workers_start(agents, master):
    """At any moment of the start: never a hang, never a process that is left."""
    for delay_ms in (0, 1, 2, 4, 8, 15, 30):
        agent = agents.make(master)
        agent.start(ready=False)
        time.sleep(delay_ms / 1000)
        code, took = agent.stop()
        # Before the signals are taken over, the kernel's own answer is the end.
        assert code in (0, -signal.SIGTERM) and took < 3


def test_stop_with_the_master_away(agents, master, tunnel):
    agent = agents.start(master, TUNNEL_ON_EXIT="remove")
    master.wait_registered()
    master.start_tunnel(tunnel)
    master.wait_tunnel("running")
    master.control("away")
    agent.wait_line("master is away")
    code, took = agent.stop()
    assert code == 0 and took < STOP_SECONDS
    assert docker.inspect(docker.TUNNEL_CONTAINER) is None


def test_stop_and_start_tells_no_stop_of_what_runs(agents, master, engine):
    name = engine.service("on")
    agent = agents.start(master)
    master.wait_container(name)
    agent.stop()
    agent.start()
    wait.until("it reports again", lambda: master.agent()["registrations"] == 2)
    master.set_mark()
    master.wait_events("status_report", 2)
    assert engine.hostname_rule("on") in master.rules()
    assert not [e for e in master.bodies("/events") if e["type"] == "container_stop"]
