# SPDX-License-Identifier: GPL-3.0-or-later
"""A lone gate-engine, whose fronts the test plays: frames go in, frames come back."""

import itertools

from . import docker, wait


class Front:
    """gate-read or gate-tunnel, as gate-engine sees it."""

    def __init__(self, worker, name):
        self.name = name
        self.end = worker.peer(name)
        self.ids = itertools.count(1)

    def send(self, kind, **fields):
        """Sends a request; its id."""
        number = next(self.ids)
        self.end.send({"type": kind, "id": number, **fields})
        return number

    def cancel(self, number):
        self.end.send({"type": "gate-cancel", "id": number})

    def answers(self, number):
        return [m for m in self.end.messages() if m.get("id") == number]

    def wait(self, number, kind="gate-done", count=1, within=20):
        return wait.until("%s of %d" % (kind, number), lambda: [
            m for m in self.answers(number) if m["type"] == kind][count - 1:count], within)[0]

    def ask(self, kind, within=20, **fields):
        """A request's whole answer: its status, its message, and the frames before them."""
        number = self.send(kind, **fields)
        done = self.wait(number, within=within)
        before = self.answers(number)
        assert before.pop() == done, "nothing comes behind gate-done"
        return done["status"], done.get("message"), before

    def read(self, verb, all=False, **more):
        return self.ask("gate-read", verb=verb, all=all, **more)

    def tunnel(self, verb, container=None, image=None, stop_s=0, **more):
        return self.ask("gate-tunnel", **tunnel_fields(verb, container, image, stop_s), **more)

    def create(self, image, token, command_id=None, grace_s=5, metrics_port=2000, **more):
        fields = {"image": image, "token": token, "grace_s": grace_s, "metrics_port": metrics_port}
        if command_id:
            fields["command_id"] = command_id
        return self.ask("gate-create", **fields, **more)


def tunnel_fields(verb, container=None, image=None, stop_s=0):
    fields = {"verb": verb, "seconds": stop_s}
    if container:
        fields["container"] = container
    if image:
        fields["image"] = image
    return fields


class Engine:
    """gate-engine with both fronts."""

    def __init__(self, workers, network, host=None, **values):
        self.worker = workers("gate-engine", {
            "GATE_DOCKER_HOST": host or "unix://" + docker.SOCKET,
            "CLOUDFLARED_NETWORK_NAME": network, "CLOUDFLARED_IMAGE": docker.TUNNEL_IMAGE,
            "GATE_TOKEN_IN": "auto", "GATE_CREATES_A_MINUTE": "30",
            "GATE_TUNNEL_MEMORY_MIB": "256", **values})
        self.reader = Front(self.worker, "gate-read")
        self.tunneller = Front(self.worker, "gate-tunnel")
