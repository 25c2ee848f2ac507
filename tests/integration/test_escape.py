# SPDX-License-Identifier: GPL-3.0-or-later
"""Every worker's sandbox, attacked from inside: in both start modes, natively and in the container.

tests/escape makes the attempts (its tables say what each must end in) and prints a line of JSON for
each; here they are judged.  Each has a control run without any layer, and where two or more layers
stop it, a run without each of them.
"""

import collections
import json
import os
import shutil
import subprocess
import tempfile
import threading

import pytest

from harness import docker, install
from harness.agent import AGENT_UID, START
from harness.container_agent import START as CONTAINER_START

MODES = ("shared", "distinct")
BUILT = os.path.join(install.TOP, "build", "dev", "tests", "escape")
ALL_LAYERS = 7
# What a kernel that lacks the thing answers, without any layer of ours.
LACKING = ("ENOSYS", "EAFNOSUPPORT", "EPROTONOSUPPORT")
# Docker's own filter, where ours is left out.
DOCKER_ANSWERS = ("EPERM", "ENOSYS")
NOT_APPLICABLE_MAX = 0.10


def programs():
    """The folder with escape-run and escape-probe; uid 65532 must be able to reach it."""
    assert os.path.exists(os.path.join(BUILT, "escape-probe")), "build with -Dtests=true first"
    done = subprocess.run([*START["shared"], "test", "-x", os.path.join(BUILT, "escape-probe")])
    if done.returncode == 0:
        return BUILT
    where = tempfile.mkdtemp(prefix="dockflare-agent-escape-")
    os.chmod(where, 0o755)
    for name in ("escape-run", "escape-probe"):
        shutil.copy(os.path.join(BUILT, name), where)
    return where


class Attack:
    """The lines of all runs of one place and mode; each run is a process of its own."""

    def __init__(self, place, mode):
        self.place = place
        self.mode = mode
        self.lines = []
        self.errors = []

    def take(self, name, done):
        if done.returncode != 0:
            self.errors.append("%s %s %s: status %d: %s" % (
                self.place, self.mode, name, done.returncode,
                done.stderr.decode("utf-8", "replace")[-500:]))
        for line in done.stdout.decode().splitlines():
            self.lines.append({"place": self.place, **json.loads(line)})

    def native(self, where, folder):
        os.chown(folder, AGENT_UID, AGENT_UID)
        for what in (("--sandbox",), ("--layers", "--control")):
            self.take(what[0], subprocess.run(
                [*START[self.mode], os.path.join(where, "escape-run"), "--folder", folder, *what],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE))

    def container(self, where, folder):
        for what, more in (("--sandbox", ()), ("--layers", ()),
                           ("--control", ("--security-opt", "seccomp=unconfined"))):
            if what == "--layers" and not os.environ.get("TEST_ESCAPE_EVERY"):
                continue
            self.take(what, subprocess.run(
                ["docker", "run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL",
                 *CONTAINER_START[self.mode], "--security-opt", "no-new-privileges", *more,
                 "--tmpfs", "/run/dockflare-agent:uid=65532,gid=65532,mode=0755",
                 "-v", where + ":/escape:ro", "--label", "test-run=escape",
                 "--entrypoint", "/escape/escape-run", docker.AGENT_IMAGE,
                 "--folder", "/run/dockflare-agent", what],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, "DOCKER_HOST": "unix://" + docker.SOCKET}))


@pytest.fixture(scope="module")
def attack(engine_session, output):
    """All attempts, made: the two start modes side by side, and the two places."""
    where = programs()
    attacks = [Attack(place, mode) for place in ("native", "container") for mode in MODES]
    threads = []
    for each in attacks:
        folder = tempfile.mkdtemp(prefix="dockflare-agent-escape-")
        os.chmod(folder, 0o755)
        threads.append(threading.Thread(target=getattr(each, each.place), args=(where, folder)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [line for each in attacks for line in each.lines]
    with open(os.path.join(output, "escape.json"), "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
    errors = [error for each in attacks for error in each.errors]
    assert not errors, "\n".join(errors)
    return lines


def is_control(line):
    return len(line["without"]) == ALL_LAYERS


def lacking(lines):
    """(attempt, place) to the reason why this kernel, or machine, can't show it."""
    found = {}
    for line in filter(is_control, lines):
        if line["outcome"] == line["expected"]:
            continue
        if line["outcome"] in LACKING:
            reason = "the kernel lacks it (%s)" % line["outcome"]
        elif line["row"] == "18" and line["outcome"] == "SIGSEGV":
            reason = "the kernel lacks the 32-bit ABI (SIGSEGV)"
        elif line["row"] == "rule" and line["outcome"] == "ENOENT":
            reason = "there is no such file"
        else:
            continue
        found[line["attempt"], line["place"]] = reason
    return found


def by_what(line):
    if line["outcome"] == "success":
        return "got through" if line["kind"] == "open" else "granted"
    if line["outcome"] == "SIGSYS" or (line["outcome"] == "ENOSYS" and "seccomp" in line["layers"]):
        return "stopped (seccomp)"
    behind = [layer for layer in line["layers"] if layer not in ("seccomp", *line["without"])]
    return "stopped (%s)" % (", ".join(behind) or "descriptors")


def describe(line):
    return "%(place)s %(mode)s %(process)s without %(without)s: row %(row)s %(attempt)s: " \
           "%(outcome)s, must be %(expected)s %(harm)s" % line


def print_table(lines, missing):
    """Every attempt, process, mode and place; then the totals."""
    shown = collections.OrderedDict()
    totals = collections.OrderedDict()
    for line in lines:
        if line["without"] or line["kind"] == "crash":
            continue
        reason = missing.get((line["attempt"], line["place"]))
        text = "n/a: " + reason if reason else by_what(line)
        shown.setdefault((line["row"], line["attempt"], line["what"]), collections.OrderedDict()) \
             .setdefault(text, []).append((line["process"], line["mode"], line["place"]))
        total = totals.setdefault((line["process"], line["mode"], line["place"]),
                                  collections.Counter())
        total["n/a" if reason else text.split(" (")[0]] += 1
    everybody = len(totals)
    for (row, name, what), outcomes in shown.items():
        print("%-5s %-24s %s" % (row, name, what))
        for text, where in outcomes.items():
            names = "everywhere" if len(where) == everybody else \
                ", ".join(sorted({process for process, _, _ in where})) + \
                " (%d of %d)" % (len(where), everybody)
            print("        %s: %s" % (text, names))
    for (process, mode, place), total in totals.items():
        print("%-24s %-8s %-9s %s" % (process, mode, place, ", ".join(
            "%d %s" % (count, what) for what, count in sorted(total.items()))))


def test_nothing_gets_through(attack, capsys):
    """With all layers each attempt ends in exactly what its row says, and nobody is harmed."""
    missing = lacking(attack)
    with capsys.disabled():
        print()
        print_table(attack, missing)
    full = [line for line in attack if not line["without"]]
    # Where the kernel lacks a thing, how the attempt ends says nothing, but it may not succeed.
    wrong = [describe(line) for line in full if line["harm"] or (
        line["outcome"] == "success" if (line["attempt"], line["place"]) in missing and
        line["kind"] == "stopped" else line["outcome"] != line["expected"] and
        (line["attempt"], line["place"]) not in missing)]
    assert not wrong, "\n".join(wrong)
    assert {(line["process"], line["mode"], line["place"]) for line in full} >= {
        (process, mode, place) for mode in MODES for place in ("native", "container")
        for process in ("master-link", "docker-watcher", "tunnel-keeper", "name-resolver")}


def test_what_gets_through_is_known(attack):
    """Just the gaps that docs/security.md names."""
    through = {(line["row"], line["attempt"], line["process"]) for line in attack
               if not line["without"] and line["outcome"] == "success" and line["kind"] == "open"}
    every = ("master-link", "docker-watcher", "docker-watcher (unix)", "tunnel-keeper",
             "tunnel-keeper (unix)", "name-resolver")
    assert through == (
        {("66", "other-address", process) for process in every if "unix" not in process} |
        {("61", name, "name-resolver") for name in ("udp", "udp-connect")} |
        {("42", "unix-path", process) for process in every if "unix" in process})


def test_control_runs(attack):
    """Without any layer each attempt succeeds, or fails as its row says; else it shows nothing."""
    missing = lacking(attack)
    controls = list(filter(is_control, attack))
    wrong = [describe(line) for line in controls if line["outcome"] != line["expected"] and
             (line["attempt"], line["place"]) not in missing]
    assert not wrong, "\n".join(wrong)
    # In the sandbox it does not end the same way.
    ends = {(line["attempt"], line["place"]): line["outcome"] for line in controls}
    same = [describe(line) for line in attack
            if not line["without"] and line["kind"] == "stopped" and
            line["outcome"] == ends[line["attempt"], line["place"]] and
            (line["attempt"], line["place"]) not in missing]
    assert not same, "\n".join(same)
    for place in ("native", "container"):
        names = {line["attempt"] for line in attack if line["kind"] != "crash"}
        lost = [name for name, where in missing if where == place]
        assert len(lost) <= NOT_APPLICABLE_MAX * len(names), lost


def test_one_layer_at_a_time(attack):
    """Whatever two layers stop, either stops alone; exceptions are in tests/escape/exceptions.c."""
    missing = lacking(attack)
    lines = [line for line in attack if line["without"] and not is_control(line)]
    wrong = []
    for line in lines:
        if (line["attempt"], line["place"]) in missing:
            good = line["outcome"] != "success"
        elif line["exception"]:
            good = line["outcome"] == "success"
        else:
            good = line["outcome"] == line["expected"] or (
                line["place"] == "container" and "seccomp" in line["without"] and
                line["outcome"] in DOCKER_ANSWERS)
        if not good or line["harm"]:
            wrong.append(describe(line))
    assert not wrong, "\n".join(wrong)
    assert {layer for line in lines for layer in line["without"]} == {
        "seccomp", "landlock", "uid", "capabilities", "not-dumpable", "mdwe", "limits"}


def test_crashes_end_in_their_own_way(attack):
    """Under the filter too: never in SIGSYS."""
    crashes = [line for line in attack if line["kind"] == "crash"]
    assert len({line["attempt"] for line in crashes}) == 5
    wrong = [describe(line) for line in crashes if line["outcome"] != line["expected"]]
    assert not wrong, "\n".join(wrong)
