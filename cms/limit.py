"""How often one caller may do something in a minute, counted by a library."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from cms.errors import TooManyRequests


class Limit:
    """``most`` of ``what`` in a minute for each key, 0 for as many as there are.

    ``counters`` is where they are counted: all processes that count in the same place share the limit.
    """

    def __init__(self, what: str, most: int, counters: Storage) -> None:
        self._what = what
        self._item = RateLimitItemPerMinute(most) if most else None
        self._limiter = FixedWindowRateLimiter(counters)

    async def take(self, *key: str, count: int = 1) -> None:
        """Count one, or some; TooManyRequests, with the seconds to wait, where that is too many.

        Of several that are too many none is counted, so that fewer can still be taken.
        """
        if self._item is None:
            return
        room = count == 1 or await self._limiter.test(self._item, *key, cost=count)
        if room and await self._limiter.hit(self._item, *key, cost=count):
            return
        reset, _ = await self._limiter.get_window_stats(self._item, *key)
        raise TooManyRequests(self._what, max(1, math.ceil(reset - time.time())))

    async def forgive(self, *key: str) -> None:
        """Forget what was counted for this key."""
        if self._item is not None:
            await self._limiter.clear(self._item, *key)
