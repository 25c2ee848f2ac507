# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a name server, on an address of loopback: UDP and TCP, answers by a table."""

import socket
import socketserver
import struct
import threading

PORT = 53
A, AAAA = 1, 28
SERVFAIL, NXDOMAIN = 2, 3


def question_of(packet):
    """(name, type, the question's bytes) of a query (RFC 1035, 4.1)."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii").lower())
        at += 1 + packet[at]
    kind = struct.unpack(">H", packet[at + 1:at + 3])[0]
    return ".".join(labels), kind, packet[12:at + 5]


def answer_to(packet, addresses, truncated=False, code=0):
    _, kind, question = question_of(packet)
    family = socket.AF_INET if kind == A else socket.AF_INET6
    records = [] if truncated or code else [
        struct.pack(">HHHIH", 0xc00c, kind, 1, 1, 4 if kind == A else 16) +
        socket.inet_pton(family, address)
        for address in addresses if (":" in address) == (kind == AAAA)]
    flags = 0x8180 | (0x0200 if truncated else 0) | code
    return packet[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question + b"".join(
        records)


class UdpHandler(socketserver.BaseRequestHandler):
    def handle(self):
        packet, sock = self.request
        answer = self.server.dns.answer(packet, "udp")
        if answer is not None:
            sock.sendto(answer, self.client_address)


class TcpHandler(socketserver.BaseRequestHandler):
    """Questions one after the other until the asker closes, as RFC 7766 has it."""

    def handle(self):
        while len(head := self.request.recv(2, socket.MSG_WAITALL)) == 2:
            packet = self.request.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL)
            answer = self.server.dns.answer(packet, "tcp")
            if answer is not None:
                self.request.sendall(struct.pack(">H", len(answer)) + answer)


class UdpServer(socketserver.ThreadingUDPServer):
    allow_reuse_address = True
    daemon_threads = True


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Dns:
    """names: name to a list of addresses.  mode: "good", "silent", "truncated" (TCP then has the
    answer), "garbage", "foreign" (another question's answer), "servfail", "nxdomain"."""

    def __init__(self, address, names=None, mode="good"):
        self.names = dict(names or {})
        self.mode = mode
        self.asked = []  # (name, type, "udp" or "tcp")
        self.servers = [UdpServer((address, PORT), UdpHandler),
                        TcpServer((address, PORT), TcpHandler)]
        for server in self.servers:
            server.dns = self
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, packet, way):
        name, kind, _ = question_of(packet)
        self.asked.append((name, kind, way))
        if self.mode == "silent":
            return None
        if self.mode == "garbage":
            return packet[:2] + b"\xff" * 40
        if self.mode == "foreign":
            return answer_to(packet[:12] + b"\x05other\x07example\x00" + packet[-4:],
                             ["127.0.0.1"])
        if self.mode == "servfail":
            return answer_to(packet, [], code=SERVFAIL)
        addresses = None if self.mode == "nxdomain" else self.names.get(name)
        if addresses is None:
            return answer_to(packet, [], code=NXDOMAIN)
        return answer_to(packet, addresses, truncated=self.mode == "truncated" and way == "udp")

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
