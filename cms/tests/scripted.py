"""A broker that misbehaves in one chosen way, for what no real one can be brought to do."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT = 1, 3, 8, 14


class ScriptedBroker:
    """Answers CONNECT with the code ``connack``, every SUBSCRIBE with ``suback`` for each filter, then sends
    the packets of ``says``. It acknowledges no PUBLISH, and keeps what it got in ``packets``.
    """

    def __init__(self, connack: int = 0, suback: int = 0, refused: str = "", says: bytes = b"") -> None:
        self._connack = connack
        self._suback = suback
        self._refused = refused
        self._says = says
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.packets: list[tuple[int, bytes]] = []

    @property
    def uri(self) -> str:
        assert self._server is not None
        return f"mqtt://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def count(self, kind: int) -> int:
        return sum(1 for seen, _ in self.packets if seen == kind)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                kind, body = await _packet(reader)
                self.packets.append((kind, body))
                if kind == CONNECT:
                    writer.write(bytes((0x20, 2, 0, self._connack)))
                elif kind == SUBSCRIBE:
                    codes = bytes(
                        0x80 if name == self._refused else self._suback for name in filters_of(body)
                    )
                    writer.write(bytes((0x90, 2 + len(codes))) + body[:2] + codes + self._says)
        writer.close()


def filters_of(body: bytes) -> list[str]:
    """The topic filters of a SUBSCRIBE."""
    names, rest = [], body[2:]
    while rest:
        size = struct.unpack(">H", rest[:2])[0]
        names.append(rest[2 : 2 + size].decode())
        rest = rest[3 + size :]
    return names


def publish_packet(topic: bytes, payload: bytes) -> bytes:
    """A PUBLISH with QoS 0, of fewer than 128 bytes."""
    body = struct.pack(">H", len(topic)) + topic + payload
    return bytes((0x30, len(body))) + body


@contextlib.asynccontextmanager
async def scripted(
    connack: int = 0, suback: int = 0, refused: str = "", says: bytes = b""
) -> AsyncIterator[ScriptedBroker]:
    broker = ScriptedBroker(connack, suback, refused, says)
    await broker.start()
    try:
        yield broker
    finally:
        broker.stop()


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first = (await reader.readexactly(1))[0]
    size, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return first >> 4, await reader.readexactly(size)
