# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Docker engine: its command line, and the containers and networks of one test run."""

import http.client
import io
import json
import os
import socket
import subprocess
import tarfile
import tempfile
import time

from . import wait

SOCKET = os.environ.get("TEST_DOCKER_SOCKET", "/var/run/docker.sock")
TUNNEL_CONTAINER = "dockflare-agent-tunnel"
TUNNEL_IMAGE = os.environ.get("TEST_TUNNEL_IMAGE", "standin-cloudflared:test")
AGENT_IMAGE = os.environ.get("TEST_AGENT_IMAGE", "dockflare-agent:dev")
TOOLS_IMAGE = os.environ.get("TOOLS_IMAGE", "dockflare-test-tools:bookworm")
PAUSE_IMAGE = "dockflare-test-pause:2"

# A container that does nothing, ends at once on SIGTERM, or ends by itself: "/pause MS CODE".
# Given cloudflared's arguments it does nothing either.
PAUSE_SOURCE = r"""
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static void end(int number) { (void)number; _exit(0); }
int main(int argc, char **argv)
{
	signal(SIGTERM, end);
	if (argc == 3) {
		usleep((useconds_t)atoi(argv[1]) * 1000);
		return atoi(argv[2]);
	}
	for (;;)
		pause();
}
"""


def docker(*arguments, check=True, timeout=60, stdin=None):
    """Runs the docker command; its output without the last newline, stderr included if it fails."""
    return docker_bytes(*arguments, check=check, timeout=timeout,
                        stdin=stdin).decode("utf-8", "replace").strip()


def docker_bytes(*arguments, check=True, timeout=60, stdin=None):
    environment = {**os.environ, "DOCKER_HOST": "unix://" + SOCKET}
    done = subprocess.run(["docker", *arguments], env=environment, input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    if check and done.returncode != 0:
        raise AssertionError("docker %s: %s" % (" ".join(arguments[:6]),
                                                done.stderr.decode("utf-8", "replace").strip()))
    return done.stdout


def inspect(name):
    """What Docker says of one container, or None if there is none."""
    status, text = exchange("GET", "/containers/%s/json" % name)
    assert status in (200, 404), (status, text[:300])
    return json.loads(text) if status == 200 else None


def token_of(container):
    """The token that an inspected container has: in a variable, or in the file that docker-gate puts
    it into; None if it has none."""
    variables = dict(item.split("=", 1) for item in container["Config"]["Env"])
    if "TUNNEL_TOKEN" in variables or "TUNNEL_TOKEN_FILE" not in variables:
        return variables.get("TUNNEL_TOKEN")
    status, data = exchange("GET", "/containers/%s/archive?path=%s" % (
        container["Id"], variables["TUNNEL_TOKEN_FILE"]))
    if status != 200:
        return None
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.extractfile(tar.getmembers()[0]).read().decode()


def discard(name):
    """Ends and removes a container, with its volumes; one that is not there is none."""
    status, text = exchange("DELETE", "/containers/%s?force=1&v=1" % name)
    # 409: somebody else is removing it.
    if status == 409:
        wait_gone(name)
    else:
        assert status in (204, 404), (status, text[:300])


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


def exchange(method, path, body=None):
    """One call to the engine itself: status and body.  The command line takes ten times as long."""
    connection = UnixConnection("localhost", timeout=30)
    try:
        connection.request(method, "/v1.41" + path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def call(method, path, body=None):
    """A call for what the command line can't say; its JSON answer."""
    status, text = exchange(method, path, body)
    assert status < 300, (method, path, status, text[:300])
    return json.loads(text) if text else None


def events(name, since, until=None):
    """What happened to one container: (time, action) of each of Docker's events, in order."""
    text = docker("events", "--since", "%.6f" % since, "--until",
                  "%.6f" % (until or time.time()), "--filter", "container=" + name,
                  "--format", "{{json .}}")
    found = [json.loads(line) for line in text.splitlines()]
    return [(event["timeNano"] / 1e9, event["Action"]) for event in found]


def running(name):
    found = inspect(name)
    return found if found and found["State"]["Running"] else None


def has_image(name):
    return docker("image", "inspect", name, "--format", "{{.Id}}", check=False) != ""


def build_pause_image():
    """Makes the tiny image of the labelled containers, from nothing but a C compiler."""
    if has_image(PAUSE_IMAGE):
        return
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "pause.c")
        with open(source, "w", encoding="ascii") as file:
            file.write(PAUSE_SOURCE)
        subprocess.run(["gcc", "-static", "-Os", "-o", folder + "/pause", source], check=True)
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(folder + "/pause", "pause")
        docker("import", "-c", 'ENTRYPOINT ["/pause"]', "-", PAUSE_IMAGE,
               stdin=archive.getvalue())


def enabled_running():
    """Id to name of the running containers that carry an enabling label, as Docker has them."""
    found = {}
    for label in ("dockflare.enable", "cloudflare.tunnel.enable"):
        text = docker("ps", "--no-trunc", "--filter", "label=%s=true" % label,
                      "--format", "{{.ID}} {{.Names}}")
        found.update(line.split(" ", 1) for line in text.splitlines())
    return found


class Engine:
    """The containers and networks that one test run makes: named for it, removed with it."""

    def __init__(self, session):
        self.session = session
        self.network = "it-net-" + session
        self.containers = []
        self.networks = []
        docker("network", "create", "--label", "test-run=" + session, self.network)
        self.networks.append(self.network)

    def name(self, short):
        return "it-%s-%s" % (self.session, short)

    def run(self, short, labels=None, command=(), restart="no", image=PAUSE_IMAGE, network="none",
            more=()):
        """Starts a container with labels; its full name.  Its id is in ids[name]."""
        name = self.name(short)
        arguments = ["run", "-d", "--name", name, "--network", network, "--restart", restart,
                     "--label", "test-run=" + self.session, "--log-driver", "none"]
        for key, value in (labels or {}).items():
            arguments += ["--label", "%s=%s" % (key, value)]
        docker(*arguments, *more, image, *command)
        self.containers.append(name)
        return name

    def service(self, short, **more):
        """An enabled container with a hostname of its own."""
        return self.run(short, {"dockflare.enable": "true",
                                "dockflare.hostname": "%s.example.com" % self.name(short),
                                "dockflare.service": "http://%s:80" % short,
                                **more.pop("labels", {})}, **more)

    def hostname_rule(self, short):
        return "%s.example.com|" % self.name(short)

    def remove(self, name):
        discard(name)
        if name in self.containers:
            self.containers.remove(name)

    def remove_containers(self):
        for name in self.containers:
            discard(name)
        self.containers = []

    def close(self):
        """The tunnel's container is left: another part of the tests may be using it."""
        self.remove_containers()
        for network in self.networks:
            docker("network", "rm", network, check=False)


def logs(name):
    """What a container printed, on either of its outputs."""
    environment = {**os.environ, "DOCKER_HOST": "unix://" + SOCKET}
    return subprocess.run(["docker", "logs", name], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=20).stdout.decode("utf-8", "replace")


def wait_running(name, seconds=10):
    return wait.until(name + " runs", lambda: running(name), seconds)


def wait_gone(name, seconds=10):
    wait.until(name + " is removed", lambda: inspect(name) is None, seconds)
