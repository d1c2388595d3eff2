"""A real broker for tests: an installed Mosquitto, and amqtt, which is always there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

MOSQUITTO = shutil.which(
    "mosquitto", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/opt/homebrew/sbin"
)
ENGINES = ("amqtt", "mosquitto") if MOSQUITTO else ("amqtt",)

for _name in ("amqtt", "transitions"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class Broker:
    """Listens for MQTT and for MQTT over WebSocket, on the same ports again after each start()."""

    def __init__(self, engine: str = ENGINES[-1]) -> None:
        self._engine = engine
        self.port, self.ws_port = _free_ports()
        self._amqtt: Any = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def uri(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def ws_uri(self) -> str:
        return f"ws://127.0.0.1:{self.ws_port}"

    async def start(self) -> None:
        if self._engine == "mosquitto":
            await self._start_mosquitto()
        else:
            await self._start_amqtt()

    async def stop(self) -> None:
        """Die, without a word to anybody who is connected."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            await process.wait()
        if self._amqtt is not None:
            amqtt, self._amqtt = self._amqtt, None
            await amqtt.shutdown()

    async def _start_amqtt(self) -> None:
        from amqtt.broker import Broker as Amqtt

        listeners = {
            "default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"},
            "ws": {"type": "ws", "bind": f"127.0.0.1:{self.ws_port}"},
        }
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        self._amqtt = Amqtt({"listeners": listeners, "plugins": plugins})
        await self._amqtt.start()

    async def _start_mosquitto(self) -> None:
        assert MOSQUITTO is not None
        with tempfile.TemporaryDirectory() as folder:
            self._process = await asyncio.create_subprocess_exec(
                MOSQUITTO, "-c", self._settings(folder), stderr=asyncio.subprocess.DEVNULL
            )
            await until_listening(self.port)
            await until_listening(self.ws_port)

    def _settings(self, folder: str) -> str:
        path = Path(folder, "mosquitto.conf")
        path.write_text(
            f"listener {self.port} 127.0.0.1\nlistener {self.ws_port} 127.0.0.1\nprotocol websockets\n"
            "allow_anonymous true\n"
        )
        return str(path)


@contextlib.asynccontextmanager
async def running_broker(engine: str = ENGINES[-1]) -> AsyncIterator[Broker]:
    broker = Broker(engine)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def until_listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            return


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        for free in (one, two):
            free.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]
