"""`smib-lab broker` from its command line: the ready line, the exit codes, the sentences."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.broker import command
from simulator.broker.installed import search_path
from simulator.tests.broker.raw_client import RawClient

ROOT = Path(__file__).parents[3]

PROGRAM = """
import argparse, sys
from simulator.broker import command
from simulator.broker.installed import search_path
parser = argparse.ArgumentParser(prog="smib-lab broker")
command.add_arguments(parser)
sys.exit(command.run(parser.parse_args()))
"""

READY = re.compile(
    r"ready broker mqtt=mqtt://127\.0\.0\.1:(?P<mqtt>\d+) ws=ws://127\.0\.0\.1:(?P<ws>\d+) engine=amqtt\n"
)


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refusal(port: int, login: tuple[str, str] | None = None) -> int:
    """What the broker answers to a CONNECT; 0 is welcome."""

    async def ask() -> int:
        client = await RawClient.connected(port, "device", login=login)
        client.cut()
        return client.refusal

    return asyncio.run(ask())


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="smib-lab broker")
    command.add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_stops_at_a_signal(number: signal.Signals) -> None:
    with start("--mqtt-port", "0", "--ws-port", "0") as process:
        assert process.stdout
        try:
            ready = READY.fullmatch(process.stdout.readline())
            assert ready
            assert refusal(int(ready["mqtt"])) == 0
        finally:
            process.send_signal(number)
        out, err = process.communicate(timeout=2)
        assert (process.returncode, out, err) == (0, "", "")


def test_the_password_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("not:a secret\n", encoding="utf-8")
    with start("--mqtt-port", "0", "--no-ws", "--user", "floor", "--password-file", str(file)) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert "secret" not in line
            port = int(line.split(":")[2].split()[0])
            assert refusal(port) == 5
            assert refusal(port, ("floor", "not:a secret")) == 0
        finally:
            process.terminate()


def test_a_taken_port_ends_with_1_and_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with start("--mqtt-port", str(port), "--no-ws") as process:
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert re.fullmatch(
        rf"smib-lab broker: The broker can't listen on .* port {port} .*--mqtt-port .*\n", err
    )


def test_a_password_without_a_user_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(parse("--password-file", str(tmp_path))) == 2
    assert "--user and --password-file" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["-1", "65536", "mqtt", "", "١"])
def test_what_is_no_port_is_wrong_use(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(f"--mqtt-port={value}")
    assert ended.value.code == 2
    assert "0 to 65535" in capsys.readouterr().err


def test_a_password_file_that_is_missing_or_empty_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for file, wanted in ((tmp_path / "missing", "can't be read"), (empty, "a password was wanted")):
        assert command.run(parse("--user", "floor", "--password-file", str(file))) == 1
        assert wanted in capsys.readouterr().err


def test_a_missing_mosquitto_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("simulator.broker.mosquitto.search_path", lambda: "")
    monkeypatch.setenv("PATH", "")
    assert command.run(parse("--engine", "mosquitto")) == 1
    assert "apt-get install mosquitto" in capsys.readouterr().err


@pytest.mark.skipif(
    shutil.which("mosquitto", path=search_path()) is None, reason="Mosquitto is not installed"
)
@pytest.mark.skipif(
    shutil.which("setpriv") is None, reason="only setpriv, of Linux, ties a process to its parent"
)
def test_mosquitto_does_not_outlive_a_killed_lab(tmp_path: Path) -> None:
    with start("--engine", "mosquitto", "--mqtt-port", "0", "--no-ws", TMPDIR=str(tmp_path)) as process:
        assert process.stdout
        try:
            port = int(process.stdout.readline().split(":")[2].split()[0])
            with socket.create_connection(("127.0.0.1", port)) as client:
                process.kill()
                client.settimeout(10)
                assert client.recv(1) == b""
        finally:
            process.kill()


def test_the_package_loads_no_engine() -> None:
    """The start of a lab that is given `--broker URI` does not pay for amqtt."""
    program = (
        "import sys, simulator.broker.command; sys.exit('amqtt' in sys.modules or 'yaml' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
