# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends bytes as they are, and reads whatever HTTP answers come back."""

import selectors
import socket
import time
from dataclasses import dataclass

MOST_SECONDS = 10


@dataclass
class Answer:
    status: int
    head: bytes
    body: bytes = b""
    whole: bool = True  # its end was seen

    def header(self, name):
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return None


def connect(address, seconds=MOST_SECONDS):
    """To (host, port), or to the path of a unix socket."""
    made = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    made.settimeout(seconds)
    made.connect(address)
    return made


def exchange(address, data, idle=1.0, most=MOST_SECONDS):
    """All that comes back until the other side closes or is silent for `idle` seconds."""
    got, end = b"", time.monotonic() + most
    both = selectors.EVENT_READ | selectors.EVENT_WRITE
    with connect(address) as sock, selectors.DefaultSelector() as selector:
        sock.setblocking(False)
        selector.register(sock, both)
        while time.monotonic() < end:
            ready = selector.select(idle)
            if not ready:
                break
            try:
                if ready[0][1] & selectors.EVENT_READ:
                    piece = sock.recv(65536)
                    if not piece:
                        break
                    got += piece
                elif data:
                    data = data[sock.send(data[:65536]):]
            except BlockingIOError:
                pass
            except ConnectionError:
                if ready[0][1] & selectors.EVENT_READ:
                    break
                data = b""
            if not data:
                selector.modify(sock, selectors.EVENT_READ)
    return got


def chunks(rest):
    """The body of chunks, what follows it, and whether it ended."""
    body = b""
    while True:
        line, found, after = rest.partition(b"\r\n")
        if not found:
            return body, b"", False
        size = int(line.split(b";")[0], 16)
        if len(after) < size + 2:
            return body + after[:size], b"", False
        body, rest = body + after[:size], after[size + 2:]
        if size == 0:
            return body, rest, True


def answers(raw, head=False):
    """The answers in what came back.  `head`: they are to HEAD, and have no body."""
    found = []
    while raw.startswith(b"HTTP/"):
        top, _, rest = raw.partition(b"\r\n\r\n")
        answer = Answer(int(top.split(b" ", 2)[1]), top)
        if answer.status == 100:
            raw = rest
            continue
        length = answer.header("Content-Length")
        if head or answer.status in (204, 304) or (answer.status == 101):
            raw = rest if answer.status != 101 else b""
        elif (answer.header("Transfer-Encoding") or "").lower() == "chunked":
            answer.body, raw, answer.whole = chunks(rest)
        elif length is not None:
            answer.body, raw = rest[:int(length)], rest[int(length):]
            answer.whole = len(answer.body) == int(length)
        else:
            answer.body, raw = rest, b""
        found.append(answer)
    return found


def ask(address, data, idle=1.0, most=MOST_SECONDS):
    return answers(exchange(address, data, idle, most), head=data.startswith(b"HEAD "))
