"""A recording in several tapes: a new one after so many bytes or so long, and at most so many kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.errors import TapeError
from simulator.tape.tape import TapeWriter


@dataclass(frozen=True, slots=True)
class Rolling:
    """When the next tape begins: after so many bytes on the disk, after so long; `most` are kept, the oldest
    are removed. None is no limit.
    """

    size: int | None = None
    every_ms: int | None = None
    most: int | None = None


class TapeRoll:
    """Tapes `NAME-0001.SUFFIX` and so on, one after the other, with the interface of a `TapeWriter`.

    `said` is told of each new one. TapeError as there, for any of them.
    """

    def __init__(
        self,
        path: Path,
        rolling: Rolling,
        said: Callable[[str], object],
        *,
        mask: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._rolling = rolling
        self._said = said
        self._mask = mask
        self._clock = clock
        self._number = 0
        self._before = 0
        self._kept: deque[Path] = deque()
        self._tape = self._next()
        self._began_s = clock()

    @property
    def written(self) -> int:
        return self._before + self._tape.written

    def keep(self, time_ms: int, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        self._tape.keep(time_ms, topic, payload, qos, retain)

    def flush(self) -> None:
        """As that of a tape; and begin the next where it is time and there is something in this one."""
        self._tape.flush()
        rolling, length_ms = self._rolling, (self._clock() - self._began_s) * 1_000
        full = rolling.size is not None and self._tape.size >= rolling.size
        over = rolling.every_ms is not None and length_ms >= rolling.every_ms
        if (full or over) and self._tape.written:
            self._roll()

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tape.__exit__(kind, error, trace)

    def _roll(self) -> None:
        self._tape.__exit__(None, None, None)
        self._before += self._tape.written
        self._tape = self._next()
        self._open()
        while self._rolling.most is not None and len(self._kept) > self._rolling.most:
            oldest = self._kept.popleft()
            try:
                oldest.unlink(missing_ok=True)
            except OSError as exc:
                raise TapeError(f"{oldest}: it could not be removed ({exc.strerror}).") from exc

    def _next(self) -> TapeWriter:
        self._number += 1
        name, dot, suffixes = self._path.name.partition(".")
        return TapeWriter(self._path.with_name(f"{name}-{self._number:04d}{dot}{suffixes}"), mask=self._mask)

    def _open(self) -> None:
        self._tape.__enter__()
        self._kept.append(self._tape.path)
        self._began_s = self._clock()
        self._said(f"= record out={self._tape.path}")
