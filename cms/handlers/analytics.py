"""Looks at the floor each minute, and tells what happened (contract, section 7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cms.analytics import MINUTE_MS, Minutes, Totals, points
from cms.floor import Floor
from cms.scope import Scope, scope

LONGEST_NAP_S = 5.0
"""The clock of the machine may be set: look at it now and then."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Points of ``step_ms``, from ``from_ms`` on and before ``to_ms``; of one location, or of all."""

    from_ms: int
    to_ms: int
    step_ms: int = MINUTE_MS
    location: str | None = None


class Analytics:
    """``run()`` cuts the minutes."""

    def __init__(self, floor: Floor, clock_ms: Callable[[], int]) -> None:
        self._floor = floor
        self._clock_ms = clock_ms
        self._minutes = Minutes(clock_ms())

    def now_ms(self) -> int:
        return self._clock_ms()

    def points(self, asked: Asked) -> list[dict[str, Any]]:
        """What happened, as far as the caller sees it, oldest first."""
        limits = scope()
        if asked.location is not None:
            limits = Scope.of([asked.location]).within(limits)
        spans = self._minutes.spans(self._clock_ms(), Totals.of(self._floor))
        wanted = [one for one in spans if one.end_ms > asked.from_ms and one.start_ms < asked.to_ms]
        return points(wanted, limits, asked.step_ms)

    async def run(self) -> None:
        """Cut the minutes, for ever."""
        minute = self._clock_ms() // MINUTE_MS
        while True:
            left_s = (MINUTE_MS - self._clock_ms() % MINUTE_MS) / 1000
            await asyncio.sleep(min(left_s, LONGEST_NAP_S))
            now_ms = self._clock_ms()
            if now_ms // MINUTE_MS != minute:
                minute = now_ms // MINUTE_MS
                self._minutes.cut(now_ms, Totals.of(self._floor))
