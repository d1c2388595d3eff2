"""Known failures of a subject, listed with reason and date: they do not fail its run until they are gone.

known_failures:
  - {requirement: ROUTE-3, reason: "their ticket 812, promised for 2.4", date: 2026-11-02}
  - {requirement: CFG-4, scenario: "An update of one field leaves the others", reason: …, date: …}
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from features.harness.errors import RecordError
from features.harness.record.values import Values

FIELDS = ("requirement", "scenario", "reason", "date")


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """``requirement`` is an id of the catalogue, ``scenario`` the id or the name of a check; one of them may
    be empty, which means any."""

    requirement: str
    scenario: str
    reason: str
    date: str

    def covers(self, requirement: str, check: str, name: str) -> bool:
        """Whether it speaks of that requirement in the check with that id and name."""
        return self.requirement in ("", requirement) and self.scenario in ("", check, name)

    def __str__(self) -> str:
        of = " in ".join(filter(None, (self.requirement, self.scenario and f"{self.scenario!r}")))
        return f"{of}: {self.reason} ({self.date})"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Values) -> KnownFailure:
        return cls(
            values.text("requirement", ""),
            values.text("scenario", ""),
            values.text("reason"),
            values.text("date"),
        )


def read_known(path: Path) -> tuple[KnownFailure, ...]:
    """The list in ``path``; RecordError, naming every entry that can't be, where it is not one."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as exc:
        raise RecordError(f"{path}: no list of known failures can be read: {exc}") from exc
    entries = content.get("known_failures") if isinstance(content, dict) else None
    if not isinstance(entries, list) or set(content) != {"known_failures"}:
        raise RecordError(f"{path}: one list under known_failures was wanted")
    problems = [problem for at, entry in enumerate(entries, 1) for problem in _problems(at, entry)]
    if problems:
        raise RecordError("\n".join(f"{path}: {problem}" for problem in problems))
    return tuple(KnownFailure(*(str(entry.get(name, "")).strip() for name in FIELDS)) for entry in entries)


def _problems(at: int, entry: object) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"entry {at}: {', '.join(FIELDS)} were wanted, not {entry!r}"
        return
    for name in entry:
        if name not in FIELDS:
            yield f"entry {at}: {name!r} is unknown; {', '.join(FIELDS)} are known"
    if not (entry.get("requirement") or entry.get("scenario")):
        yield f"entry {at}: a requirement or a scenario was wanted"
    for name in ("requirement", "scenario", "reason"):
        if name in entry and not isinstance(entry[name], str):
            yield f"entry {at}: {name}: text was wanted, not {entry[name]!r}"
    if not str(entry.get("reason") or "").strip():
        yield f"entry {at}: a reason was wanted"
    if not _is_date(entry.get("date")):
        yield f"entry {at}: date: a day such as 2026-11-02 was wanted, not {entry.get('date')!r}"


def _is_date(value: object) -> bool:
    if isinstance(value, datetime.date):
        return not isinstance(value, datetime.datetime)
    try:
        datetime.date.fromisoformat(str(value))
    except ValueError:
        return False
    return True
