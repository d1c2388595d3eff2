"""Bytes from and to one client, over TCP or over WebSocket: the border where foreign errors become
`EOFError`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from amqtt.adapters import StreamWriterAdapter, WebSocketsWriter
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed


class Stream(Protocol):
    """A connection's bytes. `adapter` is the writer that amqtt's own CONNECT handling wants."""

    adapter: Any

    async def read(self, count: int) -> bytes:
        """Exactly `count` bytes; raises `EOFError` or `OSError` when the connection is over."""

    async def write(self, data: bytes) -> None:
        """Hand over; returns when the peer keeps up."""

    async def close(self) -> None:
        """Send what is left, then close."""

    def abort(self) -> None:
        """Close now, whatever is left; a pending `read` ends."""


class TcpStream:
    """MQTT on a TCP socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.adapter: Any = StreamWriterAdapter(writer)

    async def read(self, count: int) -> bytes:
        return await self._reader.readexactly(count)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()


class WebSocketStream:
    """MQTT in binary WebSocket frames; a packet may span frames and a frame may hold packets (MQTT 3.1.1,
    6.0).

    amqtt's own reader repeats the last frame when the connection ends inside a packet.
    """

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._buffer = bytearray()
        self.adapter: Any = WebSocketsWriter(socket)

    async def read(self, count: int) -> bytes:
        try:
            while len(self._buffer) < count:
                frame = await self._socket.recv()
                if isinstance(frame, str):
                    raise EOFError("a text frame, which MQTT over WebSocket does not have")
                self._buffer += frame
        except ConnectionClosed as exc:
            raise EOFError("the WebSocket is closed") from exc
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    async def write(self, data: bytes) -> None:
        try:
            await self._socket.send(data)
        except ConnectionClosed as exc:
            raise EOFError("the WebSocket is closed") from exc

    async def close(self) -> None:
        await self._socket.close()

    def abort(self) -> None:
        self._socket.transport.abort()
