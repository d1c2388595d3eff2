"""Deadlines on a clock that jumps from one to the next: a discrete-event loop (issue 5, "Deterministic")."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from simulator.deadlines import Deadline, Deadlines


class VirtualClock:
    """A `Clock` that stands still until it is set."""

    def __init__(self, start_ms: int) -> None:
        self.now_ms = start_ms

    def __call__(self) -> int:
        return self.now_ms


class Agenda(Deadlines):
    """Deadlines that ring when `play` comes to them, in the order of their time, then of their making: the
    same calls give the same order, whatever the machine is doing.
    """

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self._virtual = clock

    def at(self, due_ms: int, call: Callable[[], object]) -> Deadline:
        deadline = Deadline(due_ms, call)
        heapq.heappush(self._heap, (due_ms, next(self._numbers), deadline))
        return deadline

    def play(self, until_ms: int, steps: int) -> bool:
        """Let happen what is due before `until_ms`, at most `steps` of it; whether anything is left of that.

        The clock stands at `until_ms` when nothing is.
        """
        heap, clock = self._heap, self._virtual
        while heap and heap[0][0] < until_ms:
            if not steps:
                return True
            due_ms, _, deadline = heapq.heappop(heap)
            if deadline.call is None:
                continue
            if due_ms > clock.now_ms:  # what was due in the past is done now
                clock.now_ms = due_ms
            deadline.ring()
            steps -= 1
        clock.now_ms = max(clock.now_ms, until_ms)
        return False
