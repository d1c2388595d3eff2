"""A session of pytest becomes a record: with and without xdist, whole and cut short."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from features.harness.record.check import Check
from features.harness.record.header import Between, Probe
from features.harness.record.run import Run, read_run
from features.harness.record.verdict import Verdict
from features.harness.recording import PROPERTY, Recording
from features.harness.tests.recorded import HEADER, check

pytest_plugins = ["pytester"]

CONFTEST = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}]
import pytest
from pytest_bdd import given, parsers, then
from features.harness import recording
from features.harness.catalogue import requirement_of
from features.harness.errors import Missing
from features.harness.evidence.timeline import Timeline
from features.harness.monitors.finding import Finding
from features.harness.record.header import Judged
from features.harness.session import session_header
from features.harness.tests.recorded import CATALOGUE

TIMELINE = Timeline()

def publish(run, ruling, folder):
    (folder / "published.txt").write_text(ruling.word)

@pytest.hookimpl(tryfirst=True)
def pytest_bdd_apply_tag(tag, function):
    if requirement_of(tag):
        pytest.mark.requirement(requirement_of(tag))(function)
        return True

def pytest_configure(config):
    config.addinivalue_line("markers", "requirement(id): x")
    header = session_header(config, [Judged("cms", "Any CMS", "http://127.0.0.1:3000")],
                            options=["--subject", "any.yaml"])
    config.pluginmanager.register(recording.Recording(
        header, Path("report"), redact=TIMELINE.secrets.value, publish=publish, catalogue=CATALOGUE))

@pytest.fixture(autouse=True)
def evidence(request):
    position = TIMELINE.position
    yield
    draft = recording.draft_of(request.node)
    if draft is not None:
        draft.shown(TIMELINE.since(position))

@given("a request with a secret")
def _():
    TIMELINE.request("operator", "POST", "/api/x", {{}}, b'{{"netStaPwd":"hunter22"}}')

@given("the queue")
def _(request):
    recording.not_applicable(request.node, "the subject does not claim queue")

@given("a tap")
def _(request):
    recording.untestable(request.node, "an external broker has no tap")

@given("a broken set-up")
def _(broken):
    pass

@pytest.fixture
def broken():
    raise OSError("no such thing")

@given("a monitor that finds something")
def _(request):
    TIMELINE.request("operator", "GET", "/api/y")
    finding = Finding("MUST-2", "Any CMS", "it leaks", TIMELINE.since().entries[-1:])
    recording.draft_of(request.node).found([finding])

@given("another reading")
def _(request):
    recording.non_strict(request.node, "it answers 422")

@then(parsers.parse("{{number:d}} is right"))
def _(number):
    assert number == 1, "hunter22 is not it"

@then("it comes")
def _():
    raise Missing("a frame", 2, ["a heartbeat", "hunter22"])

@then("the worker dies")
def _():
    import os
    os._exit(7)

@then("it is interrupted")
def _():
    raise KeyboardInterrupt
"""
TESTS = "from pytest_bdd import scenarios\nscenarios('some.feature')\n"
FEATURE = """
Feature: Anything
  @req-MUST-1
  Scenario Outline: Right
    Then <number> is right
    Examples:
      | number |
      | 1      |
  @req-MUST-1 @req-SHOULD-1
  Scenario: Wrong
    Given a request with a secret
    Then 2 is right
    Then it comes
  @req-SHOULD-1
  Scenario: Late
    Then it comes
  @req-MUST-1
  Scenario: Broken
    Given a broken set-up
    Then 1 is right
  @req-MAY-1
  Scenario: Not claimed
    Given the queue
    Then 1 is right
  @req-MUST-2
  Scenario: Not testable
    Given a tap
    Then 1 is right
  @req-MUST-1
  Scenario: Other reading
    Given another reading
    Then 1 is right
  @req-MUST-1
  Scenario: Found
    Given a monitor that finds something
    Then 1 is right
"""
GREEN = FEATURE.split("  @req-MUST-1 @req", maxsplit=1)[0]


@pytest.fixture
def session(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST.format(root=str(request.config.rootpath)))
    pytester.makepyfile(test_some=TESTS)
    return pytester


def ran(session: pytest.Pytester, feature: str, *options: str, apart: bool = False) -> pytest.RunResult:
    """Runs ``feature``; ``apart`` in a process of its own, for what ends or divides one."""
    (session.path / "some.feature").write_text(textwrap.dedent(feature), encoding="utf-8")
    run = session.runpytest_subprocess if apart else session.runpytest_inprocess
    return run("-p", "no:cacheprovider", "--randomly-seed=7", *options)


def recorded(session: pytest.Pytester) -> tuple[Run, dict[str, Check]]:
    run = read_run(session.path / "report")
    return run, {check.name: check for check in run.checks}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_every_scenario_becomes_a_check(session: pytest.Pytester, workers: tuple[str, ...]) -> None:
    result = ran(session, FEATURE, *workers, apart=bool(workers))
    run, checks = recorded(session)
    assert {name: check.verdict.value for name, check in checks.items()} == {
        "Right": "pass",
        "Wrong": "fail",
        "Late": "fail",
        "Broken": "error",
        "Not claimed": "not-applicable",
        "Not testable": "untestable",
        "Other reading": "non-strict",
        "Found": "pass",
    }
    assert run.trouble == ()
    assert run.header is not None
    assert run.footer is not None
    assert run.header.command.startswith("pytest ")
    assert run.header.seed == "7"
    assert (result.ret, run.footer.exit_code, run.footer.complete) == (1, 1, True)
    assert run.footer.counts["non-strict"] == 2, "a should that is not met is not strict"
    assert checks["Not claimed"].reason == "the subject does not claim queue"
    assert "OSError: no such thing" in checks["Broken"].reason
    assert [one.requirement for one in checks["Found"].breaches] == ["MUST-2"]
    assert checks["Right"].reproduce == (
        "pytest 'test_some.py::test_right[1]' --subject any.yaml --randomly-seed=7",
    )
    result.stdout.fnmatch_lines(["*verdict: not conformant*", "2 checks failed: MUST-1, MUST-2"])
    assert (session.path / "report" / "published.txt").read_text(encoding="utf-8") == "not conformant"


def test_a_check_has_steps_and_a_timeline_and_no_secret(session: pytest.Pytester) -> None:
    ran(session, FEATURE, "-k", "wrong or late", "--junitxml=j.xml")
    _, checks = recorded(session)
    wrong, late = checks["Wrong"], checks["Late"]
    assert [(step.text, step.outcome) for step in wrong.steps] == [
        ("Given a request with a secret", "passed"),
        ("Then 2 is right", "failed"),
        ("Then it comes", "not reached"),
    ]
    assert [moment.kind for moment in wrong.timeline] == ["request"]
    assert "*** is not it" in wrong.reason
    assert late.steps[0].expected == "a frame"
    assert late.steps[0].seen.splitlines()[0] == "a heartbeat"
    assert wrong.role == "system"
    assert late.role == "smib"
    assert "curl" in wrong.reproduce[1]
    assert "hunter22" not in json.dumps(wrong.to_json())
    assert "smib-check" not in (session.path / "j.xml").read_text(encoding="utf-8")


def test_a_green_run_is_conformant(session: pytest.Pytester) -> None:
    result = ran(session, GREEN)
    run, _ = recorded(session)
    assert (result.ret, run.trouble) == (0, ())
    result.stdout.fnmatch_lines(["*verdict: conformant*", "1 check passed", "record: report/run.ndjson"])


def test_where_no_scenario_ran_nothing_is_written(session: pytest.Pytester) -> None:
    session.makepyfile(test_other="def test_it(): pass")
    assert ran(session, GREEN, "test_other.py").ret == 0
    assert not (session.path / "report").exists()


def test_a_failing_test_that_is_no_scenario_makes_the_run_incomplete(session: pytest.Pytester) -> None:
    session.makepyfile(test_other="def test_it(): assert False")
    assert ran(session, GREEN).ret == 2
    assert "1 tests failed that are no scenarios" in recorded(session)[0].trouble[0]


@pytest.mark.parametrize(
    ("step", "options", "sentence"),
    [
        ("it is interrupted", (), "interrupted"),
        ("the worker dies", ("-n", "1"), "crashed while running"),
        ("it comes", ("-x",), "it was stopped: stopping after 1 failures"),
    ],
)
def test_a_run_that_was_cut_short_is_incomplete(
    session: pytest.Pytester, step: str, options: tuple[str, ...], sentence: str
) -> None:
    feature = f"{GREEN}  @req-MUST-1\n  Scenario: Zzz\n    Then {step}\n"
    result = ran(session, feature, "--randomly-dont-reorganize", *options, apart="-x" not in options)
    assert result.ret == 2
    run, checks = recorded(session)
    assert sentence in " ".join(run.trouble)
    assert checks["Right"].verdict is Verdict.PASS


def test_features_that_can_not_be_collected_make_it_incomplete(session: pytest.Pytester) -> None:
    session.makepyfile(test_other="assert False")
    assert ran(session, GREEN, "--continue-on-collection-errors").ret == 2
    assert "test_other.py could not be collected" in recorded(session)[0].trouble[0]


def test_a_process_that_is_killed_leaves_what_it_had(session: pytest.Pytester) -> None:
    feature = f"{GREEN}  @req-MUST-1\n  Scenario: Zzz\n    Then the worker dies\n"
    ran(session, feature, "--randomly-dont-reorganize", apart=True)
    run, checks = recorded(session)
    assert list(checks) == ["Right"]
    assert run.trouble == ("the run is incomplete: its record has no footer",)


def test_a_record_that_can_not_be_written_is_a_sentence(session: pytest.Pytester) -> None:
    report = session.path / "report"
    report.mkdir()
    (report / "run.ndjson").symlink_to(Path("/dev/full"))
    result = ran(session, GREEN)
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*run.ndjson: the record could not be written: No space left on device*"])


def test_the_record_begins_when_a_worker_has_met_the_broker(tmp_path: Path) -> None:
    known = Between("amqtt", "mqtt://h:1")
    met = dataclasses.replace(known, probes=(Probe("order", False, "it is kept"),))
    recording = Recording(dataclasses.replace(HEADER, broker=known), tmp_path)
    for name, between in (("a", known), ("b", met), ("c", known)):
        carried = {"check": check(name).to_json(), "subjects": [], "broker": between.to_json()}
        report = pytest.TestReport(name, ("", None, ""), {}, "passed", None, "teardown")
        report.user_properties.append((PROPERTY, json.dumps(carried)))
        recording.pytest_runtest_logreport(report)
    session = SimpleNamespace(shouldfail=False, shouldstop=False, exitstatus=0)
    recording.pytest_sessionfinish(cast(pytest.Session, session), 0)
    run = read_run(tmp_path)
    assert run.header is not None
    assert run.header.broker == met
    assert [one.id[-1] for one in run.checks] == ["a", "b", "c"]
