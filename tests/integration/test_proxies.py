# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of both socket proxies, by real HAProxy in front of an engine that says yes to all."""

import http.client
import os
import re
import socketserver
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

import pytest
import yaml

from harness import calls, proxies, wait

ID = "0123456789abcdef" * 4
SILENCE_SECONDS = 3

# What the agent asks for (docs/hardening.md), and what it never does: (method, path) for each proxy.
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


# ---- the rules of docs/hardening.md for other proxies ----

def compose_of(heading):
    """The services of the YAML under a heading."""
    part = calls.document().split("\n### %s\n" % heading)[1]
    return yaml.safe_load(re.search(r"```yaml\n(.*?)```", part, re.S)[1])["services"]


def lets_through(service, method, path):
    """As wollomatic/socket-proxy decides: the whole path, unescaped and without its query."""
    rules = [word.split("=", 1)[1] for word in service["command"]
             if word.startswith("-allow%s=" % method)]
    assert len(rules) <= 1
    # What Go's regular expressions and Python's have alike.
    assert all(re.fullmatch(r"[A-Za-z0-9\\./()|\[\]{},_*+:@-]+", rule) and "(?" not in rule and
               not re.search(r"\\[^.]", rule) for rule in rules)
    return any(re.fullmatch(rule, unquote(path.split("?")[0])) for rule in rules)


# A version before these is the shipped rules' own generosity.
NOT_ASKED = ("/v1.24/version",)
# What each leaves open, as the document says; the body of a create besides.
LEFT_OPEN = {
    "wollomatic": {
        # An escape is undone before it is looked at: it is the same call.
        "read": [("GET", "/v1.41/%63ontainers/json"), ("GET", "/v1.41/containers/json?all=1")],
        "tunnel": [("POST", path) for path in (
            "/v1.41/containers/create", "/v1.41/containers/create?name=other",
            "/v1.41/containers/create?name=other&name=dockflare-agent-tunnel",
            "/v1.41/containers/create?n%61me=other&name=dockflare-agent-tunnel",
            "/v1.41/images/create?fromSrc=-", "/v1.41/images/create?fromImage=a&tag=1&fromSrc=-")]},
    "tecnativa": {
        "read": [("GET", "/v1.41/containers/%s/%s" % (ID, what))
                 for what in ("json", "logs", "archive?path=/", "export", "top")],
        "tunnel": [("POST", "/v1.41/containers/create?name=other"), ("DELETE", "/v1.41/images/a"),
                   ("POST", "/v1.41/containers/%s/exec" % ID), ("DELETE", "/v1.41/networks/n"),
                   ("POST", "/v1.41/containers/%s/kill" % ID),
                   ("GET", "/v1.41/containers/%s/archive?path=/" % ID)]},
}


@pytest.mark.parametrize("kind", ["read", "tunnel"])
def test_the_rules_for_wollomatics_proxy(kind):
    service = compose_of("wollomatic/socket-proxy")["docker-" + kind]
    asked = [call for call in ALLOWED[kind] if call[1] not in NOT_ASKED]
    assert [call for call in asked if not lets_through(service, *call)] == []
    left_open = LEFT_OPEN["wollomatic"][kind]
    assert [call for call in left_open if not lets_through(service, *call)] == []
    other = [call for call in ALLOWED["tunnel" if kind == "read" else "read"] if call not in asked]
    refused = [call for call in REFUSED_BY_BOTH + other if call not in asked + left_open]
    assert len(refused) > 20 and [call for call in refused if lets_through(service, *call)] == []


SECTIONS = {"CONTAINERS": "containers", "EVENTS": "events", "IMAGES": "images",
            "NETWORKS": "networks", "PING": "_ping", "VERSION": "version"}


@pytest.fixture(params=["read", "tunnel"])
def by_section(request, tmp_path, engine_socket):
    """tests/proxies/tecnativa.cfg with the variables of the document."""
    variables = compose_of("tecnativa/docker-socket-proxy")["docker-" + request.param]["environment"]
    assert set(variables) <= {*SECTIONS, "POST"}
    with open(proxies.CONFIGURATIONS["tecnativa"], encoding="ascii") as file:
        text = file.read()
    every = "(containers|events|images|networks|_ping|version)"
    deny = "  http-request deny unless section\n"
    assert text.count(every) == 1 and text.count(deny) == 1
    wanted = "|".join(path for name, path in SECTIONS.items() if variables.get(name) == 1)
    text = text.replace(every, "(%s)" % wanted)
    if variables["POST"] != 1:
        text = text.replace(deny, "  http-request deny unless METH_GET\n" + deny)
    (tmp_path / "sections.cfg").write_text(text)
    made = proxies.Proxy("tecnativa", str(tmp_path), path=str(tmp_path / "sections.cfg"),
                         socket_path=engine_socket)
    made.kind = request.param
    yield made
    made.close()


def test_the_rules_for_tecnativas_proxy(by_section):
    kind = by_section.kind
    for call in ALLOWED[kind] + LEFT_OPEN["tecnativa"][kind]:
        assert ask(by_section, *call) == 200, call
    refused = [("GET", "/v1.41/info"), ("GET", "/v1.41/secrets"), ("POST", "/v1.41/build"),
               ("POST", "/v1.41/exec/%s/start" % ID), ("GET", "/v1.41/volumes")]
    if kind == "read":
        refused += [call for call in ALLOWED["tunnel"] if call[0] != "GET"]
        refused += [("GET", "/v1.41/images/json"), ("GET", "/v1.41/networks/cloudflare-net")]
    else:
        refused += [("GET", "/v1.41/events")]
    for call in refused:
        assert ask(by_section, *call) == 403, call


def test_each_listed_call_is_among_those_that_are_tried():
    """So none is forgotten above, for any proxy."""
    tried = [calls.Call(kind, *call, False) for kind in ALLOWED for call in ALLOWED[kind]]
    assert [row for row in calls.rows() if not any(calls.matches(row, call) for call in tried)] == []
