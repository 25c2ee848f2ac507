#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""./dev demo: the agent's main job on the real Docker engine, told as it happens.

Each step is told only once it was seen in the stand-in master's record and in Docker; the exit
status is 0 only if all were.
"""
import argparse
import datetime
import json
import re
import signal
import sys
import time
import traceback

import engine
from engine import NETWORK, TUNNEL, Failure, container_log, docker, inspect
from parts import WORKERS, Agent, Master, Tunnel, enabled_ids, read_process, start_service

BEGIN = time.monotonic()
HARDENED_UIDS = {65528, 65529, 65530, 65531, 65532}


def tell(text):
    print(f"[{time.monotonic() - BEGIN:5.1f} s] {text}", flush=True)


def until(what, look, seconds=20):
    """What `look` returns once it is true; says what is waited for when that takes a while."""
    begin = time.monotonic()
    told = begin + 1
    while True:
        found = look()
        if found:
            return found
        now = time.monotonic()
        if now - begin > seconds:
            raise Failure(f"not seen within {seconds} s: {what}")
        if now > told:
            tell(f"  … waiting until {what}")
            told = now + 5
        time.sleep(0.05)


def must(condition, what):
    if not condition:
        raise Failure(what)


class Story:
    """The steps, in order.  Each leaves what the next one needs in its fields."""

    def __init__(self):
        self.tunnel = Tunnel("demo-tunnel")
        self.master = self.agent = self.agent_id = None

    # -- the ground -----------------------------------------------------------------------------

    def prepare(self):
        foreign = inspect(TUNNEL)
        if foreign and not engine.is_ours(foreign):
            raise Failure(f"a container called {TUNNEL} is here already: an agent of this host "
                          "may use it, so the demo does not run beside it")
        if engine.leftovers():
            tell("removing what an earlier demo left")
            engine.remove_all()
        others = enabled_ids()
        must(not others, f"{len(others)} containers of this host are labelled for an agent; the "
             "demo would show them: run it on another machine")
        docker("network", "create", "--label", engine.LABEL, NETWORK)
        self.master = Master()
        until("the stand-in master answers", self.master.answers)
        tell(f"a stand-in master is up; its page: {self.master.page}")
        for name in ("demo-web", "demo-api"):
            start_service(name)
        tell("two labelled containers run: demo-web, demo-api")
        self.agent = Agent(self.master, engine.free_control_network())

    def start(self, profile):
        before = "docker-gate" if profile == "hardened" else "its two socket proxies"
        tell(f"starting the agent and {before} (profile {profile}) …")
        self.agent.start(profile)
        until("all four workers run", lambda: len(self.agent.pids()) == len(WORKERS))

    # -- the steps ------------------------------------------------------------------------------

    def registered(self):
        record = until("the master has registered the agent", self.master.agent)
        must(record["display_name"] == "demo-host", "the agent has another name in the master")
        must(record["protocol"] == 2, "the master picked another protocol than 2")
        self.agent_id = record["id"]
        tell(f"registered: the master knows demo-host as {self.agent_id}, protocol 2")

    def containers_reported(self):
        until("the master has both containers",
              lambda: self.master.container_names() == ["demo-api", "demo-web"])
        must(self.master.container_ids() == enabled_ids(), "the master's ids are not Docker's")
        hosts = until("the master has both rules", lambda: (
            len(self.master.rules("active")) == 2 and self.master.rules("active")))
        tell(f"containers reported: the master has rules for {' and '.join(hosts)}")

    def tunnel_started(self):
        self.master.enrol(self.tunnel)
        tell("the agent is enrolled in the master, which queues start_tunnel")
        found = until("the tunnel's container runs", self.running_tunnel)
        must(found["Config"]["Image"] == self.agent.settings["CLOUDFLARED_IMAGE"], "wrong image")
        must(f"TUNNEL_TOKEN={self.tunnel.token}" in found["Config"]["Env"], "wrong token")
        must(NETWORK in found["NetworkSettings"]["Networks"], "wrong network")
        self.tunnel_is_told("running")
        ready = until("the agent sees four connections", lambda: (
            self.agent.status().get("tunnel", {}).get("ready_connections") == 4))
        must(ready, "no connections")
        tell(f"tunnel started by command: container {found['Id'][:12]}, version "
             f"{self.master.tunnel()['version']}, 4 connections; the master shows it as running")

    def running_tunnel(self):
        found = inspect(TUNNEL)
        return found if found and found["State"]["Running"] else None

    def tunnel_is_told(self, status):
        until(f"the master shows the tunnel as {status}",
              lambda: self.master.tunnel().get("status") == status)
        if status == "running":
            until("the master knows cloudflared's version",
                  lambda: self.master.tunnel().get("version") == "2025.9.0")

    def confined(self):
        """The five processes as the kernel has them."""
        pids = self.agent.host_pids()
        must(len(pids) == 5, f"there are {len(pids)} processes, not 5")
        status = [read_process(pid) for pid in pids]
        filters = [int(one["Seccomp_filters"]) for one in status]
        uids = [int(one["Uid"].split()[0]) for one in status]
        must(0 not in uids, "a process runs as root")
        must(all(one["NoNewPrivs"] == "1" for one in status), "a process may gain privileges")
        must(min(filters[1:]) > filters[0], "a worker has no filter of its own")
        for one in status[1:]:
            for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                must(int(one[name], 16) == 0, f"a worker has {name} {one[name]}")
        expected = HARDENED_UIDS if self.agent.profile == "hardened" else {65532}
        must(set(uids) == expected, f"the uids are {sorted(set(uids))}")
        tell(f"confined: five processes, uids {', '.join(map(str, sorted(set(uids))))}, no "
             f"capability in any worker, no_new_privs, {filters[0]} seccomp filters in the "
             f"supervisor and {min(filters[1:])} in each worker")

    def workers_killed(self):
        until("all workers have been healthy for ten seconds", self.settled, 30)
        for name in WORKERS:
            self.worker_killed(name)

    def settled(self):
        workers = self.agent.status().get("workers", [])
        return len(workers) == 4 and all(
            worker["state"] == "running" and worker["uptime_s"] >= 10 for worker in workers)

    def worker_killed(self, name):
        before, tunnel = self.agent.pids(), self.running_tunnel()
        seen = len(container_log(self.agent.container).splitlines())
        self.agent.kill(before[name])
        pattern = rf"supervisor: {name} is ready \(pid (\d+)"
        until(f"{name} is ready again", lambda: re.search(pattern, self.log_since(seen)))
        after = until("all four workers run", lambda: (
            len(self.agent.pids()) == len(WORKERS) and self.agent.pids()))
        must(after[name] != before[name], f"{name} was not replaced")
        for other in WORKERS:
            must(other == name or after[other] == before[other], f"{other} was replaced too")
        now = self.running_tunnel()
        must(now is not None and now["Id"] == tunnel["Id"]
             and now["State"]["StartedAt"] == tunnel["State"]["StartedAt"],
             "the tunnel's container was touched")
        tell(f"{name} killed and back in {self.milliseconds(name, seen)} ms; the others and the "
             "tunnel untouched")

    def log_since(self, line):
        return "\n".join(container_log(self.agent.container).splitlines()[line:])

    def milliseconds(self, name, line):
        """From the line that tells of the end to the one that tells of the return."""
        times = []
        for pattern in (rf"(\S+) \S+ \w+ supervisor: {name} ended",
                        rf"(\S+) \S+ \w+ supervisor: {name} is ready"):
            found = re.search(pattern, self.log_since(line))
            must(found, f"the log does not tell of the end and return of {name}")
            times.append(datetime.datetime.fromisoformat(found[1]))
        return round((times[1] - times[0]).total_seconds() * 1000)

    def master_away(self):
        self.master.call("away", {"seconds": 0})
        until("the agent notices that the master is away", lambda: self.agent.link() == "away")
        tunnel = self.running_tunnel()
        must(tunnel, "the tunnel ended with the master away")
        tell(f"master away: the agent is \"{self.health()}\"; the tunnel serves on")
        start_service("demo-new")
        docker("stop", "demo-api")
        time.sleep(1)
        tell("meanwhile demo-new was started and demo-api stopped")
        self.master.call("back", {})
        until("the master has demo-new and no longer demo-api",
              lambda: self.master.container_names() == ["demo-new", "demo-web"], 45)
        until("the rules follow", lambda: (
            self.master.rules("active") == ["demo-new.example.com", "demo-web.example.com"]
            and self.master.rules("pending_deletion") == ["demo-api.example.com"]))
        must(self.master.container_ids() == enabled_ids(), "the master's ids are not Docker's")
        must(self.running_tunnel()["Id"] == tunnel["Id"], "the tunnel's container was replaced")
        tell("master back: it has demo-new, and demo-api's rule is pending deletion; nothing lost")

    def health(self):
        """The first line of the agent's own account."""
        return (self.agent.control("health").splitlines() or ["no answer"])[0]

    def stopped(self):
        container, begin = self.agent.container, time.monotonic()
        tell("stopping the agent (SIGTERM) …")
        self.agent.stop()
        took = time.monotonic() - begin
        state = inspect(container)["State"]
        must(state["ExitCode"] == 0, f"the agent ended with {state['ExitCode']}")
        must("supervisor: stopped" in container_log(container), "the agent did not say `stopped`")
        must(took < 12, f"the stop took {took:.1f} s")
        must(inspect(TUNNEL) is None, "the tunnel's container is still there")
        must(self.master.tunnel().get("status") == "stopped", "the master was not told")
        tell(f"orderly stop in {took:.1f} s: exit status 0, the tunnel's container removed, the "
             "master shows it as stopped")

    def hardened(self):
        self.start("hardened")
        found = until("the tunnel is back from its cached state", self.running_tunnel)
        must(self.tunnel.token not in json.dumps(found), "docker inspect shows the token")
        until("cloudflared has got the token", lambda: (
            f"Starting tunnel tunnelID={self.tunnel.id}" in container_log(TUNNEL)))
        self.tunnel_is_told("running")
        must(self.master.agent()["id"] == self.agent_id, "the agent has a new id")
        tell("started again, hardened, with the same volume: same id, and the tunnel is back "
             "without a command; its token is in no docker inspect")
        self.confined()

    def stopped_and_kept(self):
        tunnel = self.running_tunnel()["Id"]
        self.agent.stop()
        found = self.running_tunnel()
        must(found and found["Id"] == tunnel, "the tunnel did not stay up")
        tell("stopped again: with TUNNEL_ON_EXIT=keep the tunnel serves on")

    def tell_it(self, keep):
        self.prepare()
        self.start("standard")
        self.registered()
        self.containers_reported()
        self.tunnel_started()
        self.confined()
        self.workers_killed()
        self.master_away()
        self.stopped()
        self.hardened()
        if not keep:
            self.stopped_and_kept()

    def explain(self):
        """What the agent says, for whoever has to find out why."""
        if self.agent is None or not self.agent.container:
            return
        print("--- the end of the agent's log:", file=sys.stderr)
        print("\n".join(container_log(self.agent.container).splitlines()[-40:]), file=sys.stderr)


def interrupted(*_):
    raise KeyboardInterrupt


def tell_story(keep):
    """The exit status; what was made is removed unless all went well and it is to be kept."""
    story, status = Story(), 1
    try:
        story.tell_it(keep)
        status = 0
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
        story.explain()
    except Exception:  # whatever it is, what was made is removed
        traceback.print_exc()
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        status = 130
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if keep and status == 0:
        tell(f"all of it was seen, and it is left running; the page: {story.master.page}")
        tell("to remove it: ./dev demo --remove")
        return status
    tell("removing all that the demo made …")
    engine.remove_all()
    tell("the demo has shown all of it" if status == 0 else "the demo FAILED")
    return status


def main():
    parser = argparse.ArgumentParser(prog="./dev demo")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--keep", action="store_true")
    choice.add_argument("--remove", action="store_true")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupted)
    if given.remove:
        engine.remove_all()
        tell("nothing of a demo is left")
        return 0
    return tell_story(given.keep)


if __name__ == "__main__":
    sys.exit(main())
