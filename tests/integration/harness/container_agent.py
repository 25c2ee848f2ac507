# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent in its container, with the restrictions of the compose file, on the host's network."""

import json
import os
import secrets
import signal
import subprocess
import time

from . import compose, docker, wait
from .agent import Agent, Log


class ContainerAgent(Agent):
    """As Agent; its data folder is a bind mount, so that tests read and write it the same way."""

    def __init__(self, folder, mode="shared", environment=None):
        super().__init__(prefix="/usr/local", folder=folder, mode=mode, environment=environment)
        self.name = "it-agent-" + secrets.token_hex(3)
        self.more = []  # further arguments of docker create
        self.environment["AGENT_DATA_DIR"] = "/app/data"
        self.environment["AGENT_RUN_DIR"] = "/run/dockflare-agent"

    def start(self, *arguments, ready=True):
        if self.process is not None:
            # It was stopped: as Compose does, the next one takes its place.
            docker.docker("rm", "-f", self.name, check=False)
        environment = os.path.join(self.folder, "environment")
        with open(environment, "w", encoding="utf-8") as file:
            for item in self.environment.items():
                file.write("%s=%s\n" % item)
        docker.docker(
            "create", "--name", self.name, "--network", "host",
            *compose.restrictions(compose.AGENTS[self.mode]), "--env-file", environment, "-v", self.data + ":/app/data", *self.more,
            docker.AGENT_IMAGE, *arguments)
        os.unlink(environment)
        self.process = subprocess.Popen(
            ["docker", "start", "--attach", self.name], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "DOCKER_HOST": "unix://" + docker.SOCKET})
        self.log = Log(self.process.stdout, os.path.join(self.folder, "agent.log"))
        if ready:
            self.wait_ready()
        return self

    @property
    def pid(self):
        """The supervisor's pid as the host has it."""
        return wait.until("the agent's container runs", lambda: (
            docker.inspect(self.name) or {"State": {"Pid": 0}})["State"]["Pid"], 5)

    def agentctl(self, *arguments, timeout=10):
        done = subprocess.run(
            ["docker", "exec", self.name, "/usr/local/bin/dockflare-agentctl", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
            env={**os.environ, "DOCKER_HOST": "unix://" + docker.SOCKET})
        text = done.stdout.decode("utf-8", "replace")
        with open(os.path.join(self.folder, "agentctl.log"), "a", encoding="utf-8") as file:
            file.write(text)
        return done.returncode, text

    def stop(self, seconds=15):
        # Docker passes over a stop of what it has not started yet.
        wait.until("Docker has started it", lambda: not docker.inspect(
            self.name)["State"]["StartedAt"].startswith("0001"))
        start = time.monotonic()
        docker.docker("stop", "-t", str(seconds), self.name)
        took = time.monotonic() - start
        self.process.wait(seconds)
        self.log.thread.join(5)
        return docker.inspect(self.name)["State"]["ExitCode"], took

    def kill(self):
        docker.docker("rm", "-f", self.name, check=False)
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def health_of_docker(self):
        """What the image's HEALTHCHECK made of it."""
        return docker.inspect(self.name)["State"].get("Health", {}).get("Status")

    def top(self):
        """docker top as rows of (pid, uid, command)."""
        text = docker.docker("top", self.name, "-eo", "pid,uid,comm")
        return [line.split(None, 2) for line in text.splitlines()[1:]]

    def image_configuration(self):
        return json.loads(docker.docker("image", "inspect", docker.AGENT_IMAGE))[0]["Config"]
