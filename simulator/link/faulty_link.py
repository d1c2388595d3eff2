"""A link whose connection misbehaves: breaks, freezes, clashes or is refused, as a `Line` says.

It stands between a session and its real link, and is a listener to that: a session without such a fault has
none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from simulator.deadlines import Clock, Deadline, Deadlines
from simulator.device.link import LinkSettings, Refusal
from simulator.faults import SOUND, Line
from simulator.link.link import Link, LinkListener


class Phase(Enum):
    """Where the real link is at the moment at which a faulty one takes it over."""

    IDLE = "idle"
    CONNECTING = "connecting"
    UP = "up"


class FaultyLink:
    """One device's link; see `simulator.link.link.Link`. `line` is what is wrong with it now."""

    def __init__(
        self, inner: Link, listener: LinkListener, phase: Phase, clock: Clock, deadlines: Deadlines
    ) -> None:
        """Take `inner` over. An attempt that is under way there is broken off and told as refused."""
        self._inner = inner
        self._listener: LinkListener | None = listener
        self._clock = clock
        self._deadlines = deadlines
        self._line = SOUND
        self._up = phase is Phase.UP
        self._dark_until_ms = 0
        self._timers: list[Deadline] = []
        if phase is Phase.CONNECTING:
            inner.close(clean=False)
            self._soon(lambda: listener.link_refused(Refusal.LOST))

    @property
    def line(self) -> Line:
        return self._line

    @line.setter
    def line(self, line: Line) -> None:
        """A line that identifies otherwise ends the connection, for it is only told when connecting."""
        same = line.identifies_as(self._line)
        self._line = line
        if not line.up_ms:
            self._dark_until_ms = 0
        if self._up:
            self._forget()
            self._inner.freeze(False)
            if same:
                self._watch()
            else:
                self._soon(self._break)

    def open(self, settings: LinkSettings, listener: LinkListener) -> None:
        self._forget()
        self._up, self._listener = False, listener
        if self._clock() < self._dark_until_ms:
            self._inner.close(clean=True)
            self._soon(lambda: listener.link_refused(Refusal.UNREACHABLE))
        else:
            self._inner.open(self._line.settings(settings), self)

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> bool:
        return self._inner.publish(topic, payload, qos, retain)

    def close(self, *, clean: bool) -> None:
        self._forget()
        self._up, self._listener = False, None
        self._inner.close(clean=clean)

    def freeze(self, frozen: bool) -> None:
        self._inner.freeze(frozen)

    async def closed(self) -> None:
        await self._inner.closed()

    def link_up(self) -> None:
        if self._line.rejected:  # this broker lets anybody in
            self._inner.close(clean=True)
            self.link_refused(Refusal.REFUSED)
            return
        self._up = True
        self._watch()
        if self._listener is not None:
            self._listener.link_up()

    def link_refused(self, reason: Refusal) -> None:
        if self._listener is not None:
            self._listener.link_refused(reason)

    def link_down(self) -> None:
        self._forget()
        self._up = False
        if self._listener is not None:
            self._listener.link_down()

    def link_message(self, topic: str, payload: bytes) -> None:
        if self._listener is not None:
            self._listener.link_message(topic, payload)

    def _watch(self) -> None:
        """Let happen to the connection that is up what is to happen to it."""
        if self._line.up_ms is not None:
            self._in(self._line.up_ms, self._break)
        if self._line.frozen_ms is not None:
            self._in(self._line.frozen_ms, lambda: self._inner.freeze(True))

    def _break(self) -> None:
        self._dark_until_ms = self._clock() + self._line.down_ms
        self._inner.close(clean=False)
        self.link_down()

    def _soon(self, call: Callable[[], None]) -> None:
        self._in(0, call)

    def _in(self, ms: int, call: Callable[[], None]) -> None:
        self._timers.append(self._deadlines.at(self._clock() + ms, call))

    def _forget(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
