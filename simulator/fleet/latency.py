"""Times in few numbers: a histogram whose size does not grow with what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

PRECISION_BITS = 7
"""A time is known to one part in 128, from a microsecond to any length."""


class Latencies:
    """Times in microseconds, to a little less than one percent.

    The bounds of its buckets are the same in every process, so that several can be put together, and nothing
    is lost by it.
    """

    __slots__ = ("_buckets", "count", "max_us", "total_us")

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.total_us = 0
        self.max_us = 0

    def add(self, us: int, times: int = 1) -> None:
        us = max(0, us)
        shift = max(0, us.bit_length() - PRECISION_BITS - 1)
        self._buckets[(us | ((1 << shift) - 1)) if shift else us] += times
        self.count += times
        self.total_us += us * times
        self.max_us = max(self.max_us, us)

    def add_stall(self, us: int, period_us: int) -> None:
        """A time that was found by looking every `period_us`, and what would have been found by those who
        could not look meanwhile: their times are shorter by a period each.
        """
        self.add(us)
        for missed_us in range(us - period_us, 0, -period_us):
            self.add(missed_us)

    def merge(self, other: Latencies) -> None:
        """Count what `other` counted too."""
        self._buckets.update(other._buckets)
        self.count += other.count
        self.total_us += other.total_us
        self.max_us = max(self.max_us, other.max_us)

    def copy(self) -> Latencies:
        """What was counted so far."""
        made = Latencies()
        made.merge(self)
        return made

    def over(self, us: int) -> int:
        """How many were longer, to the precision of a bucket."""
        return sum(number for top_us, number in self._buckets.items() if top_us > us)

    def percentile_us(self, percent: float) -> int | None:
        """The time that this part of all does not exceed; None where there is none."""
        if not self.count:
            return None
        left = max(1, -int(-self.count * percent // 100))
        for top_us, number in sorted(self._buckets.items()):
            left -= number
            if left <= 0:
                return min(top_us, self.max_us)
        return self.max_us

    @property
    def mean_us(self) -> float | None:
        return self.total_us / self.count if self.count else None

    @property
    def buckets(self) -> Sequence[tuple[int, int]]:
        """The longest time of each bucket that holds any, and how many."""
        return sorted(self._buckets.items())

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain values."""
        return {"total_us": self.total_us, "max_us": self.max_us, "buckets": [list(b) for b in self.buckets]}

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Latencies:
        """What `to_dict` gave; KeyError, TypeError or ValueError for what it did not."""
        made = cls()
        made._buckets.update({int(top_us): int(number) for top_us, number in kept["buckets"]})
        made.count = sum(made._buckets.values())
        made.total_us, made.max_us = int(kept["total_us"]), int(kept["max_us"])
        return made
