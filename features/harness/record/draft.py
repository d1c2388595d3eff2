"""A check while it runs: filled by the hooks and the steps of a scenario, a line of the record at its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from features.harness.evidence.entry import Entry
from features.harness.evidence.timeline import Excerpt
from features.harness.monitors.finding import Finding
from features.harness.record.check import FAILED, NOT_REACHED, PASSED, Breach, Check, Moment, StepTaken
from features.harness.record.values import Values
from features.harness.record.verdict import Verdict

MOMENTS = 400
"""Entries of a timeline that a check keeps, the last ones."""

FACTS = 8192
"""Characters of an entry's facts that are kept."""

TEXT = 4000
"""Characters of a reason, of what was expected and of what was seen."""


class Redaction(Protocol):
    """Takes the secrets out of a JSON value."""

    def __call__(self, value: Any, /) -> Any: ...


@dataclass
class Draft:
    """``name``, ``feature``, ``requirements``, ``role`` and the steps that are ``planned`` may be set until
    the end. ``clock`` gives seconds."""

    id: str
    name: str = ""
    feature: str = ""
    requirements: tuple[str, ...] = ()
    role: str = ""
    planned: tuple[str, ...] = ()
    clock: Callable[[], float] = time.monotonic
    _steps: list[StepTaken] = field(default_factory=list)
    _running: tuple[str, float] | None = None
    _settled: tuple[Verdict, str] | None = None
    _ended: tuple[Verdict, str] | None = None
    _breaches: list[Breach] = field(default_factory=list)
    _timeline: tuple[Moment, ...] = ()
    _lost: int = 0

    def __post_init__(self) -> None:
        self._began = self.clock()

    def step(self, text: str) -> None:
        """A step begins."""
        self._running = (text, self.clock())

    def step_passed(self) -> None:
        self._end_step(PASSED)

    def step_failed(self, expected: str, seen: str) -> None:
        self._end_step(FAILED, _cut(expected), _cut(seen))

    def settle(self, verdict: Verdict, reason: str) -> None:
        """A verdict that no exception tells: non-strict, not applicable, untestable. A failure or an error
        that comes still goes before it."""
        self._settled = (verdict, reason)

    @property
    def is_settled(self) -> bool:
        return self._settled is not None

    def ended(self, verdict: Verdict, reason: str) -> None:
        """A phase failed; the first failure stays, an error behind it is added to the reason."""
        if self._ended is None:
            self._ended = (verdict, _cut(reason))
            return
        first, why = self._ended
        self._ended = (first, f"{why}\n\nand then: {_cut(reason)}")

    def found(self, findings: Iterable[Finding], start: float = 0.0) -> None:
        """What monitors found; ``start`` is the time of the first entry of the check's timeline."""
        for one in findings:
            moments = tuple(moment_of(entry, start) for entry in one.evidence)
            self._breaches.append(Breach(one.requirement, one.subject, one.sentence, moments))

    def shown(self, excerpt: Excerpt) -> None:
        """The timeline of the check."""
        start = excerpt.entries[0].at if excerpt.entries else 0.0
        kept = excerpt.entries[-MOMENTS:]
        self._lost = excerpt.lost + len(excerpt.entries) - len(kept)
        self._timeline = tuple(moment_of(entry, start) for entry in kept)

    def check(self, redact: Redaction | None = None) -> Check:
        """The check as it stands, secrets replaced in everything that was not written by its author."""
        verdict, reason = self._ended or self._settled or (Verdict.PASS, "")
        one = Check(
            id=self.id,
            name=self.name or self.id,
            feature=self.feature,
            requirements=self.requirements,
            role=self.role,
            verdict=verdict,
            reason=reason,
            steps=tuple(self._all_steps()),
            breaches=tuple(self._breaches),
            timeline=self._timeline,
            lost=self._lost,
            seconds=round(self.clock() - self._began, 3),
        )
        return _redacted(one, redact) if redact else one

    def _end_step(self, outcome: str, expected: str = "", seen: str = "") -> None:
        text, at = self._running or ("", self.clock())
        self._running = None
        began, took = round(at - self._began, 3), round(self.clock() - at, 3)
        self._steps.append(StepTaken(text, outcome, began, took, expected, seen))

    def _all_steps(self) -> Sequence[StepTaken]:
        """Those that ran, then those that were planned behind them."""
        steps = list(self._steps)
        if self._running is not None and self._ended is not None:
            text, at = self._running
            began, took = round(at - self._began, 3), round(self.clock() - at, 3)
            steps.append(StepTaken(text, FAILED, began, took, "", self._ended[1]))
        return [*steps, *(StepTaken(text, NOT_REACHED) for text in self.planned[len(steps) :])]


def moment_of(entry: Entry, start: float) -> Moment:
    """An entry of the timeline as it is recorded."""
    facts = entry.to_json(start)
    at, kind = facts.pop("at"), facts.pop("kind")
    text = json.dumps(facts, ensure_ascii=False, default=str)
    if len(text) > FACTS:
        facts = {name: value for name, value in facts.items() if name not in ("payload", "body", "data")}
        facts["cut"] = _cut(text)
    return Moment(at, kind, entry.source, entry.target, _cut(entry.what, FACTS // 16), facts)


def _redacted(check: Check, redact: Redaction) -> Check:
    """The author's own words and the id stay as they are: they stand in the feature files."""
    whole = check.to_json()
    own = ("line", "id", "name", "feature", "requirements", "role", "verdict")
    shown = redact({name: value for name, value in whole.items() if name not in own})
    for taken, step in zip(shown["steps"], check.steps, strict=True):
        taken["text"] = step.text
    return Check.from_json(Values(whole | shown, "check"))


def _cut(text: str, most: int = TEXT) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"
