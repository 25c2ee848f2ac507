# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of tests/faults: each row met by an agent of its own, several at a time.

The engine and the master are stand-ins that break on purpose; rows that need a real engine are in
test_docker.py and test_tunnel.py.
"""

import os
import sys
import threading

import pytest


TESTS = os.path.join(os.path.dirname(__file__), "..")
sys.path += [os.path.join(TESTS, folder) for folder in ("soak", "faults")]
from case import Case  # noqa: E402
from table import FAULTS  # noqa: E402

AT_ONCE = 8
RUNS = int(os.environ.get("TEST_RUNS", "1"))
# Those that take long together: a group takes as long as its longest.
ORDERED = sorted(FAULTS, key=lambda fault: fault.seconds + fault.converges)
GROUPS = [ORDERED[at:at + AT_ONCE] for at in range(0, len(ORDERED), AT_ONCE)]


@pytest.fixture
def settings():
    return {}


def meet(case):
    try:
        case.start()
        case.meet()
    except Exception as error:  # one row must not hide the others
        case.wrong("%s: %s" % (type(error).__name__, error))


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_after_each_fault_all_is_as_it_should_be(agents, masters, group):
    unhappy = []
    for run in range(RUNS):
        cases = [Case(agents, masters, fault, ("shared", "distinct")[(number + run) % 2])
                 for number, fault in enumerate(GROUPS[group])]
        threads = [threading.Thread(target=meet, args=(case,)) for case in cases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("%-30s %-28s %6s %6s %9s" % ("fault", "evidence", "seen s", "over s", "converged"))
        for case in cases:
            print(case.row())
            unhappy += case.unhappy
            case.close()
            case.agent.kill()
    assert not unhappy, "\n".join(unhappy)
