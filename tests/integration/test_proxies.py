# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of both socket proxies, by real HAProxy in front of an engine that says yes to all."""

import http.client
import os
import socketserver
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest

from harness import proxies, wait

ID = "0123456789abcdef" * 4
SILENCE_SECONDS = 3

# What the agent asks for (docs/security.md), and what it never does: (method, path) for each proxy.
ALLOWED = {
    "read": [
        ("GET", "/_ping"), ("GET", "/version"), ("GET", "/v1.24/version"),
        ("GET", "/v1.41/containers/json"), ("GET", "/v1.52/containers/json?limit=0"),
        ("GET", "/v1.41/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D"),
    ],
    "tunnel": [
        ("GET", "/_ping"), ("GET", "/version"),
        ("GET", "/v1.41/containers/dockflare-agent-tunnel/json"),
        ("GET", "/v1.41/networks/cloudflare-net"),
        ("GET", "/v1.41/images/cloudflare/cloudflared:2025.9.0/json"),
        ("GET", "/v1.41/images/registry.example:5000/a/b@sha256:%s/json" % ID),
        ("POST", "/v1.41/images/create?fromImage=cloudflare/cloudflared&tag=2025.9.0"),
        ("POST", "/v1.41/containers/create?name=dockflare-agent-tunnel"),
        ("POST", "/v1.41/containers/%s/start" % ID),
        ("POST", "/v1.41/containers/%s/stop?t=6" % ID),
        ("DELETE", "/v1.41/containers/%s?v=1" % ID),
        ("DELETE", "/v1.41/containers/%s?v=1&force=1" % ID),
    ],
}
REFUSED_BY_BOTH = [
    ("GET", "/v1.41/info"), ("GET", "/v1.41/containers/%s/logs" % ID), ("GET", "/v1.41/secrets"),
    ("GET", "/v1.41/containers/other/json"), ("GET", "/v1.41/containers/%s/json" % ID), ("GET", "/v1.41/containers/%s/json/x" % ID),
    ("GET", "/v1.41/containers/%s/archive?path=/" % ID), ("GET", "/v1.41/images/json"),
    ("GET", "/v1.41/images/../containers/json"), ("GET", "//_ping"), ("GET", "/_ping/"),
    ("GET", "/v1.41/%63ontainers/json"), ("GET", "/v1.41//containers/json"),
    ("GET", "/v1.41/x/../containers/json"), ("GET", "/v999/version"), ("HEAD", "/v1.41/version"),
    ("POST", "/_ping"), ("POST", "/v1.41/containers/json"), ("DELETE", "/v1.41/events"),
    ("POST", "/v1.41/containers/%s/exec" % ID), ("POST", "/v1.41/containers/%s/kill" % ID),
    ("POST", "/v1.41/containers/dockflare-agent-tunnel/stop"), ("POST", "/v1.41/build"),
    ("POST", "/v1.41/containers/create"), ("POST", "/v1.41/containers/create?name=other"),
    ("POST", "/v1.41/containers/create?name=other&name=dockflare-agent-tunnel"),
    ("POST", "/v1.41/containers/create?n%61me=other&name=dockflare-agent-tunnel"),
    ("POST", "/v1.41/images/create?fromSrc=-"),
    ("POST", "/v1.41/images/create?fromImage=a&tag=1&fromSrc=-"),
    ("DELETE", "/v1.41/images/a"), ("DELETE", "/v1.41/networks/cloudflare-net"),
]


class Engine(BaseHTTPRequestHandler):
    """Says yes to whatever comes through; an event stream is silent between two events."""

    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, format, *args):
        pass

    def answer(self):
        self.send_response(200)
        if "/events" not in self.path:
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(2):
            self.wfile.write(b"2\r\n{}\r\n")
            self.wfile.flush()
            time.sleep(SILENCE_SECONDS)
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_HEAD = do_POST = do_DELETE = answer


class EngineServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class ShortProxy(proxies.Proxy):
    """A shipped configuration with its minute of patience cut to a second."""

    before = ()

    def __init__(self, kind, folder, engine_socket):
        self.socket = engine_socket
        super().__init__(kind, folder)

    def start(self):
        with open(self.configuration, encoding="utf-8") as file:
            text = file.read()
        assert "timeout client 60s" in text and "timeout server 60s" in text
        path = self.output.name + ".cfg"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("60s", "1s"))
        self.process = subprocess.Popen(
            [*self.before, "haproxy", "-db", "-f", path], stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=self.output, env={**os.environ, "PROXY_BIND": "127.0.0.1:%d" % self.port,
                                     "DOCKER_SOCKET": self.socket})
        wait.until("haproxy answers", lambda: proxies.answers(self.port), 5)


class SlowLogProxy(ShortProxy):
    """Each line of its log takes 20 ms, as on a disk that is busy."""

    # -D: the tracer is the child, so that it is HAProxy that ends with this.
    before = ("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=writev",
              "-e", "inject=writev:delay_enter=20000")


@pytest.fixture(scope="module")
def engine_socket(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("engine") / "docker.sock")
    server = EngineServer(path, Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield path
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["read", "tunnel"])
def proxy(request, tmp_path, engine_socket):
    made = ShortProxy(request.param, str(tmp_path), engine_socket)
    made.kind = request.param
    yield made
    made.close()


def ask(proxy, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    try:
        connection.request(method, path, body)
        return connection.getresponse().status
    finally:
        connection.close()


def log(proxy):
    with open(proxy.output.name, encoding="utf-8", errors="replace") as file:
        return file.read()


def test_the_agents_calls_get_through(proxy):
    assert {call: ask(proxy, *call) for call in ALLOWED[proxy.kind]} == {
        call: 200 for call in ALLOWED[proxy.kind]}


def test_all_other_calls_are_refused_and_logged(proxy):
    other = "tunnel" if proxy.kind == "read" else "read"
    both = [call for call in ALLOWED[other] if call not in ALLOWED[proxy.kind]]
    refused = [call for call in REFUSED_BY_BOTH + both
               if call not in ALLOWED[proxy.kind] and call[1] != "/v1.24/version"]
    assert {call: ask(proxy, *call) for call in refused} == {call: 403 for call in refused}
    wait.until("each refusal is in the log", lambda: log(proxy).count(" 403 ") >= len(refused), 2)
    assert "PR--" in log(proxy)


@pytest.mark.parametrize("kind", ["read", "tunnel"])
def test_each_refusal_is_logged_however_slow_the_log_is(tmp_path, engine_socket, kind):
    """HAProxy with two threads drops about half of these lines."""
    proxy = SlowLogProxy(kind, str(tmp_path), engine_socket)
    try:
        assert {ask(proxy, "GET", "/v1.41/info") for _ in range(30)} == {403}
        wait.until("each refusal is in the log", lambda: log(proxy).count(" 403 ") >= 30, 2)
    finally:
        proxy.close()


def test_a_read_carries_no_body(proxy):
    if proxy.kind == "read":
        assert ask(proxy, "GET", "/v1.41/containers/json", b"{}") == 403
    else:
        assert ask(proxy, "POST", "/v1.41/containers/create?name=dockflare-agent-tunnel",
                   b"{}") == 200


def test_a_silent_event_stream_is_not_cut(tmp_path, engine_socket):
    proxy = ShortProxy("read", str(tmp_path), engine_socket)
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
    begin = time.monotonic()
    try:
        connection.request("GET", "/v1.41/events")
        assert connection.getresponse().read() == b"{}{}"
        assert time.monotonic() - begin >= 2 * SILENCE_SECONDS
    finally:
        connection.close()
        proxy.close()
