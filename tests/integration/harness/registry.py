# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry with one image, on loopback, where Docker takes plain HTTP: pulls that are real."""

import gzip
import hashlib
import io
import json
import re
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass

    def answer(self, data, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Docker-Content-Digest", digest_of(data))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self):
        registry = self.server.registry
        registry.seen.append(self.path)
        name = self.path.rsplit("/", 1)[-1]
        if self.path == "/v2/":
            self.answer(b"{}", "application/json")
        elif re.fullmatch(r"/v2/.+/manifests/[^/]+", self.path) and name in registry.names:
            self.answer(registry.manifest, MANIFEST)
        elif name in registry.blobs:
            if name == registry.layer:
                registry.may_send.wait(30)
            self.answer(registry.blobs[name], "application/octet-stream")
        else:
            self.send_error(404)

    do_HEAD = do_GET


class Registry:
    """Serves an image (`docker save`) under any repository, with a tag and by its digest."""

    def __init__(self, saved, tag):
        self.seen = []
        self.may_send = threading.Event()
        self.may_send.set()
        self.pack(saved)
        self.digest = digest_of(self.manifest)
        self.names = {tag, self.digest}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.registry = self
        self.host = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def pack(self, saved):
        saved = tarfile.open(fileobj=io.BytesIO(saved))
        entry = json.load(saved.extractfile("manifest.json"))[0]
        assert len(entry["Layers"]) == 1
        config = saved.extractfile(entry["Config"]).read()
        layer = gzip.compress(saved.extractfile(entry["Layers"][0]).read(), mtime=0)
        self.layer = digest_of(layer)
        self.blobs = {digest_of(config): config, self.layer: layer}
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(config), "digest": digest_of(config)},
            "layers": [{"mediaType": LAYER, "size": len(layer), "digest": self.layer}],
        }).encode()

    def close(self):
        self.may_send.set()
        self.server.shutdown()
        self.server.server_close()
