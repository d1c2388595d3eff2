"""A partial configuration with a name, and with places that each cabinet fills with what it is (section 7).

``{relayId}``, ``{cabinetId}`` and so on in a text stand for the cabinet's own; a brace of any other kind is
itself. Nothing here does I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cms.agreement import agrees, is_secret
from cms.cabinet import TEXTS, Cabinet, Config, masked_config
from cms.sheet import Kind, Sheet
from cms.standing import Standing, shown_value
from wire.address import MASK
from wire.components import COMPONENTS
from wire.errors import Problem
from wire.timestamps import format_timestamp, parse_timestamp

KEPT = 50
"""How many versions of a template are kept."""

PLACES: Mapping[str, str] = {"cabinetId": "id", "relayId": "relay_id", **TEXTS}
"""What may stand in braces, and the cabinet's attribute that fills it."""

SAMPLE = Cabinet("cab-1", "e831cdfa8384", "Main", "Main", "Main", "Main", "Main")
"""What a template is tried on before it is stored."""

_PLACE = re.compile(r"\{([A-Za-z]{1,32})\}")


@dataclass(frozen=True, slots=True)
class Version:
    """``config`` has its places open, and its passwords: it is in no ``repr``."""

    number: int
    at_ms: int
    user: str
    config: Config = field(repr=False)
    note: str = ""

    def to_document(self) -> dict[str, Any]:
        """As an answer shows it, secrets masked."""
        return {
            "version": self.number,
            "at": format_timestamp(self.at_ms),
            "user": self.user,
            "note": self.note,
            "smibConfig": masked_config(self.config),
        }

    def filled(self, cabinet: Cabinet) -> dict[str, dict[str, Any]]:
        """The configuration that it means for ``cabinet``."""
        return {
            name: {key: _filled(value, cabinet) for key, value in values.items()}
            for name, values in self.config.items()
        }


@dataclass(frozen=True, slots=True)
class Template:
    """``versions`` are the last ones, oldest first; there is always one. ``at_ms`` is when it was new."""

    name: str
    at_ms: int
    versions: tuple[Version, ...]

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)

    def with_version(self, version: Version) -> Template:
        return replace(self, versions=(*self.versions, version)[-KEPT:])

    def to_document(self) -> dict[str, Any]:
        return {"name": self.name, **self.latest.to_document()}

    def sheet(self) -> Sheet:
        versions = [
            {
                "version": one.number,
                "at": format_timestamp(one.at_ms),
                "user": one.user,
                "note": one.note,
                "config": {name: dict(values) for name, values in one.config.items()},
            }
            for one in self.versions
        ]
        return Sheet(Kind.TEMPLATE, self.name, self.latest.number, self.at_ms, {"versions": versions})


def template_from(sheet: Sheet) -> Template:
    versions = (
        Version(one["version"], parse_timestamp(one["at"]), one["user"], one["config"], one["note"])
        for one in sheet.document["versions"]
    )
    return Template(sheet.id, sheet.at_ms, tuple(versions))


@dataclass(frozen=True, slots=True)
class Stray:
    """A cabinet next to a template: what is otherwise. ``in_step`` is None where the SMIB did not say."""

    cabinet: Cabinet
    in_step: bool | None
    differences: tuple[Mapping[str, Any], ...]

    def to_document(self) -> dict[str, Any]:
        head = {"cabinetId": self.cabinet.id, "relayId": self.cabinet.relay_id}
        return {**head, "inStep": self.in_step, "differences": list(self.differences)}


def compared(version: Version, standing: Standing) -> Stray:
    """How a cabinet stands to a template: what was ordered of it, and what it reports, field by field."""
    cabinet = standing.cabinet
    wanted = version.filled(cabinet)
    meant = Standing(replace(cabinet, smib_config=wanted), standing.reported, standing.pending)
    reported = {(one.component, one.name): one for one in meant.differences()}
    found = []
    for part, name, value in _each(wanted):
        ordered = cabinet.smib_config.get(part, {}).get(name)
        report = standing.reported.get(part, {}).get(name)
        if (part, name) in reported or not agrees(name, value, ordered, cabinet.relay_id):
            found.append(
                {
                    "component": part,
                    "field": name,
                    "template": shown_value(part, name, value),
                    "ordered": None if ordered is None else shown_value(part, name, ordered),
                    "reported": None if report is None else shown_value(part, name, report.value),
                }
            )
    return Stray(cabinet, False if found else meant.in_step, tuple(found))


def template_problems(config: Config) -> list[Problem]:
    """What keeps ``config`` from being a template: values that no device takes, places that do not exist."""
    found = []
    for part, name, value in _each(config):
        unknown = [] if is_secret(name) or not isinstance(value, str) else _unknown_places(value)
        if unknown:
            wanted = f"{', '.join(f'{{{one}}}' for one in PLACES)} can stand in it, not {{{unknown[0]}}}"
            found.append(Problem(f"smibConfig.{part}.{name}", wanted))
            continue
        problems = COMPONENTS[part].problems({name: _filled(value, SAMPLE)})
        found += [Problem(f"smibConfig.{one.field}", one.wanted) for one in problems]
    return found


def with_stored_secrets(config: Config, stored: Config) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """``config`` with the stored secret for each ``***``, and those for which there is none."""
    problems = []
    result = {name: dict(values) for name, values in config.items()}
    for part, name, value in _each(config):
        if value != MASK or not is_secret(name):
            continue
        known = stored.get(part, {}).get(name)
        if known is None:
            wanted = f"a password was wanted: {MASK} stands for the stored one, and there is none"
            problems.append(Problem(f"smibConfig.{part}.{name}", wanted))
        else:
            result[part][name] = known
    return result, problems


def _each(config: Config) -> Iterator[tuple[str, str, Any]]:
    return ((part, name, value) for part, values in config.items() for name, value in values.items())


def _unknown_places(text: str) -> list[str]:
    return [name for name in _PLACE.findall(text) if name not in PLACES]


def _filled(value: Any, cabinet: Cabinet) -> Any:
    if not isinstance(value, str):
        return value
    return _PLACE.sub(
        lambda found: str(getattr(cabinet, PLACES[found[1]])) if found[1] in PLACES else found[0], value
    )
