# SPDX-License-Identifier: GPL-3.0-or-later
"""Every secret that the tests use, each drawn at random, so that a leak can be found by a search."""

import base64
import json
import secrets
import uuid

ALL = {}


def fresh(what, prefix=""):
    """A new secret; remembered with what it is."""
    value = prefix + secrets.token_hex(20)
    ALL[value] = what
    return value


class Tunnel:
    """A tunnel as a master hands it out.  The token is base64 JSON, as Cloudflare's are."""

    def __init__(self, name, account=None):
        self.name = name
        self.id = str(uuid.uuid4())
        self.account = account or secrets.token_hex(16)
        hidden = base64.b64encode(secrets.token_bytes(32)).decode()
        ALL[hidden] = "tunnel secret"
        text = json.dumps({"a": self.account, "t": self.id, "s": hidden}, separators=(",", ":"))
        self.token = base64.b64encode(text.encode()).decode()
        ALL[self.token] = "tunnel token"

    def state(self, desired="running"):
        """tunnel_state.json as the Python agent writes it."""
        return {"token": self.token, "id": self.id, "name": self.name, "desired_state": desired}


def found_in(text):
    """What is told of which secrets a text holds: their kinds, never their values."""
    return sorted({what for value, what in ALL.items() if value in text})
