# SPDX-License-Identifier: GPL-3.0-or-later
"""docker-gate on loopback, in either start mode; and in the place of a proxy."""

import os
import tempfile

from . import docker, install, proxies, wait
from .agent import Agent, children

WORKERS = ("gate-read", "gate-tunnel", "gate-engine")
# What a gate must know of the agent behind it; all else is its own.
SHARED_SETTINGS = ("CLOUDFLARED_IMAGE", "CLOUDFLARED_NETWORK_NAME", "LABEL_PREFIX")


def group_of(socket_path):
    """The group that may use a socket."""
    return str(os.stat(socket_path).st_gid)


class Gate(Agent):
    """One gate before the engine of a socket; with `engine`, a URL, before what answers there."""

    name_of_program, workers = "docker-gate", WORKERS
    parts = ("read", "tunnel", "engine")

    def __init__(self, prefix, folder, mode="shared", socket_path=None, engine=None, ports=None,
                 **settings):
        socket_path = socket_path or docker.SOCKET
        self.ports = ports or proxies.free_ports(2)
        environment = {
            "GATE_READ_LISTEN": "tcp://127.0.0.1:%d" % self.ports[0],
            "GATE_TUNNEL_LISTEN": "tcp://127.0.0.1:%d" % self.ports[1],
            "GATE_DOCKER_HOST": engine or "unix://" + socket_path,
            "LOG_LEVEL": "DEBUG",
            **{name: value for name, value in settings.items() if value is not None},
        }
        groups = group_of(socket_path) if engine is None and mode == "shared" else None
        os.makedirs(folder, exist_ok=True)
        super().__init__(prefix, folder, mode, environment, groups)

    def pids(self):
        """Worker's name to pid: two of them run one program, so it is what they are called by."""
        found = {}
        for pid in children(self.pid):
            try:
                with open("/proc/%d/cmdline" % pid, "rb") as file:
                    name = os.path.basename(file.read().split(b"\0")[0].decode())
            except OSError:
                continue
            if name in self.workers:
                found[name] = pid
        return found

    @property
    def host(self):
        """The read endpoint, for DOCKER_HOST."""
        return self.environment["GATE_READ_LISTEN"]

    @property
    def tunnel_host(self):
        return self.environment["GATE_TUNNEL_LISTEN"]

    def address(self, endpoint):
        return "127.0.0.1", self.ports[endpoint == "tunnel"]

    def close(self):
        self.kill()
        self.forget()


def between(through, kind, folder):
    """What stands before the engine: "proxy" or "gate"."""
    return GateAsProxy(kind, folder) if through == "gate" else proxies.Proxy(kind, folder, recorded=kind)


class GateAsProxy:
    """As proxies.Proxy("read" or "tunnel"), with a gate of its own behind the same members."""

    def __init__(self, kind, folder):
        self.kind = kind
        self.folder = tempfile.mkdtemp(prefix="gate-%s-" % kind, dir=folder)
        os.chmod(self.folder, 0o755)
        self.settings = {}
        self.gate = None
        for last in (False, False, True):
            self.ports = proxies.free_ports(2)
            try:
                self.start()
                return
            except AssertionError:  # somebody's connection took one of them meanwhile
                self.stop()
                if last:
                    raise

    @property
    def port(self):
        return self.ports[self.kind == "tunnel"]

    @property
    def host(self):
        return "tcp://127.0.0.1:%d" % self.port

    @property
    def process(self):
        return self.gate.process

    def start(self):
        self.gate = Gate(install.prefix(), self.folder, ports=self.ports, **self.settings).start()
        wait.until("the gate answers on port %d" % self.port,
                   lambda: proxies.answers(self.port), 5)

    def suit(self, settings):
        """A gate for an agent that has these settings: started anew if it had others."""
        wanted = {name: settings[name] for name in SHARED_SETTINGS if settings.get(name)}
        if wanted != self.settings:
            self.settings = wanted
            running = self.process.poll() is None
            self.stop()
            if running:
                self.start()

    def stop(self):
        """Closes the port and every connection through it."""
        self.gate.kill()
        self.gate.forget()

    def close(self):
        self.stop()
