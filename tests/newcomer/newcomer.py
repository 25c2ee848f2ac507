#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""./dev newcomer: types the README's way to a running deployment, command by command, in a clean
container, as somebody would who never saw the project.

What such a person has beside: a master (the stand-in, on this machine), its key, and an editor.  The
container has the engine's socket and a folder that has the same path on both sides, since the engine
mounts what Compose names.
"""
import ipaddress
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

SOURCE = os.environ["SOURCE"]
sys.path.append(os.path.join(SOURCE, "tests", "demo"))
from engine import Failure, docker, inspect  # noqa: E402

NETWORK, TUNNEL = "cloudflare-net", "dockflare-agent-tunnel"
IMAGE = "dockflare-newcomer:test"
AGENTS = {"standard": "dockflare-agent", "hardened": "dockflare-agent-hardened"}
COMMANDS_MAX = 9


def commands(profile):
    """The README's block for that profile, a command a line."""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        block = re.search(rf"<!-- newcomer: {profile} -->\n```sh\n(.*?)```", file.read(), re.S)
    return block[1].strip().splitlines()


class Newcomer:
    """A person at a clean machine."""

    def __init__(self, profile):
        self.profile = profile
        self.key = "demo-" + secrets.token_hex(20)
        self.name = "dockflare-newcomer-" + secrets.token_hex(3)
        self.folder = tempfile.mkdtemp(prefix="dockflare-newcomer-")
        self.checkout = os.path.join(self.folder, "dockflare-agent")
        subnet = json.loads(docker("network", "inspect", "bridge"))[0]["IPAM"]["Config"][0]["Subnet"]
        self.gateway = str(ipaddress.ip_network(subnet)[1])

    def prepare(self):
        for what, kind in ((NETWORK, "network"), (TUNNEL, "container")):
            if inspect(what, kind):
                raise Failure(f"{kind} {what} is here already: this is no clean machine")
        docker("build", "--quiet", "--tag", IMAGE, os.path.join(SOURCE, "tests", "newcomer"),
               timeout=300)
        docker("run", "-d", "--name", self.name + "-master", "--network", "host", "--init",
               os.environ["TOOLS_IMAGE"], "python3", "/standin/master.py", "--bind", self.gateway,
               "--port", "5000", "--control-port", "5001", "--key", self.key)
        docker("run", "-d", "--name", self.name, "--init", "-v",
               "/var/run/docker.sock:/var/run/docker.sock", "-v", f"{self.folder}:{self.folder}",
               IMAGE, "sleep", "infinity")
        # The last commit, as a person gets it.
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", SOURCE, self.checkout],
                       check=True)

    def type(self, command, typed=""):
        """Runs it in the container's shell; what it prints goes to our output."""
        # What an editor would do: the settings that the README names, and images that exist here.
        settings = {"DOCKFLARE_MASTER_URL": f"http://{self.gateway}:5000",
                    "CLOUDFLARED_IMAGE": os.environ["STANDIN_IMAGE"],
                    "COMPOSE_PROFILES": self.profile}
        if self.profile == "standard":
            settings.update({"DOCKFLARE_API_KEY": self.key,
                             "HAPROXY_IMAGE": os.environ["HAPROXY_IMAGE"]})
        edits = "".join(f"sed -i '/^#\\?{name}=/d' \"$1\"; echo '{name}={value}' >> \"$1\"\n"
                        for name, value in settings.items())
        script = (f"printf '%s' \"$EDITS\" > /tmp/editor; chmod +x /tmp/editor; "
                  f"export EDITOR='sh /tmp/editor'; {command}")
        done = subprocess.run(
            ["docker", "exec", "-i", "-e", "EDITS=" + edits, "-w", self.checkout, self.name, "bash", "-c", script], input=typed, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=900, errors="replace", check=False)
        for line in done.stdout.strip().splitlines()[-12:]:
            print("    " + line.replace(self.key, "…"), flush=True)
        if done.returncode != 0:
            raise Failure(f"{command}: exit status {done.returncode}")
        return done.stdout

    def say(self, text):
        print("$ " + text, flush=True)

    def follow(self):
        found = commands(self.profile)
        if len(found) > COMMANDS_MAX:
            raise Failure(f"{len(found)} commands are not under ten")
        for command in found:
            self.say(command)
            # Compose's editor variable holds two words here, so it must not be quoted.
            command = command.replace('"${EDITOR:-vi}"', "$EDITOR")
            self.type(command, typed=self.key + "\n")

    def enrol(self):
        url = f"http://{self.gateway}:5001/_test/button"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(urllib.request.Request(url, b'{"action":"enrol"}'), timeout=10).read()
        self.say("(in the master: Enrol)")

    def serves(self):
        """Waits until the status says so, and shows it."""
        command = (f"docker compose exec -T {AGENTS[self.profile]} dockflare-agentctl "
                   "status --json")
        for _ in range(60):
            done = subprocess.run(["docker", "exec", "-w", self.checkout, self.name, "bash", "-c",
                                   command], stdout=subprocess.PIPE, text=True, check=False)
            status = json.loads(done.stdout) if done.stdout.startswith("{") else {}
            if status.get("status") == "healthy" and status["tunnel"]["state"] == "running":
                break
            time.sleep(0.5)
        else:
            raise Failure("the tunnel does not serve within 30 s")
        self.say(commands(self.profile)[-1])
        self.type(commands(self.profile)[-1].replace("exec ", "exec -T "))

    def leave(self):
        subprocess.run(["docker", "exec", "-w", self.checkout, self.name, "docker", "compose",
                        "down", "-v"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False)
        for name in (self.name, self.name + "-master", TUNNEL):
            docker("rm", "-f", "-v", name, check=False)
        docker("network", "rm", NETWORK, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    person = Newcomer(sys.argv[1])
    begin = time.monotonic()
    try:
        person.prepare()
        person.follow()
        person.enrol()
        person.serves()
        print(f"newcomer: {len(commands(person.profile))} commands to a running {person.profile} "
              f"deployment, {time.monotonic() - begin:.0f} s with the image's build")
        return 0
    except Failure as failure:
        print(f"newcomer: {failure}", file=sys.stderr)
        return 1
    finally:
        person.leave()


sys.exit(main())
