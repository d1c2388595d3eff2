"""Measuring instruments of bounded size: how often something happens, and how long it takes. No clock inside.

``now_s`` is seconds on any clock that never goes back.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

SLOT_S = 10
LONGEST_S = 300
SLOTS = LONGEST_S // SLOT_S + 1

REMEMBERED = 32
"""How many durations are kept of one device."""


class Rate:
    """Counts, and tells how many there were per second of the last minutes, to within a slot of 10 s."""

    __slots__ = ("_counts", "_slot", "_started_s", "total")

    def __init__(self, now_s: float) -> None:
        self.total = 0
        self._started_s = now_s
        self._slot = int(now_s // SLOT_S)
        self._counts = array("L", bytes(SLOTS * array("L").itemsize))

    def add(self, now_s: float) -> None:
        self._advance(now_s)
        self.total += 1
        self._counts[self._slot % SLOTS] += 1

    def per_second(self, window_s: int, now_s: float) -> float:
        """The mean over the last ``window_s`` seconds (a multiple of 10, at most 300), or since the start."""
        self._advance(now_s)
        slots = window_s // SLOT_S
        recent = sum(self._counts[(self._slot - back) % SLOTS] for back in range(slots))
        share = 1 - (now_s - self._slot * SLOT_S) / SLOT_S
        oldest = self._counts[(self._slot - slots) % SLOTS] * min(max(share, 0.0), 1.0)
        return (recent + oldest) / min(window_s, max(now_s - self._started_s, 1.0))

    def _advance(self, now_s: float) -> None:
        slot = int(now_s // SLOT_S)
        for stale in range(self._slot + 1, min(slot, self._slot + SLOTS) + 1):
            self._counts[stale % SLOTS] = 0
        self._slot = max(slot, self._slot)


class Durations:
    """The last ``size`` of them, in seconds."""

    __slots__ = ("_size", "_values", "count", "total_s")

    def __init__(self, size: int = REMEMBERED) -> None:
        self.count = 0
        self.total_s = 0.0
        self._size = size
        self._values = array("f")

    @classmethod
    def pooled(cls, parts: Iterable[Durations]) -> Durations:
        """Those of ``parts`` together, which nothing is added to."""
        pool = cls()
        for part in parts:
            pool.count += part.count
            pool.total_s += part.total_s
            pool._values.extend(part._values)
        return pool

    def add(self, seconds: float) -> None:
        if len(self._values) < self._size:
            self._values.append(seconds)
        else:
            self._values[self.count % self._size] = seconds
        self.count += 1
        self.total_s += seconds

    def percentiles(self, wanted: Sequence[float]) -> list[float | None]:
        """For each share (0.5: the median) the value that so many do not exceed; None where there is none."""
        ordered = sorted(self._values)
        if not ordered:
            return [None] * len(wanted)
        return [ordered[min(int(share * len(ordered)), len(ordered) - 1)] for share in wanted]
