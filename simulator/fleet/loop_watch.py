"""How a fleet watches itself: whether its event loop comes round in time, and since when somebody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.fleet.latency import Latencies

PERIOD_S = 0.1


class LoopWatch:
    """Looks every tenth of a second how late it is called, from `start` to `stop`.

    A loop that stalls for a second is seen by one look, and would have been by ten: `lag` counts them all.
    """

    def __init__(self, lag: Latencies) -> None:
        self._lag = lag
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._wait(loop, loop.time() + PERIOD_S)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        self._timer = loop.call_at(due_s, self._look, loop, due_s)

    def _look(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        late_s = max(0.0, loop.time() - due_s)
        self._lag.add_stall(int(late_s * 1e6), int(PERIOD_S * 1e6))
        self._wait(loop, due_s + PERIOD_S * (1 + late_s // PERIOD_S))


class Turns:
    """Since when what is read in this turn of the event loop may have been waiting for it.

    What several turns in a row bring was there before the turn that reads it: it waited while the one before
    was busy with others. A time from the moment of its own turn would leave that out.
    """

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._since_ns: int | None = None
        self._turn_ns: int | None = None

    def since_ns(self) -> int:
        """For something that was read just now; to be called from within the event loop."""
        if self._turn_ns is None:
            self._turn_ns = self._clock_ns()
            if self._since_ns is None:
                asyncio.get_running_loop().call_soon(self._turned)
        return self._turn_ns if self._since_ns is None else self._since_ns

    def _turned(self) -> None:
        """A new turn: it reads what came since the last one did, if that read anything."""
        self._since_ns, self._turn_ns = self._turn_ns, None
        if self._since_ns is not None:
            asyncio.get_running_loop().call_soon(self._turned)
