# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to Docker: those that docs/hardening.md lists, and those that the suite's agents made.

Recorders write a line for each into calls-WHO-….log below the output folder: the HAProxy of an
endpoint (WHO is "read" or "tunnel", or "any" where it is one for both), and stand-in engines
("any").  What tests ask themselves, and workers that are made to be hostile, goes by none of them.
"""

import os
import re
from collections import namedtuple

from . import proxies

DOCUMENT = os.path.join(proxies.TOP, "docs", "hardening.md")
BEGIN, END = ("<!-- made from common/docker_calls.c: %s -->" % word for word in ("begin", "end"))
ENDPOINTS = {"read": "docker-watcher", "tunnel": "tunnel-keeper"}
WORDS = {"NN": "[0-9]{1,2}", "ID": "[0-9a-f]{64}", "NETWORK": "[^?&/]+", "IMAGE": "[^?&]+",
         "REPOSITORY": "[^?&]+", "TAG": "[^?&/]+", "FILTERS": "[^?&/]+"}
# Their agents are not what is looked at: a worker of them is hostile, or a test asks in its place.
HOSTILE = ("test_escape.py", "test_hostile.py", "test_gate.py", "test_gate_engine.py",
           "test_gate_front.py", "test_gate_robber.py")

Row = namedtuple("Row", "who method path")
Call = namedtuple("Call", "endpoint method path denied")


def document():
    with open(DOCUMENT, encoding="utf-8") as file:
        return file.read()


def rows():
    """The documented list."""
    table = document().split(BEGIN)[1].split(END)[0]
    found = [Row(tuple(who.split(", ")), method, path) for who, method, path
             in re.findall(r"^\| ([a-z, -]+) \| `([A-Z]+) (\S+)` \|", table, re.M)]
    assert len(found) == table.count("| `"), "a row of %s can't be read" % DOCUMENT
    return found


def matches(row, call):
    pattern = "".join(WORDS.get(part, re.escape(part))
                      for part in re.split(r"\b(%s)\b" % "|".join(WORDS), row.path))
    # What was denied did no harm, whoever's endpoint a test had given to the wrong worker.
    who = None if call.denied else ENDPOINTS.get(call.endpoint)
    return (row.method == call.method and re.fullmatch(pattern, call.path) is not None
            and (who is None or who in row.who))


def line(method, path, status="-"):
    return "CALL %s %s %s\n" % (method, path, status)


def read(path):
    """The calls of one recorder."""
    endpoint = os.path.basename(path).split("-")[1]
    with open(path, encoding="utf-8", errors="replace") as file:
        parts = [text.split() for text in file if text.startswith("CALL ")]
    return [Call(endpoint, part[1], part[2], part[3] == "403") for part in parts]


def recorded(folder):
    """All calls that were recorded below a folder."""
    return [call for where, _, names in os.walk(folder) for name in sorted(names)
            if name.startswith("calls-") and name.endswith(".log")
            for call in read(os.path.join(where, name))]


def strangers(calls):
    """Those that are in no row, each once."""
    listed = rows()
    return sorted({"%s %s (%s)" % (call.method, call.path, call.endpoint) for call in calls
                   if not any(matches(row, call) for row in listed)})


def recording(configuration):
    """The text of a proxy's configuration with another way to log, and nothing else changed."""
    with open(configuration, encoding="utf-8") as file:
        before = file.read().splitlines()
    after = [text for text in before if text.strip() not in ("option httplog", "option dontlog-normal")]
    assert before.count("  option dontlog-normal") == 1 and "defaults" in after
    at = after.index("defaults") + 1
    # logasap: at the answer's header, as streams end with the proxy.
    added = ["  option dontlognull", "  option logasap", '  log-format "CALL %HM %HU %ST"']
    return "\n".join(after[:at] + added + after[at:]) + "\n"
