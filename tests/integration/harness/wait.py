# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for something to become true, with a bound."""

import time

POLL_SECONDS = 0.02


def until(what, condition, seconds=10.0):
    """Polls condition until it answers something true, and returns that; fails naming what."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError("not within %.1f s: %s (last: %r)" % (seconds, what, value))
        time.sleep(POLL_SECONDS)


def stays(what, condition, seconds):
    """Fails as soon as condition is no longer true within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), "did not stay so for %.1f s: %s" % (seconds, what)
        time.sleep(POLL_SECONDS)
