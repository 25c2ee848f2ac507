# SPDX-License-Identifier: GPL-3.0-or-later
"""Every worker's sandbox, attacked from inside: in both start modes, natively and in the container.

tests/escape makes the attempts (its tables say what each must end in) and prints a line of JSON for
each; here they are judged.  Each has a control run without any layer, and where two or more layers
stop it, a run without each of them.
"""

import collections
import io
import json
import os
import shutil
import subprocess
import tempfile
import threading

import pytest

from harness import compose, docker, install
from harness.agent import AGENT_UID, START

# It uses the engine, but not the tunnel's container: so it runs beside the tests that do.
pytestmark = pytest.mark.usefixtures("engine_session")
MODES = ("shared", "distinct")
PLACES = ("native", "container")
# gate-tunnel's policy is gate-read's to the letter (the unit test policy_tables); run.c leaves it out.
CONNECTING = ("master-link", "docker-watcher", "tunnel-keeper", "name-resolver", "gate-engine")
WORKERS = (*CONNECTING, "gate-read")
# Where ./dev builds them, and where the tests do when they are run without it.
BUILT = [os.path.join(install.TOP, "build", folder, "tests", "escape")
         for folder in ("dev", "integration")]
# What the attempts look for and the agent's image does not have: put into the container, so that it
# is the sandbox that refuses it.  The shell is the machine's own.
BAIT = ("/usr/bin/env", "/usr/lib/os-release", "/etc/ld.so.cache", "/etc/ld.so.conf",
        "/etc/localtime", "/etc/ssl/openssl.cnf", "/etc/passwd")
ALL_LAYERS = 7
# What a kernel that lacks the thing answers, without any layer of ours.
LACKING = ("ENOSYS", "EAFNOSUPPORT", "EPROTONOSUPPORT")
NOT_APPLICABLE_MAX = 0.10
RUN_SECONDS = 300


def programs():
    """The folder with escape-run and escape-probe; uid 65532 must be able to reach it."""
    found = [path for path in BUILT if os.path.exists(os.path.join(path, "escape-probe"))]
    assert found, "build with -Dtests=true first"
    done = subprocess.run([*START["shared"], "test", "-x", os.path.join(found[0], "escape-probe")])
    if done.returncode == 0:
        return found[0], None
    where = tempfile.mkdtemp(prefix="dockflare-agent-escape-")
    os.chmod(where, 0o755)
    for name in ("escape-run", "escape-probe"):
        shutil.copy(os.path.join(found[0], name), where)
    return where, where


def bait(where):
    """The mounts that put it there; a file for each, since a rule of Landlock's holds an inode."""
    pairs = [(os.path.realpath("/bin/sh"), "/bin/sh")]
    for number, path in enumerate(BAIT):
        pairs.append((os.path.join(where, "bait-%d" % number), path))
        with open(pairs[-1][0], "w", encoding="ascii") as file:
            file.write("# nothing\n")
        os.chmod(pairs[-1][0], 0o644)
    return [word for source, path in pairs for word in ("-v", "%s:%s:ro" % (source, path))]


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
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                timeout=RUN_SECONDS))

    def container(self, where, folder):
        mounts = bait(folder)
        # The control is without the container's own layers that stop the same things.
        for what, more in (("--sandbox", ()),
                           ("--control", ("--security-opt", "seccomp=unconfined"))):
            held = compose.restrictions(compose.AGENTS[self.mode], ulimits=what == "--sandbox",
                                        cpus=False)  # attacks have time-outs
            self.take(what, subprocess.run(
                ["docker", "run", "--rm", "--name", "it-escape-%s%s" % (self.mode, what),
                 "--network", "none", *held, *more,
                 "-v", where + ":/escape:ro", *mounts,
                 "--entrypoint", "/escape/escape-run", docker.AGENT_IMAGE,
                 "--folder", "/run/dockflare-agent", what],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, "DOCKER_HOST": "unix://" + docker.SOCKET}, timeout=RUN_SECONDS))

    def run(self, where, folder):
        try:
            getattr(self, self.place)(where, folder)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.errors.append("%s %s: %s" % (self.place, self.mode, error))


@pytest.fixture(scope="module")
def attack(output, request):
    """All attempts, made: the two start modes side by side, and the two places."""
    where, made = programs()
    attacks = [Attack(place, mode) for place in PLACES for mode in MODES]
    folders = [tempfile.mkdtemp(prefix="dockflare-agent-escape-") for _ in attacks]
    threads = []
    for each, folder in zip(attacks, folders):
        os.chmod(folder, 0o755)
        threads.append(threading.Thread(target=each.run, args=(where, folder)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for folder in [*folders, *([made] if made else [])]:
        shutil.rmtree(folder, ignore_errors=True)
    lines = [line for each in attacks for line in each.lines]
    with open(os.path.join(output, "escape.json"), "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
    errors = [error for each in attacks for error in each.errors]
    assert not errors, "\n".join(errors)
    show(lines, output, request.config)
    return lines


def show(lines, output, config):
    """The table into a file; on the terminal too if it was asked for by name, else the totals."""
    rows, totals = io.StringIO(), io.StringIO()
    write_table(lines, lacking(lines), rows, totals)
    with open(os.path.join(output, "escape.txt"), "w", encoding="utf-8") as file:
        file.write(rows.getvalue() + totals.getvalue())
    named = any("test_escape" in str(word) for word in config.invocation_params.args)
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\n" + (rows.getvalue() if named else "") + totals.getvalue())


def is_control(line):
    return len(line["without"]) == ALL_LAYERS


def lacking(lines):
    """(attempt, place) to the reason why this kernel, or machine, can't show it."""
    found = {}
    for line in filter(is_control, lines):
        if line["beyond"]:
            reason = "this kernel's Landlock is too old"
        elif line["outcome"] == line["expected"]:
            continue
        elif line["attempt"] == "write-exec" and line["outcome"] == "EINVAL":
            reason = "the kernel lacks it (Linux 6.3)"
        elif line["outcome"] in LACKING:
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


def name_places(where, all_places):
    """Processes, with modes and places only where it is not in all of them."""
    if len(where) == len(all_places):
        return "everywhere"
    names = []
    for process in dict.fromkeys(process for process, _, _ in where):
        mine = [place for place in where if place[0] == process]
        every = [place for place in all_places if place[0] == process]
        names += [process] if mine == every else ["/".join(place) for place in mine]
    return ", ".join(names)


def write_table(lines, missing, rows, totals):
    """Every attempt, process, mode and place; and how many of each there are."""
    shown, counts = {}, {}
    for line in lines:
        if line["without"] or line["kind"] == "crash":
            continue
        reason = missing.get((line["attempt"], line["place"]))
        text = "n/a: " + reason if reason else by_what(line)
        place = (line["process"], line["mode"], line["place"])
        shown.setdefault((line["row"], line["attempt"], line["what"]), {}) \
             .setdefault(text, []).append(place)
        counts.setdefault(place, collections.Counter())["n/a" if reason else
                                                        text.split(" (")[0]] += 1
    for (row, name, what), outcomes in shown.items():
        rows.write("%-5s %-24s %s\n" % (row, name, what))
        asked = [place for where in outcomes.values() for place in where]
        for text, where in outcomes.items():
            rows.write("        %s: %s\n" % (text, name_places(where, asked)))
    for place, count in counts.items():
        totals.write("%-22s %-8s %-9s  %s\n" % (*place, ", ".join(
            "%d %s" % (number, what) for what, number in sorted(count.items()))))


def test_nothing_gets_through(attack):
    """With all layers each attempt ends in exactly what its row says, and nobody is harmed."""
    missing = lacking(attack)
    full = [line for line in attack if not line["without"]]
    wrong = []
    for line in full:
        # Where the kernel lacks a thing, how the attempt ends says little; it may not succeed.
        if (line["attempt"], line["place"]) in missing:
            good = line["outcome"] != "success" or line["beyond"] or line["kind"] != "stopped"
        else:
            good = line["outcome"] == line["expected"]
        if not good or line["harm"]:
            wrong.append(describe(line))
    assert not wrong, "\n".join(wrong)
    assert {(line["process"], line["mode"], line["place"]) for line in full} >= {
        (process, mode, place) for process in WORKERS for mode in MODES for place in PLACES}


def test_what_gets_through_is_known(attack):
    """Just the gaps that docs/security.md names."""
    through = {(line["row"], line["attempt"], line["process"]) for line in attack
               if not line["without"] and line["outcome"] == "success" and line["kind"] == "open"}
    assert through == (
        {("66", "other-address", process) for process in CONNECTING} |
        {("61", name, "name-resolver") for name in ("udp", "udp-connect")} |
        {("42", "unix-path", process + " (unix)")
         for process in ("docker-watcher", "tunnel-keeper", "gate-engine")} |
        {("43", "pass-descriptor", process) for process in WORKERS} |
        {("62", "end-listening", "gate-read")})


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
    for place in PLACES:
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
            good = line["outcome"] == line["expected"]
        if not good or line["harm"]:
            wrong.append(describe(line))
    assert not wrong, "\n".join(wrong)
    assert {layer for line in lines for layer in line["without"]} >= {
        "seccomp", "landlock", "uid", "capabilities", "not-dumpable", "limits"}


def test_crashes_end_in_their_own_way(attack):
    """Under the filter too: never in SIGSYS."""
    crashes = [line for line in attack if line["kind"] == "crash"]
    assert len({line["attempt"] for line in crashes}) == 5
    wrong = [describe(line) for line in crashes if line["outcome"] != line["expected"]]
    assert not wrong, "\n".join(wrong)
