# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a Docker engine that starts and stops more containers than a real one could here,
and that remembers when each of them ran, so that what the master is told can be judged."""

import json
import threading
import time

from harness.faulty_engine import EVENTS, LIST, STREAM_HEAD, FaultyEngine, json_answer

LABELS = {"dockflare.enable": "true"}


class Container:
    """One container: since when it is as it is, and whether it runs."""

    def __init__(self, number, name):
        self.id = "%064x" % number
        self.name = name
        self.running = False
        self.spans = []  # [from, to] of the times at which it ran; to is None while it does
        self.labels = {**LABELS, "dockflare.hostname": name + ".example.com",
                       "dockflare.service": "http://%s:80" % name, "com.example.ignored": "x"}

    def ran_throughout(self, begin, end):
        return any(span[0] <= begin and (span[1] is None or span[1] >= end)
                   for span in self.spans)

    def never_stopped(self):
        return len(self.spans) == 1 and self.spans[0][1] is None

    def ran_at_all(self, begin, end):
        return any(span[0] <= end and (span[1] is None or span[1] >= begin)
                   for span in self.spans)


class LoadEngine:
    """Containers, their list and their events, over a FaultyEngine that breaks as it is told."""

    def __init__(self):
        self.lock = threading.RLock()
        self.containers = {}  # by id, the gone ones too
        self.by_name = {}
        self.number = 0
        self.streams = []
        self.drop_events = self.in_pieces = self.twice = False
        self.opened = self.dropped = self.pieces = self.doubled = 0
        self.version = "1.41"
        self.events = 0
        self.lists = 0
        self.server = FaultyEngine()
        self.mend()

    @property
    def host(self):
        return self.server.host

    def mend(self):
        """Answers as an engine should."""
        self.drop_events = self.in_pieces = self.twice = False
        self.server.clear()
        self.serve()

    def serve(self):
        self.server.add(EVENTS, self.serve_events)
        self.server.add(LIST, self.serve_list)
        self.server.keep_apart(version=self.version)

    def break_with(self, answer, request=".*"):
        """Every further request that matches gets that answer, until mend()."""
        self.server.clear()
        self.server.add(request, answer)
        self.serve()

    # -- answers --------------------------------------------------------------------------------

    def serve_list(self, connection):
        with self.lock:
            self.lists += 1
            elements = [{"Id": c.id, "Names": ["/" + c.name], "Image": "x", "State": "running",
                         "Labels": c.labels} for c in self.containers.values() if c.running]
        connection.sendall(json_answer(elements))

    def serve_events(self, connection):
        with self.lock:
            connection.sendall(STREAM_HEAD)
            self.streams.append(connection)
            self.opened += 1
        try:
            while connection.recv(65536):
                pass
        except OSError:
            pass
        with self.lock:
            if connection in self.streams:
                self.streams.remove(connection)

    def cut_streams(self):
        with self.lock:
            for connection in self.streams:
                try:
                    connection.shutdown(2)
                except OSError:
                    pass

    def half_close_streams(self):
        """No more is sent, and what the agent sends is still read."""
        with self.lock:
            for connection in self.streams:
                try:
                    connection.shutdown(1)
                except OSError:
                    pass

    def send(self, action, container):
        if self.drop_events:
            self.dropped += 1
            return
        text = json.dumps({"Type": "container", "Action": action, "Actor": {
            "ID": container.id, "Attributes": {**container.labels, "name": container.name}}},
                          separators=(",", ":")).encode() + b"\n"
        # Chunk boundaries within tokens, as a proxy may make them.
        pieces = [text[:17], text[17:]] if self.in_pieces else [text]
        self.pieces += self.in_pieces
        if self.twice:
            self.doubled += 1
            pieces *= 2
        self.send_pieces(pieces)

    def send_raw(self, data):
        with self.lock:
            self.send_pieces([data])

    def send_pieces(self, pieces):
        for connection in self.streams:
            try:
                for piece in pieces:
                    connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            except OSError:
                pass

    # -- what happens to containers ---------------------------------------------------------------

    def start(self, name):
        """Starts the container of that name, made anew (another id) if there is none."""
        with self.lock:
            container = self.by_name.get(name)
            if container is None:
                self.number += 1
                container = Container(self.number, name)
                self.by_name[name] = container
                self.containers[container.id] = container
            if not container.running:
                container.running = True
                container.spans.append([time.time(), None])
                self.events += 1
                self.send("start", container)

    def stop(self, name, remove=False):
        with self.lock:
            container = self.by_name.get(name)
            if container is None:
                return
            if container.running:
                container.running = False
                container.spans[-1][1] = time.time()
                self.events += 1
                self.send("die", container)
            if remove:
                del self.by_name[name]
                self.send("destroy", container)

    def restart(self, name):
        """As `docker restart`: no list lacks it, so for the master it ran all along."""
        with self.lock:
            container = self.by_name.get(name)
            if container is None or not container.running:
                self.start(name)
                return
            self.events += 2
            self.send("die", container)
            self.send("start", container)

    def running(self):
        with self.lock:
            return {c.id for c in self.containers.values() if c.running}

    def forget_old(self, before):
        """What has not run since then can be in no report any more."""
        with self.lock:
            for key in [c.id for c in self.containers.values()
                        if not c.running and c.spans[-1][1] < before
                        and self.by_name.get(c.name) is not c]:
                del self.containers[key]

    def close(self):
        self.server.close()
