"""The programs that are killed and started again, each on the same port and the same files."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.lab.child import dies_with_its_parent

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
ROOT = Path(__file__).resolve().parents[2]
START_S = 30.0


class Victim:
    """A program that listens on ``port`` once it works. ``name`` is what it is called in the output. On Linux
    it does not outlive us.
    """

    def __init__(
        self, name: str, port: int, command: Sequence[str], folder: Path, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.port = port
        self._command = command
        self._folder = folder
        self.env = {**os.environ, "PYTHONPATH": str(ROOT), **env}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return once it listens; what it says is appended to ``name.log`` in the folder of the run."""
        with open(self._folder / f"{self.name}.log", "ab") as log:  # noqa: ASYNC230 - once, for a child
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self.env,
                preexec_fn=dies_with_its_parent(signal.SIGKILL),
            )
        deadline = time.monotonic() + START_S
        while not self._listens():
            if self._process.returncode is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start: {self.last_words()}")
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """SIGKILL: it has no time for a last word."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def last_words(self) -> str:
        """The end of its log."""
        return (self._folder / f"{self.name}.log").read_text(errors="replace")[-1000:]


def broker(folder: Path) -> Victim:
    """Mosquitto where it is installed, else amqtt."""
    port = free_port()
    if MOSQUITTO is None:
        command = (sys.executable, "-m", "simulator", "broker", "--mqtt-port", str(port), "--ws-port", "0")
        return Victim("broker", port, command, folder, {})
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
    return Victim("broker", port, (MOSQUITTO, "-c", str(settings)), folder, {})


def database(folder: Path) -> Victim:
    """nx-27017, which speaks MongoDB's protocol over SQLite files."""
    port = free_port()
    files = ("--data-dir", "data", "--log-file", "nx.log", "--pid-file", "nx.pid")
    command = (sys.executable, "-m", "nx_27017.nx_27017", "--port", str(port), *files)
    return Victim("database", port, command, folder, {})


def service(name: str, folder: Path, settings: Mapping[str, str]) -> Victim:
    port = free_port()
    command = (sys.executable, "-m", "cms", "serve", "--port", str(port))
    return Victim(name, port, command, folder, {"CMS_LOG": "quiet", **settings})


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
