"""Forgets the oldest configurations, so that the history of a floor that changes every day stays bounded."""

from __future__ import annotations

import asyncio

from cms import log
from cms.errors import StoreError
from cms.store.store import Store

PERIOD_S = 3_600.0
TURN_MS = 3_000_000


class Retention:
    """Keeps the newest ``kept`` configurations of each cabinet, 0 for all of them.

    The audit trail is kept whole: what was forgotten here is told there.
    """

    def __init__(self, store: Store, *, kept: int) -> None:
        self._store = store
        self._kept = kept

    async def run(self) -> None:
        """Look at the start and every hour, for ever; of several processes one does."""
        while True:
            await self.look()
            await asyncio.sleep(PERIOD_S)

    async def look(self) -> None:
        if not self._kept:
            return
        try:
            if await self._store.turn("retention", TURN_MS):
                count = await self._store.forget_revisions(self._kept)
                if count:
                    log.event("=", "history shortened", forgotten=count, kept=self._kept)
        except StoreError as exc:
            log.event("!", "history not shortened", reason=str(exc))
