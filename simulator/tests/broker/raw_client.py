"""An MQTT 3.1.1 client that shows every flag and can misbehave; it shares no code with the broker."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Self

WAIT = 15.0
"""Seconds in which a broker must have answered: Mosquitto looks for silent clients every 5 s."""


class Message(NamedTuple):
    """A PUBLISH as it came."""

    topic: str
    data: bytes
    qos: int
    retain: bool
    dup: bool
    packet_id: int


class Will(NamedTuple):
    """The last will of a CONNECT."""

    topic: str
    data: bytes
    qos: int = 0
    retain: bool = False


def text(value: str | bytes) -> bytes:
    """A string or binary field: two bytes of length, then the bytes."""
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2) + data


def packet(first: int, body: bytes) -> bytes:
    """A packet from its first byte and its body."""
    size, length = bytearray(), len(body)
    while True:
        length, digit = divmod(length, 128)
        size.append(digit | (128 if length else 0))
        if not length:
            return bytes([first]) + bytes(size) + body


def connect_packet(
    client_id: str,
    *,
    clean: bool = True,
    keepalive: int = 0,
    will: Will | None = None,
    login: tuple[str, str] | None = None,
) -> bytes:
    """A CONNECT."""
    flags = 2 if clean else 0
    payload = text(client_id)
    if will:
        flags |= 4 | will.qos << 3 | will.retain << 5
        payload += text(will.topic) + text(will.data)
    if login:
        flags |= 0xC0
        payload += text(login[0]) + text(login[1])
    return packet(0x10, text("MQTT") + bytes([4, flags]) + keepalive.to_bytes(2) + payload)


class RawClient:
    """One connection; acknowledgements are sent only by `take_and_acknowledge`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.inbox: list[Message] = []
        self._next_id = 0
        self.session_present = False
        self.refusal = 0

    @classmethod
    async def open(cls, port: int) -> Self:
        """A connection on which nothing was sent yet."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @classmethod
    async def connected(
        cls,
        port: int,
        client_id: str,
        *,
        clean: bool = True,
        keepalive: int = 0,
        will: Will | None = None,
        login: tuple[str, str] | None = None,
    ) -> Self:
        """A connection with its CONNACK; `refusal` is 0 where the broker let us in."""
        client = await cls.open(port)
        client.send(connect_packet(client_id, clean=clean, keepalive=keepalive, will=will, login=login))
        first, body = await client.packet()
        assert first == 0x20
        client.session_present, client.refusal = bool(body[0]), body[1]
        return client

    def send(self, data: bytes) -> None:
        """Any bytes."""
        self._writer.write(data)

    async def packet(self) -> tuple[int, bytes]:
        """The next packet: its first byte and its body."""
        async with asyncio.timeout(WAIT):
            first = (await self._reader.readexactly(1))[0]
            length = shift = 0
            while True:
                byte = (await self._reader.readexactly(1))[0]
                length |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return first, await self._reader.readexactly(length)

    async def closed(self) -> bool:
        """Wait until the broker has closed the connection."""
        try:
            async with asyncio.timeout(WAIT):
                while await self._reader.read(65536):
                    pass
        except ConnectionResetError:
            pass
        return True

    async def answer(self, first: int) -> bytes:
        """The next packet of a kind; messages that come before it are kept."""
        while True:
            got, body = await self.packet()
            if got == first:
                return body
            assert got >> 4 == 3, f"packet {got:#x} instead of {first:#x}"
            self.inbox.append(_message(got, body))

    async def message(self) -> Message:
        """The next message, not acknowledged."""
        if self.inbox:
            return self.inbox.pop(0)
        first, body = await self.packet()
        assert first >> 4 == 3, f"packet {first:#x} instead of a message"
        return _message(first, body)

    async def take_and_acknowledge(self) -> Message:
        """The next message, with the acknowledgements that its QoS asks for."""
        message = await self.message()
        if message.qos == 1:
            self.send(packet(0x40, message.packet_id.to_bytes(2)))
        elif message.qos == 2:
            self.send(packet(0x50, message.packet_id.to_bytes(2)))
            assert await self.answer(0x62) == message.packet_id.to_bytes(2)
            self.send(packet(0x70, message.packet_id.to_bytes(2)))
        return message

    async def subscribe(self, *filters: str, qos: int = 0) -> list[int]:
        """Subscribe and wait for the codes of the SUBACK."""
        packet_id = self._packet_id()
        self.send(packet(0x82, packet_id + b"".join(text(each) + bytes([qos]) for each in filters)))
        body = await self.answer(0x90)
        assert body[:2] == packet_id
        return list(body[2:])

    async def unsubscribe(self, topic_filter: str) -> None:
        """Unsubscribe and wait for the UNSUBACK."""
        packet_id = self._packet_id()
        self.send(packet(0xA2, packet_id + text(topic_filter)))
        assert await self.answer(0xB0) == packet_id

    async def publish(self, topic: str, data: bytes, qos: int = 0, retain: bool = False) -> None:
        """Publish, and at QoS 1 and 2 wait until the broker has taken it over."""
        packet_id = self._packet_id() if qos else b""
        self.send(packet(0x30 | qos << 1 | retain, text(topic) + packet_id + data))
        if qos == 1:
            assert await self.answer(0x40) == packet_id
        elif qos == 2:
            assert await self.answer(0x50) == packet_id
            self.send(packet(0x62, packet_id))
            assert await self.answer(0x70) == packet_id

    async def ping(self) -> None:
        """PINGREQ and its answer: whatever we sent before has been looked at by now."""
        self.send(b"\xc0\x00")
        await self.answer(0xD0)

    async def disconnect(self) -> None:
        """DISCONNECT, then close."""
        self.send(b"\xe0\x00")
        await self._writer.drain()
        self._writer.close()

    def cut(self) -> None:
        """Close without a word."""
        self._writer.transport.abort()

    def _packet_id(self) -> bytes:
        self._next_id += 1
        return self._next_id.to_bytes(2)


def _message(first: int, body: bytes) -> Message:
    qos = first >> 1 & 3
    end = 2 + int.from_bytes(body[:2])
    start = end + (2 if qos else 0)
    topic, packet_id = body[2:end].decode(), int.from_bytes(body[end:start])
    return Message(topic, body[start:], qos, bool(first & 1), bool(first & 8), packet_id)
