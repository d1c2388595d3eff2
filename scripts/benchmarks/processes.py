"""The product's own commands as child processes that say where they are."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

Facts = Mapping[str, str]

STOP_SECONDS = 10


@contextlib.contextmanager
def running(
    *command: str, env: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], Facts]]:
    """``python -m COMMAND…`` until the block ends; yields the process and the facts of its ``ready`` line."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **(env or {})},
        )
        try:
            yield process, _ready_facts(process, log)
        finally:
            _stop(process)


@contextlib.contextmanager
def broker(engine: str) -> Iterator[str]:
    """A broker of its own, ``amqtt`` or ``mosquitto``; yields its URI."""
    with running("simulator", "broker", "--mqtt-port", "0", "--ws-port", "0", "--engine", engine) as (
        _,
        facts,
    ):
        yield facts["mqtt"]


@contextlib.contextmanager
def fleet(broker_uri: str, count: int) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """``count`` virtual SMIBs on the broker; yields their process and relay ids."""
    options = ("--count", str(count), "--seed", "1")
    listing = subprocess.run(
        [sys.executable, "-m", "simulator", "identities", *options],
        capture_output=True,
        text=True,
        check=True,
    )
    relays = [
        line.split(":", 1)[1].strip(" '\"") for line in listing.stdout.splitlines() if "relayId:" in line
    ]
    with running("simulator", "fleet", *options, "--broker", broker_uri) as (process, _):
        yield process, relays


@contextlib.contextmanager
def cms(broker_uri: str, relays: list[str]) -> Iterator[str]:
    """The CMS on the broker, with a cabinet for each relay; yields its URL."""
    with service(broker_uri, relays) as (_, url):
        yield url


@contextlib.contextmanager
def service(broker_uri: str, relays: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The same; yields its process as well."""
    with tempfile.TemporaryDirectory() as folder:
        env = {
            "MQTT_URI": broker_uri,
            "CMS_DATABASE": str(Path(folder) / "cms.sqlite3"),
            "CMS_CABINETS": ",".join(f"cab-{i}={relay}" for i, relay in enumerate(relays, 1)),
        }
        with running("cms", "serve", "--port", "0", env=env) as (process, facts):
            yield process, facts["url"]


def engines() -> list[str]:
    """The brokers that can be measured on this machine."""
    return ["amqtt", *(["mosquitto"] if shutil.which("mosquitto") else [])]


def _ready_facts(process: subprocess.Popen[str], log: IO[str]) -> Facts:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready "):
            return dict(fact.split("=", 1) for fact in line.split()[1:] if "=" in fact)
    log.seek(0)
    raise RuntimeError(f"{process.args!r} ended before it was ready: {log.read()[-2000:]}")


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
