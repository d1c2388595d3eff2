"""``smib-conform check`` and ``try``: what they say, and their exit codes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from features.harness.cli import main
from features.harness.port import free_port
from features.harness.process import ROOT, Workshop

SUBJECTS = ROOT / "fixtures" / "subjects"
DEAD = """
subject: cms
name: Deaf
url: "http://127.0.0.1:{port}"
start: "{python} -S -m http.server {port}"
timing: {answer_s: 0.2}
"""

SLOW = """
subject: cms
name: Slow
url: "http://127.0.0.1:{port}"
start: "{python} -S -c 'import signal; signal.pause()' 'MARKER'"
"""


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    path = tmp_path / "dead.yaml"
    path.write_text(DEAD, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(SUBJECTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_files_of_the_project_are_in_order(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(path)]) == 0
    assert "it is started with" in capsys.readouterr().out


def test_a_file_that_can_not_be_is_refused_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("subject: cms\nname: A\nurl: http://h\ncolour: red\n", encoding="utf-8")
    assert main(["check", str(path)]) == 2
    assert f"{path}:4: colour: it is unknown" in capsys.readouterr().err


def test_a_program_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "missing.yaml"
    path.write_text("subject: smib\nname: A\nstart: no-such-program {relay}\n", encoding="utf-8")
    assert main(["check", str(path)]) == 1
    assert "no-such-program" in capsys.readouterr().out
    assert main(["try", str(path)]) == 2
    assert "can't be started" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["our-cms", "our-smib", "pair-cms", "pair-smib"])
def test_a_subject_that_works_says_so(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["try", str(SUBJECTS / f"{name}.yaml")])
    said = capsys.readouterr()
    assert code == 0, said.out + said.err
    assert "one answer: " in said.out
    assert "it can be judged" in said.out


def test_a_subject_that_answers_nonsense_is_shown(dead: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["try", str(dead)]) == 1
    assert "but then: " in capsys.readouterr().out


def test_a_smib_that_runs_already_is_waited_for(
    workshop: Workshop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, path = free_port(), tmp_path / "there.yaml"
    path.write_text("subject: smib\nname: There\nrelays: [e831cdfa8384]\n", encoding="utf-8")
    told = {
        "MQTT_URI": f"mqtt://127.0.0.1:{port}",
        "RELAY": "e831cdfa8384=5",
        "STATE": str(tmp_path),
    }
    workshop.start("smib", [sys.executable, "-m", "features.pair.smib"], told)
    code = main(["try", str(path), "--broker-port", str(port)])
    said = capsys.readouterr()
    assert code == 0, said.out + said.err
    assert "There: connected, and listens" in said.out


def test_what_runs_already_needs_a_broker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "there.yaml"
    path.write_text("subject: cms\nname: There\nurl: http://127.0.0.1:1\n", encoding="utf-8")
    assert main(["try", str(path)]) == 2
    assert "--broker-port" in capsys.readouterr().err
    assert main(["try", str(path), "--broker-uri", "mqtt://127.0.0.1:1"]) == 2
    assert "nobody answers" in capsys.readouterr().err


def test_an_interrupt_ends_what_was_started(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    # A shell lets what runs in its background ignore Ctrl-C, and children inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    marker = "this process was started for a trial"
    path = tmp_path / "slow.yaml"
    path.write_text(SLOW.replace("MARKER", marker), encoding="utf-8")
    argv = [sys.executable, "-m", "features.harness.cli", "try", str(path)]
    with subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as trial:
        assert trial.stdout is not None
        while "is started: " not in (line := trial.stdout.readline()):
            assert line
        trial.send_signal(signal.SIGINT)
        assert trial.stdout.read().endswith("smib-conform try: interrupted\n")
    assert trial.returncode == 2
    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if marker in _read(one)]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has just ended
        return ""
