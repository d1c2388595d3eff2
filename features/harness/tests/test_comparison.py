"""Runs side by side, and what changed between two runs of one subject."""

from __future__ import annotations

import dataclasses

import pytest

from features.harness.record.header import Judged
from features.harness.record.ruling import ruled
from features.harness.record.run import Run
from features.harness.record.verdict import Verdict
from features.harness.report.comparison import Change, Column, as_text, columns, progress, rows
from features.harness.tests.recorded import CATALOGUE, HEADER, check, run

OTHER = dataclasses.replace(HEADER, subjects=(Judged("cms", "Other CMS"),))
MONDAY = run(check("a"), check("b", Verdict.FAIL, "MUST-2"))
TUESDAY = run(check("a", Verdict.FAIL), check("b", Verdict.PASS, "MUST-2"), check("c"))
THEIRS = run(check("a", Verdict.NON_STRICT), header=OTHER)


def side_by_side(*runs: Run) -> list[Column]:
    return columns((f"{at}.ndjson", one, ruled(one, CATALOGUE)) for at, one in enumerate(runs))


def test_subjects_by_requirement() -> None:
    table = {row.requirement: row for row in rows(side_by_side(MONDAY, THEIRS))}
    assert set(table) == set(CATALOGUE.ids)
    assert table["MUST-1"].letters == ("P", "N")
    assert table["MUST-2"].letters == ("F", "-")
    assert table["GAP-1"].letters == ("-", "-")
    assert [row.requirement for row in table.values() if row.differs] == ["MUST-1", "MUST-2"]
    assert progress(side_by_side(MONDAY, THEIRS)) == []


def test_what_changed_between_two_runs_of_one_subject() -> None:
    (made,) = progress(side_by_side(MONDAY, THEIRS, TUESDAY))
    assert (made.before.label, made.after.label, made.worse) == ("A", "C", True)
    assert {str(change): change.kind for change in made.requirements} == {
        "MUST-1: pass, then fail": "worse",
        "MUST-2: fail, then pass": "better",
    }
    assert [change.what.rpartition("::")[2] for change in made.checks] == ["a", "b", "c"]
    assert made.checks[2].kind == "better"


def test_the_same_run_twice_changes_nothing() -> None:
    (made,) = progress(side_by_side(MONDAY, MONDAY))
    assert (made.requirements, made.checks, made.worse) == ((), (), False)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Verdict.PASS, Verdict.NON_STRICT, "worse"),
        (Verdict.PASS, Verdict.UNTESTABLE, "worse"),
        (Verdict.PASS, None, "worse"),
        (None, Verdict.FAIL, "worse"),
        (Verdict.ERROR, Verdict.FAIL, "worse"),
        (Verdict.FAIL, Verdict.NON_STRICT, "better"),
        (Verdict.UNTESTABLE, Verdict.PASS, "better"),
        (None, Verdict.PASS, "better"),
        (Verdict.FAIL, Verdict.ERROR, "changed"),
        (Verdict.UNTESTABLE, Verdict.NOT_APPLICABLE, "changed"),
    ],
)
def test_worse_is_what_is_proven_no_more(before: Verdict | None, after: Verdict | None, kind: str) -> None:
    assert Change("MUST-1", before, after).kind == kind


def test_it_is_read_in_columns() -> None:
    shown = side_by_side(MONDAY, TUESDAY)
    lines = as_text(shown, rows(shown), progress(shown)).splitlines()
    assert lines[0] == "A  Any CMS: not conformant  (0.ndjson, 2026-11-23T13:45:00.000Z)"
    assert lines[4] == "MUST-1    must    P   F   What MUST-1 says."
    assert "  worse    MUST-1: pass, then fail" in lines


def test_there_are_labels_for_many() -> None:
    shown = side_by_side(*[MONDAY] * 28)
    assert [shown[at].label for at in (0, 25, 26, 27)] == ["A", "Z", "AA", "AB"]
