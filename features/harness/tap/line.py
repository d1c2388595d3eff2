"""One connection through the tap: two sockets, two pipes, and what the packets tell of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

from features.harness.tap.codec import OPAQUE, read
from features.harness.tap.faults import Faults
from features.harness.tap.packet import Direction, Packet, Reading
from features.harness.tap.pipe import Pipe

UNREAD = Reading("UNREAD", error="the connection does not speak MQTT 3.1.1")


@dataclass(frozen=True, slots=True)
class Owner:
    """The tap, as far as a connection needs it: its name and role, and whom to tell."""

    name: str
    role: str
    packet: Callable[[Packet], None]
    gone: Callable[[Line], None]


@dataclass(eq=False)
class Line:
    """``client_id`` is known from the CONNECT on."""

    number: int
    owner: Owner
    faults: Faults
    client_id: str | None = None
    pipes: dict[Direction, Pipe] = field(init=False)
    ends: dict[Direction, asyncio.Transport] = field(default_factory=dict)
    _legible: bool = True

    def __post_init__(self) -> None:
        self.pipes = {direction: Pipe(direction, self.faults, self) for direction in Direction}

    def decoded(self, direction: Direction, at: float, raw: bytes) -> Packet:
        reading = read(raw) if self._legible else UNREAD
        if reading.type == "CONNECT" and reading.error:
            self._legible = False
        if reading.client_id is not None:
            self.client_id = reading.client_id
        return Packet(
            type=reading.type if self._legible or reading is not UNREAD else OPAQUE,
            topic=reading.topic,
            payload=reading.payload,
            qos=reading.qos,
            retain=reading.retain,
            dup=reading.dup,
            packet_id=reading.packet_id,
            client_id=self.client_id,
            details=reading.details,
            error=reading.error,
            at=at,
            tap=self.owner.name,
            role=self.owner.role,
            connection=self.number,
            direction=direction,
            size=len(raw),
        )

    def record(self, packet: Packet, fault: str) -> None:
        self.owner.packet(replace(packet, fault=fault) if fault else packet)

    def connected(self, source: Direction, transport: asyncio.Transport) -> None:
        """One side is there: what comes from it goes in direction ``source``."""
        self.ends[source] = transport
        self.pipes[source.other].target = transport

    def lost(self, source: Direction) -> None:
        """One side has closed; the other follows, unless the line is held half-open."""
        del self.ends[source]
        if not self.ends:
            self.owner.gone(self)
        else:
            self.pipes[source].finish()

    def cut(self) -> None:
        """Closes both sides now."""
        for pipe in self.pipes.values():
            pipe.discard()
        for transport in list(self.ends.values()):
            transport.abort()

    def release(self) -> None:
        for pipe in self.pipes.values():
            pipe.release()


class End(asyncio.Protocol):
    """One socket of a line; ``source`` is the direction in which its bytes go."""

    def __init__(self, line: Line, source: Direction) -> None:
        self.line = line
        self._source = source

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.line.connected(self._source, cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self.line.pipes[self._source].receive(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self.line.lost(self._source)

    def pause_writing(self) -> None:
        if (other := self.line.ends.get(self._source.other)) is not None:
            other.pause_reading()

    def resume_writing(self) -> None:
        if (other := self.line.ends.get(self._source.other)) is not None:
            other.resume_reading()
