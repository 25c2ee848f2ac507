# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in master as a process, and its control API."""

import json
import os
import subprocess
import time
import urllib.request

from . import wait

STANDIN = os.path.join(os.path.dirname(__file__), "..", "..", "standin", "master.py")
AGENTS = "/api/v2/agents"
# What an answer shows may be seen before its request counts as finished.
FINISH_SECONDS = 0.2


class Master:
    """A running stand-in master.  Times of its record are time.time()."""

    def __init__(self, key, *options, protocol="2"):
        self.key = key
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-B", STANDIN, "--key", key, "--protocol", protocol,
             "--control-port", "0", *options], stdout=subprocess.PIPE, text=True)
        ports = json.loads(self.process.stdout.readline())
        self.port = ports["port"]
        self.control_port = ports["control_port"]
        self.scheme = "https" if "--tls-cert" in options else "http"
        self.mark = 0
        self.seen_bodies = []

    @property
    def url(self):
        return "%s://127.0.0.1:%d" % (self.scheme, self.port)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.process.stdout.close()

    # -- control --------------------------------------------------------------------------------

    def call(self, path, body=None):
        url = "http://127.0.0.1:%d%s" % (self.control_port, path)
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
            return json.load(answer)

    def control(self, name, **body):
        return self.call("/_test/" + name, body)

    def fault(self, kind, path="", **more):
        self.control("fault", kind=kind, path=path, **more)

    def command(self, action, **fields):
        self.control("command", command={"action": action, **fields})

    def start_tunnel(self, tunnel):
        self.command("start_tunnel", tunnel_name=tunnel.name, tunnel_id=tunnel.id,
                     token=tunnel.token)

    def restart_tunnel(self, tunnel):
        self.command("restart_tunnel", tunnel_name=tunnel.name, tunnel_id=tunnel.id,
                     tunnel_token=tunnel.token)

    # -- its record -----------------------------------------------------------------------------

    def state(self, since=0):
        return self.call("/_test/state?since=%d" % since)

    def agent(self):
        """The latest registered agent's record, or None."""
        state = self.call("/_test/state?requests=no")
        return state["agents"].get(state["latest"])

    def rules(self, status="active"):
        state = self.call("/_test/state?requests=no")
        return {name: rule for name, rule in state["rules"].items() if rule["status"] == status}

    def containers(self):
        """Name to container, as the master knows the latest agent's."""
        agent = self.agent()
        return {c["name"]: c for c in agent["containers"].values()} if agent else {}

    def tunnel(self):
        agent = self.agent()
        return (agent or {}).get("tunnel") or {}

    def requests(self, path="", since=None):
        """Finished requests whose path contains path, from the mark (or since) on."""
        since = self.mark if since is None else since
        until = time.monotonic() + FINISH_SECONDS
        while True:
            found = [r for r in self.state(since)["requests"] if path in r["path"]]
            if all("status" in r for r in found) or time.monotonic() > until:
                return [r for r in found if "status" in r]
            time.sleep(0.01)

    def bodies(self, path="", kind=None):
        """JSON bodies of those requests, of an event type if one is given."""
        found = [json.loads(r["body"]) for r in self.requests(path) if r["body"]]
        return [body for body in found if kind is None or body.get("type") == kind]

    def events(self, kind=None):
        return self.bodies("/events", kind)

    def set_mark(self):
        """From now on requests(), bodies() and events() only tell of what comes after."""
        self.mark = self.call("/_test/state?requests=no")["next_request"]

    # -- waiting --------------------------------------------------------------------------------

    def wait_registered(self, seconds=10):
        return wait.until("an agent registers", self.agent, seconds)

    def wait_container(self, name, seconds=10):
        return wait.until("the master knows container " + name,
                          lambda: self.containers().get(name), seconds)

    def wait_no_container(self, name, seconds=10):
        wait.until("the master no longer has container " + name,
                   lambda: self.agent() and name not in self.containers(), seconds)

    def wait_tunnel(self, status, seconds=10):
        return wait.until("the master's tunnel is " + status,
                          lambda: self.tunnel() if self.tunnel().get("status") == status else None,
                          seconds)

    def wait_events(self, kind, count=1, seconds=10):
        return wait.until("%d × %s" % (count, kind),
                          lambda: (lambda e: e if len(e) >= count else None)(self.events(kind)),
                          seconds)

    def wait_requests(self, path, count=1, seconds=10):
        return wait.until("%d requests on %s" % (count, path),
                          lambda: (lambda r: r if len(r) >= count else None)(self.requests(path)),
                          seconds)
