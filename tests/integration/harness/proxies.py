# SPDX-License-Identifier: GPL-3.0-or-later
"""Real HAProxy in front of the engine's socket, with the rules that the project ships."""

import os
import socket
import subprocess

from . import calls, docker, wait

TOP = os.path.join(os.path.dirname(__file__), "..", "..", "..")
CONFIGURATIONS = {
    "read": os.path.join(TOP, "deploy", "haproxy", "read.cfg"),
    "tunnel": os.path.join(TOP, "deploy", "haproxy", "tunnel.cfg"),
    "tecnativa": os.path.join(TOP, "tests", "proxies", "tecnativa.cfg"),
}


def free_ports(count):
    """So many, each another one."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def free_port():
    return free_ports(1)[0]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Proxy:
    """One HAProxy on loopback; can be stopped and started again on the same port.

    Its configuration is one of those above, or that of a path of its own; it stands before the
    engine's socket, or another.  With `recorded` (whose calls: "read", "tunnel" or "any") its log
    has each call: see calls.py.
    """

    def __init__(self, kind, folder, port=None, path=None, socket_path=None, recorded=None):
        self.socket_path = socket_path
        self.configuration = path or CONFIGURATIONS[kind]
        self.port = port or free_port()
        name = "calls-" + recorded if recorded else "haproxy-" + kind
        self.output = open(os.path.join(folder, "%s-%d.log" % (name, self.port)), "ab")
        if recorded:
            text = calls.recording(self.configuration)
            self.configuration = self.output.name + ".cfg"
            with open(self.configuration, "w", encoding="utf-8") as file:
                file.write(text)
        self.process = None
        self.start()

    @property
    def host(self):
        return "tcp://127.0.0.1:%d" % self.port

    def start(self):
        environment = {**os.environ, "PROXY_BIND": "127.0.0.1:%d" % self.port,
                       "PROXY_PORT": str(self.port), "DOCKER_SOCKET": self.socket_path or docker.SOCKET}
        self.process = subprocess.Popen(["haproxy", "-db", "-f", self.configuration],
                                        env=environment, stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=self.output)
        wait.until("haproxy answers on port %d" % self.port, lambda: answers(self.port), 5)

    def stop(self):
        """Closes the port and every connection through it, as a proxy does that is restarted."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)

    def close(self):
        self.stop()
        self.output.close()
