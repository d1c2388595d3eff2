"""Subjects that are no subject at all: no requirement may be credited to them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
from collections.abc import Mapping
from typing import ClassVar

from features.liars.liar import Liar, own_up
from features.pair import payload
from features.pair.board import Act, Answer
from features.pair.console import say
from features.pair.link import Link
from features.pair.smib import Smib

NOTHING = "nothing"
"""What stands in the catalogue in the place of a requirement: the dead break all of them."""


class Corpse:
    """A TCP server in the place of a CMS, which handles each connection in its own dead way."""

    breaks: ClassVar[str] = NOTHING

    @classmethod
    def name(cls) -> str:
        return Liar.name.__func__(cls)  # type: ignore[attr-defined, no-any-return]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own_up(self.name())
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            await self.handle(reader, writer)

    async def serve(self, env: Mapping[str, str]) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        server = await asyncio.start_server(self.served, "127.0.0.1", int(env.get("PORT", "0")))
        say(f"ready cms url=http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await stopped.wait()
        server.close()


class NeverAnswers(Corpse):
    """Accepts a connection and says nothing."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()


class ClosesAtOnce(Corpse):
    """Closes every connection."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        return


class AlwaysOk(Corpse):
    """Answers 200 and success to everything."""

    body = json.dumps({"success": True, "data": {}, "mqttSent": True, "mqttConnected": True}).encode()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + self.body)
        await writer.drain()


class Echoes(Corpse):
    """Answers 200 with what it was sent."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        size = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
        body = await reader.readexactly(size)
        told = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(told.encode() + body)
        await writer.drain()


class RandomBytes(Corpse):
    """Answers bytes that mean nothing."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(random.Random(7).randbytes(600))
        await writer.drain()


class SmibNeverAnswers(Liar, Smib):
    """Connects, and says nothing."""

    breaks = NOTHING

    async def perform(self, link: Link, act: Act) -> bool:
        self.lied()
        return True


class SmibClosesAtOnce(Liar, Smib):
    """Leaves its broker as soon as it is told anything."""

    breaks = NOTHING

    async def greet(self, link: Link) -> None:
        return

    async def work(self, link: Link, orders: asyncio.Queue[bytes], lost: asyncio.Task[bool]) -> None:
        await asyncio.wait({asyncio.ensure_future(orders.get()), lost}, return_when=asyncio.FIRST_COMPLETED)
        self.lied()

    async def beat(self, link: Link) -> None:
        return


class SmibAlwaysOk(Liar, Smib):
    """Says OK to everything."""

    breaks = NOTHING

    def receive(self, raw: bytes) -> list[Act]:
        return [Answer("app")]

    async def say(self, link: Link, topic: str, fields: Mapping[str, object]) -> None:
        self.lied()
        await link.publish(topic, payload.written({"rly": self.relay, "success": True}))


class SmibEchoes(Liar, Smib):
    """Says what it was told."""

    breaks = NOTHING
    told = b""

    def receive(self, raw: bytes) -> list[Act]:
        self.told = raw
        return [Answer("app")]

    async def say(self, link: Link, topic: str, fields: Mapping[str, object]) -> None:
        self.lied()
        await link.publish(topic, self.told)


class SmibRandomBytes(Liar, Smib):
    """Says bytes that mean nothing."""

    breaks = NOTHING

    def receive(self, raw: bytes) -> list[Act]:
        return [Answer("app")]

    async def say(self, link: Link, topic: str, fields: Mapping[str, object]) -> None:
        self.lied()
        await link.publish(topic, random.Random(7).randbytes(200))


def run(corpse: type[Corpse]) -> int:
    asyncio.run(corpse().serve(os.environ))
    return 0
