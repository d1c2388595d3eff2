"""The way to one broker, which a fleet shares: where it is found, and how many connect at a time."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Protocol

from simulator.device.link import Refusal
from simulator.link.channel import Place
from wire.address import BrokerAddress

FOUND_S = 10.0
"""How long a host is taken to be where it was found: a floor that comes back asks once."""


class Comer(Protocol):
    """Who wants to connect."""

    def admit(self, gate: Gate, places: tuple[Place, ...]) -> bool:
        """It is its turn; False where it wants in no more. Else it is inside until it calls `gate.leave`."""

    def turn_away(self, gate: Gate, reason: Refusal, why: str) -> None:
        """There is no way."""


class Gate:
    """Lets those in who come, in their order, so many at a time. Calls them from the event loop."""

    def __init__(self, address: BrokerAddress, most: int) -> None:
        self._address = address
        self._free = most
        self._queue: deque[Comer] = deque()
        self._places: tuple[Place, ...] = ()
        self._found_s = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._admitting = False

    def enter(self, comer: Comer) -> None:
        """Queue up. Who changed his mind meanwhile says so when it is his turn."""
        self._queue.append(comer)
        self._admit_soon()

    def leave(self) -> None:
        """One who was let in is through, or has given up."""
        self._free += 1
        self._admit_soon()

    def _admit_soon(self) -> None:
        if self._queue and self._free and not self._admitting and self._looking is None:
            self._admitting = True
            asyncio.get_running_loop().call_soon(self._admit)

    def _admit(self) -> None:
        self._admitting = False
        loop = asyncio.get_running_loop()
        if not self._places or loop.time() - self._found_s > FOUND_S:
            self._looking = loop.create_task(self._look())
            return
        while self._queue and self._free:
            self._free -= 1
            if not self._queue.popleft().admit(self, self._places):
                self._free += 1

    async def _look(self) -> None:
        loop, (host, port) = asyncio.get_running_loop(), (self._address.host, self._address.port)
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            self._looking = None
            queue, self._queue = self._queue, deque()
            for comer in queue:
                comer.turn_away(self, Refusal.UNREACHABLE, f"{self._address}: no such host ({exc})")
        else:
            self._looking = None
            self._places, self._found_s = tuple(found), loop.time()
            self._admit()
