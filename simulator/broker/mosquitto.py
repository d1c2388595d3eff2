"""An installed Mosquitto, started for the lab and stopped with it: for floors beyond some 1,000 devices."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from simulator.broker.address import reason
from simulator.broker.broker import Credentials, Engine
from simulator.broker.own_broker import OwnBroker
from simulator.errors import BrokerError, BrokerNotInstalled, PortTaken
from simulator.lab.child import dies_with_its_parent

START_WAIT = 5.0
"""Seconds in which Mosquitto must accept connections."""
STOP_WAIT = 1.5
"""Seconds after SIGTERM until it is killed: a lab is gone within 2 s."""
PACKET_LIMIT = 16 * 1024 * 1024
ITERATIONS = 101
"""Mosquitto's own default."""
ATTEMPTS = 3
"""How often other free ports are tried where one was lost between finding it and listening on it."""


class MosquittoBroker(OwnBroker):
    """A Mosquitto of our own with a generated configuration; see `Broker` for the interface.

    Nothing is persisted: a stop forgets retained messages and sessions, as the embedded broker does. A
    Mosquitto that was built without WebSocket can be used with `ws_port=None`.
    """

    engine: Engine = "mosquitto"

    def __init__(
        self,
        mqtt_port: int = 0,
        ws_port: int | None = 0,
        host: str = "127.0.0.1",
        credentials: Credentials | None = None,
    ) -> None:
        self._wanted = (mqtt_port, ws_port)
        super().__init__(mqtt_port, ws_port, host, credentials)
        self._process: asyncio.subprocess.Process | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def start(self) -> None:
        """Write the configuration, start Mosquitto and wait until it has opened its ports."""
        if self._process is not None:
            raise BrokerError(f"Mosquitto is running already, on port {self._mqtt_port}.")
        program = find_mosquitto()
        self._folder = tempfile.TemporaryDirectory(prefix="smib-mosquitto-")
        try:
            for attempt in range(ATTEMPTS):
                try:
                    await self._start_once(program, Path(self._folder.name))
                    return
                except PortTaken:
                    if 0 not in self._wanted or attempt == ATTEMPTS - 1:
                        raise
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End Mosquitto and remove its files."""
        process, self._process = self._process, None
        folder, self._folder = self._folder, None
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_WAIT)
            except TimeoutError:
                process.kill()
                await process.wait()
        if folder is not None:
            folder.cleanup()

    async def ended(self) -> str:
        """Wait until the process is gone; it may be killed by somebody else."""
        if self._process is None:
            return "it was stopped"
        return f"Mosquitto ended with exit code {await self._process.wait()}"

    async def _start_once(self, program: list[str], folder: Path) -> None:
        mqtt_port, ws_port = self._wanted
        self._mqtt_port = claim("MQTT", self._host, mqtt_port, "--mqtt-port")
        self._ws_port = None if ws_port is None else claim("WebSocket", self._host, ws_port, "--ws-port")
        passwords = self._write_passwords(folder)
        settings = folder / "mosquitto.conf"
        text = configuration(self._host, self._mqtt_port, self._ws_port, passwords)
        settings.write_text(text, encoding="utf-8")
        with (folder / "mosquitto.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *program,
                "-c",
                str(settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_its_parent(),
            )
        await self._wait_until_it_runs(self._process, folder / "mosquitto.log")

    async def _wait_until_it_runs(self, process: asyncio.subprocess.Process, log: Path) -> None:
        """Wait for its own word that it runs: another program may be the one that answers on its ports."""
        try:
            async with asyncio.timeout(START_WAIT):
                while not running(log):
                    if process.returncode is not None:
                        raise self._explained(log)
                    await asyncio.sleep(0.005)
        except TimeoutError as exc:
            raise BrokerError(f"Mosquitto did not run within {START_WAIT:g} s.") from exc

    def _write_passwords(self, folder: Path) -> Path | None:
        if self._credentials is None:
            return None
        file = folder / "passwords"
        file.touch(mode=0o600)
        file.write_text(password_line(self._credentials), encoding="utf-8")
        return file

    def _explained(self, log_file: Path) -> BrokerError:
        """The sentence for a Mosquitto that ended during its start."""
        log = log_file.read_text(errors="replace")
        if "Address already in use" in log:
            return PortTaken("MQTT", self._host, self._mqtt_port, "--mqtt-port", "the port is taken")
        if re.search("websockets? support not available", log, re.IGNORECASE):
            return BrokerError("This Mosquitto was built without WebSocket support: leave out its --ws-port.")
        errors = [line for line in log.splitlines() if "Error" in line] or ["it said nothing"]
        return BrokerError(f"Mosquitto ended during its start: {errors[0]}")


def find_mosquitto() -> list[str]:
    """The program, and before it the tool that ends it when this process dies, where there is one.

    Raises `BrokerNotInstalled`.
    """
    program = shutil.which("mosquitto", path=search_path())
    if program is None:
        raise BrokerNotInstalled(
            "Mosquitto is not installed: apt-get install mosquitto, or leave out --broker mosquitto "
            "to use the embedded broker."
        )
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", program] if setpriv else [program]


def password_line(credentials: Credentials) -> str:
    """A line of a password file: PBKDF2 with SHA-512, as `mosquitto_passwd` writes it.

    That tool takes the password as an argument, which every user of the machine can read, or from a file
    in which the password must not hold a colon.
    """
    if re.search("[:\r\n]", credentials.user):
        raise BrokerError(f"Mosquitto takes no user name with a colon or a line break: {credentials.user!r}.")
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", credentials.password.encode(), salt, ITERATIONS)
    encoded = "$".join(base64.b64encode(part).decode() for part in (salt, digest))
    return f"{credentials.user}:$7${ITERATIONS}${encoded}\n"


def search_path() -> str:
    """PATH and the folder for daemons, which is not on every user's PATH."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"))


def configuration(host: str, mqtt_port: int, ws_port: int | None, passwords: Path | None) -> str:
    """The text of a `mosquitto.conf`."""
    lines = [
        "per_listener_settings false",
        "persistence false",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type information",
        "log_type notice",
        "connection_messages false",
        "max_connections -1",
        "max_queued_messages 10000",
        f"max_packet_size {PACKET_LIMIT}",
        "set_tcp_nodelay true",
    ]
    if os.geteuid() == 0:
        # Started by root it would become the user mosquitto, who can't read the password file of mode 0600.
        lines.append("user root")
    lines.append("allow_anonymous true" if passwords is None else f"password_file {passwords}")
    lines += [f"listener {mqtt_port} {host}", "protocol mqtt"]
    if ws_port is not None:
        lines += [f"listener {ws_port} {host}", "protocol websockets"]
    return "\n".join(lines) + "\n"


def claim(what: str, host: str, port: int, option: str) -> int:
    """The port itself if nobody listens there, or a free one for 0; Mosquitto can't choose for itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise PortTaken(what, host, port, option, reason(exc)) from exc
        found: int = probe.getsockname()[1]
        return found


def running(log: Path) -> bool:
    """Whether Mosquitto has said that all its ports are open."""
    return (
        re.search(r"mosquitto version \S+ running$", log.read_text(errors="replace"), re.MULTILINE)
        is not None
    )
