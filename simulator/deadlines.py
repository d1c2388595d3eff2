"""One timer for a whole fleet: a heap of what is due when, and one call of the event loop for the next."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count

Clock = Callable[[], int]
"""Milliseconds since 1970."""


def steady_clock() -> Clock:
    """The time of day as it was when this was called, going on steadily: setting the machine's clock neither
    stops nor hurries a device.
    """
    offset_ns = time.time_ns() - time.monotonic_ns()
    return lambda: (offset_ns + time.monotonic_ns()) // 1_000_000


class Deadline:
    """Something that is due once; `cancel` forgets it."""

    __slots__ = ("call", "due_ms")

    def __init__(self, due_ms: int, call: Callable[[], object]) -> None:
        self.due_ms = due_ms
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        self.call = None

    def ring(self) -> None:
        """Do the call, unless it was cancelled in the last moment."""
        call, self.call = self.call, None
        if call is not None:
            call()


class Deadlines:
    """What is due, in order. Calls happen from the event loop, never from within `at`.

    `late`, where it is set, is told of each call by how many milliseconds it comes late.
    """

    def __init__(self, clock: Clock) -> None:
        self.late: Callable[[int], object] | None = None
        self._clock = clock
        self._heap: list[tuple[int, int, Deadline]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms = 0

    def at(self, due_ms: int, call: Callable[[], object]) -> Deadline:
        """Call `call` when it is `due_ms`, or soon if that is past."""
        deadline = Deadline(due_ms, call)
        heapq.heappush(self._heap, (due_ms, next(self._numbers), deadline))
        if self._timer is None or due_ms < self._timer_ms:
            self._set_timer()
        return deadline

    def close(self) -> None:
        """Forget everything."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._heap and self._heap[0][2].call is None:
            heapq.heappop(self._heap)
        if self._heap:
            self._timer_ms = self._heap[0][0]
            delay_s = max(0, self._timer_ms - self._clock()) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now_ms = self._clock()
        while self._heap and (self._heap[0][0] <= now_ms or self._heap[0][2].call is None):
            # Each in a turn of its own: one that raises stops no other.
            due_ms, _, deadline = heapq.heappop(self._heap)
            asyncio.get_running_loop().call_soon(deadline.ring)
            if self.late is not None and deadline.call is not None:
                self.late(now_ms - due_ms)
        self._set_timer()
