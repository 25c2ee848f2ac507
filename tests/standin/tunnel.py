# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel as Cloudflare would hand it out; its token opens nothing."""

import base64
import json
import secrets
import uuid


def made_up(name):
    """(name, id, token); the token is base64 JSON, as Cloudflare's are."""
    tunnel_id = str(uuid.uuid4())
    hidden = base64.b64encode(secrets.token_bytes(32)).decode()
    token = {"a": secrets.token_hex(16), "t": tunnel_id, "s": hidden}
    return name, tunnel_id, base64.b64encode(json.dumps(token).encode()).decode()
