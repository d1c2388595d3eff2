"""The last messages of each device, for whoever looks inside one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from simulator.deadlines import Clock
from simulator.traffic.traffic import Sighting, sighting
from wire.jsontext import MAX_PAYLOAD

KEPT = 10
"""Messages of each device; a fleet of 10,000 keeps some 30 MB of them."""
LARGEST = MAX_PAYLOAD + 1
"""Bytes of a message that are kept: enough to see that it is too big."""


class Recorder:
    """Is told what a fleet's hook is told, and keeps of it what was sent and received."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, deque[tuple[int, str, bytes]]] = {}

    def tell(self, relay_id: str, kind: str, facts: Mapping[str, Any]) -> None:
        if kind not in ("sent", "received"):
            return
        kept = self._kept.get(relay_id)
        if kept is None:
            kept = self._kept[relay_id] = deque(maxlen=KEPT)
        kept.append((self._clock(), facts["topic"], facts["payload"][:LARGEST]))

    def last(self, relay_id: str) -> list[Sighting]:
        """What was kept of a device, the newest at the end, without secrets."""
        return [sighting(topic, payload, time_ms) for time_ms, topic, payload in self._kept.get(relay_id, ())]

    def forget(self, relay_id: str) -> None:
        self._kept.pop(relay_id, None)
