# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker endpoint that answers wrongly on purpose: everything else goes to the real engine."""

import json
import os
import re
import socket
import socketserver
import threading
import time

from . import calls, docker

HEAD_MAX_BYTES = 65536
# Requests, for add().
LIST = "GET /v[0-9.]+/containers/json"
EVENTS = "GET /v[0-9.]+/events"

# kind of fault: the bytes of a whole answer, after which the connection is closed
ANSWERS = {
    "html": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 28\r\n\r\n"
            b"<html><body>No</body></html>",
    "302": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "403": b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 30\r\n\r\n"
           b"<html><h1>403 Forbidden</h1>  ",
    "500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
           b"Content-Length: 23\r\n\r\n{\"message\":\"it is ill\"}",
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n"
           b"[{\"Id\":\"",
    "wrong-types": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                   b"Content-Length: 27\r\n\r\n{\"Id\":[],\"Names\":7,\"a\":{}} ",
    "garbage": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    # A proxy whose engine is gone, in its own words.
    "502": b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
           b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
    "503": b"HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-cache\r\n"
           b"Connection: close\r\nContent-Type: text/html\r\n\r\n<html><body><h1>503 Service "
           b"Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n",
}


# An event stream that has begun.
STREAM_HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
               b"Transfer-Encoding: chunked\r\n\r\n")


def json_answer(value, status=200):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return (b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % (status, len(body))) + body


ANSWERS["nul"] = json_answer(b'[{"Id": "\x00"}]')
ANSWERS["bad-utf8"] = json_answer(b'[{"Id": "\xff\xfe"}]')
ANSWERS["deep"] = json_answer(b"[" * 50000 + b"]" * 50000)
ANSWERS["list-with-broken-entry"] = json_answer(b'[{"Id": "xyz", "Labels": []}]')


class Handler(socketserver.BaseRequestHandler):
    """One connection: one request, one answer, closed."""

    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < HEAD_MAX_BYTES:
            data = self.request.recv(4096)
            if not data:
                return
            head += data
        head, rest = head.split(b"\r\n\r\n", 1)
        line = head.split(b"\r\n", 1)[0].decode("latin-1")
        self.server.engine.seen.append(line)
        self.server.engine.calls.append((time.time(), line))
        self.server.engine.record(line)
        fault = self.server.engine.take(line)
        self.server.engine.met += isinstance(fault, str)
        if fault == "huge":
            self.send_huge()
        elif fault == "silent-stream":
            self.request.sendall(STREAM_HEAD)
            self.server.engine.released.wait(60)
        elif callable(fault) and getattr(fault, "with_body", False):
            fault(self.request, self.body(head, rest))
        elif callable(fault):
            fault(self.request)
        elif fault == "hang":
            self.server.engine.released.wait(30)
        elif fault:
            self.request.sendall(fault if isinstance(fault, bytes) else ANSWERS[fault])
        else:
            self.relay(head, rest)

    def send_huge(self):
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             b"Content-Length: 1000000000\r\n\r\n[{\"Id\": \"")
        try:
            for _ in range(15000):
                self.request.sendall(b"x" * 65536)
        except OSError:
            pass

    def body(self, head, rest):
        """The whole body, of which some came with the head; None if it does not come."""
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
        missing = int(length[1]) - len(rest) if length else 0
        while missing > 0:
            data = self.request.recv(missing)
            if not data:
                return None
            rest += data
            missing -= len(data)
        return rest

    def relay(self, head, rest):
        """One request to the engine, with "Connection: close"; its answer comes back as it is."""
        lines = [l for l in head.split(b"\r\n") if not l.lower().startswith(b"connection:")]
        rest = self.body(head, rest)
        if rest is None:
            return
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(docker.SOCKET)
            engine.sendall(b"\r\n".join(lines) + b"\r\nConnection: close\r\n\r\n" + rest)
            watcher = threading.Thread(target=self.close_with_client, args=(engine,), daemon=True)
            watcher.start()
            try:
                while data := engine.recv(65536):
                    self.request.sendall(data)
                self.request.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            watcher.join(5)

    def close_with_client(self, engine):
        try:
            self.request.recv(1)
            engine.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that leaves in the middle is daily bread here."""


# The file that the calls to those go to that are made while it is set: see calls.py.
recorder = None


class FaultyEngine:
    """add("GET .*/containers/json", "html", times=1): the next such request gets that answer.

    An answer is the name of one above, its bytes, or a function that is given the connection, and
    the request's body if it has the attribute with_body.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.faults = []
        self.seen = []
        self.calls = []  # (time, request line)
        self.met = 0  # requests that met a named fault
        self.recorder = recorder
        self.released = threading.Event()  # ends what hangs
        self.server, self.port, self.address = None, 0, "127.0.0.1"
        self.listen_again()

    @property
    def host(self):
        return "tcp://127.0.0.1:%d" % self.port

    def record(self, request):
        words = request.split()
        if self.recorder and len(words) == 3:
            with self.lock:
                self.recorder.write(calls.line(words[0], words[1]))
                self.recorder.flush()

    def add(self, request, answer, times=1000000):
        with self.lock:
            self.faults.append([re.compile(request), answer, times])

    def answer_list(self, *elements):
        """A world of its own: these containers, and no event of the real engine."""
        self.add(LIST, json_answer(b"[" + b",".join(elements) + b"]"))
        self.add(EVENTS, "silent-stream")

    def keep_apart(self, *elements, version="1.41"):
        """The same, and nothing at all goes to the real engine: it has no other container."""
        self.answer_list(*elements)
        self.add("GET /_ping", json_answer(b"OK"))
        self.add("GET /version", json_answer({"ApiVersion": version, "MinAPIVersion": "1.24"}))
        self.add(".*", json_answer({"message": "No such thing"}, 404))

    def clear(self):
        with self.lock:
            self.faults.clear()

    def take(self, line):
        with self.lock:
            for fault in self.faults:
                if fault[0].match(line):
                    fault[2] -= 1
                    if fault[2] == 0:
                        self.faults.remove(fault)
                    return fault[1]
        return None

    def listen_again(self):
        """On the port that it had, if it had one."""
        self.server = Server((self.address, self.port), Handler)
        self.server.engine = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop_listening(self):
        self.server.shutdown()
        self.server.server_close()

    def close(self):
        self.released.set()
        self.stop_listening()


def socket_group():
    """The group that may use the engine's socket."""
    return str(os.stat(docker.SOCKET).st_gid)
