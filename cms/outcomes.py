"""What became of outbox entries, and who waits to hear it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cms.store.entry import OutboxEntry

REMEMBERED = 10_000
"""Of how many entries the end is known at least, for those who ask late."""


class Outcomes:
    """Between the one sender and the requests that wait for it; used from one event loop only.

    The end of an entry is remembered, so that it is known even where the entry was sent before anybody asked,
    or could not be removed from the storage afterwards.
    """

    def __init__(self) -> None:
        self._ended: OrderedDict[str, tuple[int, bool]] = OrderedDict()
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
        return self._end_of(entry) is True

    def is_given_up(self, entry: OutboxEntry) -> bool:
        return self._end_of(entry) is False

    def acknowledge(self, entry: OutboxEntry) -> None:
        """The broker has ``entry``."""
        self._end(entry, True)

    def give_up(self, entry: OutboxEntry) -> None:
        """``entry`` was not sent and never will be."""
        self._end(entry, False)

    def disappoint_all(self) -> None:
        """Nothing is sent now: whoever waits need not wait longer."""
        for entry_id in list(self._waiting):
            self._tell(entry_id, None, False)

    def _expect(self, entry: OutboxEntry) -> asyncio.Future[bool]:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        end = self._end_of(entry)
        if end is None:
            self._waiting.setdefault(entry.id, []).append((entry.version, future))
        else:
            future.set_result(end)
        return future

    def _end_of(self, entry: OutboxEntry) -> bool | None:
        version, acknowledged = self._ended.get(entry.id, (0, False))
        return acknowledged if version >= entry.version else None

    def _end(self, entry: OutboxEntry, acknowledged: bool) -> None:
        self._ended[entry.id] = (entry.version, acknowledged)
        self._ended.move_to_end(entry.id)
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        self._tell(entry.id, entry.version, acknowledged)

    def _tell(self, entry_id: str, up_to: int | None, acknowledged: bool) -> None:
        for version, future in self._waiting.get(entry_id, ()):
            if (up_to is None or version <= up_to) and not future.done():
                future.set_result(acknowledged)
        self._forget_done(entry_id)

    def _forget_done(self, entry_id: str) -> None:
        waiting = [pair for pair in self._waiting.pop(entry_id, ()) if not pair[1].done()]
        if waiting:
            self._waiting[entry_id] = waiting
