"""The floor's traffic in short: how many messages, how many a second, the last of them."""

from __future__ import annotations

from collections import deque

from simulator.traffic.traffic import Sighting, sighting

WINDOW_S = 5
KEPT = 200
"""As many as the tallest terminal shows."""


class Pulse:
    """Counts what it is told of; messages are decoded only when they are looked at.

    It has no clock: every call says what time it is.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last: deque[tuple[int, str, bytes]] = deque(maxlen=KEPT)
        self._seconds: deque[tuple[int, int]] = deque(maxlen=WINDOW_S + 1)

    def note(self, topic: str, payload: bytes, time_ms: int, *, keep: bool = True) -> None:
        """A message that a device got or sent; one that is not to be kept is only counted."""
        self.count += 1
        if keep:
            self._last.append((time_ms, topic, payload))
        second = time_ms // 1000
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1] = (second, self._seconds[-1][1] + 1)
        else:
            self._seconds.append((second, 1))

    def last(self, number: int) -> list[Sighting]:
        """The last messages, the newest at the end."""
        chosen = list(self._last)[-number:] if number > 0 else []
        return [sighting(topic, payload, time_ms) for time_ms, topic, payload in chosen]

    def rate(self, now_ms: int) -> float:
        """Messages a second, over the last five whole seconds."""
        current = now_ms // 1000
        inside = (count for second, count in self._seconds if current - WINDOW_S <= second < current)
        return sum(inside) / WINDOW_S
