#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for cloudflared 2025.9.0 as the agent sees it: no tunnel, no Cloudflare account.

Called like the real one (`cloudflared --no-autoupdate tunnel --no-autoupdate run`), with the token
in TUNNEL_TOKEN, after `--token`, or in the file that TUNNEL_TOKEN_FILE names.  Answers `/ready` and `/metrics` on TUNNEL_METRICS, refuses a
token that is none, and on SIGTERM ends with 0 within its grace period.

For tests: STANDIN_READY=0 (or the file /tmp/not-ready) makes `/ready` answer 503,
STANDIN_EXIT=CODE ends at once with that code, STANDIN_LINGER=1 uses the whole grace period.
"""
import argparse
import base64
import binascii
import datetime
import json
import os
import re
import signal
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "2025.9.0"
CONNECTIONS = 4
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
CONNECTOR = str(uuid.uuid4())
METRICS = f"""\
# HELP build_info Build and version information
# TYPE build_info gauge
build_info{{goversion="go1.24.4",revision="2025-09-22",type="",version="{VERSION}"}} 1
# HELP cloudflared_tunnel_ha_connections Number of active ha connections
# TYPE cloudflared_tunnel_ha_connections gauge
cloudflared_tunnel_ha_connections {CONNECTIONS}
# HELP cloudflared_tunnel_total_requests Amount of requests proxied through all the tunnels
# TYPE cloudflared_tunnel_total_requests counter
cloudflared_tunnel_total_requests 0
"""


def log(level, text):
    """A line in the real one's form."""
    now = datetime.datetime.now(datetime.timezone.utc)
    print(now.strftime("%Y-%m-%dT%H:%M:%SZ"), level, text, file=sys.stderr, flush=True)


def read_token(given):
    """The token as it is given; a file counts only where nothing else is."""
    if given.token or not given.token_file:
        return given.token or ""
    try:
        with open(given.token_file, encoding="ascii") as file:
            return file.read().strip()
    except (OSError, UnicodeError) as error:
        print(f"Failed to read token file: {error}", file=sys.stderr)
        return ""


def tunnel_of(text):
    """The tunnel that a token is for (base64 of an object with account, tunnel, secret), or None."""
    try:
        token = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
    good = isinstance(token, dict) and all(isinstance(token.get(key), str) for key in "ats")
    return token["t"] if good else None


def is_ready():
    return os.environ.get("STANDIN_READY", "1") != "0" and not os.path.exists("/tmp/not-ready")


class Handler(BaseHTTPRequestHandler):
    """`/ready` and `/metrics`; anything else is 404."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/ready":
            status = 200 if is_ready() else 503
            body = {"status": status, "readyConnections": CONNECTIONS if status == 200 else 0,
                    "connectorId": CONNECTOR}
            self.answer(status, "application/json", json.dumps(body))
        elif self.path == "/metrics":
            self.answer(200, "text/plain; version=0.0.4; charset=utf-8", METRICS)
        else:
            self.answer(404, "text/plain; charset=utf-8", "404 page not found\n")

    def answer(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """The real one does not log these."""


def seconds(text):
    """A Go duration of the simple kind: 5s, 1m, 500ms."""
    match = re.fullmatch(r"(\d+)(ms|s|m)", text)
    return int(match[1]) * {"ms": 0.001, "s": 1, "m": 60}[match[2]] if match else 30


def listen(address):
    host, _, port = address.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log("INF", f"Starting metrics server on {host}:{port}/metrics")


def options():
    parser = argparse.ArgumentParser(prog="cloudflared", add_help=False)
    parser.add_argument("--no-autoupdate", action="store_true")
    parser.add_argument("--token", default=os.environ.get("TUNNEL_TOKEN"))
    parser.add_argument("--token-file", default=os.environ.get("TUNNEL_TOKEN_FILE"))
    parser.add_argument("--metrics", default=os.environ.get("TUNNEL_METRICS", "0.0.0.0:20241"))
    parser.add_argument("--grace-period", default=os.environ.get("TUNNEL_GRACE_PERIOD", "30s"))
    parser.add_argument("words", nargs="*")
    return parser.parse_intermixed_args()


def main():
    """Runs until SIGTERM or SIGINT; the exit status."""
    # Waited for, not handled: a signal that comes early, or while it is frozen, is not lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    given = options()
    if given.words == ["version"]:
        print(f"cloudflared version {VERSION} (built 2025-09-22-13:28 UTC)")
        return 0
    if given.words != ["tunnel", "run"]:
        print(f"the stand-in knows only `tunnel run`, not {given.words}", file=sys.stderr)
        return 1
    tunnel = tunnel_of(read_token(given))
    if tunnel is None:
        print("Provided Tunnel token is not valid.", file=sys.stderr)
        return 255
    if "STANDIN_EXIT" in os.environ:
        log("ERR", "told to end")
        return int(os.environ["STANDIN_EXIT"])
    log("INF", f"Version {VERSION}")
    log("INF", f"Starting tunnel tunnelID={tunnel}")
    listen(given.metrics)
    for index in range(CONNECTIONS):
        log("INF", f"Registered tunnel connection connIndex={index}")
    signal.sigwait(STOP_SIGNALS)
    log("INF", "Initiating graceful shutdown due to signal terminated ...")
    if os.environ.get("STANDIN_LINGER") == "1":
        threading.Event().wait(seconds(given.grace_period))
    log("INF", "Tunnel server stopped")
    return 0


sys.exit(main())
