# SPDX-License-Identifier: GPL-3.0-or-later
"""The compose file that a master generates for a new agent, up, with whatever image."""

import json
import os
import secrets
import subprocess

from . import compose, docker, install

FOLDER = os.path.join(install.TOP, "tests", "integration", "generated")


class Generated:
    """A master that the tunnel's network reaches, and the deployment, which is not up yet.

    `files` are further compose files, such as a user's own settings.
    """

    def __init__(self, master, network, *files):
        self.master = master
        found, = json.loads(docker.docker("network", "inspect", network))
        gateway = found["IPAM"]["Config"][0]["Gateway"]
        master.control("move", bind=gateway)
        self.environment = {
            "PATH": os.environ["PATH"], "DOCKER_HOST": "unix://" + docker.SOCKET,
            "HAPROXY_IMAGE": os.environ["HAPROXY_IMAGE"], "AGENT_IMAGE": docker.AGENT_IMAGE,
            "DOCKER_SOCKET": docker.SOCKET, "NETWORK": network, "TZ": "UTC",
            "CLOUDFLARED_IMAGE": docker.TUNNEL_IMAGE,
            "DOCKFLARE_MASTER_URL": "http://%s:%d" % (gateway, master.port),
            "DOCKFLARE_API_KEY": master.key}
        self.project = "it-generated-" + secrets.token_hex(3)
        self.options = ["-f", os.path.join(FOLDER, "docker-compose.yml")]
        for name in files:
            self.options += ["-f", os.path.join(FOLDER, name)]

    def compose(self, *words):
        done = subprocess.run([*compose.command(), "-p",
                               self.project, *self.options, *words], env=self.environment,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=120)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def up(self, image=None):
        """Starts it, or replaces the agent alone by one of another image."""
        if image is not None:
            self.environment["AGENT_IMAGE"] = image
        self.compose("up", "-d", "--timeout", "4")

    @property
    def container(self):
        return self.compose("ps", "-q", "dockflare-agent").split()[-1]

    def log(self):
        return self.compose("logs", "--no-color", "dockflare-agent")

    def close(self):
        self.compose("down", "--volumes", "--timeout", "4")
