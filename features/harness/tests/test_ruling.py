"""What follows from a record, as tables: of each requirement, of each check, of the run."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from features.harness.catalogue import Catalogue, Requirement
from features.harness.record.check import Check
from features.harness.record.footer import Footer
from features.harness.record.known import KnownFailure
from features.harness.record.ruling import CONFORMANT, NOT_CONFORMANT, NOT_JUDGED, Ruling, ruled, ruled_check
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict, worst
from features.harness.tests.recorded import CATALOGUE, HEADER, check, known, run

PASS, NON_STRICT, FAIL = Verdict.PASS, Verdict.NON_STRICT, Verdict.FAIL
NOT_APPLICABLE, UNTESTABLE, ERROR = Verdict.NOT_APPLICABLE, Verdict.UNTESTABLE, Verdict.ERROR


def ruling(*checks: Check, strict: bool = False, expected: tuple[KnownFailure, ...] = ()) -> Ruling:
    return ruled(run(*checks), CATALOGUE, expected, strict=strict)


@pytest.mark.parametrize(
    ("verdicts", "code", "strict_code"),
    [
        ([PASS], CONFORMANT, CONFORMANT),
        ([PASS, NON_STRICT], CONFORMANT, NOT_CONFORMANT),
        ([PASS, FAIL], NOT_CONFORMANT, NOT_CONFORMANT),
        ([PASS, ERROR], NOT_JUDGED, NOT_JUDGED),
        ([FAIL, ERROR], NOT_CONFORMANT, NOT_CONFORMANT),
        ([PASS, NOT_APPLICABLE, UNTESTABLE], CONFORMANT, CONFORMANT),
        ([NOT_APPLICABLE], NOT_JUDGED, NOT_JUDGED),
        ([UNTESTABLE, NOT_APPLICABLE], NOT_JUDGED, NOT_JUDGED),
        ([], NOT_JUDGED, NOT_JUDGED),
    ],
)
def test_the_exit_code(verdicts: list[Verdict], code: int, strict_code: int) -> None:
    checks = [check(f"c{at}", verdict) for at, verdict in enumerate(verdicts)]
    assert ruling(*checks).code == code
    assert ruling(*checks, strict=True).code == strict_code


@pytest.mark.parametrize(
    ("name", "verdict", "strict"),
    [
        ("MUST-1", FAIL, FAIL),
        ("SHOULD-1", NON_STRICT, FAIL),
        ("MAY-1", NON_STRICT, FAIL),
        ("NOT-1", FAIL, FAIL),
    ],
)
def test_a_failure_weighs_as_the_catalogue_says(name: str, verdict: Verdict, strict: Verdict) -> None:
    failing = check("c", FAIL, name)
    assert ruling(failing).checks[0].verdict is verdict
    assert ruling(failing, strict=True).checks[0].verdict is strict
    assert ruling(check("c", ERROR, name)).checks[0].verdict is ERROR


def test_a_check_of_two_levels_is_graded_for_each() -> None:
    found = ruling(check("c", FAIL, "MUST-1", "SHOULD-1"))
    assert [outcome.verdict for outcome in found.checks[0].outcomes] == [FAIL, NON_STRICT]
    assert found.checks[0].verdict is FAIL


def test_what_a_monitor_found_breaks_its_own_requirement_alone() -> None:
    found = ruling(check("c", PASS, "MUST-1", breaches=["MUST-2"]))
    verdicts = {one.id: one.verdict for one in found.requirements}
    assert verdicts == {"MUST-1": PASS, "MUST-2": FAIL, "SHOULD-1": None, "MAY-1": None, "GAP-1": None}
    assert (found.code, found.checks[0].verdict) == (NOT_CONFORMANT, FAIL)
    assert ruling(check("c", PASS, "MUST-1", breaches=["SHOULD-1"])).code == CONFORMANT
    assert ruling(check("c", ERROR, "MUST-1", breaches=["MUST-1"])).code == NOT_CONFORMANT


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (Run(HEADER, (check("c"),), None), "no footer"),
        (Run(HEADER, (check("c"),), Footer(2, 0)), "counts 2 checks, 1 can be read"),
        (Run(HEADER, (check("c"),), Footer(1, 0, {}, ("it was interrupted",))), "it was interrupted"),
        (Run(HEADER, (check("c"),), Footer(1, 0), ("line 3: no JSON",)), "line 3"),
        (Run(None, (check("c"),), Footer(1, 0)), "no header"),
        (Run(HEADER, (check("c", FAIL),), None), "no footer"),
    ],
)
def test_an_incomplete_run_is_not_judged(broken: Run, sentence: str) -> None:
    found = ruled(broken, CATALOGUE)
    assert found.code == NOT_JUDGED
    assert sentence in " ".join(found.reasons)


@pytest.mark.parametrize(
    ("entry", "code", "gone"),
    [
        (known("MUST-1"), CONFORMANT, False),
        (known("MUST-1", "wrong"), CONFORMANT, False),
        (known("", "features/some/test_some.py::wrong"), CONFORMANT, False),
        (known("MUST-1", "right"), NOT_CONFORMANT, True),
        (known("MUST-2", "wrong"), NOT_CONFORMANT, False),
        (known("MUST-2"), NOT_CONFORMANT, True),
        (known("GAP-1"), NOT_CONFORMANT, False),
    ],
)
def test_known_failures(entry: KnownFailure, code: int, gone: bool) -> None:
    checks = (check("wrong", FAIL, "MUST-1"), check("right", PASS, "MUST-1", "MUST-2"))
    found = ruling(*checks, expected=(entry,))
    assert (found.code, bool(found.gone)) == (code, gone)
    assert ("no longer fails" in " ".join(found.reasons)) is gone


def test_a_known_failure_that_is_gone_is_red_though_all_is_well() -> None:
    found = ruling(check("right"), expected=(known("MUST-1"),))
    assert found.code == NOT_CONFORMANT
    assert "MUST-1: their ticket 812 (2026-11-02)" in found.reasons[0]


@pytest.mark.parametrize("verdict", [NOT_APPLICABLE, UNTESTABLE, ERROR, NON_STRICT, FAIL])
def test_a_known_failure_that_was_not_seen_to_pass_is_not_gone(verdict: Verdict) -> None:
    assert ruling(check("c", verdict), check("other", PASS, "MUST-2"), expected=(known("MUST-1"),)).gone == ()


def test_a_known_failure_does_not_excuse_another_in_the_same_check() -> None:
    found = ruling(check("c", FAIL, "MUST-1", "MUST-2"), expected=(known("MUST-1"),))
    assert (found.code, found.checks[0].known) == (NOT_CONFORMANT, False)
    assert found.reasons == ("1 check failed: MUST-2",)


def test_the_header_says_what_is_strict_and_known() -> None:
    header = dataclasses.replace(HEADER, strict=True, known=(known("MUST-1"),))
    failing = (check("c", FAIL), check("d", NON_STRICT, "SHOULD-1"))
    found = ruled(run(*failing, header=header), CATALOGUE)
    assert [one.verdict for one in found.checks] == [FAIL, FAIL]
    assert [one.known for one in found.checks] == [True, False]
    assert ruled(run(*failing, header=header), CATALOGUE, strict=False).code == CONFORMANT


def test_it_says_in_a_sentence_what_passed() -> None:
    found = ruling(check("a"), check("b", NON_STRICT), check("c", UNTESTABLE))
    assert found.reasons == ("1 check passed, 1 non-strict, 1 untestable",)
    assert dict(found.counts) == {
        "pass": 1, "non-strict": 1, "fail": 0, "not-applicable": 0, "untestable": 1, "error": 0,
    }  # fmt: skip


def test_the_worst_does_not_depend_on_the_order() -> None:
    for some in itertools.permutations(Verdict, 3):
        assert worst(some) is worst(reversed(some))
    assert worst([]) is None
    assert worst([PASS, UNTESTABLE, NOT_APPLICABLE]) is PASS
    assert worst(Verdict) is FAIL
    assert len({verdict.letter for verdict in Verdict}) == len(Verdict)


def test_another_reading_of_an_interpretation_is_no_failure_whatever_its_level() -> None:
    one = Check("a", "a", "f", ("INT-02",), "cms", Verdict.FAIL)
    catalogue = Catalogue((Requirement("INT-02", "must", "cms", "contract", "1", "."),), {}, {})
    assert ruled_check(one, catalogue).verdict is Verdict.NON_STRICT
    assert ruled_check(one, catalogue, strict=True).verdict is Verdict.FAIL
