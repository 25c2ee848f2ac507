#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads Meson's log of the unit tests below qemu-user: each must pass, but for those in beyond.txt,
which must not.

Usage: judge.py TESTLOG.json
"""

import json
import os
import re
import sys

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "beyond.txt")
LINE = re.compile(r"(ok|not ok) \d+ - (\S+)")


def beyond():
    """(program, test) to why it can't pass."""
    with open(TABLE, encoding="ascii") as file:
        rows = [[word.strip() for word in line.split("|")] for line in file
                if line.strip() and not line.startswith("#")]
    return {(program, test): why for program, test, why in rows}


def results(path):
    """(program, test) to whether it passed; a program that ended early stands for itself."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for run in map(json.loads, file):
            lines = [match.groups() for match in map(LINE.match, run["stdout"].splitlines()) if match]
            for word, test in lines:
                found[run["name"], test] = word == "ok"
            plan = re.search(r"^1\.\.(\d+)$", run["stdout"], re.M)
            whole = plan and int(plan[1]) == len(lines)
            failed = any(word != "ok" for word, _ in lines)
            if not whole or (run["result"] != "OK") != failed:
                found[run["name"], "(the program)"] = False
    return found


def main(path):
    expected, found = beyond(), results(path)
    wrong = ["%s: %s: FAILED" % name for name, passed in found.items()
             if not passed and name not in expected]
    wrong += ["%s: %s: passes, and tests/arm64/beyond.txt says that it can't" % name
              for name in expected if found.get(name)]
    wrong += ["%s: %s: is in tests/arm64/beyond.txt, and there is no such test" % name
              for name in expected if name not in found]
    print("can't pass below qemu-user, and did not:")
    for (program, test), why in expected.items():
        print("  %s: %s: %s" % (program, test, why))
    for line in wrong:
        print(line)
    print("arm64: %d tests of %d programs passed, %d failed, %d can't pass below qemu-user" % (
        sum(found.values()), len({program for program, _ in found}), len(wrong), len(expected)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
