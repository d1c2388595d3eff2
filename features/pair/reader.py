"""One operator's stream: a bounded queue of frames."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

MOST = 1000

Frame = dict[str, Any]


class Reader:
    """When the queue is full its oldest frame is dropped and counted, and the reader is told (section 5)."""

    def __init__(self, relay: str) -> None:
        self.relay = relay
        self.pending: deque[Frame] = deque()
        self.dropped = 0
        self._ready = asyncio.Event()

    def put(self, frame: Frame) -> None:
        if len(self.pending) >= MOST:
            self.pending.popleft()
            self.dropped += 1
        self.pending.append(frame)
        self._ready.set()

    async def next(self) -> Frame:
        await self._ready.wait()
        if self.dropped:
            count, self.dropped = self.dropped, 0
            return {"type": "dropped", "relayId": self.relay, "count": count}
        frame = self.pending.popleft()
        if not self.pending:
            self._ready.clear()
        return frame
