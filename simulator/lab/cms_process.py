"""The CMS as the lab runs it: a program of its own, known by its command line, environment and URL only."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import simulator
from simulator.errors import LabError
from simulator.lab.child import Child
from wire.address import BrokerAddress

NAME = "the CMS"
START_S = 20.0
STOP_S = 1.3
POLL_S = 0.02

TAKEN_OVER = (
    *("MQTT_URI", "MQTT_USERNAME", "MQTT_PASSWORD", "MQTT_PUB_TOPIC", "MQTT_CFG_TOPIC", "MQTT_SUB_TOPIC"),
    *("MQTT_SERVER_TOPIC", "CMS_DATABASE", "CMS_CABINETS", "CMS_HOST", "HOST", "CMS_PORT", "PORT"),
)
"""Settings of the CMS that the lab decides. The others of the caller's environment reach it."""


class CmsProcess:
    """A CMS in `folder`, on `port` (0 = any free one), at a broker. Its log goes to the file `log`, or to
    stderr. `url` is known once it is `ready`.
    """

    def __init__(
        self, broker: BrokerAddress, port: int, folder: Path, log: Path | None, ca_file: Path | None = None
    ) -> None:
        self._ca_file = ca_file
        self._broker = broker
        self._port = port
        self._folder = folder
        self._child: Child | None = None
        self.log = log
        self.url = ""

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    async def start(self, cabinets: str, caller: Mapping[str, str]) -> None:
        """Start it with these cabinets, the text of a cabinets file, and with the settings of `caller`'s
        environment that the lab does not decide.
        """
        file = _write(self._folder / "cabinets.yaml", cabinets)
        environment = {
            **{name: value for name, value in caller.items() if name not in TAKEN_OVER},
            "PYTHONPATH": _with_this_project(caller.get("PYTHONPATH", "")),
            "MQTT_URI": self._broker.uri(),
            "CMS_CABINETS": str(file),
            "CMS_DATABASE": str(self._folder / "cms.sqlite3"),
            "CMS_PORT": str(self._port),
        }
        if not self._broker.tls:
            environment.pop("MQTT_CA_FILE", None)
        elif self._ca_file is not None:
            environment["MQTT_CA_FILE"] = str(self._ca_file)
        self._child = await Child.start(NAME, [sys.executable, "-m", "cms", "serve"], environment, self.log)

    async def ready(self) -> None:
        """Wait until it serves, is connected to the broker and its store answers; LabError after 20 s."""
        self.url = (await self._started().ready(START_S)).get("url", "")
        if not self.url.startswith("http://"):
            raise LabError(f"{NAME} did not say where it is: url= was wanted in its ready line")
        ended = asyncio.ensure_future(self.ended())
        try:
            async with asyncio.timeout(START_S):
                while not await _answers_ok(self.url, "/readyz"):
                    if ended.done():
                        raise LabError(ended.result())
                    await asyncio.sleep(POLL_S)
        except TimeoutError as exc:
            raise LabError(f"{NAME} at {self.url} was not connected to the broker in {START_S:g} s") from exc
        finally:
            ended.cancel()

    async def ended(self) -> str:
        """Wait until it ends by itself, and say so in a sentence."""
        return await self._started().ended()

    async def stop(self) -> None:
        """End it, if it was started."""
        if self._child is not None:
            await self._child.stop(STOP_S)

    def _started(self) -> Child:
        if self._child is None:
            raise LabError(f"{NAME} was not started")
        return self._child


def _write(file: Path, text: str) -> Path:
    """Write a file that holds secrets: for its owner only."""
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
    except OSError as exc:
        raise LabError(f"{file}: it could not be written ({exc.strerror})") from exc
    return file


def _with_this_project(path: str) -> str:
    """A module path on which the CMS is found next to this package, from whatever folder we were started."""
    root = str(Path(simulator.__file__).parents[1])
    return f"{root}:{path}" if path else root


async def _answers_ok(url: str, path: str) -> bool:
    """Whether a GET is answered with 200 now."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    try:
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except OSError:
        return False
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.readline()).split()[1:2] == [b"200"]
    except OSError:
        return False
    finally:
        writer.close()
