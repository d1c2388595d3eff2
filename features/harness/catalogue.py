"""The requirement catalogue, ``features/requirements.yaml``: what the scenarios prove."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from features.harness.errors import CatalogueError

FILE = Path(__file__).resolve().parents[1] / "requirements.yaml"
LEVELS = ("must", "should", "may")
ROLES = ("cms", "smib", "system")
DOCUMENTS = ("contract", "specification")

_ID = re.compile(r"[A-Z]+-[0-9]+")
_TAG = re.compile(r"req-(.+)")
_CAPABILITY = re.compile(r"cap-([a-z][a-z-]*)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative statement in the project's own words. ``readings`` and ``chosen`` stand in
    interpretations (INT-nn) alone."""

    id: str
    level: str
    role: str
    document: str
    section: str
    sentence: str
    readings: tuple[str, ...] = ()
    chosen: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """``not_observable`` and ``gaps`` give the reason why a requirement has no scenario."""

    requirements: tuple[Requirement, ...]
    not_observable: Mapping[str, str]
    gaps: Mapping[str, str]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.requirements)

    def problems(self, proven: Iterable[str]) -> list[str]:
        """What contradicts: ``proven`` are the ids that scenarios name."""
        return [*self._own_problems(), *self._unbalanced(set(proven))]

    def _own_problems(self) -> Iterator[str]:
        for name, count in Counter(self.ids).items():
            if count > 1:
                yield f"{name} stands {count} times in the catalogue"
        for one in self.requirements:
            yield from (f"{one.id}: {problem}" for problem in _problems_of(one))

    def _unbalanced(self, proven: set[str]) -> Iterator[str]:
        excused = {**self.not_observable, **self.gaps}
        for name in sorted(proven - set(self.ids)):
            yield f"{name} is named by a scenario and stands in no catalogue"
        for name in sorted(set(excused) - set(self.ids)):
            yield f"{name} is excused and stands in no catalogue"
        for name in sorted(set(self.ids) - proven - set(excused)):
            yield f"{name} has no scenario, and stands neither under not_observable nor in gaps"
        for name in sorted(proven & set(excused)):
            yield f"{name} has a scenario: take it out of not_observable or gaps"
        for name, reason in excused.items():
            if not reason.strip():
                yield f"{name} is excused without a reason"


def requirement_of(tag: str) -> str | None:
    """The requirement id in a tag ``req-ROUTE-3``; None for any other tag."""
    match = _TAG.fullmatch(tag)
    return match[1] if match else None


def capability_of(tag: str) -> str | None:
    """The capability in a tag ``cap-sas``: what a subject must claim, beside ``core``, for the scenario to
    apply to it. None for any other tag."""
    match = _CAPABILITY.fullmatch(tag)
    return match[1] if match else None


@functools.cache
def read_catalogue(path: Path = FILE) -> Catalogue:
    """CatalogueError where the file has not the shape of a catalogue."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        found = [_requirement(entry) for entry in content["requirements"]]
        found += [_interpretation(entry) for entry in content["interpretations"]]
        return Catalogue(tuple(found), content["not_observable"] or {}, content["gaps"] or {})
    except (KeyError, TypeError) as exc:
        raise CatalogueError([f"{path.name}: {exc!r}"]) from exc


def _requirement(entry: Mapping[str, Any]) -> Requirement:
    document, _, section = str(entry["source"]).partition(" ")
    return Requirement(entry["id"], entry["level"], entry["role"], document, section, entry["sentence"])


def _interpretation(entry: Mapping[str, Any]) -> Requirement:
    one = _requirement({**entry, "sentence": entry["chosen"]})
    return Requirement(
        one.id, one.level, one.role, one.document, one.section, one.sentence,
        tuple(entry["readings"]), entry["chosen"], entry["reason"],
    )  # fmt: skip


def _problems_of(one: Requirement) -> Iterator[str]:
    if not _ID.fullmatch(one.id):
        yield "an id such as ROUTE-3 was wanted"
    for name, value, allowed in (
        ("level", one.level, LEVELS),
        ("role", one.role, ROLES),
        ("source", one.document, DOCUMENTS),
    ):
        if value not in allowed:
            yield f"{name}: one of {', '.join(allowed)} was wanted, not {value!r}"
    if not one.section or not one.sentence.strip():
        yield "a section and a sentence were wanted"
    if one.id.startswith("INT-") and not (
        len(one.readings) > 1 and one.chosen in one.readings and one.reason
    ):
        yield "two readings or more, the chosen one among them and a reason were wanted"
