# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Docker engine of a test's own, beside the machine's: it can be restarted."""

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile

from . import docker, wait

START_SECONDS = 30


class OwnEngine:
    """Runs dockerd with folders and networks of its own: a dockerd without a bridge removes docker0,
    the other one's too."""

    def __init__(self, output, *options, images=()):
        # Short: sockets lie in it.
        self.folder = tempfile.mkdtemp(prefix="de-")
        os.chmod(self.folder, 0o755)
        self.options = options
        self.output = output
        self.process = None
        with open(self.network, "wb"):
            subprocess.run(["unshare", "--net=" + self.network, "true"], check=True)
        self.start()
        if images:
            self.command("load", stdin=docker.docker_bytes("save", *images))

    @property
    def socket(self):
        return os.path.join(self.folder, "docker.sock")

    @property
    def network(self):
        """The file that holds its network namespace, from one dockerd to the next."""
        return os.path.join(self.folder, "network")

    def arguments(self):
        return ["--data-root", self.folder + "/data", "--exec-root", self.folder + "/exec",
                "--pidfile", self.folder + "/pid", "--host", "unix://" + self.socket,
                "--config-file", self.folder + "/none.json", "--bridge=none", "--iptables=false",
                "--ip6tables=false", "--ip-masq=false", *self.options]

    def start(self):
        with open(self.folder + "/none.json", "w", encoding="ascii") as file:
            file.write("{}")
        with open(self.output, "ab") as log:
            self.process = subprocess.Popen(["nsenter", "--net=" + self.network, "dockerd",
                                             *self.arguments()], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        wait.until("the engine answers", self.answers, START_SECONDS)

    def command(self, *arguments, stdin=None):
        return subprocess.run(["docker", "--host", "unix://" + self.socket, *arguments],
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120, check=True).stdout.decode("utf-8", "replace").strip()

    def answers(self):
        assert self.process.poll() is None, "dockerd ended: see %s" % self.output
        done = subprocess.run(["docker", "--host", "unix://" + self.socket, "version"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
        return done.returncode == 0

    def stop(self):
        """In order; with --live-restore its containers run on."""
        self.process.terminate()
        self.process.wait(60)

    def close(self):
        if self.process.poll() is not None:
            self.start()
        for container in self.command("ps", "--all", "--quiet").split():
            self.command("rm", "--force", container)
        self.command("network", "prune", "--force")
        self.stop()
        for mounted in (["--recursive", self.folder + "/data"], [self.network]):
            subprocess.run(["umount", *mounted], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def in_place(output, images):
    """An engine that docker.* speaks to in the machine's place, as docker.Engine: it has these images.

    What its containers listen at can't be reached from outside of its network.
    """
    docker.build_pause_image()
    own = OwnEngine(os.path.join(output, "dockerd-%s.log" % secrets.token_hex(3)), images=images)
    machines, docker.SOCKET = docker.SOCKET, own.socket
    try:
        made = docker.Engine(secrets.token_hex(3))
        yield made
        made.close()
    finally:
        docker.SOCKET = machines
        own.close()
