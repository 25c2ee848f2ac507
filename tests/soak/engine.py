# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a Docker engine that starts and stops more containers than a real one could here,
and that remembers when each of them ran, so that what the master is told can be judged."""

import json
import queue
import threading
import time
from urllib.parse import parse_qs, urlsplit

from harness.faulty_engine import EVENTS, LIST, STREAM_HEAD, FaultyEngine, json_answer

# One has letters of two bytes, between which a stream may be cut.
LABELS = {"dockflare.enable": "true", "dockflare.note": "für alle"}
HELD_SECONDS = 0.2


def in_pieces(text):
    """Cut within a token, and within a letter if there is one of two bytes: as a proxy may do it."""
    within = max(17, text.find("ü".encode()) + 1)
    return [piece for piece in (text[:17], text[17:within], text[within:]) if piece]


class Container:
    """One container: since when it is as it is, and whether it runs."""

    def __init__(self, number, name):
        self.id = "%064x" % number
        self.name = name
        self.running = False
        self.paused = False
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
        self.drop_events = self.in_pieces = self.twice = self.swap = False
        self.opened = self.dropped = self.pieces = self.doubled = self.swapped = 0
        self.late = None  # (seconds before an event, seconds before each of its bytes)
        self.outbox = queue.SimpleQueue()  # events that are late
        self.waiting = 0
        self.held = {}  # with `swap`: a container's event that waits for the next one
        self.labels = {}  # by name: labels that a container made from now on has besides
        self.plain = []  # containers without a label, for lists and noise
        self.noise = self.filtered = 0
        self.tunnel = None  # a StandinTunnel
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
        self.drop_events = self.in_pieces = self.twice = self.swap = False
        self.late = None
        self.server.clear()
        self.serve()

    def serve(self):
        self.server.add(EVENTS, self.serve_events)
        self.server.add(LIST, self.serve_list)
        if self.tunnel:
            self.tunnel.serve(self.server)
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
            elements = [{"Id": c.id, "Names": ["/" + c.name], "Image": "x", "Labels": c.labels,
                         "State": "paused" if c.paused else "running"}
                        for c in [*self.containers.values(), *self.plain] if c.running]
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
                          separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        pieces = in_pieces(text) if self.in_pieces else [text]
        self.pieces += self.in_pieces
        if self.twice:
            self.doubled += 1
            pieces *= 2
        if self.swap:
            self.send_swapped(container.id, pieces)
        elif self.late or self.waiting:
            self.send_late(text)
        else:
            self.send_pieces(pieces)

    def send_swapped(self, key, pieces):
        """Two events of a container that follow each other at once change places."""
        before = self.held.pop(key, None)
        if before:
            self.swapped += 1
            self.send_pieces(pieces + before)
            return
        self.held[key] = pieces
        threading.Timer(HELD_SECONDS, self.release, (key, pieces)).start()

    def release(self, key, pieces):
        with self.lock:
            if self.held.get(key) is pieces:
                self.send_pieces(self.held.pop(key))

    def send_late(self, text):
        """In their order, by a thread that takes its time; what comes behind them waits too, and a
        stream that is opened meanwhile gets none of what was before it."""
        if self.waiting == 0:
            threading.Thread(target=self.send_outbox, daemon=True).start()
        self.waiting += 1
        self.outbox.put((text, list(self.streams)))

    def send_outbox(self):
        while True:
            text, streams = self.outbox.get()
            before, between = self.late or (0, 0)
            time.sleep(before)
            for piece in ([text[at:at + 1] for at in range(len(text))] if between else [text]):
                time.sleep(between if self.late else 0)
                with self.lock:
                    self.send_pieces([piece], streams)
            with self.lock:
                self.waiting -= 1
                if self.waiting == 0:
                    return

    def send_noise(self, action, container, all_the_same=False):
        """An event that the agent did not ask for; the filter of its request keeps it away."""
        with self.lock:
            self.noise += 1
            if action.split(":")[0] in self.asked_for() or all_the_same:
                self.send(action, container)
            else:
                self.filtered += 1

    def asked_for(self):
        """The actions that the last request for events names."""
        lines = [line for line in self.server.seen if "/events?" in line]
        filters = parse_qs(urlsplit(lines[-1].split()[1]).query).get("filters", ["{}"])[0]
        return json.loads(filters).get("event", [])

    def send_raw(self, data):
        with self.lock:
            self.send_pieces([data])

    def send_pieces(self, pieces, streams=None):
        for connection in self.streams if streams is None else streams:
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
                container.labels.update(self.labels.get(name, {}))
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

    def rename(self, name, to):
        with self.lock:
            container = self.by_name.pop(name)
            container.name = to
            self.by_name[to] = container
            self.events += 1
            self.send("rename", container)

    def pause(self, name, paused=True):
        with self.lock:
            container = self.by_name[name]
            container.paused = paused
            self.events += 1
            self.send("pause" if paused else "unpause", container)

    def add_plain(self, count):
        """So many running containers that are none of the agent's business."""
        for number in range(count):
            container = Container((1 << 200) + number, "plain-%d" % number)
            container.labels = {"com.example.number": str(number)}
            container.running = True
            self.plain.append(container)

    def running(self):
        with self.lock:
            return {c.id for c in self.containers.values() if c.running}

    def is_known_to(self, master):
        """Whether the containers that the master counts as running are those that run."""
        return {container["id"] for container in master.containers().values()} == self.running()

    def forget_old(self, before):
        """What has not run since then can be in no report any more."""
        with self.lock:
            for key in [c.id for c in self.containers.values()
                        if not c.running and c.spans[-1][1] < before
                        and self.by_name.get(c.name) is not c]:
                del self.containers[key]

    def close(self):
        self.server.close()
