"""What may be wrong while every task of the service runs: a disk without room, an outbox that is stuck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cms import log
from cms.errors import StoreError
from cms.store.entry import OutboxEntry
from cms.store.store import Store

PERIOD_S = 5.0
COUNTED = 1000
"""Entries that are counted; where there are more, it is said so."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """``waiting`` entries are to be sent, ``unconfirmed`` ones were sent; both are counted up to COUNTED.

    ``oldest_ms`` is when the oldest of those that wait was ordered, None where none does.
    """

    waiting: int = 0
    unconfirmed: int = 0
    oldest_ms: int | None = None


class Watchdog:
    """Looks every few seconds, in its own task; readiness asks what it saw last.

    ``disk`` tells what is wrong with the disk; it may block. ``connected`` is whether the broker is.
    """

    def __init__(
        self,
        store: Store,
        disk: Callable[[], str | None],
        connected: Callable[[], bool],
        *,
        stuck_s: float,
        clock_ms: Callable[[], int],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._disk = disk
        self._connected = connected
        self._stuck_s = stuck_s
        self._clock_ms = clock_ms
        self._timer = timer
        self._connected_since_s: float | None = None
        self._disk_problem: str | None = None
        self._told: dict[str, str | None] = {}
        self.backlog = Backlog()

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(PERIOD_S)

    async def look(self) -> None:
        """Look once. What is wrong is logged when it begins and when it ends."""
        self._disk_problem = await asyncio.to_thread(self._disk)
        try:
            waiting = await self._store.pending(COUNTED)
            self.backlog = _backlog(waiting, await self._store.due(None, COUNTED))
        except StoreError:  # readiness says so
            self.backlog = Backlog()
        if not self._connected():
            self._connected_since_s = None
        elif self._connected_since_s is None:
            self._connected_since_s = self._timer()
        for part, problem in (("disk", self.disk()), ("backlog", self.outbox())):
            self._tell(part, problem)

    def disk(self) -> str | None:
        """What is wrong with the disk, None where nothing is."""
        return self._disk_problem

    def outbox(self) -> str | None:
        """Why the outbox is stuck: something waits for long, and the broker has been there for as long."""
        oldest_ms, since_s = self.backlog.oldest_ms, self._connected_since_s
        if oldest_ms is None or since_s is None:
            return None
        age_s = (self._clock_ms() - oldest_ms) / 1000
        if min(age_s, self._timer() - since_s) <= self._stuck_s:
            return None
        return f"an order has waited for {age_s:.0f} s though the broker is connected"

    def _tell(self, part: str, problem: str | None) -> None:
        before = self._told.get(part)
        if (problem is None) == (before is None):
            return
        self._told[part] = problem
        if problem is None:
            log.event("=", f"{part} is well again")
        else:
            log.event("!", f"{part} is in trouble", why=problem)


def _backlog(waiting: Sequence[OutboxEntry], unconfirmed: Sequence[OutboxEntry]) -> Backlog:
    oldest_ms = min((entry.created_ms for entry in waiting), default=None)
    return Backlog(len(waiting), len(unconfirmed), oldest_ms)
