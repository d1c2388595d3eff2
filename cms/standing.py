"""What was ordered of a SMIB next to what it last reported, and whether they agree (contract, section 7).

Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cms.agreement import agrees, may_be_absent
from cms.cabinet import Cabinet
from wire.components import APP, COMPONENTS, Component
from wire.redaction import redacted
from wire.timestamps import format_timestamp


@dataclass(frozen=True, slots=True)
class FieldReport:
    """The value that a device last reported of a field, and when that came; it may be a password."""

    value: Any = field(repr=False)
    at_ms: int


Reported = Mapping[str, Mapping[str, FieldReport]]
"""Per component and field."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is reported otherwise than ordered, or, with ``report`` None, was left out of a report."""

    component: str
    name: str
    ordered: Any = field(repr=False)
    report: FieldReport | None = field(repr=False)

    def __str__(self) -> str:
        return f"{self.component}.{self.name}"

    def to_document(self) -> dict[str, Any]:
        """As an answer shows it, secrets masked."""
        reported = None if self.report is None else shown_value(self.component, self.name, self.report.value)
        return {
            "component": self.component,
            "field": self.name,
            "ordered": shown_value(self.component, self.name, self.ordered),
            "reported": reported,
            "at": None if self.report is None else format_timestamp(self.report.at_ms),
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """A cabinet, what its SMIB reported, and the fields that are on their way to it: nobody judges those.

    ``pending`` holds pairs of component and field.
    """

    cabinet: Cabinet
    reported: Reported = field(default_factory=dict, repr=False)
    pending: frozenset[tuple[str, str]] = frozenset()

    def differences(self) -> tuple[Difference, ...]:
        """The fields that are not as ordered, in the order of the table of components."""
        return tuple(found for found in self._judged() if isinstance(found, Difference))

    @property
    def in_step(self) -> bool | None:
        """Whether every ordered field is reported as ordered; None where that is not known (INT-61)."""
        found = list(self._judged())
        if any(isinstance(one, Difference) for one in found):
            return False
        return None if not found or None in found else True

    def out_of_step(self) -> tuple[str, ...]:
        """The components to order again: those whose field differs, or is unknown, and not on its way."""
        fields = ((part, key) for part, key, found in self._fields() if found is not True)
        return tuple(dict.fromkeys(part for part, key in fields if (part, key) not in self.pending))

    def settable(self) -> dict[str, dict[str, Any]]:
        """What was ordered and can be ordered again, secrets included: never for an answer."""
        return settable(self.cabinet.smib_config)

    def reported_document(self) -> dict[str, Any]:
        """``reported`` as an answer shows it: value and time for each field, secrets masked."""
        return {
            name: {
                key: {"value": shown_value(name, key, report.value), "at": format_timestamp(report.at_ms)}
                for key, report in fields.items()
            }
            for name, fields in self.reported.items()
        }

    def _judged(self) -> Iterator[Difference | bool | None]:
        return (found for _, _, found in self._fields())

    def _fields(self) -> Iterator[tuple[str, str, Difference | bool | None]]:
        """Each ordered field: component, name, and True, its difference, or None where it is not known."""
        for component, values in self.settable().items():
            for key, value in values.items():
                yield component, key, self._judge(component, key, value)

    def _judge(self, component: str, key: str, ordered: Any) -> Difference | bool | None:
        fields = self.reported.get(component)
        if not fields:
            return None
        report = fields.get(key)
        agreed = (
            may_be_absent(key, ordered)
            if report is None
            else agrees(key, ordered, report.value, self.cabinet.relay_id)
        )
        if agreed:
            return True
        return None if (component, key) in self.pending else Difference(component, key, ordered, report)


def settable(config: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The part of ``config`` that a device can be ordered to have: no read-only field, no empty component."""
    parts = {name: _settable(COMPONENTS[name], values) for name, values in config.items() if name in SETTABLE}
    return {name: parts[name] for name in SETTABLE if parts.get(name)}


SETTABLE = tuple(name for name in COMPONENTS if name != APP.name)


def _settable(component: Component, values: Mapping[str, Any]) -> dict[str, Any]:
    known = {row.name for row in component if not row.read_only}
    return {name: value for name, value in values.items() if name in known}


def shown_value(component: str, name: str, value: Any) -> Any:
    """The value of a field as an answer shows it."""
    part = COMPONENTS.get(component)
    return redacted({name: value})[name] if part is None else redacted(part.masked({name: value}))[name]
