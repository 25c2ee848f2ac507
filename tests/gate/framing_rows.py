# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests whose end, form or way is in doubt: lengths, transfer codings, lines, upgrades."""

import gzip

from request import CREATE, GOOD, TEXT, Call, Together, create, get, post
from row import MALFORMED, Row, Said, refused, through

LIST = "/v1.41/containers/json"
EVIL = get("/v1.41/containers/<other>/json")
INSPECT = "/v1.41/containers/dockflare-agent-tunnel/json"
OPEN = get(INSPECT, close=False)
JSON = "Content-Type: application/json"


def row(name, endpoint, request, gate, engine=through(200), why="", **more):
    return Row(name, endpoint, request, gate=gate if isinstance(gate, tuple) else (Said(gate),),
               engine=engine, why=why, **more)


def raw(*lines, body=b""):
    """Lines, each ended in order, and a body behind a blank one; the connection ends with it."""
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Raw:
    def __init__(self, build):
        self.build = build

    def bytes(self, fill):
        return self.build(fill)


def in_chunks(fill):
    data = fill(TEXT.encode())
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


def create_framed(name, gate, engine=through(201), headers=(), body=None, why="", **more):
    """A create whose body is the good one unless told, under these headers."""
    def build(fill):
        data = fill(TEXT.encode()) if body is None else body(fill)
        good = len(fill(TEXT.encode()))
        lines = [line.replace("<length>", str(good)).replace("<more>", str(good + 10))
                 .replace("<whole>", str(len(data))) for line in headers]
        return fill(raw("POST %s HTTP/1.1" % CREATE, "Host: docker", JSON, "Connection: close",
                        *lines)) + data
    return row(name, "tunnel", Raw(build), gate, engine, why, absent=True, **more)


def smuggled(fill):
    """A chunked body that ends at once, and another request where its Content-Length reaches."""
    return b"0\r\n\r\n" + EVIL.bytes(fill)


def listed(name, lines, gate, engine=through(200), why="", **more):
    return row(name, "read", raw(*lines), gate, engine, why, **more)


GET = "GET %s HTTP/1.1" % LIST
HOST, CLOSE = "Host: docker", "Connection: close"

ROWS = [
    # -- lengths and transfer codings -----------------------------------------------------------
    create_framed("a chunked body", 400, headers=("Transfer-Encoding: chunked",), body=in_chunks),
    create_framed("chunked, and a Content-Length", 400, headers=(
        "Content-Length: <whole>", "Transfer-Encoding: chunked"), body=in_chunks),
    create_framed("Transfer-Encoding: identity", 400, refused(501, "Unsupported transfer encoding"),
                  headers=("Content-Length: <length>", "Transfer-Encoding: identity"),
                  why="no such coding"),
    create_framed("Transfer-Encoding: gzip, chunked", 400,
                  refused(501, "Unsupported transfer encoding"),
                  headers=("Transfer-Encoding: gzip, chunked",), body=in_chunks,
                  why="no such coding"),
    create_framed("Transfer-Encoding twice", 400, refused(501, "Unsupported transfer encoding"),
                  headers=("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
                  body=in_chunks, why="one too many"),
    create_framed("Transfer-Encoding, a tab before chunked", 400,
                  headers=("Transfer-Encoding:\tchunked",), body=in_chunks),
    create_framed("two Content-Lengths, the same", 400, headers=(
        "Content-Length: <length>", "Content-Length: <length>")),
    create_framed("two Content-Lengths that differ", 400, refused(400),
                  headers=("Content-Length: <length>", "Content-Length: <more>"), why="in doubt"),
    create_framed("Content-Length: N, N", 400, refused(400), own=True, headers=(
        "Content-Length: <length>, <length>",), why="no number"),
    create_framed("Content-Length: +N", 400, refused(400), own=True, headers=("Content-Length: +<length>",),
                  why="no number"),
    create_framed("Content-Length: 0xN", 400, refused(400), own=True, headers=("Content-Length: 0x<length>",),
                  why="no number"),
    create_framed("Content-Length: -1", 400, refused(400), own=True, headers=("Content-Length: -1",),
                  why="no number"),
    create_framed("Content-Length of 30 digits", 413, refused(400), own=True, headers=(
        "Content-Length: " + "9" * 30,), why="no number"),
    create_framed("no Content-Length", 400, refused(MALFORMED, "EOF"), headers=(), why="an empty body"),
    create_framed("a Content-Length that is too small", 400, refused(MALFORMED, "EOF"),
                  headers=("Content-Length: 20",), why="cut"),
    create_framed("Expect: 100-continue", 417, headers=(
        "Content-Length: <length>", "Expect: 100-continue")),
    create_framed("a gzip body", 415, refused(MALFORMED, "invalid character"), headers=(
        "Content-Length: <whole>", "Content-Encoding: gzip"),
        body=lambda fill: gzip.compress(fill(TEXT.encode()), mtime=0), why="not unpacked"),
    # -- one request in another -----------------------------------------------------------------
    row("CL.TE: a second request in the body", "tunnel", Raw(lambda fill: raw(
        "POST %s/stop?t=1 HTTP/1.1" % INSPECT[:-5], "Host: docker",
        "Content-Length: %d" % len(smuggled(fill)), "Transfer-Encoding: chunked") + smuggled(fill)),
        400, through(204, 200)),
    row("TE.CL: a second request in a chunk", "tunnel", Raw(lambda fill: raw(
        "POST %s/stop?t=1 HTTP/1.1" % INSPECT[:-5], "Host: docker", "Content-Length: 4",
        "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (
            len(EVIL.bytes(fill)), EVIL.bytes(fill)) + get("/_ping").bytes(fill)),
        400, through(204, 200)),
    row("a second request in the body of a GET", "read", Raw(lambda fill: raw(
        GET, HOST, "Content-Length: %d" % len(EVIL.bytes(fill))) + EVIL.bytes(fill)),
        400, through(200), idle=0.5),
    row("CL 0 and a second request", "tunnel", Raw(lambda fill: raw(
        "POST %s/start HTTP/1.1" % INSPECT[:-5], "Host: docker", "Content-Length: 0") +
        EVIL.bytes(fill)), (Said(304), Said(404)), through(304, 200)),
    # -- pipelined ------------------------------------------------------------------------------
    row("good, then evil", "tunnel", Together((OPEN, EVIL)), (Said(200), Said(404)),
        through(200, 200)),
    row("evil, then good", "tunnel", Together((
        get("/v1.41/containers/<other>/json", close=False), get(INSPECT))), (Said(404), Said(200)),
        through(200, 200)),
    row("good, evil, good", "tunnel", Together((
        OPEN, get("/v1.41/info", close=False), get(INSPECT))), (Said(200), Said(403), Said(200)),
        through(200, 200, 200)),
    row("a refused create, then an allowed read", "tunnel", Together((
        create(GOOD, CREATE + "&x=1", close=False), get("/_ping"))), (Said(403), Said(200)),
        through(201, 200), absent=True),
    row("two creates", "tunnel", Together((
        create(GOOD, close=False), create(GOOD, "/v1.41/containers/create?name=it-gate-evil"))),
        (Said(201), Said(403)), through(201, 201), absent=True),
    row("an allowed list, then a create", "read", Together((
        get(LIST, close=False), create(GOOD))), (Said(200), Said(403)), through(200, 201),
        absent=True),
    row("a list, and bytes that are no request", "read",
        Together((get(LIST, close=False), b"\x16\x03\x01\x02\x00\x01\r\n\r\n")),
        (Said(200),), (Said(200), Said(400)), why="no request", lines=0),
    # -- upgrades and hijacks ---------------------------------------------------------------------
    row("attach, upgraded", "tunnel", post(INSPECT[:-5] + "/attach?stream=1&stdout=1", close=False,
                                           headers=("Connection: Upgrade", "Upgrade: tcp")),
        400, through(101), idle=0.4),
    row("attach to another, upgraded", "tunnel", post(
        "/v1.41/containers/<other>/attach?stream=1&stdin=1&stdout=1", close=False,
        headers=("Connection: Upgrade", "Upgrade: tcp")), 400, through(101), idle=0.4),
    row("POST /grpc", "tunnel", post("/v1.41/grpc", close=False, headers=(
        "Connection: Upgrade", "Upgrade: h2c")), 400, through(101), idle=0.4),
    row("POST /session", "tunnel", post("/v1.41/session", close=False, headers=(
        "Connection: Upgrade", "Upgrade: h2c", "X-Docker-Expose-Session-Uuid: 1",
        "X-Docker-Expose-Session-Name: x")), 400, through(101), idle=0.4),
    row("an allowed read, upgraded to h2c", "read", get(LIST, close=False, headers=(
        "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")),
        400, idle=0.4),
    row("an allowed read, upgraded to a WebSocket", "read", get(LIST, close=False, headers=(
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")), 400, idle=0.4),
    row("HTTP/2's preface", "read", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, refused(301),
        why="HTTP/1 alone", own=True),
    # -- the request line -------------------------------------------------------------------------
    listed("HTTP/1.0", ("GET %s HTTP/1.0" % LIST, HOST), 400),
    listed("HTTP/1.0, without Host", ("GET %s HTTP/1.0" % LIST,), 400),
    listed("HTTP/1.2", ("GET %s HTTP/1.2" % LIST, HOST, CLOSE), 400),
    listed("HTTP/2.0", ("GET %s HTTP/2.0" % LIST, HOST, CLOSE), 505, refused(505),
           why="no such version", own=True),
    listed("HTTP/0.9", ("GET %s" % LIST,), 400, refused(400), why="no version", own=True),
    listed("http/1.1 in lower case", ("GET %s http/1.1" % LIST, HOST, CLOSE), 400, refused(400),
           why="no version", own=True),
    listed("an absolute target", ("GET http://docker%s HTTP/1.1" % LIST, HOST, CLOSE), 400),
    listed("an absolute target of another host", (
        "GET http://192.0.2.1/v1.41/info HTTP/1.1", HOST, CLOSE), 400),
    listed("a target without a slash", ("GET v1.41/containers/json HTTP/1.1", HOST, CLOSE), 400,
           refused(400), why="no target"),
    listed("a fragment", ("GET %s#x HTTP/1.1" % LIST, HOST, CLOSE), 403, refused(404),
           why="no such path"),
    listed("two blanks (libmicrohttpd takes them for one)", (
        "GET  %s HTTP/1.1" % LIST, HOST, CLOSE), 200, refused(400), why="no target"),
    listed("a blank in the target", ("GET %s x HTTP/1.1" % LIST, HOST, CLOSE), (), refused(400),
           why="no version"),
    listed("a tab for a blank", ("GET\t%s HTTP/1.1" % LIST, HOST, CLOSE), 400, refused(400),
           why="no target", own=True),
    listed("a byte above 127 in the path", ("GET /v1.41/containers/js\xf6n HTTP/1.1", HOST, CLOSE),
           400, refused(404), why="no such path"),
    listed("a target of 20,000 bytes", ("GET %s?x=%s HTTP/1.1" % (LIST, "y" * 20000), HOST, CLOSE),
           414),
    listed("a method of 300 letters", ("A" * 300 + " %s HTTP/1.1" % LIST, HOST, CLOSE), 403,
           refused(404), why="no such method"),
    # -- headers ----------------------------------------------------------------------------------
    listed("no Host", (GET, CLOSE), 400, refused(400, "missing required Host"), why="none told",
           own=True),
    listed("two Hosts", (GET, HOST, "Host: other", CLOSE), 400, refused(400),
           why="two of them"),
    listed("a header without a colon", (GET, HOST, "Evil", CLOSE), 400, refused(400),
           why="no header", own=True),
    listed("a folded header", (GET, HOST, "X-A: b", " Transfer-Encoding: chunked", CLOSE), 400),
    listed("a blank before the colon", (GET, HOST, "X-A : b", CLOSE), 400, refused(400),
           why="no header"),
    listed("a blank before the first header", (GET, " X-A: b", HOST, CLOSE), 400, refused(400),
           why="no header"),
    listed("a NUL in a header that is not looked at", (GET, HOST, "X-A: b\0c", CLOSE), 200,
           refused(400), why="no header"),
    listed("40 headers", (GET, HOST, CLOSE, *("X-%d: y" % at for at in range(40))), 431),
    listed("10 KiB of headers", (GET, HOST, CLOSE, "X-A: " + "y" * 10240), 431),
    listed("1 MiB of headers", (GET, HOST, CLOSE, *("X-%d: %s" % (at, "y" * 8192)
                                                    for at in range(120))), 431, own=True),
    listed("Content-Encoding on a read", (GET, HOST, CLOSE, "Content-Encoding: gzip"), 415),
    listed("Transfer-Encoding: chunked on a read", (GET, HOST, CLOSE, "Transfer-Encoding: chunked",
                                                    "", "0"), 400),
    row("lines that end in LF alone", "read",
        ("\n".join([GET, HOST, CLOSE, "", ""])).encode(), 200),
    row("lines that end in CR alone", "read", ("\r".join([GET, HOST, CLOSE, "", ""])).encode(),
        (), (), why="no end of a line", idle=0.5),
    # -- bytes that are no request --------------------------------------------------------------
    row("TLS", "read", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\r\n\r\n", (),
        refused(400), why="no request"),
    row("the frame of a worker", "tunnel", b"\0\0\0\x20\0\0\0\x01{\"type\":\"gate-tunnel\"}\r\n\r\n",
        (), refused(400), why="no request"),
]
