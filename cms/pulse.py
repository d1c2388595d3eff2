"""When readers of the floor stream are woken: at once on a quiet floor, and not too often on a busy one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Protocol

SHORTEST_S = 0.02
PER_READER_S = 0.000_25
LONGEST_S = 1.0
"""To wake a reader costs so much time, whatever it is given: the more there are, the longer the pulse."""


class Reader(Protocol):
    def wake(self) -> None: ...


class Pulse:
    """``beat`` is called before the readers are woken."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._readers: set[Reader] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._last_s = 0.0

    def __len__(self) -> int:
        return len(self._readers)

    def join(self, reader: Reader) -> None:
        self._readers.add(reader)

    def leave(self, reader: Reader) -> None:
        self._readers.discard(reader)

    def touch(self) -> None:
        """There is something to read."""
        if self._timer is not None or not self._readers:
            return
        loop = asyncio.get_running_loop()
        pause_s = min(max(SHORTEST_S, PER_READER_S * len(self._readers)), LONGEST_S)
        # A context of its own: what a request touches off for all readers is not of that request.
        self._timer = loop.call_at(
            max(self._last_s + pause_s, loop.time()), self._wake_all, context=Context()
        )

    def _wake_all(self) -> None:
        self._timer = None
        self._last_s = asyncio.get_running_loop().time()
        self._beat()
        for reader in self._readers:
            reader.wake()
