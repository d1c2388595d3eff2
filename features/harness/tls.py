"""A broker over TLS: Mosquitto, with a certificate of an authority that was made for the occasion."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from features.harness.errors import SubjectFailed
from features.harness.process import START, Running, Workshop
from features.harness.waiting import eventually
from wire.address import BrokerAddress, parse_address

MOSQUITTO = "mosquitto"
PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate of its own, and one for this machine that it has signed."""

    ca: Path
    key: Path
    certificate: Path


def made_authority(folder: Path, name: str) -> Authority:
    """Skips the scenario where there is no openssl."""
    openssl = _program("openssl")
    ca, ca_key = folder / f"{name}-ca.pem", folder / f"{name}-ca.key"
    key, asked, certificate = (
        folder / f"{name}-{what}" for what in ("broker.key", "broker.csr", "broker.pem")
    )
    names = folder / f"{name}-names"
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n", encoding="ascii")
    _run(openssl, "req", "-x509", *CURVE, "-days", "2", "-subj", f"/CN={name}", "-keyout", ca_key, "-out", ca)
    _run(openssl, "req", *CURVE, "-subj", "/CN=localhost", "-keyout", key, "-out", asked)
    signing = ("-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2", "-extfile", names)
    _run(openssl, "x509", "-req", "-in", asked, *signing, "-out", certificate)
    return Authority(ca, key, certificate)


class SecureBroker:
    """Listens with TLS for the subject, over TCP and over WebSocket, and without for the harness. Skips where
    there is no Mosquitto. ``secure`` has an address for each scheme."""

    def __init__(self, workshop: Workshop, folder: Path, authority: Authority) -> None:
        plain, secure, websocket = _free_port(), _free_port(), _free_port()
        tls = f"certfile {authority.certificate}\nkeyfile {authority.key}\n"
        settings = folder / "mosquitto.conf"
        settings.write_text(
            f"user {getpass.getuser()}\nper_listener_settings false\nallow_anonymous true\n"
            f"listener {plain} 127.0.0.1\n"
            f"listener {secure} 127.0.0.1\n{tls}"
            f"listener {websocket} 127.0.0.1\nprotocol websockets\n{tls}",
            encoding="utf-8",
        )
        self._running = workshop.start("mosquitto", (_program(MOSQUITTO), "-c", str(settings)))
        self.address: BrokerAddress = parse_address(f"mqtt://127.0.0.1:{plain}")
        self.secure: dict[str, BrokerAddress] = {
            "mqtts": parse_address(f"mqtts://127.0.0.1:{secure}"),
            "wss": parse_address(f"wss://127.0.0.1:{websocket}"),
        }
        for port in (plain, secure, websocket):
            _listening(self._running, port)


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=PLACES)
    if found is None:
        pytest.skip(f"this machine has no {name}")
    return found


def _run(*words: object) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SubjectFailed("openssl", f"{words[1]} failed", done.stderr.splitlines())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _listening(running: Running, port: int) -> None:
    def answers() -> bool:
        if not running.alive:
            raise SubjectFailed("mosquitto", "it ended", list(running.log))
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    eventually(answers, bool, f"mosquitto on port {port}", within=START)
