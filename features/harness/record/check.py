"""One line of a record: a check, what was said of it and what shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from features.harness.errors import RecordError
from features.harness.record.values import Values
from features.harness.record.verdict import Verdict

PASSED, FAILED, NOT_REACHED = "passed", "failed", "not reached"


@dataclass(frozen=True, slots=True)
class StepTaken:
    """``outcome`` is ``passed``, ``failed`` or ``not reached``; ``at`` and ``seconds`` since the check began;
    ``expected`` and ``seen`` are text, of a step that failed."""

    text: str
    outcome: str
    at: float = 0.0
    seconds: float = 0.0
    expected: str = ""
    seen: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", 0.0)}

    @classmethod
    def from_json(cls, values: Values) -> StepTaken:
        return cls(
            values.text("text", ""),
            values.text("outcome"),
            values.number("at", 0.0),
            values.number("seconds", 0.0),
            values.text("expected", ""),
            values.text("seen", ""),
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry of the timeline, ``at`` seconds after the first. ``what`` says it in one line, ``facts`` has
    all of it; ``target`` is empty where nobody else took part."""

    at: float
    kind: str
    source: str
    target: str
    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        found = {"at": self.at, "kind": self.kind, "from": self.source, "to": self.target, "what": self.what}
        return found | ({"facts": dict(self.facts)} if self.facts else {})

    @classmethod
    def from_json(cls, values: Values) -> Moment:
        return cls(
            values.number("at", 0.0),
            values.text("kind", ""),
            values.text("from", ""),
            values.text("to", ""),
            values.text("what", ""),
            values.mapping("facts"),
        )


@dataclass(frozen=True, slots=True)
class Breach:
    """What a monitor found: ``subject`` broke ``requirement``, the moments show it."""

    requirement: str
    subject: str
    sentence: str
    moments: tuple[Moment, ...] = ()

    def to_json(self) -> dict[str, Any]:
        moments = [moment.to_json() for moment in self.moments]
        return asdict(self) | {"moments": moments}

    @classmethod
    def from_json(cls, values: Values) -> Breach:
        return cls(
            values.text("requirement"),
            values.text("subject", ""),
            values.text("sentence", ""),
            values.parts("moments", Moment.from_json),
        )


@dataclass(frozen=True, slots=True)
class Check:
    """``id`` is what pytest calls it, ``requirements`` what it was to prove, ``verdict`` what its steps say
    of them, before levels and monitors; ``reason`` why it is no pass. ``lost`` entries of the timeline were
    not kept. ``reproduce`` are lines for a shell."""

    id: str
    name: str
    feature: str
    requirements: tuple[str, ...]
    role: str
    verdict: Verdict
    reason: str = ""
    steps: tuple[StepTaken, ...] = ()
    breaches: tuple[Breach, ...] = ()
    timeline: tuple[Moment, ...] = ()
    lost: int = 0
    seconds: float = 0.0
    reproduce: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Its name, and of an outline the example too."""
        _, bracket, example = self.id.partition("[")
        return f"{self.name} [{example}" if bracket and example.endswith("]") else self.name

    def to_json(self) -> dict[str, Any]:
        return {
            "line": "check",
            "id": self.id,
            "name": self.name,
            "feature": self.feature,
            "requirements": list(self.requirements),
            "role": self.role,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "steps": [step.to_json() for step in self.steps],
            "breaches": [breach.to_json() for breach in self.breaches],
            "timeline": [moment.to_json() for moment in self.timeline],
            "lost": self.lost,
            "seconds": self.seconds,
            "reproduce": list(self.reproduce),
        }

    @classmethod
    def from_json(cls, values: Values) -> Check:
        return cls(
            values.text("id"),
            values.text("name"),
            values.text("feature", ""),
            values.texts("requirements"),
            values.text("role", ""),
            _verdict(values),
            values.text("reason", ""),
            values.parts("steps", StepTaken.from_json),
            values.parts("breaches", Breach.from_json),
            values.parts("timeline", Moment.from_json),
            values.whole("lost", 0),
            values.number("seconds", 0.0),
            values.texts("reproduce"),
        )


def _verdict(values: Values) -> Verdict:
    name = values.text("verdict")
    try:
        return Verdict(name)
    except ValueError as exc:
        wanted = ", ".join(verdict.value for verdict in Verdict)
        raise RecordError(f"check.verdict: one of {wanted} was wanted, not {name!r}") from exc
