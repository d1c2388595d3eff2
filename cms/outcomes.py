"""What became of outbox entries, and who waits to hear it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cms.store.entry import OutboxEntry

REMEMBERED = 10_000
"""How many acknowledged entries are known at least, for those who ask late."""


class Outcomes:
    """Between the one sender and the requests that wait for it; used from one event loop only.

    An acknowledgement is remembered, so that an entry is known as sent even where it was sent before anybody
    asked, or could not be removed from the storage afterwards.
    """

    def __init__(self) -> None:
        self._acknowledged: OrderedDict[str, int] = OrderedDict()
        self._waiting: dict[str, list[tuple[int, asyncio.Future[bool]]]] = {}

    @contextmanager
    def expecting(self, entries: Sequence[OutboxEntry]) -> Iterator[list[asyncio.Future[bool]]]:
        """A future for each entry: True once the broker has it, in this version or a newer one."""
        futures = [self._expect(entry) for entry in entries]
        try:
            yield futures
        finally:
            for entry, future in zip(entries, futures, strict=True):
                future.cancel()
                self._forget_done(entry.id)

    def is_acknowledged(self, entry: OutboxEntry) -> bool:
        return self._acknowledged.get(entry.id, 0) >= entry.version

    def acknowledge(self, entry: OutboxEntry) -> None:
        """The broker has ``entry``."""
        self._acknowledged[entry.id] = entry.version
        self._acknowledged.move_to_end(entry.id)
        if len(self._acknowledged) > REMEMBERED:
            self._acknowledged.popitem(last=False)
        self._tell(entry.id, entry.version, True)

    def disappoint(self, entry: OutboxEntry) -> None:
        """``entry`` was not sent, at least not now: whoever waits for it need not wait longer."""
        self._tell(entry.id, entry.version, False)

    def disappoint_all(self) -> None:
        for entry_id in list(self._waiting):
            self._tell(entry_id, None, False)

    def _expect(self, entry: OutboxEntry) -> asyncio.Future[bool]:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self.is_acknowledged(entry):
            future.set_result(True)
        else:
            self._waiting.setdefault(entry.id, []).append((entry.version, future))
        return future

    def _tell(self, entry_id: str, up_to: int | None, acknowledged: bool) -> None:
        for version, future in self._waiting.get(entry_id, ()):
            if (up_to is None or version <= up_to) and not future.done():
                future.set_result(acknowledged)
        self._forget_done(entry_id)

    def _forget_done(self, entry_id: str) -> None:
        waiting = [pair for pair in self._waiting.pop(entry_id, ()) if not pair[1].done()]
        if waiting:
            self._waiting[entry_id] = waiting
