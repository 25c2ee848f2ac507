# SPDX-License-Identifier: GPL-3.0-or-later
"""The workers' conversation, broken at each of its messages: tests/faults/conversation.py."""

import os
import sys

import pytest

TESTS = os.path.join(os.path.dirname(__file__), "..")
sys.path += [os.path.join(TESTS, folder) for folder in ("soak", "faults")]
from conversation import AT_WORK, Conversation  # noqa: E402
from together import run_all  # noqa: E402

AT_ONCE = 18
MODES = ("shared", "distinct")
# Fewer messages than these are no conversation: whole kinds of them would be missing.
LEAST = 18


@pytest.fixture
def settings():
    return {}


def test_after_each_message_its_sender_or_receiver_may_die(agents, masters, capsys):
    recorded = Conversation(agents, masters, "shared")
    unhappy = run_all([recorded])
    messages = recorded.messages()
    assert not unhappy and len(messages) >= LEAST, (unhappy, messages)
    # Those that take long together: a group takes as long as its longest.
    breaks = sorted(((sender, kind, receiver, victim) for sender, kind, receiver in messages
                     for victim in (sender, receiver)), key=lambda one: one[1] != AT_WORK)
    for at in range(0, len(breaks), AT_ONCE):
        runs = [Conversation(agents, masters, MODES[number % 2], one)
                for number, one in enumerate(breaks[at:at + AT_ONCE])]
        unhappy += run_all(runs)
        with capsys.disabled():
            print("", *("%-70s %s" % (run.title(), "; ".join(run.unhappy) or "all hold")
                        for run in runs), sep="\n", flush=True)
    assert not unhappy, "\n".join(unhappy)
