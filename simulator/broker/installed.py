"""A broker that is installed on this machine, as a process of ours, which never outlives us."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from simulator.broker.address import reason
from simulator.broker.broker import Credentials, Engine
from simulator.broker.own_broker import OwnBroker
from simulator.errors import BrokerError, PortTaken
from simulator.lab.child import dies_with_its_parent

STOP_WAIT = 1.5
"""Seconds after the signal until it is killed: a lab is gone within 2 s."""
ATTEMPTS = 3
"""How often other free ports are tried where one was lost between finding it and listening on it."""


class InstalledBroker(OwnBroker):
    """A broker program with a generated configuration in a folder of its own; see `Broker` for the interface.

    Nothing is persisted: a stop forgets retained messages and sessions, as the embedded broker does.
    """

    engine: Engine
    name: ClassVar[str]
    start_wait: ClassVar[float]
    """Seconds in which it must accept connections."""
    end: ClassVar[signal.Signals] = signal.SIGTERM
    """What it is stopped with, by us or by the kernel when we die."""

    def __init__(
        self,
        mqtt_port: int = 0,
        ws_port: int | None = 0,
        host: str = "127.0.0.1",
        credentials: Credentials | None = None,
    ) -> None:
        self._wanted = (mqtt_port, ws_port)
        super().__init__(mqtt_port, ws_port, host, credentials)
        self._processes: list[asyncio.subprocess.Process] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def start(self) -> None:
        """Write the configuration, start the program and wait until it has opened its ports."""
        if self._processes:
            raise BrokerError(f"{self.name} is running already, on port {self._mqtt_port}.")
        program = self._program()
        try:
            for attempt in range(ATTEMPTS):
                self._folder = tempfile.TemporaryDirectory(prefix=f"smib-{self.engine}-")
                try:
                    await self._start_once(program, Path(self._folder.name))
                    return
                except PortTaken:
                    if 0 not in self._wanted or attempt == ATTEMPTS - 1:
                        raise
                    await self.stop()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End what was started and remove its files."""
        processes, self._processes = self._processes, []
        folder, self._folder = self._folder, None
        for process in processes:
            await self._end(process)
        if folder is not None:
            folder.cleanup()

    async def ended(self) -> str:
        """Wait until the process is gone; it may be killed by somebody else."""
        if not self._processes:
            return "it was stopped"
        return f"{self.name} ended with exit code {await self._processes[0].wait()}"

    @abstractmethod
    def _program(self) -> list[str]:
        """The command line without its settings; raises `BrokerNotInstalled`."""

    @abstractmethod
    async def _launch(self, program: list[str], folder: Path, log: Path) -> None:
        """Write the settings into `folder` and `_spawn` the program, first of all."""

    @abstractmethod
    def _runs(self, log: str) -> bool:
        """Whether it has said that all its ports are open: another program may be the one that answers on
        its ports."""

    @abstractmethod
    def _explained(self, log: str) -> BrokerError:
        """The sentence for one that ended during its start; `PortTaken` where other ports may help."""

    async def _start_once(self, program: list[str], folder: Path) -> None:
        mqtt_port, ws_port = self._wanted
        self._mqtt_port = claim("MQTT", self._host, mqtt_port, "--mqtt-port")
        self._ws_port = None if ws_port is None else claim("WebSocket", self._host, ws_port, "--ws-port")
        log = folder / "broker.log"
        await self._launch(program, folder, log)
        try:
            async with asyncio.timeout(self.start_wait):
                while not self._runs(text := log.read_text(errors="replace")):
                    if self._processes[0].returncode is not None:
                        raise self._explained(text)
                    await asyncio.sleep(0.005)
        except TimeoutError as exc:
            raise BrokerError(f"{self.name} did not run within {self.start_wait:g} s.") from exc

    async def _spawn(self, command: list[str], log: Path, environment: Mapping[str, str]) -> None:
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=log.parent,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=dies_with_its_parent(self.end),
            )
        self._processes.append(process)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        process.send_signal(self.end)
        try:
            await asyncio.wait_for(process.wait(), STOP_WAIT)
        except TimeoutError:
            process.kill()
            await process.wait()


def search_path() -> str:
    """PATH and the folder for daemons, which is not on every user's PATH."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"))


def guarded(program: str, end: signal.Signals) -> list[str]:
    """The program, and before it the tool that ends it when this process dies, where there is one."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", end.name.removeprefix("SIG"), program] if setpriv else [program]


def claim(what: str, host: str, port: int, option: str) -> int:
    """The port itself if nobody listens there, or a free one for 0; these brokers can't choose for
    themselves."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise PortTaken(what, host, port, option, reason(exc)) from exc
        found: int = probe.getsockname()[1]
        return found
