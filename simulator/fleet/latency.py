"""Times in few numbers: a histogram whose size does not grow with what it counts."""

from __future__ import annotations

from collections import Counter

PRECISION_BITS = 7
"""A time is known to one part in 128, from a microsecond to any length."""


class Latencies:
    """Times in microseconds, to a little less than one percent."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.total_us = 0
        self.max_us = 0

    def add(self, us: int) -> None:
        us = max(0, us)
        shift = max(0, us.bit_length() - PRECISION_BITS - 1)
        self._buckets[(us | ((1 << shift) - 1)) if shift else us] += 1
        self.count += 1
        self.total_us += us
        self.max_us = max(self.max_us, us)

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
