# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that misbehave in time or in number, each with what it saw.  Meant to wait side by side."""

import contextlib
import resource
import socket
import threading
import time

import ask
from request import get

LIST = get("/v1.41/containers/json").bytes()
PING = get("/_ping").bytes()


def side_by_side(*functions):
    """What each of them answers; they run at the same time.  The first error is raised."""
    results, errors = [None] * len(functions), []

    def run(number, function):
        try:
            results[number] = function()
        except Exception as error:  # told below
            errors.append(error)

    threads = [threading.Thread(target=run, args=one) for one in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def drip(address, data, most=20):
    """A byte a second: seconds until it was cut, or None."""
    began = time.monotonic()
    with ask.connect(address) as sock:
        sock.settimeout(1)
        for byte in data[:most]:
            try:
                sock.sendall(bytes([byte]))
                sock.recv(65536)
                return time.monotonic() - began
            except socket.timeout:
                continue
            except ConnectionError:
                return time.monotonic() - began
    return None


def silent(address, most=20):
    """Connects and says nothing."""
    began = time.monotonic()
    with ask.connect(address, most) as sock:
        try:
            sock.recv(1)
            return time.monotonic() - began
        except ConnectionError:
            return time.monotonic() - began
        except socket.timeout:
            return None


def idle_after_answer(address, most):
    """Keeps its connection: whether it still serves after `most` seconds of silence."""
    with ask.connect(address) as sock:
        for pause in (most, 0):
            sock.sendall(get("/_ping", close=False).bytes())
            sock.settimeout(5)
            if not sock.recv(65536).startswith(b"HTTP/1.1 200"):
                return False
            time.sleep(pause)
    return True


def never_reads(address, seconds=8):
    """Asks again and again and takes no answer; how many bytes it could send."""
    sent, end = 0, time.monotonic() + seconds
    with ask.connect(address) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(1)
        while time.monotonic() < end:
            try:
                sent += sock.send(get("/v1.41/containers/json", close=False).bytes())
            except socket.timeout:
                continue
            except ConnectionError:
                break
    return sent


@contextlib.contextmanager
def crowd(address, count=1000):
    """So many connections at once; those that could be made."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 512)), hard))
    made = []
    try:
        for _ in range(count):
            with contextlib.suppress(OSError):
                made.append(ask.connect(address, 5))
        yield made
    finally:
        for one in made:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def still_open(connections):
    """How many of them the other side has not closed."""
    count = 0
    for one in connections:
        one.setblocking(False)
        try:
            count += one.recv(1) != b""
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


class Stream:
    """GET /events: its status and lines, and when it ended."""

    def __init__(self, address, target="/v1.41/events"):
        self.sock = ask.connect(address, None)
        self.sock.settimeout(None)
        self.raw, self.ended = b"", None
        self.sock.sendall(get(target, close=False).bytes())
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with contextlib.suppress(OSError):
            while piece := self.sock.recv(65536):
                self.raw += piece
                if self.raw.endswith(b"\r\n0\r\n\r\n"):
                    break
        self.ended = time.monotonic()

    @property
    def begun(self):
        return self.raw.startswith(b"HTTP/1.1 200")

    @property
    def whole(self):
        """Whether it ended as a chunked body ends."""
        return self.ended is not None and self.raw.endswith(b"0\r\n\r\n")

    def text(self):
        return b"".join(one.body for one in ask.answers(self.raw))

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
