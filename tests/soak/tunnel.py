# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the tunnel's container on a LoadEngine, and for the metrics of its cloudflared."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.docker import TUNNEL_CONTAINER
from harness.faulty_engine import json_answer

NETWORK = "standin-net"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class Metrics(BaseHTTPRequestHandler):
    """What cloudflared says on its metrics port."""

    def log_message(self, format, *args):
        pass

    def do_GET(self):
        body = b'build_info{version="2025.9.0"} 1\n'
        if self.path == "/ready":
            body = b'{"status":200,"readyConnections":4,"connectorId":"x"}'
        self.send_response(200 if self.server.tunnel.state == "running" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class StandinTunnel:
    """One container, as the tunnel's calls make, start, stop and remove it."""

    def __init__(self, engine):
        self.engine = engine
        self.id = self.name = self.state = self.started = None
        self.labels = {}
        self.body = {}
        self.made = 0
        self.tokens = []  # of each container that was started, in their order
        engine.tunnel = self
        engine.mend()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
        self.server.daemon_threads = True
        self.server.tunnel = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self):
        return self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def serve(self, server):
        for request, answer in (
                ("GET /v[0-9.]+/networks/", self.any), ("GET /v[0-9.]+/images/", self.any),
                ("POST /v[0-9.]+/containers/create", self.create),
                ("GET /v[0-9.]+/containers/%s/json" % TUNNEL_CONTAINER, self.inspect),
                ("POST /v[0-9.]+/containers/[0-9a-f]+/start", self.start),
                ("POST /v[0-9.]+/containers/[0-9a-f]+/stop", self.stop),
                ("DELETE /v[0-9.]+/containers/[0-9a-f]+", self.remove)):
            server.add(request, answer)

    # -- calls ------------------------------------------------------------------------------------

    def any(self, connection):
        connection.sendall(json_answer({"Id": "x", "Name": NETWORK}))

    def happens(self, action):
        self.name = TUNNEL_CONTAINER
        self.engine.send(action, self)

    def token(self):
        found = [text for text in self.body.get("Env", []) if text.startswith("TUNNEL_TOKEN=")]
        return found[0].partition("=")[2] if found else None

    def create(self, connection, body):
        with self.engine.lock:
            if self.state:
                connection.sendall(json_answer({"message": "Conflict"}, 409))
                return
            self.made += 1
            self.id = "%064x" % ((1 << 240) + self.made)
            self.body = json.loads(body)
            self.state, self.started = "created", ""
        connection.sendall(json_answer({"Id": self.id, "Warnings": []}, 201))

    create.with_body = True

    def inspect(self, connection):
        with self.engine.lock:
            answer = json_answer({"message": "No such container"}, 404)
            if self.state:
                answer = json_answer({
                    "Id": self.id, "Name": "/" + TUNNEL_CONTAINER, "RestartCount": 0,
                    "State": {"Status": self.state, "Error": "", "ExitCode": 0,
                              "StartedAt": self.started},
                    "Config": {name: self.body.get(name) for name in ("Image", "Env", "Labels")},
                    "NetworkSettings": {"Networks": {NETWORK: {
                        "IPAddress": "127.0.0.1", "GlobalIPv6Address": ""}}}})
        connection.sendall(answer)

    def start(self, connection):
        with self.engine.lock:
            if self.state != "running":
                self.state, self.started = "running", "%.3f" % time.time()
                self.tokens.append(self.token())
                self.happens("start")
        connection.sendall(NO_CONTENT)

    def stop(self, connection):
        with self.engine.lock:
            if self.state == "running":
                self.state = "exited"
                self.happens("die")
        connection.sendall(NO_CONTENT)

    def remove(self, connection):
        with self.engine.lock:
            if self.state:
                self.state = None
                self.happens("destroy")
        connection.sendall(NO_CONTENT)
