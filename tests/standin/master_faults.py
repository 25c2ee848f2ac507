# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the stand-in master that are wrong on purpose: what an edge, a broken proxy or a
hostile master may send.  A fault is queued by a test and met by the requests that match it."""

import json
import threading
import time

LOGIN_PAGE = b"<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>"

# kind: (HTTP status, content type, body)
FIXED = {
    "html": (200, "text/html", LOGIN_PAGE),
    "html-403": (403, "text/html", LOGIN_PAGE),
    "html-502": (502, "text/html", b"<html><body><h1>Bad gateway</h1></body></html>"),
    "empty": (200, "application/json", b""),
    "not-an-object": (200, "application/json", b"[1, 2, 3]"),
    "truncated-json": (200, "application/json", b'{"status": "success", "comm'),
    "wrong-types": (200, "application/json", json.dumps({
        "status": 7, "code": [], "agent_id": {"a": 1}, "agent": "no", "protocol_version": "2",
        "agent_session_id": 5, "commands": {"action": "stop_tunnel"}}).encode()),
    "nul": (200, "application/json",
            b'{"status": "success", "agent_id": "a\\u0000b", "commands": [{"action": "\\u0000"}]}'),
    "raw-nul": (200, "application/json", b'{"status": "succ\0ess", "commands": []}'),
    "bad-utf8": (200, "application/json", b'{"status": "success", "agent_id": "\xff\xfe"}'),
    "duplicate-keys": (200, "application/json",
                       b'{"status": "success", "commands": [], "commands": [], '
                       b'"agent_id": "x", "agent_id": "y"}'),
    "deep": (200, "application/json",
             b'{"commands": ' + b"[" * 100000 + b"]" * 100000 + b"}"),
    "huge-number": (200, "application/json",
                    b'{"status": "success", "protocol_version": 1e999, "commands": []}'),
}

# The master's own refusals, by the number of the status or by name.
CODES = {
    "400": (400, "invalid_payload"), "401": (401, "unauthorized"),
    "403": (403, "agent_key_mismatch"), "404": (404, "agent_not_found"),
    "409": (409, "registration_required"), "409-stale": (409, "stale_sequence"),
    "409-unsupported": (409, "unsupported_protocol"), "413": (413, "payload_too_large"),
    "429": (429, "rate_limited"), "500": (500, "processing_failed"),
    "502": (502, "bad_gateway"), "503": (503, "persistence_failed"),
    "503-retry-after": (503, "persistence_failed"), "504": (504, "gateway_timeout"),
}

# Those that the connection itself suffers.
BEHAVIOURS = ("302", "cut", "huge", "hang", "slow", "drop", "drop-after", "close-after", "trickle",
              "answer", "garbage", "huge-header")


def known(kind):
    return kind in FIXED or kind in CODES or kind in BEHAVIOURS


class Faults:
    """The queue of faults: the first that matches a request is taken, its count goes down."""

    def __init__(self):
        self.lock = threading.Lock()
        self.queue = []

    def add(self, fault):
        if not known(fault.get("kind", "")):
            raise ValueError("unknown kind of fault: %r" % fault.get("kind"))
        with self.lock:
            self.queue.append({"times": 1, "path": "", **fault})

    def clear(self):
        with self.lock:
            self.queue.clear()

    def take(self, method, path, event_type):
        with self.lock:
            for fault in self.queue:
                if (fault["path"] in path and fault.get("method", method) == method
                        and fault.get("type", event_type) == event_type):
                    fault["times"] -= 1
                    if fault["times"] <= 0:
                        self.queue.remove(fault)
                    return fault
        return None

    def left(self):
        with self.lock:
            return [dict(fault) for fault in self.queue]


def answer(handler, fault):
    """Answers a request wrongly; True when nothing more is to be said on this request."""
    kind = fault["kind"]
    if kind in FIXED:
        status, content_type, body = FIXED[kind]
        handler.send_bytes(fault.get("status", status), body, content_type)
    elif kind in CODES:
        status, code = CODES[kind]
        extra = {"Retry-After": str(fault.get("seconds", 1))} if "retry_after" in fault or \
            kind == "503-retry-after" else {}
        if "retry_date" in fault:
            extra = {"Retry-After": handler.date_time_string(time.time() + fault["seconds"])}
        handler.send_json(status, {"status": "error", "code": code, "message": code}, extra)
    elif kind == "answer":
        handler.send_bytes(fault.get("status", 200), fault.get("body", "").encode(),
                           fault.get("content_type", "application/json"), fault.get("headers"))
    elif kind == "302":
        handler.send_bytes(302, LOGIN_PAGE, "text/html",
                           {"Location": fault.get("location", "/_stolen")})
    else:
        return misbehave(handler, kind, fault)
    return True


def misbehave(handler, kind, fault):
    if kind == "slow":
        time.sleep(fault.get("seconds", 1))
        return False
    if kind == "hang":
        handler.wait_for_close(fault.get("seconds", 30))
    elif kind == "cut":
        handler.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: 5000\r\n\r\n{\"status\": \"succ")
    elif kind == "huge":
        send_huge(handler, fault.get("bytes", 100 * 1024 * 1024))
    elif kind == "garbage":
        handler.raw(b"\x16\x03\x01 this is not HTTP at all\r\n\r\n")
    elif kind == "huge-header":
        handler.raw(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 400000 + b"\r\n\r\n")
    elif kind == "trickle":
        trickle(handler, fault.get("seconds", 30))
    handler.close_connection = True
    return True


def send_huge(handler, size):
    """A body that never ends in time: valid JSON as far as it goes."""
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n{\"status\": \"" % size)
    block = b"x" * 65536
    for _ in range(size // len(block)):
        if not handler.raw(block):
            return


def trickle(handler, seconds):
    """One byte of a header every tenth of a second."""
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(int(seconds * 10)):
        if not handler.raw(b" "):
            return
        time.sleep(0.1)
