"""The view of a fleet that runs: a screen on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections import deque
from collections.abc import Awaitable
from typing import Protocol, TextIO

from simulator.fleet.panel import Glance, Rates, panel, status_line
from simulator.fleet.reading import Reading

STATUS_S = 10.0
KEPT_LINES = 8


class Source(Protocol):
    """What a view looks at. Its length is the number of its parts."""

    def __len__(self) -> int: ...

    @property
    def reading(self) -> Reading: ...

    @property
    def ready(self) -> bool: ...


class View:
    """Shows on stderr what `source` has, over some work. What is to be said meanwhile goes through `say`,
    the ready line through `ready`: on a screen both come again at its end, when they can be read.
    """

    def __init__(self, source: Source, *, plain: bool) -> None:
        self._source = source
        self._screen = not plain and sys.stderr.isatty()
        self._began_s = time.monotonic()
        self._rates = Rates()
        self._last: deque[str] = deque(maxlen=KEPT_LINES)
        self._owed: list[str] = []

    async def over(self, work: Awaitable[None]) -> None:
        """Do `work`, and show how it goes."""
        showing = asyncio.ensure_future(self._draw(sys.stderr) if self._screen else self._list(sys.stderr))
        try:
            await work
        finally:
            showing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await showing
            for line in self._owed:
                _write(sys.stdout, line)

    def ready(self, line: str) -> None:
        """The line on stdout that a harness waits for."""
        if self._screen and sys.stdout.isatty():
            self._owed.append(line)
        else:
            _write(sys.stdout, line)

    def say(self, line: str) -> None:
        """A line of the log."""
        self._last.append(line)
        if not self._screen:
            _write(sys.stderr, line)

    def glance(self) -> Glance:
        """The fleet as it is now."""
        now_s, reading = time.monotonic(), self._source.reading
        return Glance(
            reading,
            self._rates.look(now_s, reading),
            now_s - self._began_s,
            len(self._source),
            self._source.ready,
            tuple(self._last),
        )

    async def _list(self, out: TextIO) -> None:
        while True:
            await asyncio.sleep(STATUS_S)
            _write(out, status_line(self.glance()))

    async def _draw(self, out: TextIO) -> None:
        from simulator.lab.live_view import show_screen  # rich: a fifth of a second that lines do without

        try:
            await show_screen(lambda width, height: panel(self.glance(), width, height), out)
        finally:
            for line in self._last:
                _write(out, line)


def _write(out: TextIO, line: str) -> None:
    out.write(line + "\n")
    out.flush()
