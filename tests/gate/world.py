# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine of the tests' own has while the table is run, and what the rows' words stand for.

Rows that the engine carries out change it: mend() makes it again what it was.  look() tells
everything that a row could have changed, and `happened` every event that Docker knows of it.
"""

import http.client
import json
import re
import socket
import threading
import time

from request import GOOD

from harness import docker, secret

NETWORK, OTHER_NETWORK, SPARE_NETWORK = "it-gate-net", "it-gate-other-net", "it-gate-spare-net"
REPOSITORY, VOLUME = "it-gate/tunnel", "it-gate-kept"
IMAGE, OTHER_TAG = REPOSITORY + ":1", REPOSITORY + ":2"
OTHER_IMAGE, SPARE_IMAGE = "it-gate/other:1", "it-gate/spare:1"
OTHER, PUBLISHED, ALIKE = "it-gate-other", "it-gate-published", "dockflare-agent-tunnel2"
TUNNEL = docker.TUNNEL_CONTAINER


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class World:
    """`engine` is an OwnEngine that has the image docker.PAUSE_IMAGE."""

    def __init__(self, engine):
        self.engine = engine
        self.tunnel, self.other_tunnel = secret.Tunnel("gate"), secret.Tunnel("gate-other")
        # In the other containers alone: nothing that comes through the gate may hold them.
        self.hidden = [secret.fresh("another container's environment"),
                       secret.fresh("another container's label")]
        self.happened = []
        self.words = {}
        self.as_made = {}  # what look() told, by whether the tunnel's container is absent
        for name in (IMAGE, OTHER_TAG, OTHER_IMAGE, SPARE_IMAGE):
            self.call("POST", "/images/%s/tag?repo=%s&tag=%s" % (
                docker.PAUSE_IMAGE, *name.split(":")))
        threading.Thread(target=self.listen, args=(time.time(),), daemon=True).start()
        self.mend(True)
        self.mend(False)

    # -- the engine, directly -----------------------------------------------------------------

    @property
    def socket(self):
        return self.engine.socket

    def exchange(self, method, path, body=None):
        connection = Connection(self.socket)
        try:
            connection.request(method, "/v1.41" + path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def call(self, method, path, body=None, missing=None):
        status, text = self.exchange(method, path, body)
        if status == 404 and missing is not None:
            return missing
        assert status < 400, (method, path, status, text[:300])
        return json.loads(text) if text.startswith((b"{", b"[")) else None

    def listen(self, since):
        """Keeps every event, as "type action: name or id"."""
        connection = Connection(self.socket)
        connection.timeout = None
        try:
            connection.request("GET", "/v1.41/events?since=%.6f" % since)
            for line in connection.getresponse():
                event = json.loads(line)
                self.happened.append("%s %s: %s" % (
                    event["Type"], event["Action"],
                    event["Actor"]["Attributes"].get("name", event["Actor"]["ID"][:12])))
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the engine ends before this thread

    def settle(self):
        """Docker tells of what was done a moment after it answers: until it is quiet."""
        seen = None
        while seen != len(self.happened):
            seen = len(self.happened)
            time.sleep(0.05)

    def inspect(self, name):
        return self.call("GET", "/containers/%s/json" % name, missing=False)

    # -- what there is ------------------------------------------------------------------------

    def look(self):
        containers = self.call("GET", "/containers/json?all=1")
        return {
            "containers": sorted((one["Names"], one["Id"], one["State"], one["ImageID"],
                                  sorted(one["NetworkSettings"]["Networks"]))
                                 for one in containers),
            "volumes": sorted(one["Name"] for one in self.call("GET", "/volumes")["Volumes"] or ()),
            "networks": sorted((one["Name"], one["Id"]) for one in self.call("GET", "/networks")),
            "images": sorted((one["Id"], sorted(one["RepoTags"] or ()))
                             for one in self.call("GET", "/images/json?all=1")),
        }

    def mend(self, absent):
        """All as it was, the tunnel's container absent or running.  What look() tells then."""
        seen = self.look()
        if seen == self.as_made.get(absent):
            return seen
        kept = {OTHER, PUBLISHED, ALIKE} | (set() if absent else {TUNNEL})
        for names, identity, state, _, networks in seen["containers"]:
            if names == ["/" + TUNNEL] and not absent and state == "running" and \
                    networks == [NETWORK]:
                continue
            if names[0][1:] not in kept or state != "running" or names[0][1:] == TUNNEL:
                self.call("DELETE", "/containers/%s?force=1&v=1" % identity, missing=0)
        for name in seen["volumes"]:
            if name != VOLUME:
                self.call("DELETE", "/volumes/%s?force=1" % name, missing=0)
        for name, identity in seen["networks"]:
            if name.startswith("it-gate-made"):
                self.call("DELETE", "/networks/" + identity)
        self.mend_images(seen)
        for name in (NETWORK, OTHER_NETWORK, SPARE_NETWORK):
            if name not in [one for one, _ in seen["networks"]]:
                self.call("POST", "/networks/create", {"Name": name, "CheckDuplicate": True})
        self.call("POST", "/volumes/create", {"Name": VOLUME})
        self.need(OTHER, OTHER_NETWORK, {"private": self.hidden[1]})
        self.need(PUBLISHED, OTHER_NETWORK, {
            "dockflare.enable": "true", "dockflare.hostname": "gate.example.com",
            "dockflare.service": "http://it:80", "private": self.hidden[1]})
        self.need(ALIKE, OTHER_NETWORK, {"private": self.hidden[1]})
        self.learn()
        if not absent and not self.inspect(TUNNEL):
            self.make_tunnel()
        self.learn()
        self.settle()
        self.as_made[absent] = self.look()
        return self.as_made[absent]

    def mend_images(self, seen):
        tags = [tag for _, named in seen["images"] for tag in named]
        for tag in tags:
            if tag not in (IMAGE, OTHER_TAG, OTHER_IMAGE, SPARE_IMAGE, docker.PAUSE_IMAGE):
                self.call("DELETE", "/images/" + tag, missing=0)
        if SPARE_IMAGE not in tags:
            self.call("POST", "/images/%s/tag?repo=%s&tag=%s" % (IMAGE, *SPARE_IMAGE.split(":")))
        own = [one for one, named in seen["images"] if IMAGE in named]
        for identity, named in seen["images"]:
            if identity not in own and named in ([], ["<none>:<none>"]):
                self.call("DELETE", "/images/%s?force=1" % identity, missing=0)

    def need(self, name, network, labels):
        if self.inspect(name):
            return
        self.call("POST", "/containers/create?name=" + name, {
            "Image": OTHER_IMAGE, "Env": ["HIDDEN=" + self.hidden[0]], "Labels": labels,
            "HostConfig": {"NetworkMode": network}})
        self.call("POST", "/containers/%s/start" % name)

    def make_tunnel(self):
        """As the agent makes it through any other proxy."""
        body = json.loads(self.fill(json.dumps(GOOD).encode()))
        self.call("POST", "/containers/create?name=" + TUNNEL, body)
        self.call("POST", "/containers/%s/start" % TUNNEL)

    # -- words --------------------------------------------------------------------------------

    def learn(self):
        """What the rows' words stand for now."""
        other, published, tunnel = (self.inspect(n) or {"Id": "0" * 64} for n in (
            OTHER, PUBLISHED, TUNNEL))
        self.words = {
            "image": IMAGE, "image-other-tag": OTHER_TAG, "image-repository": REPOSITORY,
            "other-image": OTHER_IMAGE, "spare-image": SPARE_IMAGE,
            "image-id": self.call("GET", "/images/%s/json" % IMAGE)["Id"],
            "image-digest": REPOSITORY + "@sha256:" + "0123456789abcdef" * 4,
            "network": NETWORK, "other-network": OTHER_NETWORK, "spare-network": SPARE_NETWORK,
            "network-id": self.call("GET", "/networks/" + NETWORK)["Id"],
            "volume": VOLUME, "token": self.tunnel.token, "other-token": self.other_tunnel.token,
            "other": other["Id"], "other-name": OTHER, "other-short": other["Id"][:12],
            "published": published["Id"], "tunnel": tunnel["Id"],
            "tunnel-short": tunnel["Id"][:12],
        }

    def fill(self, data):
        return re.sub(rb"<([a-z-]+)>", lambda found: self.words.get(
            found[1].decode(), found[0].decode()).encode(), data)
