"""The program ``smib-cms`` from outside: what it prints, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from cms import cli
from cms.program import run
from cms.settings import SETTINGS, read_settings

NO_BROKER = "mqtt://127.0.0.1:9"
ROOT = Path(__file__).parents[2]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    names = {setting.name for setting in SETTINGS} | {"PORT"}
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {**kept, "MQTT_URI": NO_BROKER, "CMS_DATABASE": str(folder / "cms.sqlite3"), **settings}


def smib_cms(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cms", *arguments],
        cwd=ROOT,
        env=environment(folder, **settings),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running program, and the line that it printed."""
    with subprocess.Popen(
        [sys.executable, "-m", "cms", "serve", "--port", "0"],
        cwd=ROOT,
        env=environment(folder, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        try:
            yield program, program.stdout.readline()
        finally:
            program.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path, CMS_CABINETS="cab-1=e831cdfa8384") as (program, line):
        found = re.fullmatch(r"ready cms url=(http://127\.0\.0\.1:\d+)\n", line)
        assert found, line
        with urlopen(f"{found[1]}/api/cabinets") as answer:
            assert b"cab-1" in answer.read()
        # A stream that is left open must not hold the end up.
        with urlopen(f"{found[1]}/api/mqtt/config/subscribe?relayId=e831cdfa8384") as stream:
            assert b'"connected"' in stream.readline()
            began = time.monotonic()
            program.send_signal(number)
            out, err = program.communicate(timeout=10)
            assert time.monotonic() - began < 8
    assert program.returncode == 0, err
    assert out == ""
    assert "Traceback" not in err
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z = stopped ", err.splitlines()[-1])


def test_a_signal_during_the_start_ends_it_before_it_is_ready(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read_settings(environment(tmp_path, CMS_PORT="0"))
    run(settings, cli.Stop(asked=True))
    assert "ready" not in capsys.readouterr().out


def test_a_port_that_is_taken_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = smib_cms(tmp_path, "serve", "--port", port)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"smib-cms: The CMS can't listen on 127.0.0.1 port {port}: another program listens there. "
        f"Stop the program that uses it, or choose another port with --port (0 = any free port).\n"
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"CMS_PORT": "http"}, ("CMS_PORT", "http", "0 to 65535")),
        ({"MQTT_URI": "ftp://broker"}, ("MQTT_URI", "ftp://broker")),
        ({"CMS_HOST": "0.0.0.0", "CMS_PORT": "0"}, ("CMS_HOST", "0.0.0.0", "CMS_ALLOW_OPEN", "users add")),
        ({"CMS_PROXIES": "127.0.0.1", "CMS_PORT": "0"}, ("CMS_HOST", "127.0.0.1", "CMS_PROXIES")),
        ({"CMS_CABINETS": "cab-1=a/b", "CMS_PORT": "0"}, ("CMS_CABINETS", "a/b")),
    ],
)
def test_a_bad_setting_stops_the_start(
    tmp_path: Path, settings: dict[str, str], words: tuple[str, ...]
) -> None:
    ended = smib_cms(tmp_path, "serve", **settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    for word in words:
        assert word in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["serve", "--prot", "1"], ["serve", "surplus"], ["serve", "--port", "x"]]
)
def test_wrong_use_is_exit_code_2(tmp_path: Path, arguments: list[str]) -> None:
    ended = smib_cms(tmp_path, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr


def test_the_database_of_a_folder_that_is_none_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = smib_cms(tmp_path, "serve", "--port", "0", CMS_DATABASE=str(tmp_path / "file" / "cms.sqlite3"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr


def test_an_option_that_is_wrong_is_called_as_it_was_given(tmp_path: Path) -> None:
    ended = smib_cms(tmp_path, "serve", "--port", "70000")
    assert ended.returncode == 2
    assert ended.stderr.startswith("smib-cms: The setting --port is '70000': ")


def test_a_database_in_a_folder_that_is_not_there_is_refused_and_the_folder_not_made(tmp_path: Path) -> None:
    path = tmp_path / "nope" / "cms.sqlite3"
    ended = smib_cms(tmp_path, "serve", "--port", "0", CMS_DATABASE=str(path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"smib-cms: The setting CMS_DATABASE is {str(path)!r}: "
        f"a file in a folder that is there was wanted, and there is no {path.parent}\n"
    )
    assert not path.parent.exists()


def test_a_variable_that_is_nearly_a_setting_is_named_at_the_start(tmp_path: Path) -> None:
    with serving(tmp_path, CMS_DATABSE="x", MQTT_URL="mqtt://u:hush-4711@h") as (program, _):
        program.terminate()
        _, err = program.communicate(timeout=10)
    (line,) = [line for line in err.splitlines() if "not known" in line]
    assert "names=CMS_DATABSE,MQTT_URL" in line
    assert "hush-4711" not in err


def test_an_output_that_takes_nothing_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "cms", "serve", "--port", "0"],
            cwd=ROOT,
            env=environment(tmp_path, CMS_LOG="quiet"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=20,
            check=False,
        )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1] == (
        "smib-cms: standard output: a stream that can be written to was wanted (No space left on device)"
    )


def test_help_teaches_every_setting(tmp_path: Path) -> None:
    ended = smib_cms(tmp_path, "serve", "--help")
    assert ended.returncode == 0
    for setting in SETTINGS:
        assert setting.name in ended.stdout
    assert "examples:" in ended.stdout
    assert "exit codes:" in ended.stdout
    assert smib_cms(tmp_path, "--help").returncode == 0
