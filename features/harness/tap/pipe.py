"""One direction of one connection: bytes in, the same bytes out, unless a fault says otherwise."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from typing import Protocol

from features.harness.tap.codec import Framer
from features.harness.tap.faults import Faults
from features.harness.tap.packet import Direction, Packet


class Witness(Protocol):
    """The connection, as far as a pipe needs it."""

    def decoded(self, direction: Direction, at: float, raw: bytes) -> Packet: ...

    def record(self, packet: Packet, fault: str) -> None: ...


class Pipe:
    """Passes bytes on at once and reads them afterwards; only where a rule must see a packet before its
    bytes go, it waits until the packet is complete."""

    def __init__(self, direction: Direction, faults: Faults, witness: Witness) -> None:
        self.direction = direction
        self.target: asyncio.Transport | None = None
        self._faults = faults
        self._witness = witness
        self._framer = Framer()
        self._passed = 0
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def receive(self, data: bytes) -> None:
        """Bytes of the one side, for the other."""
        at = time.monotonic()
        if self._faults.ruled(self.direction) and not self._framer.opaque:
            self._receive_ruled(data, at)
            return
        if self._passed < self._framer.pending:
            self._pass(self._framer.tail(self._passed))
        self._pass(data)
        fault = self._faults.word(self.direction)
        for raw in self._framer.feed(data):
            self._witness.record(self._witness.decoded(self.direction, at, raw), fault)
        self._passed = self._framer.pending

    def finish(self) -> None:
        """The one side has closed: the other is closed too, behind everything that is on its way."""
        self._put(None)

    def release(self) -> None:
        """Lets go what was held or delayed, in its order."""
        self._stop_timer()
        while self._queue and self.direction not in self._faults.held:
            self._out(self._queue.popleft()[1])

    def discard(self) -> None:
        """Forgets what is on its way."""
        self._stop_timer()
        self._queue.clear()

    def _receive_ruled(self, data: bytes, at: float) -> None:
        gone = self._passed
        for raw in self._framer.feed(data):
            packet = self._witness.decoded(self.direction, at, raw)
            fault = self._faults.word(self.direction)
            rule = None if gone else self._faults.rule_for(packet)
            if rule is None:
                self._pass(raw[gone:])
            else:
                self._pass(rule.change(raw))
                fault = rule.word
            self._witness.record(packet, fault)
            gone = 0
        self._passed = gone

    def _pass(self, data: bytes) -> None:
        if data:
            self._put(data)

    def _put(self, data: bytes | None) -> None:
        due = self._due()
        if due <= 0.0 and not self._queue:
            self._out(data)
            return
        last = self._queue[-1][0] if self._queue else 0.0
        self._queue.append((max(due, last), data))
        self._start_timer()

    def _due(self) -> float:
        """When bytes that come now may go: 0 at once, infinity when they are let go."""
        if self.direction in self._faults.held:
            return math.inf
        delay = self._faults.delays.get(self.direction, 0.0)
        return asyncio.get_running_loop().time() + delay if delay else 0.0

    def _out(self, data: bytes | None) -> None:
        if self.target is None or self.target.is_closing():
            return
        if data is None:
            self.target.close()
        else:
            self.target.write(data)

    def _start_timer(self) -> None:
        if self._timer is None and self._queue and self._queue[0][0] != math.inf:
            self._timer = asyncio.get_running_loop().call_at(self._queue[0][0], self._elapsed)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _elapsed(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._queue and self._queue[0][0] <= now:
            self._out(self._queue.popleft()[1])
        self._start_timer()
