# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of tests/faults: each row met by an agent of its own, several at a time.

The engine and the master are stand-ins that break on purpose; what needs a real engine is in the
tests that elsewhere.py names.  `./dev test faults` runs those too; --runs N repeats the random ones.
TEST_FAULTS, an expression, chooses rows by their whole name.
"""

import os
import random
import re
import sys

import pytest

TESTS = os.path.join(os.path.dirname(__file__), "..")
sys.path += [os.path.join(TESTS, folder) for folder in ("soak", "faults")]
import case  # noqa: E402
from random_rows import random_fault  # noqa: E402
from table import FAULTS  # noqa: E402

AT_ONCE = 8
RUNS = int(os.environ.get("TEST_RUNS", "1"))
# How many faults at once each of the random ones is made of.
COUNTS = (1, 1, 1, 1, 2, 2, 3, 3)
CHOSEN = [fault for fault in FAULTS
          if re.fullmatch(os.environ.get("TEST_FAULTS", ".*"), fault.name)]
if not CHOSEN:
    raise RuntimeError("no fault's name matches TEST_FAULTS")
# Those that take long together: a group takes as long as its longest.
ORDERED = sorted(CHOSEN, key=lambda fault: fault.seconds + fault.converges)
GROUPS = [ORDERED[at:at + AT_ONCE] for at in range(0, len(ORDERED), AT_ONCE)]


@pytest.fixture
def settings():
    return {}


@pytest.fixture
def show(capsys):
    """Prints at once, whether the test passes or not."""
    def lines(head, rows):
        with capsys.disabled():
            print("", head, *rows, sep="\n", flush=True)

    return lines


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_after_each_fault_all_is_as_it_should_be(agents, masters, show, group):
    rows, unhappy = case.meet_all(agents, masters, GROUPS[group], group)
    show(case.HEAD, rows)
    assert not unhappy, "\n".join(unhappy)


@pytest.mark.parametrize("run", range(RUNS))
def test_after_random_faults_too(agents, masters, show, run):
    """TEST_SEED plays one run again."""
    seed = int(os.environ.get("TEST_SEED") or random.randrange(1000000))
    chance = random.Random(seed)
    rows, unhappy = case.meet_all(agents, masters,
                                  [random_fault(chance, count) for count in COUNTS], run)
    show("random faults, TEST_SEED=%d" % seed, rows)
    assert not unhappy, "TEST_SEED=%d\n%s" % (seed, "\n".join(unhappy))
