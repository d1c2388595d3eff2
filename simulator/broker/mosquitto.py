"""An installed Mosquitto: for floors beyond some 1,000 devices."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
from pathlib import Path

from simulator.broker.broker import Credentials, Engine
from simulator.broker.installed import InstalledBroker, guarded, search_path
from simulator.errors import BrokerError, BrokerNotInstalled, PortTaken

PACKET_LIMIT = 16 * 1024 * 1024
ITERATIONS = 101
"""Mosquitto's own default."""


class MosquittoBroker(InstalledBroker):
    """A Mosquitto of our own. One that was built without WebSocket can be used with `ws_port=None`."""

    engine: Engine = "mosquitto"
    name = "Mosquitto"
    start_wait = 5.0

    def _program(self) -> list[str]:
        program = shutil.which("mosquitto", path=search_path())
        if program is None:
            raise BrokerNotInstalled(
                "Mosquitto is not installed: apt-get install mosquitto, or leave out --broker mosquitto "
                "to use the embedded broker."
            )
        return guarded(program, self.end)

    async def _launch(self, program: list[str], folder: Path, log: Path) -> None:
        settings = folder / "mosquitto.conf"
        text = configuration(self._host, self._mqtt_port, self._ws_port, self._write_passwords(folder))
        settings.write_text(text, encoding="utf-8")
        await self._spawn([*program, "-c", str(settings)], log, {})

    def _runs(self, log: str) -> bool:
        return re.search(r"mosquitto version \S+ running$", log, re.MULTILINE) is not None

    def _explained(self, log: str) -> BrokerError:
        if "Address already in use" in log:
            return PortTaken("MQTT", self._host, self._mqtt_port, "--mqtt-port", "the port is taken")
        if re.search("websockets? support not available", log, re.IGNORECASE):
            return BrokerError("This Mosquitto was built without WebSocket support: leave out its --ws-port.")
        errors = [line for line in log.splitlines() if "Error" in line] or ["it said nothing"]
        return BrokerError(f"Mosquitto ended during its start: {errors[0]}")

    def _write_passwords(self, folder: Path) -> Path | None:
        if self._credentials is None:
            return None
        file = folder / "passwords"
        file.touch(mode=0o600)
        file.write_text(password_line(self._credentials), encoding="utf-8")
        return file


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
