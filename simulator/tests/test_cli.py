"""The command line of `smib-lab`: help that comes at once, exit codes 0, 1 and 2, sentences."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import cli
from simulator.cli import COMMANDS, DONE, FAILED, WRONG_USE, main
from simulator.command_line import broker_uri, count, port, relay_id, seed
from simulator.errors import SimulatorError
from simulator.tests.floor import embedded
from simulator.tests.program import DEADLINE_S, run

NAMES = [command.name for command in COMMANDS]


def test_help_lists_every_command_and_teaches_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == DONE
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"  {command.name} " in text
        assert command.summary in text
    assert "smib-lab up" in text
    assert "exit codes" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_each_command_explains_every_option(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == DONE
    text = capsys.readouterr().out
    assert f"smib-lab {name}" in text
    assert "example" in text
    assert max(map(len, text.splitlines())) <= 110
    chosen = next(command for command in COMMANDS if command.name == name)
    parser = argparse.ArgumentParser()
    chosen.load().add_arguments(parser)
    assert [action.dest for action in parser._actions if not action.help] == []


def test_help_loads_no_command() -> None:
    program = "import sys; from simulator.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    heavy = "{'asyncio','yaml','rich','faker','amqtt','aiomqtt','paho','ssl'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}print('loaded:', {heavy})"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("loaded: set()\n")


def test_no_command_is_wrong_use_and_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == WRONG_USE
    said = capsys.readouterr()
    assert said.out == ""
    assert "smib-lab up" in said.err


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["dance"], "invalid choice: 'dance'"),
        (["watch", "--kind", "dance"], "invalid choice: 'dance'"),
        (["watch", "--relay", "a/b"], "A-Z a-z 0-9"),
        (["watch", "--broker", "http://floor"], "not the scheme 'http'"),
        (["up", "--port", "70000"], "a port from 0 (any free one) to 65535 was wanted, not '70000'"),
        (["up", "--mqtt-port", "x"], "--mqtt-port"),
        (["up", "--count", "0"], "a whole number from 1 was wanted, not '0'"),
        (["up", "--seed", "-1"], "--seed"),
        (["up", "--cou", "5"], "unrecognized arguments: --cou"),
        (["identities", "surplus"], "unrecognized arguments: surplus"),
    ],
)
def test_wrong_use_is_exit_code_2_with_a_reason(
    given: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == WRONG_USE
    assert sentence in capsys.readouterr().err


def test_a_refused_broker_uri_shows_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["watch", "--broker", "mqtt://user:swordfish@a b"])
    assert "swordfish" not in capsys.readouterr().err


class _Failing:
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int:  # noqa: ARG002  the protocol's signature
        raise SimulatorError("the floor is flooded")


def test_an_expected_failure_is_one_sentence_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.Command, "load", lambda _: _Failing())
    assert main(["up"]) == FAILED
    assert capsys.readouterr().err == "smib-lab: the floor is flooded\n"


def test_python_dash_m_is_the_same_command() -> None:
    done = run("watch", "--broker", "mqtt://127.0.0.1:1")
    assert done.returncode == FAILED
    assert done.stderr.splitlines() == [
        "smib-lab: no connection to the broker mqtt://127.0.0.1:1: connection refused"
    ]
    assert done.stdout == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize(
    "args",
    [
        ("up", "--port", "0", "--mqtt-port", "0", "--ws-port", "0", "--count", "1"),
        ("watch", "--broker"),
        ("fleet", "--count", "1", "--broker"),
        ("identities", "--count", "1"),
    ],
)
def test_a_full_disk_behind_stdout_is_a_sentence_and_exit_code_1(args: tuple[str, ...]) -> None:
    async def scenario() -> subprocess.CompletedProcess[str]:
        async with embedded() as broker:
            uri = (broker.uri,) if args[-1] == "--broker" else ()
            return await asyncio.to_thread(printed_to_a_full_disk, *args, *uri)

    done = asyncio.run(scenario())
    assert (done.returncode, done.stderr) == (FAILED, "smib-lab: writing failed: no space left on device\n")


def printed_to_a_full_disk(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulator", *args]
    with Path("/dev/full").open("w") as full:
        return subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False
        )


def test_another_error_of_the_system_is_not_taken_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: cli.Command) -> cli.CommandModule:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(cli.Command, "load", load)
    with pytest.raises(FileNotFoundError):
        main(["up"])


def test_values_of_the_command_line_are_read() -> None:
    assert broker_uri("floor:1884").port == 1884
    assert relay_id(" E831CDFA8384 ") == "e831cdfa8384"
    assert (port("0"), count("25"), seed("7")) == (0, 25, 7)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "٣", "0x10", "9" * 5000])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        port(text)


def test_the_sources_of_the_commands_exist() -> None:
    root = Path(cli.__file__).parent.parent
    assert all((root / f"{command.module.replace('.', '/')}.py").is_file() for command in COMMANDS)


def test_a_signal_before_the_command_listens_is_the_ordinary_end(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def load(_: cli.Command) -> cli.CommandModule:
        os.kill(os.getpid(), signal.SIGTERM)
        return _Failing()

    monkeypatch.setattr(cli.Command, "load", load)
    assert main(["up"]) == DONE
    assert signal.getsignal(signal.SIGTERM) is before
