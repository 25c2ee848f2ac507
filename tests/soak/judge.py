# SPDX-License-Identifier: GPL-3.0-or-later
"""Never worse: judges what the master was told by what ran on the stand-in engine."""

import json

# So long the agent may believe what is no longer so: an event that the engine dropped is found by
# the list a minute later.
BELIEF_SECONDS = 80
NAMED = 3  # so many containers of one report are named


class Judge:
    def __init__(self, engine, protocol, wrong):
        self.engine = engine
        self.protocol = protocol
        self.tell = wrong  # called with what is wrong
        self.found = 0  # so much is
        self.since = 0
        self.requests = self.stops = self.reports = 0
        self.told = set()  # ids that some report held

    def wrong(self, what):
        self.found += 1
        self.tell(what)

    def read(self, master):
        """Judges the requests that are new in the master's record."""
        for request in master.state(self.since)["requests"]:
            self.since = max(self.since, request["n"] + 1)
            self.requests += 1
            if request.get("body") and request["path"].endswith("/events"):
                self.judge(request)

    def judge(self, request):
        try:
            body = json.loads(request["body"])
        except ValueError:
            self.wrong("a request whose body is no JSON")
            return
        if body["type"] == "container_stop":
            self.judge_stop(body, request["time"])
        elif body["type"] == "status_report":
            self.judge_report(body, request["time"])

    def judge_stop(self, body, now):
        self.stops += 1
        container = self.engine.containers.get((body.get("container") or {}).get("id"))
        if container and (container.never_stopped() or
                          container.ran_throughout(now - BELIEF_SECONDS, now)):
            self.wrong("container_stop of %s, which ran all along" % container.name)

    def judge_report(self, body, now):
        complete = body.get("inventory_complete", self.protocol == "1")
        told = body.get("containers")
        if told is None:
            told = (body.get("container") or {}).get("containers", [])
        ids = {container["id"] for container in told}
        self.reports += 1
        self.told |= ids
        if not complete:
            return
        lacking, stale = [], []
        for container in list(self.engine.containers.values()):
            lasting = container.never_stopped() and container.id in self.told
            if container.id not in ids and (
                    lasting or container.ran_throughout(now - BELIEF_SECONDS, now)):
                lacking.append(container.name)
            if container.id in ids and not container.ran_at_all(now - BELIEF_SECONDS, now):
                stale.append(container.name)
        if lacking:
            self.wrong("a report called complete lacks %s" % named(lacking))
        if stale:
            self.wrong("a report holds what is long gone: %s" % named(stale))


def named(names):
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (" and %d more" % more if more > 0 else "")
