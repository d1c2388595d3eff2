"""The runner of the liars: what it says of a liar, and of the whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from features.harness.cli import main
from features.harness.process import ROOT
from features.harness.score import Case, Outcome, Score
from features.harness.selftest import (
    KILLED_ONCE,
    liar_case,
    liar_cases,
    pair_cases,
    requirements_of,
    scenarios_by_requirement,
    tried,
)
from features.harness.trials import forked
from features.liars.catalogue import read_liars

LIAR = Case("retains-commands", "cms", "", ("TOPIC-7",), once=True)


def outcome(**facts: Any) -> Outcome:
    return Outcome(facts.pop("case", LIAR), 1.0, **facts)


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"verdicts": {"a": "pass", "b": "fail"}, "lied": True}, "killed"),
        ({"verdicts": {"a": "fail"}}, "accused, not exercised"),
        ({"verdicts": {"a": "pass", "b": "error"}, "lied": True}, "survived"),
        ({"verdicts": {"a": "pass"}}, "not exercised"),
        ({}, "no scenario"),
        ({"verdicts": {"a": "fail"}, "lied": True, "trouble": "it burst"}, "unjudged"),
    ],
)
def test_a_liar_is_killed_only_by_an_accusation_of_what_it_did(facts: dict[str, Any], word: str) -> None:
    assert outcome(**facts).word == word


def test_a_liar_that_was_killed_once_must_not_live() -> None:
    alive = outcome(verdicts={"a": "pass"}, lied=True)
    assert Score([alive]).code == 0
    assert Score([alive], killed_once=["retains-commands"]).code == 1


def test_a_conforming_pair_must_not_be_accused_and_a_dead_subject_must_pass_nothing() -> None:
    pair = Case("cms pair: topics", "cms", "", ("TOPIC-7",))
    dead = Case("never-answers", "cms", "", ("TOPIC-7",), sample=True)
    assert (
        Score([outcome(case=pair, verdicts={"a": "pass"}), outcome(case=dead, verdicts={"a": "fail"})]).code
        == 0
    )
    assert Score([outcome(case=pair, verdicts={"a": "fail"})]).code == 1
    assert Score([outcome(case=dead, verdicts={"a": "pass"})]).code == 1


def test_no_kill_counts_while_the_pair_is_accused() -> None:
    pair = Case("cms pair: topics", "cms", "", ("TOPIC-7",))
    assert Score([outcome(case=pair, verdicts={"a": "fail"})]).is_reference_red
    assert not Score([outcome(verdicts={"a": "fail"})]).is_reference_red


def test_the_parts_of_a_folder_are_the_whole_of_it() -> None:
    shares: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for case in pair_cases():
        shares.setdefault((case.side, *case.folders), []).append(case.share)
    for parts in shares.values():
        assert parts == [(number, len(parts)) for number in range(len(parts))]


def test_a_name_that_no_liar_has_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "toggles", "nobody"]) == 2
    assert "there is no liar nobody" in capsys.readouterr().err


def test_the_liars_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(read_liars())


def test_what_could_not_be_judged_is_no_kill() -> None:
    assert Score([outcome(trouble="it burst")]).code == 2


@pytest.mark.parametrize("facts", [{}, {"sample": True}])
def test_a_pair_or_a_dead_subject_that_nobody_judged_is_no_success(facts: dict[str, Any]) -> None:
    assert Score([outcome(case=Case("somebody", "cms", "", ("TOPIC-7",), **facts))]).code == 2


def test_the_matrix_names_every_liar_and_the_score() -> None:
    killed = outcome(verdicts={"a": "fail"}, lied=True)
    alive = outcome(
        case=Case("retains-all", "cms", "", ("TOPIC-7",), once=True), verdicts={"a": "pass"}, lied=True
    )
    lines = list(Score([killed, alive], seconds=2.4).lines())
    assert lines == [
        "TOPIC-7    1/2  retains-commands, retains-all (survived)",
        "score: 1 of 2 liars killed, 50 %",
        "2 trials in 2 s, 0 s of CPU",
    ]


def test_every_liar_and_both_pairs_have_their_case() -> None:
    liars = read_liars()
    assert liar_case(liars["never-answers"]).requirements == requirements_of("cms")
    assert liar_case(liars["toggles"]).requirements == ("CMD-4",)
    assert {case.name for case in liar_cases()} == set(liars)
    assert {case.side for case in pair_cases() if case.is_pair} == {"cms", "smib"}
    assert set(KILLED_ONCE.read_text("utf-8").split()) <= set(liars)


def test_scenarios_are_found_by_their_tags() -> None:
    assert [Path(folder).name for folder in scenarios_by_requirement()["TOPIC-3"]] == ["topics"]


def test_a_trial_that_bursts_is_told(tmp_path: Path) -> None:
    (burst,) = forked([Case("burst", "nobody", "", ("TOPIC-7",))], 1, tmp_path, tried)
    assert burst.word == "unjudged"
    assert "KeyError" in burst.trouble


def test_a_liar_is_killed_on_a_real_floor() -> None:
    argv = [sys.executable, "-m", "features.harness.cli", "selftest", "chatty-request"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "score: 1 of 1 liars killed, 100 %" in done.stdout
