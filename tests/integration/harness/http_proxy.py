# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP proxy that knows CONNECT only and may want a user and password."""

import base64
import socket
import socketserver
import threading


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline(4096).decode("latin-1").split()
        headers = {}
        while (header := self.rfile.readline(4096).strip()):
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        proxy = self.server.proxy
        if len(line) < 2 or line[0] != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\n\r\n")
            return
        if proxy.denies:
            proxy.refused += 1
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        if proxy.user and headers.get("proxy-authorization") != proxy.expected:
            proxy.refused += 1
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                             b"Proxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n")
            return
        proxy.tunnels.append(line[1])
        host, _, port = line[1].rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), 5) as target:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(target, self.connection), daemon=True)
            back.start()
            pump(self.connection, target)
            back.join(5)


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that leaves in the middle is daily bread here."""


class HttpProxy:
    def __init__(self, user=None, password=None, denies=False):
        self.user = user
        self.denies = denies
        pair = ("%s:%s" % (user, password)).encode()
        self.expected = "Basic " + base64.b64encode(pair).decode()
        self.tunnels = []
        self.refused = 0
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.proxy = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
