# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the demo: the stand-in master, the labelled containers, and the agent."""
import json
import os
import re
import secrets
import sys
import tempfile
import urllib.request

from engine import LABEL, NETWORK, PROJECT, clean_environment, docker, inspect, run

SOURCE = os.environ["SOURCE"]
sys.path.append(os.path.join(SOURCE, "tests", "standin"))
import tunnel  # noqa: E402

TOOLS_IMAGE = os.environ["TOOLS_IMAGE"]
MASTER = "dockflare-demo-master"
MASTER_PORT, PAGE_PORT = 5000, 5001
WORKERS = ("master-link", "docker-watcher", "tunnel-keeper", "name-resolver")


class Tunnel:
    def __init__(self, name):
        self.name, self.id, self.token = tunnel.made_up(name)


class Master:
    """The stand-in master in a container; its page and control API on loopback."""

    def __init__(self):
        self.key = "demo-" + secrets.token_hex(20)
        docker("run", "-d", "--name", MASTER, "--label", LABEL, "--network", NETWORK, "--init",
               "-p", f"127.0.0.1::{PAGE_PORT}", TOOLS_IMAGE, "python3", "/standin/master.py",
               "--bind", "0.0.0.0", "--port", str(MASTER_PORT), "--control-port", str(PAGE_PORT),
               "--key", self.key, "--protocol", "2")
        port = docker("port", MASTER, str(PAGE_PORT)).splitlines()[0].rpartition(":")[2]
        self.page = f"http://127.0.0.1:{port}/"
        self.url = f"http://{MASTER}:{MASTER_PORT}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.page + "_test/" + path, data)
        with self.opener.open(request, timeout=10) as answer:
            return json.load(answer)

    def answers(self):
        try:
            return self.call("state?requests=no") is not None
        except OSError:
            return False

    def agent(self):
        """Its record of the agent, or None."""
        state = self.call("state?requests=no")
        return state["agents"].get(state["latest"])

    def container_names(self):
        agent = self.agent()
        return sorted(found["name"] for found in agent["containers"].values()) if agent else []

    def container_ids(self):
        agent = self.agent()
        return sorted(agent["containers"]) if agent else []

    def rules(self, status):
        rules = self.call("state?requests=no")["rules"].values()
        return sorted(rule["hostname"] for rule in rules if rule["status"] == status)

    def tunnel(self):
        return (self.agent() or {}).get("tunnel") or {}

    def enrol(self, tunnel):
        self.call("enrol", {"tunnel_name": tunnel.name, "tunnel_id": tunnel.id,
                            "token": tunnel.token})


def start_service(name):
    """A labelled container, as a user would have it."""
    docker("run", "-d", "--name", name, "--label", LABEL, "--network", NETWORK,
           "--stop-signal", "KILL", "--label", "dockflare.enable=true",
           "--label", f"dockflare.hostname={name}.example.com",
           "--label", f"dockflare.service=http://{name}:80",
           TOOLS_IMAGE, "python3", "-m", "http.server", "80", "--directory", "/usr/share/common-licenses")


def enabled_ids():
    """The running enabled containers of this engine, as Docker has them."""
    return sorted(docker("ps", "-q", "--no-trunc", "--filter",
                         "label=dockflare.enable=true").split())


class Agent:
    """The agent and its proxies under the project's compose file, in one of its profiles."""

    def __init__(self, master, control_network):
        self.settings = {
            "DOCKFLARE_AGENT_IMAGE": os.environ["AGENT_IMAGE"],
            "HAPROXY_IMAGE": os.environ["HAPROXY_IMAGE"],
            "CONTROL_NETWORK": control_network, "CLOUDFLARED_NETWORK_NAME": NETWORK,
            "CLOUDFLARED_IMAGE": os.environ["STANDIN_IMAGE"], "DOCKFLARE_MASTER_URL": master.url,
            "DOCKFLARE_API_KEY": master.key, "AGENT_DISPLAY_NAME": "demo-host",
            "REPORT_INTERVAL_SECONDS": "2", "COMMAND_POLL_SECONDS": "1", "LOG_LEVEL": "INFO",
        }
        self.profile = "standard"
        # For the hardened profile: as a user makes it, readable for the agent's uid alone.
        self.folder = tempfile.TemporaryDirectory()
        self.settings["DOCKFLARE_API_KEY_FROM"] = os.path.join(self.folder.name, "api_key")
        with open(self.settings["DOCKFLARE_API_KEY_FROM"], "w", encoding="ascii",
                  opener=lambda path, flags: os.open(path, flags, 0o400)) as file:
            file.write(master.key + "\n")
        if os.geteuid() == 0:
            os.chown(self.settings["DOCKFLARE_API_KEY_FROM"], 65532, 65532)
            os.chmod(self.folder.name, 0o755)

    @property
    def service(self):
        return "dockflare-agent" + ("" if self.profile == "standard" else "-hardened")

    def compose(self, *arguments, **options):
        """Compose with these settings only: neither the user's .env nor the shell's variables."""
        with tempfile.NamedTemporaryFile("w", suffix=".env") as file:
            file.writelines(f"{name}={value}\n" for name, value in self.settings.items())
            file.flush()
            return run(*os.environ["COMPOSE"].split(), "-p", PROJECT, "-f",
                       os.path.join(SOURCE, "docker-compose.yml"), "--project-directory", SOURCE,
                       "--env-file", file.name, *arguments,
                       environment=clean_environment(COMPOSE_PROFILES=self.profile), **options)

    def start(self, profile):
        self.profile = profile
        self.compose("up", "-d", "--no-build", timeout=180)

    def stop(self):
        self.compose("stop", self.service)

    @property
    def container(self):
        """The id of its container, also when it has ended."""
        return docker("ps", "-aq", "--no-trunc",
                      "--filter", f"label=com.docker.compose.project={PROJECT}",
                      "--filter", f"label=com.docker.compose.service={self.service}")

    def control(self, *arguments):
        return docker("exec", self.container, "dockflare-agentctl", *arguments, check=False)

    def status(self):
        text = self.control("status", "--json")
        return json.loads(text) if text.startswith("{") else {}

    def link(self):
        return self.status().get("link", {}).get("state")

    def pids(self):
        """Worker's name to pid inside the container, of those that run."""
        return {worker["name"]: worker["pid"] for worker in self.status().get("workers", [])
                if worker["state"] == "running"}

    def host_pids(self):
        """Pids of all its processes as this machine has them, the supervisor's first."""
        first = inspect(self.container)["State"]["Pid"]
        rows = docker("top", self.container, "-eo", "pid").splitlines()[1:]
        return [first] + [int(row) for row in rows if int(row) != first]

    def kill(self, pid):
        """SIGKILL to one of its processes, from among them but outside the sandboxes.  The agent's
        image has no shell; another container has, and joins it."""
        docker("run", "--rm", "--label", LABEL, "--network", "none", "--user", "0:0",
               "--pid", f"container:{self.container}", TOOLS_IMAGE, "sh", "-c", f"kill -9 {pid}")


def read_process(pid):
    """/proc/PID/status as a dictionary."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(re.split(r":\s*", line.strip(), maxsplit=1) for line in file if ":" in line)
