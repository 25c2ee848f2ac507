# SPDX-License-Identifier: GPL-3.0-or-later
"""Which system calls each process made once its own filter was on, beside those that it may make.

    audit.py TRACES PROGRAMS   TRACES: a folder of strace -ff's files, from a build with -Daudit=true
                               PROGRAMS: the folder of dockflare-agent and docker-gate, whose
                               --print-policy names what is allowed

Ends with 1 if an allowed call that nothing used has no reason, if a worker may make more than 60, or
if a process was not traced at all.
"""
import collections
import os
import re
import subprocess
import sys

# A program's workers, and the file of each.
WORKERS = {
    "dockflare-agent": {"master-link": "master-link", "docker-watcher": "docker-watcher",
                        "tunnel-keeper": "tunnel-keeper", "name-resolver": "name-resolver"},
    "docker-gate": {"gate-read": "gate-front", "gate-tunnel": "gate-front",
                    "gate-engine": "gate-engine"},
}
SUPERVISOR = "supervisor"
MOST_CALLS = 60
CALL = re.compile(r"^(\w+)\(")
# Loading a filter, not asking whether one could be loaded.
FILTER_ON = re.compile(r"^seccomp\(SECCOMP_SET_MODE_FILTER, .*\) = 0$")
PROGRAM = re.compile(r'^execve\("(?:[^"]*/)?([^"/]+)", .*\) = 0$')
# A file may be the program of two workers: the first frame says which one it is.
CONFIG = re.compile(r'^recvmsg\(3, .*iov_base="\{\\"type\\":\\"config\\",\\"process\\":\\"([a-z-]+)\\"')


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


def started_as(name):
    """(program, process) of the file that was started, or None; of two workers the first."""
    if name in WORKERS:
        return name, SUPERVISOR
    return next(((program, process) for program, workers in WORKERS.items()
                 for process, file in workers.items() if file == name), None)


def read_trace(path):
    """((program, process) or None, its calls before its own filter, those after)."""
    who, before, after, filtered = None, collections.Counter(), collections.Counter(), False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.rstrip("\n")
            started, config, call = (pattern.match(line) for pattern in (PROGRAM, CONFIG, CALL))
            if started:
                who = started_as(started[1]) or who
                filtered = False
            if config and who and config[1] in WORKERS[who[0]]:
                who = who[0], config[1]
            if call:
                (after if filtered else before)[call[1]] += 1
            filtered = filtered or FILTER_ON.match(line) is not None
    return who, before, after


def collect(folder):
    """{(program, process): calls after its filter}; a supervisor's hold its children's start too."""
    made = {(program, process): collections.Counter()
            for program, workers in WORKERS.items() for process in (SUPERVISOR, *workers)}
    traces = collections.Counter()
    for name in os.listdir(folder):
        who, before, after = read_trace(os.path.join(folder, name))
        if who is None:
            continue
        traces[who] += 1
        made[who] += after
        if who[1] != SUPERVISOR:
            made[who[0], SUPERVISOR] += before
    return made, traces


def report(folder, made, traces):
    bad = False
    print("%-16s %-15s %8s %8s %8s %12s" % ("program", "process", "traces", "allowed", "used", "calls"))
    unused = {}
    for (program, process), calls in made.items():
        may = allowed(os.path.join(folder, program), process)
        traced = traces[program, process]
        if process == SUPERVISOR:
            # What its workers need beside is theirs.
            calls = {name: count for name, count in calls.items() if name in may}
        rest = {name: why for name, why in may.items() if name not in calls}
        print("%-16s %-15s %8d %8d %8d %12d" % (program, process, traced, len(may),
                                                len(may) - len(rest), sum(calls.values())))
        denied = sorted(set(calls) - set(may))
        if denied:
            print("  made and not allowed: " + ", ".join(denied))
        if traced:
            unused[program, process] = rest
        else:
            print("  not traced: no test that runs here starts it")
        bad = bad or not traced or process != SUPERVISOR and len(may) > MOST_CALLS
    for (program, process), calls in unused.items():
        print("\n%s of %s: allowed, and used by nothing here" % (process, program))
        for name, why in calls.items():
            print("  %-24s %s" % (name, why or "(no reason is given)"))
            bad = bad or not why
    return bad


def main():
    made, traces = collect(sys.argv[1])
    sys.exit(1 if report(sys.argv[2], made, traces) else 0)


if __name__ == "__main__":
    main()
