# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers that die, hang or are paused: only they are replaced, and nothing else notices.

`./dev test restarts --runs 50` repeats the first test's rounds (TEST_RUNS) in one agent's life.
"""

import os
import random
import re
import signal
import statistics
import subprocess
import time

import pytest

from harness import docker, wait
from harness.agent import WORKERS, children, read_status

RUNS = int(os.environ.get("TEST_RUNS", "1"))
HEALTHY_SECONDS = 10
MEDIAN_OF = 5
BACK_MS = 100  # from SIGKILL to `ready` and peers handed over, median


def identity(container):
    return container["Id"], container["State"]["StartedAt"], container["State"]["Pid"]


def equals_docker(master):
    """Whether the containers that the master counts as running are Docker's, by id."""
    known = {c["id"] for c in master.containers().values()}
    return known == set(docker.enabled_running())


def kill(agent, name, number=signal.SIGKILL):
    """Kills a worker; milliseconds until the supervisor says that its successor is ready, which it
    does once state, secrets and peers are handed over."""
    before = agent.pids()
    start = agent.mark()
    began = time.time()
    os.kill(before[name], number)
    line = agent.wait_line(r"supervisor: %s is ready \(pid \d+" % name, 40, start)
    after = agent.wait_pids()
    assert after[name] != before[name]
    assert {n: p for n, p in after.items() if n != name} == {
        n: p for n, p in before.items() if n != name}
    return (line[1] - began) * 1000


@pytest.mark.parametrize("mode", ["shared", "distinct"])
def test_each_worker_killed_in_turn(agents, master, engine, tunnel, mode):
    if RUNS > 1 and mode == "distinct":
        rounds = max(1, RUNS // 10)  # the figures are the shared mode's; this one proves that it works
    else:
        rounds = RUNS
    for short in ("a", "b"):
        master_knows = engine.service(short)
    agent = agents.start(master, mode=mode)
    master.wait_container(master_knows)
    master.start_tunnel(tunnel)
    master.wait_tunnel("running")
    container = identity(docker.wait_running(docker.TUNNEL_CONTAINER))
    took = {name: [] for name in WORKERS}
    healthy = time.monotonic() + HEALTHY_SECONDS + 0.5
    for number in range(rounds):
        time.sleep(max(0, healthy - time.monotonic()))
        for name in WORKERS:
            took[name].append(kill(agent, name))
        healthy = time.monotonic() + HEALTHY_SECONDS + 0.5
        came = engine.service("round-%d" % number)
        master.wait_container(came)
        engine.remove(came)
        wait.until("the master's record equals Docker's", lambda: equals_docker(master), 15)
        assert identity(docker.running(docker.TUNNEL_CONTAINER)) == container
        # No rule was taken down for a worker that was away.
        assert engine.hostname_rule("a") in master.rules()
        assert engine.hostname_rule("b") in master.rules()
    assert not [e for e in master.events("container_stop")
                if e["container"]["name"] in (engine.name("a"), engine.name("b"))]
    for name, times in took.items():
        print("%s (%s): %d kills, back after %.1f ms (median), %.1f to %.1f" % (
            name, mode, len(times), statistics.median(times), min(times), max(times)))
        # Of a few there is no median: what else the machine did then would count.
        assert len(times) < MEDIAN_OF or statistics.median(times) <= BACK_MS
    assert statistics.median(sum(took.values(), [])) <= BACK_MS


def test_random_kills_lose_nothing(agents, master, engine, tunnel):
    """Any worker at any moment while containers come and go and commands arrive."""
    seed = int(os.environ.get("TEST_SEED", time.time_ns() % 1000000))
    print("TEST_SEED=%d" % seed)
    chance = random.Random(seed)
    agent = agents.start(master)
    master.wait_registered()
    master.start_tunnel(tunnel)
    docker.wait_running(docker.TUNNEL_CONTAINER)
    alive = []
    for step in range(12):
        for name in chance.sample(WORKERS, chance.randint(1, 2)):
            pid = agent.pids().get(name)
            if pid:
                os.kill(pid, signal.SIGKILL)
        time.sleep(chance.random() * 0.2)
        if alive and chance.random() < 0.4:
            engine.remove(alive.pop(chance.randrange(len(alive))))
        else:
            alive.append(engine.service("c%d" % step))
        if step == 6:
            master.restart_tunnel(tunnel)
    agent.wait_pids(40)
    wait.until("the master's record equals Docker's", lambda: equals_docker(master), 60)
    master.wait_tunnel("running", 60)
    assert docker.running(docker.TUNNEL_CONTAINER)
    for name in alive:
        assert engine.hostname_rule(name.rsplit("-", 1)[1]) in master.rules()


def test_dying_young_is_backed_off(agents, master):
    """Doubling from 100 ms with jitter; a healthy run resets it."""
    agent = agents.start(master)
    master.wait_registered()
    for _ in range(3):
        kill(agent, "name-resolver")
    delays = [int(re.search(r"restarting in (\d+) ms", line)[1])
              for _, line in agent.log.lines if "name-resolver: restarting in" in line]
    assert len(delays) == 3
    for delay, full in zip(delays, (100, 200, 400)):
        assert full * 3 // 4 <= delay <= full
    agent.wait_status("the restarts are counted", lambda s: {
        w["name"]: w["restarts"] for w in s["workers"]}["name-resolver"] == 3)


def test_a_worker_that_gives_no_sign_of_life_is_replaced(agents, master):
    agent = agents.start(master)
    master.wait_registered()
    before = agent.pids()
    began = time.monotonic()
    os.kill(before["docker-watcher"], signal.SIGSTOP)
    start = agent.mark()
    agent.wait_line(r"supervisor: docker-watcher gives no sign of life: replacing it", 16, start)
    assert 5 < time.monotonic() - began < 15
    agent.wait_line(r"supervisor: docker-watcher is ready", 5, start)
    after = agent.wait_pids()
    assert [n for n in WORKERS if after[n] != before[n]] == ["docker-watcher"]


def test_time_in_which_the_supervisor_did_not_run_does_not_count(agents, master):
    agent = agents.start(master)
    master.wait_registered()
    before = agent.pids()
    os.kill(agent.pid, signal.SIGSTOP)
    time.sleep(11.5)
    os.kill(agent.pid, signal.SIGCONT)
    wait.stays("no worker is replaced", lambda: agent.pids() == before, 2)
    assert agent.log.find("gives no sign of life") is None


def test_the_whole_agent_paused(agents, master):
    """As `docker pause` does, or a suspended host."""
    agent = agents.start(master)
    master.wait_registered()
    before = agent.pids()
    everyone = [agent.pid, *before.values()]
    for pid in everyone:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(11.5)
    for pid in reversed(everyone):
        os.kill(pid, signal.SIGCONT)
    wait.stays("no worker is replaced", lambda: agent.pids() == before, 2)
    master.wait_events("heartbeat", len(master.events("heartbeat")) + 1)


def test_workers_do_not_outlive_the_supervisor(agents, master):
    agent = agents.start(master)
    pids = agent.pids()
    os.kill(agent.pid, signal.SIGKILL)
    for name, pid in pids.items():
        wait.until(name + " ends", lambda pid=pid: read_status(pid) is None, 5)


def test_as_pid_1_it_reaps_orphans(agents, master):
    agent = agents.start(master, container=True)
    master.wait_registered()
    pid = agent.pid
    # The image has no shell: this one is the machine's, among the container's processes.
    subprocess.run(["nsenter", "--target", str(pid), "--pid", "sh", "-c",
                    "(sleep 1; exit 3) >/dev/null & exit 0"], check=True)
    wait.until("the orphan is the agent's", lambda: len(children(pid)) == 5, 5)
    wait.until("the orphan is gone", lambda: len(children(pid)) == 4, 5)
    assert len(agent.pids()) == 4
    assert agent.log.find(r"supervisor: \S+ ended") is None
