"""The plugin of pytest that records a run (issue 3): each scenario becomes a line of ``report/run.ndjson``.

Where scenarios run (with xdist in the workers) a draft is filled and handed over as JSON in
``report.user_properties``; where reports arrive (the controller) it is written, and at the end of the session
ruled on: the exit code of pytest becomes that of the ruling. Register one in ``pytest_configure``:

    recording = Recording(session_header(config, subjects, …), Path("report"), publish=publish)
    config.pluginmanager.register(recording, "recording")
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pytest_bdd.parser import Feature, Scenario, ScenarioTemplate, Step
from pytest_bdd.scenario import scenario_wrapper_template_registry

from features.harness.catalogue import Catalogue, read_catalogue
from features.harness.errors import RecordError
from features.harness.phase import end_phase, expected_and_seen
from features.harness.record.check import Check
from features.harness.record.draft import Draft, Redaction
from features.harness.record.footer import Footer
from features.harness.record.header import Between, Header, Judged
from features.harness.record.journal import Journal
from features.harness.record.reproduction import reproduction
from features.harness.record.ruling import CONFORMANT, NOT_JUDGED, Ruling, ruled, ruled_check
from features.harness.record.run import FILE, Run
from features.harness.record.values import Values
from features.harness.record.verdict import Verdict

PROPERTY = "smib-check"
DRAFT = pytest.StashKey[Draft]()
NO_CUCUMBER = (
    "--cucumberjson calls passed what was skipped, and is empty with -n: "
    "the record of a run is run.ndjson in the folder of --report, and junit.xml beside it"
)
Publish = Callable[[Run, Ruling, Path], None]


def draft_of(item: pytest.Item) -> Draft | None:
    """The check that ``item`` becomes; None where it is no scenario."""
    return item.stash.get(DRAFT, None)


def is_scenario(item: pytest.Item) -> bool:
    return _template(item) is not None


def not_applicable(item: pytest.Item, reason: str) -> NoReturn:
    """Ends the scenario: the subject does not claim what it needs."""
    _end(item, Verdict.NOT_APPLICABLE, reason)


def untestable(item: pytest.Item, reason: str) -> NoReturn:
    """Ends the scenario: this run lacks what it needs."""
    _end(item, Verdict.UNTESTABLE, reason)


def non_strict(item: pytest.Item, reason: str) -> None:
    """The subject follows another reading that is accepted; the scenario goes on."""
    item.stash[DRAFT].settle(Verdict.NON_STRICT, reason)


class Recording:
    """One run. ``header`` may be replaced until the first scenario ends: with xdist the subjects and the
    broker that a worker names go before those of the controller. ``redact`` takes the secrets out of a JSON
    value. ``publish`` writes the reports. ``ruling`` is there at the end, None where no scenario ran and
    ``always`` is not set; then nothing is written."""

    def __init__(
        self,
        header: Header,
        folder: Path,
        *,
        redact: Redaction | None = None,
        publish: Publish | None = None,
        catalogue: Catalogue | None = None,
        always: bool = False,
        writes: bool = True,
    ) -> None:
        self.header = header
        self.folder = folder
        self.redact = redact
        self.ruling: Ruling | None = None
        self.problems: list[str] = []
        self._publish = publish
        self._catalogue = catalogue or read_catalogue()
        self._always = always
        self._writes = writes
        self._journal: Journal | None = None
        self._checks: dict[str, Check] = {}
        self._trouble: list[str] = []
        self._failed: set[str] = set()
        self._began = time.monotonic()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        if session.config.getoption("cucumber_json_path", None):
            pytest.exit(NO_CUCUMBER, returncode=NOT_JUDGED)
        self._writes = self._writes and not hasattr(session.config, "workerinput")
        if not self.header.seed:
            seed = session.config.getoption("randomly_seed", None)
            self.header = dataclasses.replace(self.header, seed="" if seed is None else str(seed))

    # where scenarios run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if (scenario := _template(item)) is None:
            return
        draft = item.stash[DRAFT] = Draft(item.nodeid, scenario.name, scenario.feature.name)
        draft.requirements = tuple(sorted({mark.args[0] for mark in item.iter_markers("requirement")}))
        draft.role = self._role(draft.requirements)

    def pytest_bdd_before_scenario(
        self, request: pytest.FixtureRequest, feature: Feature, scenario: Scenario
    ) -> None:
        if (draft := draft_of(request.node)) is not None:
            draft.name, draft.feature = scenario.name, feature.name
            draft.planned = tuple(f"{step.keyword} {step.name}" for step in scenario.steps)

    def pytest_bdd_before_step(self, request: pytest.FixtureRequest, step: Step) -> None:
        if (draft := draft_of(request.node)) is not None:
            draft.step(f"{step.keyword} {step.name}")

    def pytest_bdd_after_step(self, request: pytest.FixtureRequest) -> None:
        if (draft := draft_of(request.node)) is not None:
            draft.step_passed()

    def pytest_bdd_step_error(self, request: pytest.FixtureRequest, exception: BaseException) -> None:
        if (draft := draft_of(request.node)) is not None:
            draft.step_failed(*expected_and_seen(exception))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        draft = draft_of(item)
        if draft is None:
            return report
        end_phase(draft, report, call)
        if report.when == "call":
            self._redden(report, draft.check(self.redact))
        elif report.when == "teardown":
            report.user_properties.append((PROPERTY, self._carried(draft.check(self.redact))))
        return report

    # where reports arrive

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self._writes:
            return
        carried = [value for name, value in report.user_properties if name == PROPERTY]
        if carried:
            report.user_properties = [pair for pair in report.user_properties if pair[0] != PROPERTY]
            self._take(str(carried[0]))
        elif report.when not in ("setup", "call", "teardown"):
            self._trouble.append(str(report.longrepr))
        elif report.failed:
            self._failed.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._trouble.append(f"{report.nodeid or 'the tests'} could not be collected")

    def pytest_internalerror(self, excrepr: object) -> None:
        self._trouble.append(f"pytest itself failed: {str(excrepr).splitlines()[-1:]}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if not self._writes or not (self._checks or self._always):
            return
        self._trouble += _stopped(session, exitstatus)
        session.exitstatus = self._close()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.ruling is None:
            return
        write = terminalreporter.write_line
        terminalreporter.write_sep("=", f"verdict: {self.ruling.word}")
        for sentence in (*self.ruling.reasons, *self.problems):
            write(sentence)
        write(f"record: {self.folder / FILE}")

    def _role(self, requirements: Sequence[str]) -> str:
        roles = {one.role for one in self._catalogue.requirements if one.id in requirements}
        return roles.pop() if len(roles) == 1 else "system"

    def _carried(self, check: Check) -> str:
        header = self.header.to_json()
        return json.dumps(
            {"check": check.to_json(), "subjects": header["subjects"], "broker": header["broker"]},
            default=str,
        )

    def _redden(self, report: pytest.TestReport, check: Check) -> None:
        """What a monitor found turns the scenario red for pytest too, where it weighs."""
        weighs = ruled_check(check, self._catalogue, self.header.known, strict=self.header.strict)
        if check.breaches and report.passed and weighs.verdict is Verdict.FAIL and not weighs.known:
            report.outcome = "failed"
            report.longrepr = "\n".join(f"{one.requirement}: {one.sentence}" for one in check.breaches)

    def _take(self, carried: str) -> None:
        values = Values(json.loads(carried), "report")
        here = dataclasses.replace(
            self.header,
            subjects=values.parts("subjects", Judged.from_json),
            broker=values.part("broker", Between.from_json),
        )
        check = values.part("check", Check.from_json)
        check = dataclasses.replace(check, reproduce=reproduction(check, here))
        if check.id in self._checks:
            return
        self._checks[check.id] = check
        if self._journal is not None:
            self._journal.add(check)
        elif here.broker.probes or not here.broker.name:  # before, no worker has met the broker of the run
            self._begin(here)

    def _begin(self, header: Header) -> Journal:
        self.header = header
        self._journal = Journal(self.folder / FILE, header)
        for check in self._checks.values():
            self._journal.add(check)
        return self._journal

    def _close(self) -> int:
        """Rules, writes the footer and the reports; the exit code."""
        journal = self._journal or self._begin(self.header)
        if others := self._failed - self._checks.keys():
            self._trouble.append(f"{len(others)} tests failed that are no scenarios, as {min(others)}")
        run = self._run()
        self.ruling = ruling = ruled(run, self._catalogue)
        assert run.footer is not None, "it was made here"
        journal.close(dataclasses.replace(run.footer, exit_code=ruling.code, counts=dict(ruling.counts)))
        if journal.problem:
            self._trouble.append(journal.problem)
            self.ruling = ruling = ruled(self._run(), self._catalogue)
        self._write_reports(ruling)
        return ruling.code if not self.problems else max(ruling.code, NOT_JUDGED)

    def _run(self) -> Run:
        seconds = round(time.monotonic() - self._began, 3)
        footer = Footer(len(self._checks), CONFORMANT, Counter(), tuple(self._trouble), seconds)
        return Run(self.header, tuple(self._checks.values()), footer)

    def _write_reports(self, ruling: Ruling) -> None:
        if self._publish is None:
            return
        try:
            self._publish(self._run(), ruling, self.folder)
        except RecordError as exc:
            self.problems.append(str(exc))


def _template(item: pytest.Item) -> ScenarioTemplate | None:
    function = getattr(item, "obj", None)
    return scenario_wrapper_template_registry.get(function) if callable(function) else None


def _end(item: pytest.Item, verdict: Verdict, reason: str) -> NoReturn:
    item.stash[DRAFT].settle(verdict, reason)
    pytest.skip(f"{verdict.value}: {reason}")


def _stopped(session: pytest.Session, exitstatus: int) -> Iterator[str]:
    why: Any = session.shouldfail or session.shouldstop
    if why:
        yield f"it was stopped: {why}"
    elif exitstatus == pytest.ExitCode.INTERRUPTED:
        yield "it was interrupted"
