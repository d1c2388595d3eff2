"""``smib-conform``: what it teaches, what it prints, its exit codes."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from features.harness.cli import COMMANDS, main
from features.harness.process import ROOT
from features.harness.record.check import Check
from features.harness.record.journal import Journal
from features.harness.record.verdict import Verdict
from features.harness.tests.recorded import HEADER, check, footer

PASS = dataclasses.replace(check("c"), requirements=("ROUTE-3",))
FAIL = dataclasses.replace(PASS, verdict=Verdict.FAIL, reason="nothing came")
LATE = dataclasses.replace(PASS, verdict=Verdict.NON_STRICT)
KNOWN = "known_failures: [{requirement: ROUTE-3, reason: their ticket, date: 2026-11-02}]\n"


def recorded(path: Path, *checks: Check, trouble: str = "") -> str:
    journal = Journal(path / "run.ndjson", HEADER)
    for one in checks:
        journal.add(one)
    journal.close(footer(len(checks), *filter(None, [trouble])))
    assert journal.problem == ""
    return str(path)


@pytest.mark.parametrize("command", [[], *([one.name] for one in COMMANDS)])
def test_help_teaches(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    text = capsys.readouterr().out
    assert "exit codes: 0" in text
    assert "examples:" in text or not command
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("words", [[], ["dance"], ["report"], ["compare"], ["report", "x", "--strickt"]])
def test_wrong_use_is_told(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)


@pytest.mark.parametrize(
    ("one", "options", "code", "word"),
    [
        (PASS, [], 0, "conformant"),
        (FAIL, [], 1, "not conformant"),
        (LATE, [], 0, "conformant"),
        (LATE, ["--strict"], 1, "not conformant"),
        (FAIL, ["--known", "known.yaml"], 0, "conformant"),
        (PASS, ["--known", "known.yaml"], 1, "not conformant"),
    ],
)
def test_a_run_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    one: Check, options: list[str], code: int, word: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("known.yaml").write_text(KNOWN, encoding="utf-8")
    folder = recorded(tmp_path / "report", one)
    assert main(["report", f"{folder}/run.ndjson", *options, "--out", "out"]) == code
    assert capsys.readouterr().out.startswith(f"Any CMS: {word}\n")
    assert sorted(path.name for path in Path("out").iterdir()) == ["junit.xml", "report.html", "summary.md"]
    assert main(["report", folder]) in (0, 1)
    assert (tmp_path / "report" / "report.html").exists()


def test_an_incomplete_run_is_reported_as_far_as_it_goes(tmp_path: Path) -> None:
    folder = recorded(tmp_path, PASS, trouble="it was interrupted")
    assert main(["report", folder]) == 2
    assert "it was interrupted" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [["report", "nothing"], ["compare", "nothing"], ["report", "."]])
def test_what_can_not_be_read_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert "no record can be read" in capsys.readouterr().err


def test_a_list_of_known_failures_that_can_not_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text("hello", encoding="utf-8")
    assert main(["report", recorded(tmp_path, PASS), "--known", str(tmp_path / "known.yaml")]) == 2


def test_runs_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = recorded(tmp_path / "good", PASS), recorded(tmp_path / "bad", FAIL)
    assert main(["compare", good, bad]) == 1
    text = capsys.readouterr().out
    assert "worse    ROUTE-3: pass, then fail" in text
    assert "CFG-1" in text
    assert main(["compare", "--differing", bad, good]) == 0
    text = capsys.readouterr().out
    assert "better   ROUTE-3: fail, then pass" in text
    assert "CFG-1" not in text
    cut_short = recorded(tmp_path / "cut", PASS, trouble="it was interrupted")
    assert main(["compare", good, cut_short]) == 2


def test_it_runs_as_a_program_without_the_tools_of_a_developer(tmp_path: Path) -> None:
    """The installed command needs what the wheel needs: no pytest, no HTTP client."""
    code = (
        "import sys\nfor name in ('pytest', 'pytest_bdd', 'httpx'): sys.modules[name] = None\n"
        "from features.harness.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    argv = [sys.executable, "-c", code, "report", recorded(tmp_path, PASS)]
    done = subprocess.run(
        argv, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
