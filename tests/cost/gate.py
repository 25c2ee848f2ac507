# SPDX-License-Identifier: GPL-3.0-or-later
"""What docker-gate costs beside HAProxy: the same event stream, straight and through either.

Usage: gate.py PREFIX ROUNDS [IMAGE].  The engine is a stand-in of this process, and so is the client.
With an image the gate's memory in its container is told too.
"""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from harness import docker, proxies, wait
from harness.agent import children
from harness.faulty_engine import EVENTS, STREAM_HEAD, FaultyEngine
from harness.gate import Gate

WAYS = ("straight", "HAProxy", "docker-gate")
BURST = 5000
TRICKLE = 300
TRICKLE_A_SECOND = 100
METHOD = """\
method: one client of this process reads GET /events of a stand-in engine, of this process too, on
loopback: straight, through HAProxy with deploy/haproxy/read.cfg, and through docker-gate, in turn,
%d rounds. Latency: from the write of an event to its whole arrival, %d events at %d a second. CPU:
run time by /proc/PID/schedstat of HAProxy, or of the gate's four processes, divided by the events.
Median (least to most)."""
MEMORY_METHOD = """\
memory: of the gate's processes in a container of %s, idle after one list and one event
stream, by /proc/PID/smaps_rollup; %s."""


def event(number):
    return json.dumps({
        "Type": "container", "Action": "start", "Actor": {
            "ID": "%064x" % number, "Attributes": {
                "name": "c%d" % number, "dockflare.enable": "true", "image": "nginx",
                "dockflare.hostname": "c%d.example.com" % number,
                "dockflare.service": "http://c%d:80" % number}},
        "time": 1700000000, "timeNano": 1700000000000000000}).encode() + b"\n"


class Feed:
    """An event stream that this process writes to."""

    def __init__(self):
        self.connection = None

    def __call__(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(STREAM_HEAD)
        self.connection = connection
        while connection.recv(65536):
            pass

    def send(self, numbers):
        text = b"".join(map(event, numbers))
        self.connection.sendall(b"%x\r\n%s\r\n" % (len(text), text))


class Client:
    """Reads the stream; the moment at which each event had come as a whole."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.socket.settimeout(None)
        self.socket.sendall(b"GET /v1.41/events HTTP/1.1\r\nHost: docker\r\n\r\n")
        self.arrived = []
        self.begun = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        """Each event is a line; chunks end where they like."""
        raw = self.socket.makefile("rb", 1 << 16)
        while raw.readline().strip():
            pass
        self.begun.set()
        while size := int(raw.readline() or b"0", 16):
            data = raw.read(size)
            self.arrived += [time.perf_counter()] * data.count(b"\n")
            raw.readline()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.socket.close()


def haproxy(engine, folder):
    """The shipped rules before the stand-in."""
    path = os.path.join(folder, "read.cfg")
    with open(proxies.CONFIGURATIONS["read"], encoding="ascii") as source:
        text = source.read()
    with open(path, "w", encoding="ascii") as file:
        file.write(text.replace('"unix@${DOCKER_SOCKET-/var/run/docker.sock}"',
                                "127.0.0.1:%d" % engine.port))
    return proxies.Proxy("read", folder, path=path)


def cpu_ns(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/schedstat" % pid, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def measure(port, pids, feed):
    """(latencies in us, CPU for each event of the trickle and of a burst in us)."""
    client = Client(port)
    wait.until("the stream is there", lambda: feed.connection)
    assert client.begun.wait(5)
    sent = []
    before = cpu_ns(pids)
    for number in range(TRICKLE):
        sent.append(time.perf_counter())
        feed.send([number])
        time.sleep(1 / TRICKLE_A_SECOND)
    wait.until("all events came", lambda: len(client.arrived) == TRICKLE, 10)
    trickle = (cpu_ns(pids) - before) / TRICKLE / 1000
    latency = [(came - went) * 1e6 for went, came in zip(sent, client.arrived)]
    before = cpu_ns(pids)
    feed.send(range(BURST))
    wait.until("the burst came", lambda: len(client.arrived) == TRICKLE + BURST, 30)
    burst = (cpu_ns(pids) - before) / BURST / 1000
    client.close()
    feed.connection = None
    return latency, trickle, burst


def one_round(prefix, folder, results):
    engine, feed = FaultyEngine(), Feed()
    engine.add(EVENTS, feed)
    engine.keep_apart()
    proxy = haproxy(engine, folder)
    gate = Gate(prefix, os.path.join(folder, "gate"), engine=engine.host, LOG_LEVEL="INFO").start()
    try:
        for way, port, pids in (
                ("straight", engine.port, []), ("HAProxy", proxy.port, [proxy.process.pid]),
                ("docker-gate", gate.ports[0], [gate.pid, *children(gate.pid)])):
            results[way].append(measure(port, pids, feed))
            print(".", end="", flush=True)
    finally:
        gate.close()
        proxy.close()
        engine.close()


def row(what, values):
    """values: a list for each way; ratios of the medians to HAProxy's and to the straight one's."""
    medians = [statistics.median(each) if each else 0 for each in values]
    shown = ["%.1f (%.1f to %.1f)" % (median, min(each), max(each)) if each else "-"
             for median, each in zip(medians, values)]
    print("%-34s %22s %22s %22s %8.2f" % (what, *shown, medians[2] / medians[1]))


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def tell(results, rounds):
    print("\n" + METHOD % (rounds, TRICKLE, TRICKLE_A_SECOND))
    print("%-34s %22s %22s %22s %8s" % ("", *WAYS, "to HAProxy"))
    for share in (0.5, 0.99):
        row("latency of an event, p%d, us" % (share * 100),
            [[percentile(latency, share) for latency, _, _ in results[way]] for way in WAYS])
    for at, what in ((1, "CPU for an event, %d a second, us" % TRICKLE_A_SECOND),
                     (2, "the same, burst of %d, us" % BURST)):
        row(what, [[each[at] for each in results[way]] if way != "straight" else []
                   for way in WAYS])


# ---- memory ----

def smaps(pid):
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
        rows = [line.split() for line in file]
    return {words[0].rstrip(":"): int(words[1]) for words in rows if words[-1] == "kB"}


def memory(image):
    """The gate alone in a container of the image."""
    others = docker.docker("ps", "--quiet", "--filter", "ancestor=" + image).split()
    name = "cost-docker-gate"
    docker.discard(name)
    docker.docker(
        "run", "-d", "--name", name, "--network", "host", "--read-only", "--cap-drop", "ALL",
        "--user", "0:0", "--cap-add", "SETUID", "--cap-add", "SETGID", "--cap-add", "KILL",
        "--security-opt", "no-new-privileges",
        "--tmpfs", "/run/dockflare-agent:uid=65532,gid=65532,mode=0755",
        "-v", docker.SOCKET + ":/var/run/docker.sock",
        "-e", "GATE_READ_LISTEN=tcp://127.0.0.1:32375", "-e", "GATE_TUNNEL_LISTEN=tcp://127.0.0.1:32376",
        "--entrypoint", "/usr/local/bin/docker-gate", image)
    try:
        wait.until("the gate serves", lambda: "gate-engine is ready" in docker.docker("logs", name)
                   or subprocess.run(["docker", "logs", name], capture_output=True, check=True)
                   .stderr.count(b"is ready") == 3, 10)
        client = Client(32375)
        assert client.begun.wait(5)
        time.sleep(3)
        supervisor = docker.inspect(name)["State"]["Pid"]
        pids = [supervisor, *children(supervisor)]
        print("\n" + MEMORY_METHOD % (image, "no other container of it runs" if not others else
                                      "%d other containers of it run" % len(others)))
        totals = {}
        for pid in pids:
            with open("/proc/%d/cmdline" % pid, "rb") as file:
                what = os.path.basename(file.read().split(b"\0")[0].decode())
            found = smaps(pid)
            print("%-16s private dirty %6d KiB, PSS %6d KiB" % (what, found["Private_Dirty"],
                                                               found["Pss"]))
            for key in ("Private_Dirty", "Pss"):
                totals[key] = totals.get(key, 0) + found[key]
        print("%-16s private dirty %6d KiB, PSS %6d KiB" % ("in all", totals["Private_Dirty"],
                                                           totals["Pss"]))
        client.close()
    finally:
        docker.discard(name)


def main(prefix, rounds, image=None):
    where = tempfile.mkdtemp(prefix="dockflare-agent-cost-")
    os.chmod(where, 0o755)
    results = {way: [] for way in WAYS}
    try:
        for number in range(rounds):
            folder = os.path.join(where, str(number))
            os.makedirs(folder, mode=0o755)
            one_round(prefix, folder, results)
    finally:
        shutil.rmtree(where, ignore_errors=True)
    tell(results, rounds)
    if image:
        memory(image)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:4])
