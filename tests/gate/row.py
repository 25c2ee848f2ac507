# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row of the table is: bytes for one endpoint, and what must become of them.

A request counts only if the engine itself, given the same bytes, does what they ask for, or refuses
them for the one reason that the row names: `engine` says which.  `gate` says what the gate answers.
Both are tuples, one answer for each request that the bytes hold as the answerer reads them; an empty
one: the connection is closed without an answer.

In `request` (bytes, or a Call that makes them) words like <token> stand for what only a run knows:
world.py has them.
"""

from dataclasses import dataclass
from typing import Optional, Tuple, Union

import request


@dataclass(frozen=True)
class Said:
    """An answer: its status, and a part of its body (for the gate: of the message in it)."""

    status: object  # a number, or several that are as good
    says: str = ""

    @property
    def statuses(self):
        return self.status if isinstance(self.status, tuple) else (self.status,)

    def text(self):
        return ("%s %s" % ("/".join(map(str, self.statuses)), self.says)).strip()


@dataclass(eq=False)
class Row:
    name: str
    endpoint: str  # "read" or "tunnel"
    request: Union[bytes, request.Call]
    gate: Tuple[Said, ...]
    engine: Tuple[Said, ...]
    absent: bool = False  # the tunnel's container is not there before it
    why: str = ""  # why the engine does not do it, in a word or two
    own: bool = False  # the gate's HTTP library answers by itself: no form of Docker's, no line
    lines: Optional[int] = None  # refusals that the gate logs; None: one for each refusing answer
    idle: float = 1.0  # seconds of silence after which nothing more is awaited

    def bytes(self, world):
        return world.fill(self.request if isinstance(self.request, bytes)
                          else self.request.bytes(world.fill))

    def is_head(self):
        return getattr(self.request, "method", "") == "HEAD"

    def refusals(self):
        """How many lines of the gate's log tell of it."""
        if self.lines is not None:
            return self.lines
        return 0 if self.own else sum(said.statuses[0] >= 400 for said in self.gate)


# What an engine says to a body that it can't read: 500 before 23.0.
MALFORMED = (500, 400)


def through(*statuses):
    """It does what is asked for."""
    return tuple(Said(status) for status in statuses or (201,))


def refused(status, says=""):
    return (Said(status, says),)
