# SPDX-License-Identifier: GPL-3.0-or-later
"""One worker without the supervisor: the test plays the supervisor and the worker's peers.

The worker confines itself as always, so a call that its filter denies ends it here too.
"""

import array
import json
import os
import queue
import selectors
import socket
import struct
import threading
import time

from . import wait
from .agent import Log

HEADER = struct.Struct(">I")


class End:
    """Our end of a channel: sends frames, and collects those that come."""

    def __init__(self, sock):
        self.sock = sock
        self.frames = []
        self.closed = False
        self.data = b""

    def send(self, frame, fd=None):
        body = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        data = HEADER.pack(len(body)) + body
        if fd is None:
            self.sock.sendall(data)
        else:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
            sent = self.sock.sendmsg([data], rights)
            self.sock.sendall(data[sent:])

    def read(self):
        try:
            piece = self.sock.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            self.closed = True
            return False
        self.data += piece
        while len(self.data) >= 4:
            length = HEADER.unpack(self.data[:4])[0]
            if len(self.data) < 4 + length:
                break
            self.frames.append(self.data[4:4 + length])
            self.data = self.data[4 + length:]
        return True

    def messages(self, kind=None):
        found = []
        for frame in list(self.frames):
            try:
                message = json.loads(frame)
            except ValueError:
                continue
            if isinstance(message, dict) and (kind is None or message.get("type") == kind):
                found.append(message)
        return found

    def wait(self, kind, count=1, seconds=10):
        """The count-th message of that type."""
        return wait.until("frame %s" % kind, lambda: self.messages(kind)[count - 1:count],
                          seconds)[0]

    def shutdown(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self.sock.close()


def inherited():
    """Descriptors that we were started with and a child would have too."""
    found = []
    for text in os.listdir("/proc/self/fd"):
        try:
            if int(text) > 2 and os.get_inheritable(int(text)):
                found.append(int(text))
        except OSError:
            continue
    return found


class LoneWorker:
    """A worker process.  files and secrets: name to content (None: there is none)."""

    def __init__(self, program, name, log_path, values, files, secrets, fail_saves=False):
        self.name = name
        self.files = dict(files)
        self.secrets = secrets
        self.saved = {}
        self.corrupt = []
        self.status = None
        self.fail_saves = fail_saves
        self.held = None  # a list: what is to be saved waits in it, unanswered
        self.peers = {}
        self.selector = selectors.DefaultSelector()
        self.pending = queue.SimpleQueue()  # ends that the thread is to watch
        ours, theirs = socket.socketpair()
        log_read, log_write = os.pipe()
        self.pid = os.posix_spawn(program, [name], {}, file_actions=[
            *((os.POSIX_SPAWN_CLOSE, fd) for fd in inherited()),
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log_write, 1), (os.POSIX_SPAWN_DUP2, log_write, 2),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3)])
        theirs.close()
        os.close(log_write)
        self.log = Log(os.fdopen(log_read, "rb", buffering=0), log_path)
        self.control = End(ours)
        self.ended = None
        self.taken = 0
        self.blob_for = None
        self.control.send({"type": "config", "process": name, "values": values})
        self.pending.put((None, self.control))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        wait.until("%s is ready" % name,
                   lambda: self.control.messages("ready") or self.ended is not None, 5)
        assert self.ended is None, (self.ended, self.log.text())
        for file, content in self.files.items():
            self.control.send({"type": "state", "file": file, "exists": content is not None})
            self.control.send(content or b"")
        self.hand_out_secrets()

    def hand_out_secrets(self):
        for secret, value in self.secrets.items():
            message = {"type": "secret", "name": secret}
            if value is not None:
                message["value"] = value
            self.control.send(message)

    def serve(self):
        while not self.control.closed:
            while not self.pending.empty():
                owner, end = self.pending.get()
                self.selector.register(end.sock, selectors.EVENT_READ, (owner, end))
            for key, _ in self.selector.select(0.02):
                owner, end = key.data
                if not end.read():
                    self.selector.unregister(key.fileobj)
                    end.close()
                    continue
                if end is self.control:
                    self.take_control()
                elif owner == "name-resolver":
                    self.resolve(end)
        self.ended = os.waitpid(self.pid, 0)[1]

    def take_control(self):
        while self.taken < len(self.control.frames):
            frame = self.control.frames[self.taken]
            self.taken += 1
            if self.blob_for is not None:
                self.take_blob(frame)
                continue
            message = json.loads(frame)
            if message["type"] == "status":
                self.blob_for = "status"
            elif message["type"] == "save":
                self.blob_for = message["file"]
            elif message["type"] == "corrupt":
                self.corrupt.append(message["file"])

    def take_blob(self, blob):
        name, self.blob_for = self.blob_for, None
        if name == "status":
            self.status = json.loads(blob)
        elif self.held is not None:
            self.held.append((name, blob))
        else:
            self.answer_save(name, blob)

    def hold_saves(self):
        self.held = []

    def answer_saves(self):
        """Those that waited, in their order, and the later ones at once again."""
        held, self.held = self.held, None
        for name, blob in held:
            self.answer_save(name, blob)

    def answer_save(self, name, blob):
        if self.fail_saves:
            self.control.send({"type": "save-failed", "file": name, "reason": "no space left"})
        else:
            self.saved[name] = blob
            self.files[name] = blob
            self.control.send({"type": "saved", "file": name})

    def resolve(self, end):
        answered = getattr(end, "answered", 0)
        for message in end.messages("resolve")[answered:]:
            end.send({"type": "addresses", "id": message["id"],
                      "addresses": getattr(self, "addresses", ["127.0.0.1"])})
            answered += 1
        end.answered = answered

    def peer(self, name):
        """Gives the worker a (new) channel to a peer; our end of it."""
        ours, theirs = socket.socketpair()
        old = self.peers.get(name)
        self.control.send({"type": "peer", "peer": name}, theirs.fileno())
        theirs.close()
        self.peers[name] = End(ours)
        self.pending.put((name, self.peers[name]))
        if old:
            old.shutdown()  # the thread closes what has ended
        return self.peers[name]

    def wait_line(self, pattern, seconds=10, start=0):
        return wait.until("%s logs /%s/" % (self.name, pattern),
                          lambda: self.log.find(pattern, start), seconds)

    def wait_end(self, seconds=5):
        wait.until("%s ends" % self.name, lambda: self.ended is not None, seconds)
        self.log.thread.join(5)
        return self.ended

    def kill(self):
        if self.ended is None:
            try:
                os.kill(self.pid, 9)
            except ProcessLookupError:
                pass
            time.sleep(0.01)
            self.wait_end()
        for end in [self.control, *self.peers.values()]:
            end.close()


def start_link(workers, url, key, **values):
    return workers(
        "master-link",
        {"DOCKFLARE_MASTER_URL": url, "REPORT_INTERVAL_SECONDS": "1",
         "COMMAND_POLL_SECONDS": "1", "DOCKER_HOST": "tcp://127.0.0.1:1",
         "ALLOW_PLAINTEXT_MASTER": "false", "CLOUDFLARED_IMAGE": "a/b:1", **values},
        files={"agent_id.txt": None, "decommission.json": None, "journal.json": None},
        secrets={"DOCKFLARE_API_KEY": key, "CF_ACCESS_CLIENT_ID": None,
                 "CF_ACCESS_CLIENT_SECRET": None, "HTTPS_PROXY": None})


def start_keeper(workers, host, **values):
    return workers(
        "tunnel-keeper",
        {"DOCKER_TUNNEL_HOST": host, "DOCKER_HOST": host, "CLOUDFLARED_NETWORK_NAME": "net",
         "CLOUDFLARED_IMAGE": "a/b:1", "TUNNEL_ON_EXIT": "keep", "TUNNEL_METRICS_PORT": "2000",
         **values}, files={"tunnel_state.json": None})
