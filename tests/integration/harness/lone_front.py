# SPDX-License-Identifier: GPL-3.0-or-later
"""gate-front without supervisor and gate-engine: the test plays both, and its clients."""

import json
import os
import socket
import threading
import time

from . import install
from .lone_worker import LoneWorker

ABOUT = {"version": "20.10.24", "api_version": "1.41", "minimum": "1.24", "os": "linux",
         "arch": "amd64"}
TUNNEL = {"CLOUDFLARED_NETWORK_NAME": "net-1",
          "CLOUDFLARED_IMAGE": "cloudflare/cloudflared:2025.9.0",
          "GATE_IMAGES": "registry.local:5000/cf@sha256:" + "b" * 64}
ID = "0123456789abcdef" * 4


class Front(LoneWorker):
    """gate-read or gate-tunnel, listening on a port of loopback or at a unix socket."""

    def __init__(self, name, log_path, path=None, **values):
        super().__init__(os.path.join(install.prefix(), "libexec", "dockflare-agent",
                                      "gate-front"), name, log_path,
                         {"LOG_LEVEL": "INFO", "SANDBOX_LOG": "true",
                          **(TUNNEL if name == "gate-tunnel" else {}), **values}, {}, {})
        self.path = path
        listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        listener.bind(path or ("127.0.0.1", 0))
        listener.listen(128)
        listener.setblocking(False)
        self.port = None if path else listener.getsockname()[1]
        self.control.send({"type": "listen"}, listener.fileno())
        listener.close()
        self.engine = None
        self.stopped = False  # it was told to stop

    def connect(self, seconds=10):
        client = socket.socket(socket.AF_UNIX if self.path else socket.AF_INET)
        client.settimeout(seconds)
        client.connect(self.path or ("127.0.0.1", self.port))
        return client

    def ask(self, data, seconds=10):
        """The answers to these bytes, until the front has closed or is silent."""
        with self.connect(seconds) as client:
            client.sendall(data)
            return read_answers(client)

    def play(self, answers=None):
        """A gate-engine that answers by `answers`: verb or type to a list of frames."""
        self.engine = Engine(self.peer("gate-engine"), answers or {})
        time.sleep(0.05)
        return self.engine


class Engine:
    def __init__(self, end, answers):
        self.end = end
        self.answers = answers
        self.stopped = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        seen = 0
        while not self.stopped and not self.end.closed:
            messages = self.end.messages()
            for message in messages[seen:]:
                self.answer(message)
            seen = len(messages)
            time.sleep(0.002)

    def answer(self, message):
        kind = message.get("verb") or message["type"]
        default = [{"type": "gate-about-is", **ABOUT}, {"type": "gate-done", "status": 200}]
        for frame in self.answers.get(kind, default if kind == "gate-about" else []):
            try:
                self.end.send({**frame, "id": message["id"]})
            except OSError:
                return

    def requests(self):
        return [each for each in self.end.messages() if each["type"] != "gate-cancel"]

    def cancels(self):
        return self.end.messages("gate-cancel")


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def message(self):
        return self.json()["message"]


class Reader:
    def __init__(self, client):
        self.client = client
        self.data = b""

    def more(self):
        piece = self.client.recv(65536)
        self.data += piece
        return bool(piece)

    def until(self, mark):
        while mark not in self.data:
            if not self.more():
                return None
        found, self.data = self.data.split(mark, 1)
        return found

    def take(self, length):
        while len(self.data) < length:
            if not self.more():
                raise AssertionError("the answer is cut")
        found, self.data = self.data[:length], self.data[length:]
        return found

    def head(self):
        """Status and headers of the next answer; None at the end."""
        found = self.until(b"\r\n\r\n")
        if found is None:
            return None
        lines = found.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        return int(lines[0].split(" ")[1]), headers

    def chunk(self):
        """The next piece of a stream; b"" is its end in order."""
        length = int(self.until(b"\r\n"), 16)
        piece = self.take(length)
        assert self.take(2) == b"\r\n"
        return piece


def read_answers(client, bodiless=()):
    reader, answers = Reader(client), []
    try:
        while True:
            head = reader.head()
            if head is None:
                return answers
            status, headers = head
            body = b""
            if len(answers) not in bodiless and status not in (204, 304):
                body = reader.take(int(headers.get("content-length", "0")))
            answers.append(Answer(status, headers, body))
            client.settimeout(0.3)
    except (socket.timeout, ConnectionResetError):
        return answers


def request(method, path, *headers, body=b""):
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: docker", *headers]
    if body:
        lines.append("Content-Length: %d" % len(body))
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
