"""`smib-lab up` as its user sees it: real processes on free ports, from the ready line to nothing left."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from simulator.broker.installed import search_path
from simulator.lab.command import EMBEDDED_LIMIT, BrokerChoice, chosen_broker
from simulator.tests.program import DEADLINE_S, Program, run
from wire.address import parse_address

FREE = ("--port", "0", "--mqtt-port", "0", "--ws-port", "0")
STOP_S = 8.0  # it takes well under 2 s; the machines that run this are shared


def up(*args: str, temporary: Path | None = None) -> Program:
    return Program("up", *FREE, *args, env={} if temporary is None else {"TMPDIR": str(temporary)})


def get(url: str | urllib.request.Request) -> Any:
    with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
        return json.load(answer)


def assert_online(url: str, number: int) -> None:
    """The CMS knows every device and has heard it announce itself."""
    until = time.monotonic() + DEADLINE_S
    while [cabinet["online"] for cabinet in get(f"{url}/api/cabinets")["data"]] != [True] * number:
        assert time.monotonic() < until


def children(program: Program) -> list[psutil.Process]:
    return psutil.Process(program.process.pid).children(recursive=True)


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=DEADLINE_S)
    assert alive == []


def refuses(uri: str) -> bool:
    host, _, port = uri.rpartition("/")[2].rpartition(":")
    try:
        socket.create_connection((host, int(port)), DEADLINE_S).close()
    except ConnectionRefusedError:
        return True
    return False


def test_with_a_control_its_devices_can_be_reached_and_the_token_is_told_once() -> None:
    with up("--count", "2", "--control-port", "0") as lab:
        url = lab.ready()["control"]
        told = lab.err.next()
        assert told.startswith(f"= control url={url} token=")
        authorization = {"Authorization": f"Bearer {told.rpartition('token=')[2]}"}
        assert get(urllib.request.Request(f"{url}/api/devices", headers=authorization))["total"] == 2
        code, seconds = lab.end()
        assert (code, lab.err.rest()) == (0, [told])
        assert seconds < STOP_S


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_floor_is_up_with_every_device_and_gone_within_2_s(
    tmp_path: Path, number: signal.Signals
) -> None:
    with up("--count", "7", "--seed", "3", temporary=tmp_path) as lab:
        facts = lab.ready()
        assert facts["devices"] == "7"
        assert sorted(facts) == ["devices", "mqtt", "url", "ws"]
        assert_online(facts["url"], 7)
        assert get(f"{facts['url']}/readyz")["success"] is True
        started = children(lab)
        code, seconds = lab.end(number)
        assert (code, lab.err.rest()) == (0, [])
        assert seconds < STOP_S
        assert_gone(started)
        assert all(refuses(facts[name]) for name in ("url", "mqtt", "ws"))
        assert list(tmp_path.iterdir()) == []


def test_plain_lines_say_what_to_paste_and_how_the_floor_is() -> None:
    with up("--count", "1", "--plain") as lab:
        facts = lab.ready()
        tries = [lab.out.next() for _ in range(3)]
        assert [line[:10] for line in tries] == ["try: curl "] * 3
        assert all(facts["url"] in line for line in tries)
        relay_id = tries[1].rpartition("relayId=")[2].rstrip("'")
        answer = subprocess.run(tries[2].removeprefix("try: ").replace("curl ", "curl -sS "), **SHELL)
        assert json.loads(answer.stdout)["data"]["rly"] == relay_id
        assert lab.out.next().startswith("= lab up=0:00:00 online=1 messages=")


SHELL: dict[str, Any] = {"shell": True, "capture_output": True, "text": True, "check": True}


def test_a_cms_that_dies_ends_the_lab_with_a_sentence_and_leaves_its_log(tmp_path: Path) -> None:
    with up("--count", "1", temporary=tmp_path) as lab:
        lab.ready()
        (cms,) = children(lab)
        cms.kill()
        assert lab.process.wait(DEADLINE_S) == 1
        (sentence,) = lab.err.rest()
    begin = "smib-lab: the CMS ended by itself, by signal SIGKILL; its log ends in: "
    assert sentence.startswith(begin)
    (folder,) = tmp_path.iterdir()
    log, floor = folder / "cms.log", folder / "floor.log"
    assert sentence.endswith(f". Everything is stopped. The logs are kept: {log}, {floor}")
    assert log.read_text().splitlines()[-1].rstrip(".") in sentence
    assert [file.stat().st_mode & 0o777 for file in (folder, log, floor)] == [0o700, 0o600, 0o600]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_lab_that_is_killed_takes_its_cms_with_it() -> None:
    with up("--count", "1") as lab:
        lab.ready()
        started = children(lab)
        lab.process.kill()
        assert len(started) == 1
        assert_gone(started)


def test_a_signal_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    with up(temporary=tmp_path) as lab:
        until = time.monotonic() + DEADLINE_S
        while not (started := children(lab)):
            assert time.monotonic() < until
            assert lab.process.poll() is None
        code, seconds = lab.end(signal.SIGTERM)
        assert (code, lab.out.rest()) == (0, [])
        assert seconds < STOP_S
        assert_gone(started)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--port", "--mqtt-port", "--ws-port"])
def test_a_port_that_is_taken_is_found_before_anything_starts(option: str, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        with up(option, port, "--state", str(tmp_path / "state")) as lab:
            assert lab.process.wait(DEADLINE_S) == 1
            assert lab.err.rest() == [
                f"smib-lab: port {port} is taken: stop what listens there, or give another with {option} "
                "(0 = any free port)"
            ]
            assert lab.out.rest() == []
    assert not (tmp_path / "state").exists()


def test_a_state_folder_is_used_again_and_by_one_lab_at_a_time(tmp_path: Path) -> None:
    state = ("--count", "1", "--state", str(tmp_path / "state"))
    with up(*state) as lab:
        lab.ready()
        other = run("up", *FREE, *state)
        assert other.returncode == 1
        assert "another fleet uses this folder" in other.stderr
        assert lab.end()[0] == 0
    assert {"cabinets.yaml", "cms.sqlite3", "cms.log", "devices"} <= set(os.listdir(tmp_path / "state"))
    for name in ("cabinets.yaml", "cms.sqlite3", "cms.log", "floor.log"):
        assert (tmp_path / "state" / name).stat().st_mode & 0o777 == 0o600, name
    (tmp_path / "state" / "cms.log").chmod(0o644)
    with up(*state) as lab:
        assert len(get(f"{lab.ready()['url']}/api/cabinets")["data"]) == 1
        assert (tmp_path / "state" / "cms.log").stat().st_mode & 0o777 == 0o600


def test_a_broker_that_runs_already_is_used_and_left_running() -> None:
    with Program("broker", "--mqtt-port", "0", "--no-ws") as broker:
        uri = broker.ready()["mqtt"]
        with Program("up", "--port", "0", "--count", "2", "--broker", uri) as lab:
            facts = lab.ready()
            assert (facts["mqtt"], "ws" in facts) == (uri, False)
            assert_online(facts["url"], 2)
            assert lab.end()[0] == 0
        assert broker.process.poll() is None


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (
            ("--broker", "mqtt://u:swordfish@127.0.0.1:1"),
            "no connection to the broker mqtt://u:***@127.0.0.1:1",
        ),
        (("--fleet", "no-such-file.yaml"), "no-such-file.yaml"),
        (("--state", "/dev/null/state"), "--state /dev/null/state: a folder was wanted"),
    ],
)
def test_what_can_not_be_is_a_sentence_and_exit_code_1(args: tuple[str, ...], sentence: str) -> None:
    done = run("up", *FREE, *args)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_cms_that_does_not_start_is_quoted_and_leaves_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CMS_LOG", "dance")
    done = run("up", *FREE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("smib-lab: the CMS ended during its start: smib-cms: The setting CMS_LOG")
    (folder,) = tmp_path.iterdir()
    assert done.stderr.endswith(f". The logs are kept: {folder / 'cms.log'}\n")


def test_verbose_shows_the_log_lines_of_cms_and_fleet(tmp_path: Path) -> None:
    with up("--count", "1", "--verbose", temporary=tmp_path) as lab:
        lab.ready()
        assert lab.end()[0] == 0
        said = lab.err.rest()
        assert any("mqtt connected" in line for line in said)
        assert any("state=online" in line for line in said)


def test_a_terminal_shows_a_screen_and_gets_its_own_back() -> None:
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "simulator", "up", *FREE, "--count", "2"]
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("COLUMNS", None)
    environment.pop("LINES", None)
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment) as lab:
        os.close(its)
        seen = b""
        while b"Ctrl-C ends the floor" not in seen:
            seen += os.read(mine, 65536)
        lab.send_signal(signal.SIGINT)
        seen += drained(mine)
        assert lab.wait(DEADLINE_S) == 0
    os.close(mine)
    assert seen.index(b"ready lab") < seen.index(b"\x1b[?1049h") < seen.index(b"\x1b[?1049l")
    assert b"2 online" in seen
    assert b"= lab ended up=0:00:0" in seen.rpartition(b"\x1b[?1049l")[2]


def drained(descriptor: int) -> bytes:
    """Everything until the other end is closed."""
    seen = b""
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # Linux's word for the end of a terminal
            return seen
        if not chunk:
            return seen
        seen += chunk


def test_the_broker_is_chosen_by_what_is_said_and_by_the_size() -> None:
    elsewhere = parse_address("mqtt://floor")
    few, many = EMBEDDED_LIMIT, EMBEDDED_LIMIT + 1
    assert [BrokerChoice(elsewhere).ends_here, BrokerChoice().ends_here] == [1, 2]
    assert chosen_broker(elsewhere, many, True) == BrokerChoice(address=elsewhere)
    assert chosen_broker("mosquitto", few, False) == BrokerChoice(engine="mosquitto")
    assert chosen_broker(None, few, True) == BrokerChoice()
    assert chosen_broker("embedded", few, True) == BrokerChoice()
    assert chosen_broker(None, many, True).engine == "mosquitto"
    for given, installed in ((None, False), ("embedded", True)):
        choice = chosen_broker(given, many, installed)
        assert choice.engine == "amqtt"
        assert "--broker mosquitto" in str(choice.note)


@pytest.mark.skipif(shutil.which("mosquitto", path=search_path()) is None, reason="needs Mosquitto")
def test_mosquitto_is_started_and_ended_and_its_death_is_told(tmp_path: Path) -> None:
    with up("--count", "2", "--broker", "mosquitto", temporary=tmp_path) as lab:
        lab.ready()
        started = children(lab)
        (mosquitto,) = [process for process in started if "mosquitto" in process.name()]
        mosquitto.kill()
        assert lab.process.wait(DEADLINE_S) == 1
        assert "the broker ended by itself" in lab.err.rest()[0]
        assert_gone(started)
