# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up what all parts of the tests say: `N passed, N failed`.

Reads the folder of results: meson's log of the unit tests (each a program that prints TAP) and
pytest's JUnit files.  What was skipped counts as failed: a test that cannot run must say so.
"""
import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def unit(path):
    """Cases of the TAP programs; one that failed without a failed case counts as one failure."""
    passed = failed = 0
    with open(path, encoding="utf-8") as log:
        for line in log:
            program = json.loads(line)
            output = program.get("stdout") or ""
            good = len(re.findall(r"^ok\b", output, re.M))
            bad = len(re.findall(r"^not ok\b", output, re.M))
            if program["result"] != "OK" and bad == 0:
                bad = 1
            if program["result"] == "OK" and good == 0:
                bad += 1
            passed += good
            failed += bad
    return passed, failed


def junit(path):
    """Cases of one pytest run."""
    passed = failed = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        if any(child.tag in ("failure", "error", "skipped") for child in case):
            failed += 1
        else:
            passed += 1
    return passed, failed


def main(folder):
    """Prints the total and tells by its exit status whether all passed."""
    results = [unit(path) for path in glob.glob(os.path.join(folder, "*.json"))]
    results += [junit(path) for path in glob.glob(os.path.join(folder, "*.xml"))]
    passed = sum(result[0] for result in results)
    failed = sum(result[1] for result in results)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed > 0 and failed == 0 else 1


sys.exit(main(sys.argv[1]))
