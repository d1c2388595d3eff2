"""What is told of many runs."""

from __future__ import annotations

import dataclasses

import pytest

from features.harness import soak
from features.harness.process import ROOT
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict
from features.harness.soak import Lap, main, mixed, sections, summed_up
from features.harness.tests.recorded import HEADER, check, footer

GOOD, BAD = check("a"), dataclasses.replace(check("a"), verdict=Verdict.FAIL)


def lap(*checks: object, code: int = 0) -> Lap:
    return Lap(7, code, Run(HEADER, checks, footer(len(checks))))  # type: ignore[arg-type]


def test_the_same_verdict_in_every_run_is_not_mixed() -> None:
    assert mixed([lap(GOOD), lap(GOOD)]) == {}
    assert mixed([lap(BAD), lap(BAD)]) == {}
    assert list(summed_up([lap(GOOD)]))[-1] == "1 runs, no mixed verdicts"


def test_another_verdict_is_mixed_and_so_is_a_check_that_did_not_run() -> None:
    assert mixed([lap(GOOD), lap(BAD)]) == {GOOD.id: [Verdict.PASS, Verdict.FAIL]}
    assert mixed([lap(GOOD, check("b")), lap(GOOD)]) == {check("b").id: [Verdict.PASS, None]}
    said = list(summed_up([lap(GOOD), lap(BAD)]))
    assert f"mixed: {GOOD.id}: P F" in said
    assert said[-1] == "2 runs, 1 mixed verdict"


@pytest.mark.parametrize(
    ("laps", "code"),
    [
        ([lap(GOOD), lap(GOOD)], 0),
        ([lap(BAD, code=1), lap(BAD, code=1)], 0),
        ([lap(GOOD), lap(BAD, code=1)], 1),
        ([lap(GOOD), lap(GOOD, code=2)], 2),
        ([Lap(7, 2, None)], 2),
    ],
)
def test_the_exit_code_is_of_the_mixture(
    laps: list[Lap], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = iter(laps)
    monkeypatch.setattr(soak, "lap", lambda *_: next(left))
    assert main(["--seeds", *("7" for _ in laps)]) == code
    assert f"{len(laps)} runs" in capsys.readouterr().out


def test_every_section_is_run() -> None:
    assert "features/http" in sections()
    assert all(list((ROOT / one).glob("test_*.py")) for one in sections())
