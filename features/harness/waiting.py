"""Waiting for a condition that has to be asked for, with a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from features.harness.errors import Missing
from features.harness.inbox import WITHIN, Patience, Unwritten, waiting

PAUSE = 0.02

T = TypeVar("T")


def eventually(
    probe: Callable[[], T],
    holds: Callable[[T], bool],
    wanted: str,
    *,
    within: float = WITHIN,
    pause: float = PAUSE,
    patience: Patience | None = None,
) -> T:
    """What ``probe`` gave when it first held; Missing, with what it gave last, if it never did. The wait
    stands on the timeline of ``patience``."""
    resting = threading.Event()
    with waiting(patience or Unwritten(), wanted, within) as deadline:
        while not holds(seen := probe()):
            if not deadline.left:
                raise Missing(wanted, deadline.within, [str(seen)])
            resting.wait(pause)
        return seen
