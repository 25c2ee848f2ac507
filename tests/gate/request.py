# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as bytes, and the body that the agent's tunnel-keeper sends, to be altered."""

import copy
import json
from dataclasses import dataclass

CREATE = "/v1.41/containers/create?name=dockflare-agent-tunnel"

# What workers/tunnel-keeper/create.c makes, its key's order too.
GOOD = {
    "Image": "<image>",
    "Cmd": ["tunnel", "--no-autoupdate", "run"],
    "Env": ["TUNNEL_TOKEN=<token>", "TUNNEL_GRACE_PERIOD=5s", "TUNNEL_METRICS=0.0.0.0:20241"],
    "Labels": {"dockflare.agent.owner": "dockflare-agent", "dockflare.agent.command-id": "cmd-1"},
    "HostConfig": {
        "NetworkMode": "<network>",
        "RestartPolicy": {"Name": "unless-stopped"},
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
    },
}
TEXT = json.dumps(GOOD)


@dataclass
class Call:
    """A request in order.  `headers` come behind those that its body needs."""

    method: str
    target: str
    # Bytes, text, what JSON makes of it, or a function that is given `fill`; None: no length either.
    body: object = None
    headers: tuple = ()
    kind: str = "application/json"
    close: bool = True
    version: str = "HTTP/1.1"

    def bytes(self, fill=lambda data: data):
        lines = ["%s %s %s" % (self.method, self.target, self.version), "Host: docker"]
        body = b""
        if self.body is not None:
            body = self.body(fill) if callable(self.body) else fill(as_bytes(self.body))
            lines += ["Content-Type: " + self.kind, "Content-Length: %d" % len(body)]
        lines += self.headers
        if self.close:
            lines.append("Connection: close")
        return fill("\r\n".join(lines + ["", ""]).encode("latin-1")) + body


@dataclass
class Together:
    """Requests on one connection, sent at once."""

    calls: tuple

    def bytes(self, fill=lambda data: data):
        return b"".join(call if isinstance(call, bytes) else call.bytes(fill)
                        for call in self.calls)


def as_bytes(body):
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def set_in(*path):
    """The good body with the value, the last argument, at a path of keys."""
    *keys, last, value = path
    body = copy.deepcopy(GOOD)
    inner = body
    for key in keys:
        inner = inner.setdefault(key, {}) if isinstance(inner, dict) else inner[key]
    inner[last] = value
    return body


def without(*path):
    *keys, last = path
    body = copy.deepcopy(GOOD)
    inner = body
    for key in keys:
        inner = inner[key]
    del inner[last]
    return body


def replaced(old, new):
    """The good body's text with one part changed."""
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def padded(size):
    """The good body with blanks behind it, so many bytes in all."""
    return lambda fill: fill(TEXT.encode()).ljust(size)


def create(body, target=CREATE, **more):
    return Call("POST", target, body, **more)


def get(target, **more):
    return Call("GET", target, **more)


def post(target, body=None, **more):
    return Call("POST", target, body, **more)
