# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault is: what is broken, how, and how long, and what of it must show.

`begin` and `end` get the case (case.py), or the soak, which has the same members.  `evidence`
answers, from the stand-in, the kernel or Docker and never from the agent, that the fault took
effect: a text, or None if it did not.  `said` and `over` are the lines that the agent must log when
it notices and when it is over, None where a fault that heals itself at once is none for the
operator.
"""

from dataclasses import dataclass
from typing import Callable, Optional


@dataclass
class Fault:
    name: str
    begin: Callable
    evidence: Callable
    end: Callable = lambda case: None
    seconds: float = 3
    said: Optional[str] = None
    over: Optional[str] = None
    lines: int = 3  # of each of them, at most: not one for each try, but for each death
    detected: float = 10  # seconds from begin to `said`
    converges: float = 40  # seconds from end: 30 of backoff, 5, and what the machine needs
    prepare: Callable = lambda case: None  # before the agent's start
    settle: Callable = lambda case: None  # when it runs, before the fault
    after: float = 3  # seconds that the agent has run when it begins
    clean: Callable = lambda case: None  # after the agent's end
    part: Optional[tuple] = None  # (part of the status, its state while it lasts)
    unsaid: Optional[str] = None  # a line that must not be in the log
    holds: Callable = lambda case: None  # what else is wrong at the end, as a text
    bounded: bool = False  # watched by bounds.py all along
    any_time: bool = False  # also in the soak and in combinations: it mends without a trace
