"""The floor under a fleet: bare asyncio sockets that connect, subscribe and echo, without any feature.

``python -m scripts.benchmarks.bare_client URI COUNT [SECONDS]``: COUNT clients; with SECONDS they then
publish flat out for that long, and say how many messages that were.
"""

from __future__ import annotations

import asyncio
import sys
from time import monotonic

from wire.address import parse_address
from wire.topics import Topics

AT_ONCE = 100
EVENT = b'{"typ":"GAME_PLAYED","rly":"%s","mac":"%s","tkn":"","pyd":"50","ts":"2026-01-01T00:00:00.000Z"}'
TOPICS = Topics()


def text(value: str) -> bytes:
    return len(value).to_bytes(2, "big") + value.encode()


def packet(first: int, body: bytes) -> bytes:
    size = len(body)
    return bytes((first, size) if size < 128 else (first, size & 127 | 128, size >> 7)) + body


class Client(asyncio.Protocol):
    """One connection. An order is answered with itself and the relay id."""

    __slots__ = ("relay", "rest", "subscribed", "transport")

    def __init__(self, relay: str, subscribed: asyncio.Future[None]) -> None:
        self.relay, self.subscribed, self.rest = relay, subscribed, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(packet(0x10, b"\0\4MQTT\4\2\0\x3c" + text(f"bare-{self.relay}")))
        transport.write(packet(0x82, b"\0\1" + text(TOPICS.relay(self.relay)) + b"\0"))

    def data_received(self, data: bytes) -> None:
        data, at = self.rest + data, 0
        while at + 2 <= len(data):
            size, start = data[at + 1], at + 2
            if size > 127:
                size, start = size & 127 | data[at + 2] << 7, at + 3
            if start + size > len(data):
                break
            if data[at] == 0x90:
                self.subscribed.set_result(None)
            elif data[at] == 0x30:
                order = data[start + 2 + int.from_bytes(data[start : start + 2], "big") : start + size]
                answer = b'{"rly":"%s",' % self.relay.encode() + order[1:]
                self.transport.write(packet(0x30, text(TOPICS.config) + answer))
            at = start + size
        self.rest = data[at:]


async def main(uri: str, count: int, seconds: float) -> None:
    loop, address, gate = asyncio.get_running_loop(), parse_address(uri), asyncio.Semaphore(AT_ONCE)

    async def connect(number: int) -> Client:
        subscribed = loop.create_future()
        async with gate:
            client = Client(f"e831cd{number:06x}", subscribed)
            await loop.create_connection(lambda: client, address.host, address.port)
            await subscribed
        return client

    clients = await asyncio.gather(*map(connect, range(count)))
    print(f"ready bare devices={count} subscribed={len(clients)}", flush=True)
    if seconds:
        print(f"published={await flat_out(clients, seconds)}", flush=True)
    await asyncio.Event().wait()


async def flat_out(clients: list[Client], seconds: float) -> int:
    """Two messages for each client in turn, as a game has, for so long."""
    said, end = 0, monotonic() + seconds
    while monotonic() < end:
        for client in clients:
            if client.transport.get_write_buffer_size():  # what waits here is not published yet
                await asyncio.sleep(0)
                continue
            relay = client.relay.encode()
            message = packet(0x30, text(TOPICS.server(client.relay)) + EVENT % (relay, relay))
            client.transport.write(message * 2)
            said += 2
            if said % 200 == 0:
                await asyncio.sleep(0)
    return said


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0))
