"""The last frames of the floor stream: one bounded ring for all readers, each of whom knows where it is.

A reader costs a number. Frames are encoded once, and those that several readers want next are joined once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cms import floor_frames as frames
from cms.scope import EVERYWHERE, Scope
from wire.timestamps import format_timestamp

RING = 4096
"""How many frames are kept: a reader that is further behind gets a new snapshot."""

MAX_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which frames. ``location`` is compared without regard to case; None lets every frame through that is
    in ``scope``.
    """

    location: str | None = None
    cabinet_id: str | None = None
    scope: Scope = EVERYWHERE

    def lets_through(self, cabinet_id: str, location: str) -> bool:
        if not self.scope.holds(location):
            return False
        if self.cabinet_id is not None and self.cabinet_id != cabinet_id:
            return False
        return self.location is None or self.location.casefold() == location.casefold()


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader gets next: ``data`` leads it to ``cursor``; ``lost`` frames before that are gone."""

    data: bytes
    cursor: int
    lost: int = 0


class Frame:
    """One of the ring. Its bytes are made when the first reader wants them."""

    __slots__ = ("_at_ms", "_data", "_fields", "cabinet_id", "location", "number")

    def __init__(
        self, number: int, cabinet_id: str, location: str, fields: Mapping[str, Any], at_ms: int
    ) -> None:
        self.number = number
        self.cabinet_id = cabinet_id
        self.location = location
        self._fields = fields
        self._at_ms = at_ms
        self._data: bytes | None = None

    def data(self, epoch: str) -> bytes:
        if self._data is None:
            fields = {**self._fields, "timestamp": format_timestamp(self._at_ms)}
            self._data = frames.encoded(fields, f"{epoch}-{self.number}")
            self._fields = {}
        return self._data


class Feed:
    """``epoch`` is part of every id, so that nobody resumes what another process began."""

    def __init__(self, *, epoch: str, size: int = RING) -> None:
        self.epoch = epoch
        self._size = size
        self._ring: list[Frame] = []
        self._head = 0
        self._published = 0
        self._batches: dict[tuple[int, Wanted], Batch] = {}

    @property
    def count(self) -> int:
        """How many frames there were."""
        return self._head

    @property
    def cursor(self) -> int:
        """Where a reader begins who has a snapshot of this moment: behind every frame so far."""
        return self._head

    def append(self, cabinet_id: str, location: str, fields: Mapping[str, Any], at_ms: int) -> None:
        """Add a frame; readers see it after the next publish()."""
        self._head += 1
        frame = Frame(self._head, cabinet_id, location, fields, at_ms)
        if len(self._ring) < self._size:
            self._ring.append(frame)
        else:
            self._ring[(self._head - 1) % self._size] = frame

    def publish(self) -> None:
        """Let readers have what was added: all of them the same, so that it is joined once."""
        if self._published != self._head:
            self._published = self._head
            self._batches.clear()

    def after(self, cursor: int, wanted: Wanted) -> Batch:
        """The published frames behind ``cursor``, as many as go into a chunk, and at least one."""
        if cursor >= self._published:
            return Batch(b"", cursor)
        oldest = self._head - len(self._ring)
        if cursor < oldest:
            return Batch(b"", self._published, oldest - cursor)
        batch = self._batches.get((cursor, wanted))
        if batch is None:
            batch = self._batches[cursor, wanted] = self._joined(cursor, wanted)
        return batch

    def reaches(self, cursor: int) -> bool:
        """Whether a reader may begin there: nothing behind it is gone, nor will be at once."""
        return self._head - cursor <= self._size // 2

    def frame_id(self, cursor: int) -> str:
        return f"{self.epoch}-{cursor}"

    def resumed(self, frame_id: str | None) -> int | None:
        """The cursor behind the frame that a client saw last, None where it is too old or from elsewhere."""
        epoch, _, number = (frame_id or "").rpartition("-")
        if epoch != self.epoch or not (number.isascii() and number.isdecimal() and len(number) <= 15):
            return None
        cursor = int(number)
        return cursor if self._head - len(self._ring) <= cursor <= self._head else None

    def _joined(self, cursor: int, wanted: Wanted) -> Batch:
        chunk: list[bytes] = []
        size = 0
        while cursor < self._published and size < MAX_CHUNK:
            frame = self._ring[cursor % self._size]
            cursor += 1
            if wanted == EVERYTHING or wanted.lets_through(frame.cabinet_id, frame.location):
                data = frame.data(self.epoch)
                chunk.append(data)
                size += len(data)
        return Batch(b"".join(chunk), cursor)
