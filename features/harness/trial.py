"""A pytest plugin that runs the scenarios of given requirements and notes what each says of its subject."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field

import pytest

from features.harness.recording import draft_of
from features.harness.score import ERROR, FAILED, PASSED, SKIPPED


@dataclass
class Trial:
    """``requirements`` None runs everything. ``once`` stops at the first scenario that accuses the subject;
    ``sample`` runs one scenario of each requirement; ``share`` the part ``(number, of)`` of the scenarios.
    ``applies`` tells whether the subject claims what a scenario needs. ``verdicts`` maps a scenario to what
    it says, and ``proves`` to the requirements that it names."""

    requirements: Collection[str] | None
    once: bool = False
    sample: bool = False
    share: tuple[int, int] = (0, 1)
    applies: Callable[[pytest.Item], bool] = lambda _: True
    verdicts: dict[str, str] = field(default_factory=dict)
    proves: dict[str, list[str]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    convicted: bool = False

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        kept: list[pytest.Item] = []
        gone: list[pytest.Item] = []
        seen: set[str] = set()
        for item in items:
            named = {mark.args[0] for mark in item.iter_markers("requirement")}
            wanted = named if self.requirements is None else named & set(self.requirements)
            if (wanted - seen if self.sample else wanted) and self.applies(item):
                kept.append(item)
                seen |= wanted
                self.proves[item.nodeid] = sorted(named)
            else:
                gone.append(item)
        part, parts = self.share
        gone += [item for at, item in enumerate(kept) if at % parts != part]
        items[:] = kept[part::parts]
        config.hook.pytest_deselected(items=gone)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> bool | None:
        """What remains is passed over once the subject is convicted."""
        return True if self.once and self.convicted else None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.when == "call" or not report.passed:
            self._note(item, report, call)
        return report

    def _note(self, item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        verdict = PASSED if report.passed else SKIPPED if report.skipped else _accusation(report, call)
        verdict = FAILED if self._is_caught(item) else verdict
        if self.verdicts.get(item.nodeid) != FAILED:
            self.verdicts[item.nodeid] = verdict
        if call.excinfo is not None:
            self.why[item.nodeid] = f"{call.excinfo.typename}: {str(call.excinfo.value)[:300]}"
        if verdict == FAILED:
            self.convicted = True

    def _is_caught(self, item: pytest.Item) -> bool:
        """Whether a monitor found what was looked for."""
        draft = draft_of(item)
        found = {one.requirement for one in draft.check().breaches} if draft else set()
        return bool(found if self.requirements is None else found & set(self.requirements))


def _accusation(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    """A failed assertion accuses the subject; any other exception the harness."""
    accuses = call.excinfo is not None and isinstance(call.excinfo.value, AssertionError)
    return FAILED if accuses and report.when == "call" else ERROR
