# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults at random moments, alone and several at once, while containers come and go."""

import random
import threading
import time

from fault import Fault
from table import FAULTS

ANY_TIME = [fault for fault in FAULTS if fault.any_time]
EVENTS_A_SECOND = 50
BUSY_SECONDS = 6


def keep_busy(case, chance):
    """Containers of their own, so that what the case does to its others stays what it is."""
    until = time.monotonic() + BUSY_SECONDS
    while time.monotonic() < until:
        name = "random-%d" % chance.randrange(10)
        if chance.random() < 0.5:
            case.engine.start(name)
        else:
            case.engine.stop(name, remove=chance.random() < 0.5)
        time.sleep(1 / EVENTS_A_SECOND)


def random_fault(chance, count):
    """A fault made of so many of the table, each beginning at a moment of its own."""
    rows = chance.sample(ANY_TIME, count)
    pauses = [chance.uniform(0, 2) for _ in rows]
    load, busy = random.Random(chance.random()), []

    def begin(case):
        busy.append(threading.Thread(target=keep_busy, args=(case, load), daemon=True))
        busy[0].start()
        for row, pause in zip(rows, pauses):
            time.sleep(pause)
            row.begin(case)

    def evidence(case):
        """Where one covers another, the other has none: a dead proxy drops no event."""
        busy[0].join()
        found = [text for text in (row.evidence(case) for row in rows) if text]
        return "; ".join(found) or None

    def end(case):
        for row in reversed(rows):
            row.end(case)

    return Fault(" + ".join(row.name for row in rows), begin, evidence, end,
                 seconds=max(sum(pauses) + 1, max(row.seconds for row in rows)), converges=95)
