#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the DockFlare Master, for the demo and the tests: protocols 1 and 2.

Python's standard library only.  It serves the agent's routes, a page for people, and a control
API under /_test/ for whoever tests: no authentication there, so it listens on loopback unless
told otherwise.  A second port (--control-port) serves page and control API only, and stays up
while the master is away.
"""

import argparse
import gzip
import json
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import master_faults
import master_record
import tunnel
from master_record import MAX_REQUEST_BYTES, Record, Refusal

HERE = os.path.dirname(os.path.abspath(__file__))
AGENTS = "/api/v2/agents"
KEPT_REQUESTS = 20000
KEPT_BODY_BYTES = 256 * 1024


# What the master's web framework says of a path that is none of its own.
NOT_FOUND_PAGE = b"<!doctype html><title>404 Not Found</title><h1>Not Found</h1>"


class NoRoute(Exception):
    """No part of the master's API has that path."""


class Master:
    """The record, the faults and what is seen of the traffic; shared by both ports."""

    def __init__(self, options):
        self.options = options
        self.record = Record(options.key, options.protocol, options.label_prefix,
                             options.cloudflare_helper, options.enrolled)
        self.faults = master_faults.Faults()
        self.lock = threading.Lock()
        self.requests = []
        self.next_number = 1
        self.connections = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.tls_refused = []  # how clients refused the certificate, in OpenSSL's words
        self.server = None
        self.came_back = threading.Event()

    def seen(self, entry):
        with self.lock:
            entry["n"] = self.next_number
            self.next_number += 1
            self.requests.append(entry)
            del self.requests[:-KEPT_REQUESTS]

    def state(self, since=0, requests=True):
        state = self.record.state()
        with self.lock:
            state.update({
                "connections": self.connections, "most_in_flight": self.most_in_flight,
                "faults": self.faults.left(), "away": self.server is None,
                "bind": self.options.bind, "tls_refused": list(self.tls_refused),
                "next_request": self.next_number})
            if requests:
                state["requests"] = [r for r in self.requests if r["n"] >= since]
        return state

    # -- here and away ------------------------------------------------------------------------

    def start(self):
        address = (self.options.bind, self.options.port)
        self.server = Listener(address, self, control_only=False)
        self.options.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def away(self, seconds):
        """No listener and no connection, as if the master's host were off; 0: until told."""
        server = self.server
        if server is not None:
            server.shutdown()
            server.server_close()
            server.drop_connections()
            self.server = None  # now it is away, for who asks
        self.came_back.clear()
        if seconds > 0:
            threading.Timer(seconds, self.back).start()

    def back(self):
        if self.server is None:
            self.start()
        self.came_back.set()

    def move(self, bind):
        """To another address, with the same port."""
        self.away(0)
        self.options.bind = bind
        self.back()


class Listener(ThreadingHTTPServer):
    """One port.  Knows its open connections, so that they can be dropped."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, master, control_only):
        self.master = master
        self.control_only = control_only
        self.open = set()
        self.tls = None
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        if not control_only and master.options.tls_cert:
            self.load_tls()
        super().__init__(address, Handler)

    def load_tls(self):
        """For the connections from now on."""
        options = self.master.options
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.tls_cert, options.tls_key)
        if options.tls_max:
            tls.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            tls.maximum_version = getattr(ssl.TLSVersion, options.tls_max)
            tls.set_ciphers("ALL:@SECLEVEL=0")
        self.tls = tls

    def get_request(self):
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open.add(connection)
        if not self.control_only:
            with self.master.lock:
                self.master.connections += 1
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True,
                                              do_handshake_on_connect=False)
            self.open.add(connection)
        return connection, address

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def drop_connections(self):
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError):
                pass

    def handle_error(self, request, client_address):
        """A client that leaves in the middle is daily bread here; one that does not like the
        certificate is noted."""
        error = sys.exc_info()[1]
        if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
            self.master.tls_refused.append(error.reason)


class Handler(BaseHTTPRequestHandler):
    """One connection: the agent's routes, the page and the control API."""

    protocol_version = "HTTP/1.1"
    timeout = 75

    def log_message(self, format, *args):
        pass

    def version_string(self):
        return "stand-in master"

    def date_time_string(self, timestamp=None):
        """By the master's clock, which may be wrong."""
        now = time.time() if timestamp is None else timestamp
        return super().date_time_string(now + master_record.clock_off_seconds)

    # -- answers ------------------------------------------------------------------------------

    def send_bytes(self, status, body, content_type, headers=None):
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 200:
            body = gzip.compress(body)
            headers = {**(headers or {}), "Content-Encoding": "gzip"}
        self.answered = status
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_json(self, status, value, headers=None):
        self.send_bytes(status, json.dumps(value).encode(), "application/json", headers)

    def raw(self, data):
        """Bytes as they are; False when the client has left."""
        try:
            self.wfile.write(data)
            return True
        except (OSError, ValueError):
            self.close_connection = True
            return False

    def wait_for_close(self, seconds):
        """Says nothing until the client leaves or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.connection.settimeout(0.1)
                if not self.connection.recv(1):
                    break
            except (TimeoutError, ssl.SSLWantReadError):
                continue
            except OSError:
                break
        self.close_connection = True

    # -- requests -----------------------------------------------------------------------------

    def read_body(self):
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(min(length, 64 * 1024 * 1024))

    def handle_request(self):
        self.answered = None
        path = urlsplit(self.path).path
        body = self.read_body()
        if path.startswith("/_test/") or path == "/":
            self.control(path, body)
        elif self.server.control_only:
            self.send_json(404, {"status": "error", "message": "only /_test/ is here"})
        else:
            self.agent_request(path, body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_request

    def agent_request(self, path, raw):
        master = self.server.master
        text = raw[:KEPT_BODY_BYTES].decode("utf-8", "replace")
        entry = {"time": time.time(), "method": self.command, "path": path, "body": text,
                 "bytes": len(raw), "from": self.client_address[1],
                 "headers": self.shown_headers(), "fault": None}
        master.seen(entry)
        with master.lock:
            master.in_flight += 1
            master.most_in_flight = max(master.most_in_flight, master.in_flight)
        try:
            self.answer_agent(path, raw, entry)
        finally:
            entry["status"] = self.answered
            entry["seconds"] = round(time.time() - entry["time"], 4)
            with master.lock:
                master.in_flight -= 1

    def shown_headers(self):
        """The headers; of a secret one, whether it is the right one."""
        options = self.server.master.options
        due = {"authorization": "Bearer " + options.key,
               "cf-access-client-id": options.access_id,
               "cf-access-client-secret": options.access_secret}
        shown = {}
        for name, value in self.headers.items():
            name = name.lower()
            if name in due:
                value = "(right)" if value == due[name] else "(other)"
            shown[name] = value
        return shown

    def answer_agent(self, path, raw, entry):
        master = self.server.master
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = None
        event_type = body.get("type") if isinstance(body, dict) else None
        fault = master.faults.take(self.command, path, event_type)
        if fault:
            entry["fault"] = fault["kind"]
            if fault["kind"] in ("drop-after", "close-after"):
                self.route(path, raw, body, silent=fault["kind"] == "drop-after")
                self.close_connection = True
                return
            if fault["kind"] != "drop" and not master_faults.answer(self, fault):
                fault = None
        if fault:
            self.close_connection = self.close_connection or fault["kind"] == "drop"
            return
        if not self.through_the_edge():
            self.send_bytes(302, master_faults.LOGIN_PAGE, "text/html",
                            {"Location": "/cdn-cgi/access/login"})
            return
        self.route(path, raw, body)

    def through_the_edge(self):
        """The Access service token, which Cloudflare's edge checks before the master sees it."""
        options = self.server.master.options
        if not options.access_id:
            return True
        return (self.headers.get("CF-Access-Client-Id") == options.access_id
                and self.headers.get("CF-Access-Client-Secret") == options.access_secret)

    def route(self, path, raw, body, silent=False):
        record = self.server.master.record
        try:
            if len(raw) > MAX_REQUEST_BYTES and record.newer():
                raise Refusal(413, "payload_too_large")
            status, answer = self.dispatch(record, path, body)
        except Refusal as refusal:
            status, answer = record.refusal(refusal)
        except NoRoute:
            if not silent:
                self.send_bytes(404, NOT_FOUND_PAGE, "text/html")
            return
        if not silent:
            self.send_json(status, answer)

    def dispatch(self, record, path, body):
        key = self.headers.get("Authorization", "")
        key = key[7:] if key.startswith("Bearer ") else ""
        base = self.server.master.options.base
        if not path.startswith(base):
            raise NoRoute
        path = path[len(base):]
        if (self.command, path) == ("POST", AGENTS + "/register"):
            return record.register(key, body)
        found = re.fullmatch(AGENTS + "/([^/]+)/(commands|events)", path)
        if found and (self.command, found[2]) == ("GET", "commands"):
            return record.commands(key, unquote(found[1]))
        if found and (self.command, found[2]) == ("POST", "events"):
            return record.event(key, unquote(found[1]), body)
        found = re.fullmatch(AGENTS + "/([^/]+)/decommission/([^/]+)/ack", path)
        if found and self.command == "POST" and record.newer():
            return record.acknowledge(key, unquote(found[1]), unquote(found[2]), body)
        return self.dispatch_helper(record, key, path, body)

    def dispatch_helper(self, record, key, path, body):
        found = re.fullmatch("/accounts/([^/]+)/cfd_tunnel/([^/]+)/configurations", path)
        if record.helper and (self.command, path) == ("GET", "/accounts"):
            return record.accounts(key)
        if record.helper and found and self.command == "PUT":
            return record.configure(key, unquote(found[1]), unquote(found[2]), body)
        raise NoRoute

    # -- the page and the control API -----------------------------------------------------------

    def control(self, path, raw):
        master = self.server.master
        if path == "/":
            with open(os.path.join(HERE, "master_page.html"), "rb") as page:
                self.send_bytes(200, page.read(), "text/html; charset=utf-8")
            return
        if path == "/_test/state":
            query = parse_qs(urlsplit(self.path).query)
            self.send_json(200, master.state(int(query.get("since", ["0"])[0]),
                                             query.get("requests", ["yes"])[0] != "no"))
            return
        try:
            action = getattr(self, "control_" + path[len("/_test/"):].replace("-", "_"), None)
            if action is None or self.command != "POST":
                raise Refusal(404, "no_such_control")
            self.send_json(200, action(master, json.loads(raw) if raw else {}) or {})
        except Refusal as refusal:
            self.send_json(refusal.status, {"code": refusal.code})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.send_json(400, {"code": "bad_control", "message": str(error)})

    def control_command(self, master, body):
        """Queues "command" or "commands" for the agent, as they are, right or wrong."""
        agent_id = master.record.agent_id_or_latest(body.get("agent_id"))
        commands = body["commands"] if "commands" in body else [body["command"]]
        master.record.queue(agent_id, commands)
        return {"agent_id": agent_id}

    def control_enrol(self, master, body):
        agent_id = master.record.agent_id_or_latest(body.get("agent_id"))
        master.record.enrol(agent_id, body["tunnel_name"], body["tunnel_id"], body["token"],
                            body.get("queue", True))
        return {"agent_id": agent_id}

    def control_button(self, master, body):
        """A button of the page: enrols the agent, or queues the command with the tunnel that it
        was enrolled with."""
        agent_id = master.record.agent_id_or_latest()
        if body["action"] == "enrol":
            master.record.enrol(agent_id, *tunnel.made_up("demo-tunnel"))
            return
        agent = master.record.agents[agent_id]
        command = {"action": body["action"]}
        if body["action"] != "stop_tunnel":
            name = "token" if body["action"] == "start_tunnel" else "tunnel_token"
            command.update({"tunnel_name": agent["assigned_tunnel_name"],
                            "tunnel_id": agent["assigned_tunnel_id"],
                            name: agent["assigned_tunnel_token"]})
        master.record.queue(agent_id, [command])

    def control_decommission(self, master, body):
        agent_id = master.record.agent_id_or_latest(body.get("agent_id"))
        return master.record.start_decommission(agent_id)

    def control_reset(self, master, body):
        master.record.reset(**body)

    def control_forget_sessions(self, master, body):
        master.record.forget_sessions()

    def control_revoke(self, master, body):
        master.record.revoke(body.get("key"))

    def control_key(self, master, body):
        master.record.set_key(**body)

    def control_fault(self, master, body):
        for fault in body if isinstance(body, list) else [body]:
            master.faults.add(fault)

    def control_clear_faults(self, master, body):
        master.faults.clear()

    def control_away(self, master, body):
        # Answered first: this very connection may be one of those that are dropped.
        threading.Timer(0.05, master.away, (body.get("seconds", 0),)).start()

    def control_back(self, master, body):
        master.back()

    def control_drop_connections(self, master, body):
        master.server.drop_connections()

    def control_move(self, master, body):
        master.move(body["bind"])

    def control_certificate(self, master, body):
        """Another one from now on, as after a renewal; connections that are open are dropped."""
        master.options.tls_cert, master.options.tls_key = body["cert"], body["key"]
        master.server.load_tls()
        master.server.drop_connections()

    def control_clock(self, master, body):
        """Its clock goes wrong by so many seconds."""
        master_record.clock_off_seconds = body["seconds"]

    def control_protocol(self, master, body):
        """The master is replaced by one that speaks another protocol (an upgrade)."""
        master.record.protocol = body["protocol"]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--control-port", type=int, default=None,
                        help="page and /_test/ only; 0: any free one")
    parser.add_argument("--protocol", choices=("1", "2", "new1"), default="2",
                        help="new1: a newer master that speaks protocol 1 to this agent")
    parser.add_argument("--key", required=True, help="the agent's API key (for tests only)")
    parser.add_argument("--base", default="", help="path before /api/v2/agents")
    parser.add_argument("--label-prefix", default="", help="the master's own LABEL_PREFIX")
    parser.add_argument("--enrolled", action="store_true", help="agents need no enrolment")
    parser.add_argument("--cloudflare-helper", action="store_true",
                        help="serve /accounts and the tunnel configurations")
    parser.add_argument("--access-id", default="", help="Cloudflare Access service token")
    parser.add_argument("--access-secret", default="")
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--tls-max", help="TLSv1_1, …: the newest version to speak")
    parser.add_argument("--faults", default="[]", help="JSON list of faults from the start on")
    return parser.parse_args()


def main():
    options = parse_options()
    master = Master(options)
    for fault in json.loads(options.faults):
        master.faults.add(fault)
    master.start()
    control_port = None
    if options.control_port is not None:
        control = Listener((options.bind, options.control_port), master, control_only=True)
        control_port = control.server_address[1]
        threading.Thread(target=control.serve_forever, args=(0.02,), daemon=True).start()
    print(json.dumps({"port": options.port, "control_port": control_port}), flush=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
