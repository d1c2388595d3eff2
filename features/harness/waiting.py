"""Waiting for a condition that has to be asked for, with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from features.harness.errors import Missing
from features.harness.inbox import WITHIN

PAUSE = 0.02

T = TypeVar("T")


def eventually(
    probe: Callable[[], T],
    holds: Callable[[T], bool],
    wanted: str,
    *,
    within: float = WITHIN,
    pause: float = PAUSE,
) -> T:
    """What ``probe`` gave when it first held; Missing, with what it gave last, if it never did."""
    deadline = time.monotonic() + within
    resting = threading.Event()
    while not holds(seen := probe()):
        if time.monotonic() >= deadline:
            raise Missing(wanted, within, [str(seen)])
        resting.wait(pause)
    return seen
