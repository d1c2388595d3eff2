"""The record of a run: what is written comes back, what is broken is told with its line."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.harness.errors import RecordError
from features.harness.process import ROOT
from features.harness.record.check import Check, Moment, StepTaken
from features.harness.record.footer import Footer
from features.harness.record.header import Header
from features.harness.record.journal import Journal
from features.harness.record.known import read_known
from features.harness.record.run import read_run
from features.harness.record.values import Values
from features.harness.record.verdict import Verdict
from features.harness.tests.recorded import HEADER, TIMELINE, check, footer, known

STEPS = (StepTaken("Given it", "passed", 0.1, 0.2), StepTaken("Then it", "failed", 0.3, 2.0, "a", "b"))
CHECK = check("c", Verdict.FAIL, "MUST-1", breaches=["MUST-2"], steps=STEPS, timeline=TIMELINE)


def written(path: Path, *checks: Check, closed: bool = True) -> Path:
    journal = Journal(path / "report" / "run.ndjson", HEADER)
    for one in checks:
        journal.add(one)
    journal.close(footer(len(checks))) if closed else journal.abandon()
    assert journal.problem == ""
    return journal.path


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    file = written(tmp_path, CHECK, check("d"))
    for path in (file, file.parent):
        run = read_run(path)
        assert (run.header, run.checks, run.footer) == (HEADER, (CHECK, check("d")), footer(2))
        assert run.trouble == ()
    assert len(file.read_text(encoding="ascii").splitlines()) == 4


texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
moments = st.builds(
    Moment, st.floats(0, 9), texts, texts, texts, texts, st.dictionaries(texts, values, max_size=3)
)
checks = st.builds(
    Check, texts, texts, texts, st.lists(texts, max_size=3).map(tuple), texts, st.sampled_from(Verdict),
    texts,
    timeline=st.lists(moments, max_size=3).map(tuple), lost=st.integers(0, 9),
)  # fmt: skip


@given(checks)
def test_to_json_and_from_json_are_inverse(one: Check) -> None:
    text = json.dumps(one.to_json())
    assert Check.from_json(Values(json.loads(text), "check")) == one


def test_what_no_json_can_say_is_written_as_text(tmp_path: Path) -> None:
    strange: dict[str, Any] = {
        "payload": {"a": [float("nan"), float("inf"), b"\xff"]},
        "text": "\ud800\u2028\0",
    }
    moment = Moment(0.0, "packet", "cms", "broker", "\ud800", strange)
    run = read_run(written(tmp_path, check("c", timeline=[moment])))
    assert run.trouble == ()
    assert run.checks[0].timeline[0].facts["payload"] == {"a": ["nan", "inf", "b'\\xff'"]}


def test_a_record_without_its_footer_is_incomplete(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, CHECK, closed=False))
    assert run.checks == (CHECK,)
    assert run.trouble == ("the run is incomplete: its record has no footer",)


GOOD = json.dumps(check("c").to_json()).encode()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 200_000, "nested too deep"),
        (b"[]", "a JSON object was wanted"),
        (b"{}", "line.line: text was wanted, not nothing"),
        (b'{"line":"cheque"}', "header, check or footer was wanted, not 'cheque'"),
        (b'{"line":"check"}', "check.id: text was wanted"),
        (GOOD.replace(b'"pass"', b'"passed"'), "one of pass, non-strict, fail"),
        (GOOD.replace(b"0.25", b"NaN"), "NaN"),
        (GOOD.replace(b"0.25", b"true"), "check.seconds: a number"),
        (GOOD.replace(b'"steps": []', b'"steps": [{"outcome": 1}]'), "check.steps[0].outcome: text"),
        (GOOD.replace(b'["MUST-1"]', b'["MUST-1", 2]'), "check.requirements: a list of texts"),
        (GOOD, "stands twice"),
        (json.dumps(HEADER.to_json()).encode(), "not the first line"),
        (b'{"line":"footer","checks":1.5}', "footer.checks: a whole number"),
        (b'{"line":"footer","checks":true}', "footer.checks: a whole number"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_the_rest_is_read(
    tmp_path: Path, line: bytes, sentence: str
) -> None:
    file = written(tmp_path, check("c"), check("d"))
    lines = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join([*lines[:2], line, *lines[2:], b""]))
    run = read_run(file)
    assert [one.name for one in run.checks] == ["c", "d"]
    (problem,) = run.problems
    assert problem.startswith("run.ndjson, line 3: ")
    assert sentence in problem
    assert run.trouble == run.problems


def test_half_a_line_is_told(tmp_path: Path) -> None:
    file = written(tmp_path, check("c"), closed=False)
    file.write_bytes(file.read_bytes() + GOOD[:40])
    assert read_run(file).problems == ("run.ndjson, line 3: the line is cut short",)


def test_nothing_may_come_behind_the_footer(tmp_path: Path) -> None:
    file = written(tmp_path, check("c"))
    file.write_bytes(file.read_bytes() + GOOD + b"\n")
    assert "a check behind the footer" in read_run(file).trouble[0]


@given(st.lists(st.binary(max_size=40) | st.sampled_from([GOOD, b'{"line":"footer"}', b"{}"]), max_size=6))
def test_reading_is_total(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    file = tmp_path_factory.mktemp("total") / "run.ndjson"
    file.write_bytes(b"\n".join(lines))
    try:
        run = read_run(file)
    except RecordError as exc:
        assert "run.ndjson" in str(exc)
    else:
        assert run.trouble


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file"):
        read_run(tmp_path / "nothing.ndjson")
    (tmp_path / "run.ndjson").write_text("hello\n", encoding="utf-8")
    with pytest.raises(RecordError, match="no record of a run"):
        read_run(tmp_path)


def test_a_folder_that_can_not_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file", encoding="utf-8")
    journal = Journal(tmp_path / "report" / "run.ndjson", HEADER)
    journal.add(CHECK)
    journal.close(Footer(1, 0))
    assert "could not be written" in journal.problem


def test_a_full_device_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "run.ndjson").symlink_to("/dev/full")
    journal = Journal(tmp_path / "run.ndjson", HEADER)
    assert "No space left on device" in journal.problem
    journal.add(CHECK)
    journal.close(Footer(1, 0))


FULL = """
from pathlib import Path
from features.harness.record.footer import Footer
from features.harness.record.journal import Journal
from features.harness.tests.recorded import HEADER, TIMELINE, check

journal = Journal(Path("run.ndjson"), HEADER)
for number in range(40):
    journal.add(check(f"c{number}", timeline=TIMELINE))
journal.close(Footer(40, 0))
print(journal.problem)
"""


def test_what_was_gathered_before_the_disk_was_full_stays(tmp_path: Path) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, "-B", "-c", FULL], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=30, check=True, preexec_fn=no_room,
    )  # fmt: skip
    assert "run.ndjson: the record could not be written" in done.stdout, done.stdout
    run = read_run(tmp_path)
    assert run.trouble == ("the run is incomplete: its record has no footer",)
    assert 2 < len(run.checks) < 40


def test_newer_fields_are_left_alone() -> None:
    value = HEADER.to_json() | {"moon": "full"}
    assert Header.from_json(Values(json.loads(json.dumps(value)), "header")) == HEADER


def test_known_failures_are_read(tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    file.write_text(
        "known_failures:\n  - {requirement: MUST-1, reason: their ticket 812, date: 2026-11-02}\n"
        "  - {scenario: c, reason: their ticket 812, date: '2026-11-02'}\n",
        encoding="utf-8",
    )
    assert read_known(file) == (known("MUST-1"), known("", "c"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "no list of known failures can be read"),
        ("known: []", "one list under known_failures was wanted"),
        ("known_failures: {}", "one list under known_failures"),
        ("known_failures: [MUST-1]", "entry 1: requirement, scenario, reason, date were wanted"),
        ("known_failures: [{reason: r, date: 2026-11-02}]", "entry 1: a requirement or a scenario"),
        ("known_failures: [{requirement: M-1, date: 2026-11-02}]", "entry 1: a reason"),
        ("known_failures: [{requirement: M-1, reason: r}]", "entry 1: date: a day"),
        ("known_failures: [{requirement: M-1, reason: r, date: soon}]", "not 'soon'"),
        ("known_failures: [{requirement: [1], reason: r, date: 2026-11-02}]", "requirement: text"),
        ("known_failures: [{requirement: M-1, why: r, reason: r, date: 2026-11-02}]", "'why' is unknown"),
    ],
)
def test_a_list_that_can_not_be_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "known.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=r"known\.yaml") as caught:
        read_known(file)
    assert sentence in str(caught.value)
