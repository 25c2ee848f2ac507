# SPDX-License-Identifier: GPL-3.0-or-later
"""Which system calls each process made once its own filter was on, beside those that it may make.

    audit.py TRACES PROGRAM   TRACES: a folder of strace -ff's files, from a build with -Daudit=true
                              PROGRAM: dockflare-agent; its --print-policy names what is allowed

Ends with 1 if an allowed call that nothing used has no reason, or if a worker may make more than 60.
"""
import collections
import os
import re
import subprocess
import sys

WORKERS = ("master-link", "docker-watcher", "tunnel-keeper", "name-resolver")
MOST_CALLS = 60
CALL = re.compile(r"^(\w+)\(")
# Loading a filter, not asking whether one could be loaded.
FILTER_ON = re.compile(r"^seccomp\(SECCOMP_SET_MODE_FILTER, .*\) = 0$")
PROGRAM = re.compile(r'^execve\("(?:[^"]*/)?([^"/]+)", .*\) = 0$')


def allowed(program, process):
    """{call: reason} as the policy in force says; a call of several lines has the first reason."""
    text = subprocess.run([program, "--print-policy=" + process], stdout=subprocess.PIPE, check=True,
                          env={}).stdout.decode()
    calls = {}
    inside = False
    for line in text.splitlines():
        if line.startswith("  system calls"):
            inside = True
        elif inside and not line.startswith("    "):
            break
        elif inside:
            name, _, why = line.strip().partition(" ")
            calls[name] = calls.get(name) or why.strip()
    return calls


def read_trace(path):
    """(process or None, its calls before its own filter, those after) of one traced process."""
    process, before, after, filtered = None, collections.Counter(), collections.Counter(), False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.rstrip("\n")
            started = PROGRAM.match(line)
            if started:
                process = started[1] if started[1] in WORKERS else \
                    "supervisor" if started[1] == "dockflare-agent" else process
                filtered = False
            call = CALL.match(line)
            if call:
                (after if filtered else before)[call[1]] += 1
            filtered = filtered or FILTER_ON.match(line) is not None
    return process, before, after


def collect(folder):
    """{process: calls after its filter}; the supervisor's hold those of its children's start."""
    made = {name: collections.Counter() for name in ("supervisor", *WORKERS)}
    traces = collections.Counter()
    for name in os.listdir(folder):
        process, before, after = read_trace(os.path.join(folder, name))
        if process is None:
            continue
        traces[process] += 1
        made[process] += after
        if process in WORKERS:
            made["supervisor"] += before
    return made, traces


def report(program, made, traces):
    bad = False
    print("%-15s %8s %8s %8s %12s" % ("process", "traces", "allowed", "used", "calls"))
    unused = {}
    for process, calls in made.items():
        may = allowed(program, process)
        if process == "supervisor":
            # What its workers need beside is theirs.
            calls = {name: count for name, count in calls.items() if name in may}
        unused[process] = {name: why for name, why in may.items() if name not in calls}
        print("%-15s %8d %8d %8d %12d" % (process, traces[process], len(may),
                                           len(may) - len(unused[process]), sum(calls.values())))
        denied = sorted(set(calls) - set(may))
        if denied:
            print("  made and not allowed: " + ", ".join(denied))
        bad = bad or not traces[process] or process in WORKERS and len(may) > MOST_CALLS
    for process, calls in unused.items():
        print("\n%s: allowed, and used by nothing here" % process)
        for name, why in calls.items():
            print("  %-24s %s" % (name, why or "(no reason is given)"))
            bad = bad or not why
    return bad


def main():
    made, traces = collect(sys.argv[1])
    sys.exit(1 if report(sys.argv[2], made, traces) else 0)


if __name__ == "__main__":
    main()
