"""What the stream of the whole floor sends: a snapshot, then every change and event (contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cms import floor_frames as frames
from cms import log
from cms.feed import Feed, Wanted
from cms.monitor import Monitor
from cms.waiter import Waiter

PARTS_AT_ONCE = 2
"""Parts of a snapshot in one chunk, some 60 KB: a reader of a big floor takes it bit by bit."""


class FloorSource:
    """Frames of the floor, for one stream.

    A reader that the ring has overtaken gets ``dropped`` and a new snapshot, so that what it knows is right
    again. With the id of the last frame that a client saw, where the ring still has what followed, it goes on
    there and gets no snapshot.
    """

    relay_id = None
    facts: Mapping[str, Any] = {"what": "floor"}

    def __init__(
        self, monitor: Monitor, wanted: Wanted, last_id: str | None, clock_ms: Callable[[], int]
    ) -> None:
        self.ended = False
        self._monitor = monitor
        self._feed: Feed = monitor.feed
        self._wanted = wanted
        self._clock_ms = clock_ms
        self._resumed = self._feed.resumed(last_id)
        self._cursor = 0
        self._snapshot: Iterator[bytes] = iter(())
        self._waiter = Waiter()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Inside, frames are being kept for it, and it is woken for them."""
        self._monitor.pulse.join(self)
        try:
            yield
        finally:
            self._monitor.pulse.leave(self)

    def greeting(self) -> bytes:
        if self._resumed is None:
            self._begin_snapshot()
        else:
            self._cursor = self._resumed
            self._monitor.pulse.touch()
        count = len(self._monitor.floor.seen(self._wanted.scope))
        return frames.connected(self._clock_ms(), cabinets=count, resumed=self._resumed is not None)

    def heartbeat(self, now_ms: int) -> bytes:
        return frames.heartbeat(now_ms)

    def take(self) -> bytes:
        parts = [part for _, part in zip(range(PARTS_AT_ONCE), self._snapshot, strict=False)]
        if parts:
            return b"".join(parts)
        while True:
            batch = self._feed.after(self._cursor, self._wanted)
            if batch.lost:
                return self._start_again(batch.lost)
            if batch.data or batch.cursor == self._cursor:
                self._cursor = batch.cursor
                return batch.data
            self._cursor = batch.cursor  # all of it was for other readers

    async def wait(self) -> None:
        if not self.ended:
            await self._waiter.wait()

    def wake(self) -> None:
        self._waiter.wake()

    def end(self) -> None:
        self.ended = True
        self.wake()

    def _start_again(self, lost: int) -> bytes:
        log.event("!", "sse client too slow", what="floor", dropped=lost)
        self._begin_snapshot()
        return frames.dropped(lost, self._clock_ms())

    def _begin_snapshot(self) -> None:
        """Everything as it was a moment ago, and what followed from that moment on."""
        snapshot = self._monitor.snapshot(self._wanted)
        self._cursor = snapshot.cursor
        self._snapshot = iter(snapshot.parts)
        self._monitor.pulse.touch()
