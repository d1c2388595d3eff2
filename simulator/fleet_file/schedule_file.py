"""The `schedule` of a fleet file: what happens on the floor by time, and to whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from simulator import durations
from simulator.faults import fault_problems
from simulator.fleet.schedule import Occasion, Power
from simulator.fleet.who import Who
from simulator.fleet_file.yaml_document import Document, Entry, described, is_text, plain
from wire.errors import RelayIdError
from wire.relay import canonical_relay_id

OCCASION_KEYS = ("at", "for", "every", "group", "location", "relays", "power", "fault")
SHORTEST_EVERY_MS = 100
POWERS = tuple(power.value for power in Power)


@dataclass(frozen=True, slots=True)
class Floor:
    """The names that a schedule can use."""

    groups: Collection[str]
    locations: Collection[str]


def read_schedule(document: Document, entry: Entry | None, floor: Floor) -> tuple[Occasion, ...]:
    """What the list under `entry` says; what is wrong is noted."""
    items = [] if entry is None else document.items(entry.value, "schedule")
    read = (_occasion(document, node, f"schedule[{i}]", floor) for i, node in enumerate(items))
    return tuple(occasion for occasion in read if occasion is not None)


def read_duration(document: Document, entry: Entry | None, field: str) -> int | None:
    """Milliseconds; taken as it is written, for YAML reads 00:30 as a number to base 60."""
    if entry is None:
        return None
    node = entry.value
    length = durations.milliseconds(node.value) if is_text(node) else None
    if length is None:
        document.note(node, field, f"{durations.WANTED} was wanted, not {described(node)}")
    return length


def read_fault(document: Document, node: yaml.Node, field: str) -> Mapping[str, Any]:
    """A fault as `simulator.faults` spells it; every wrong field is noted at its place."""
    entries = document.mapping(node, field)
    spec = {name: plain(entry.value) for name, entry in entries.items()}
    if isinstance(node, yaml.MappingNode):
        for problem in fault_problems(spec):
            place = entries[problem.field].value if problem.field in entries else node
            document.note(place, f"{field}.{problem.field}", problem.wanted)
    return spec


def _occasion(document: Document, node: yaml.Node, field: str, floor: Floor) -> Occasion | None:
    entries = document.mapping(node, field, OCCASION_KEYS)
    if not isinstance(node, yaml.MappingNode):
        return None
    at_ms, for_ms, every_ms = (
        read_duration(document, entries.get(name), f"{field}.{name}") for name in ("at", "for", "every")
    )
    if "at" not in entries:
        document.note(node, f"{field}.at", f"{durations.WANTED} was wanted, not nothing")
    if every_ms is not None and every_ms < SHORTEST_EVERY_MS:
        document.note(entries["every"].value, f"{field}.every", f"{SHORTEST_EVERY_MS}ms or more was wanted")
    who = _who(document, entries, field, floor)
    what = _what(document, node, entries, field)
    if at_ms is None or what is None:
        return None
    return Occasion(at_ms, who, what, for_ms, every_ms)


def _what(
    document: Document, node: yaml.Node, entries: Mapping[str, Entry], field: str
) -> Mapping[str, Any] | Power | None:
    power, fault = entries.get("power"), entries.get("fault")
    if (power is None) == (fault is None):
        number = "neither" if power is None else "both"
        document.note(node, f"{field}.power", f"power or fault was wanted, not {number}")
        return None
    if fault is not None:
        return read_fault(document, fault.value, f"{field}.fault")
    assert power is not None
    if is_text(power.value) and power.value.value in POWERS:  # YAML reads off as false
        return Power(power.value.value)
    wanted = f"{' or '.join(POWERS)} was wanted, not {described(power.value)}"
    document.note(power.value, f"{field}.power", wanted)
    return None


def _who(document: Document, entries: Mapping[str, Entry], field: str, floor: Floor) -> Who:
    """Whom it is for; the whole floor where it says nothing of that."""
    return Who(
        relay_ids=_relay_ids(document, entries.get("relays"), f"{field}.relays"),
        group=_known(document, entries.get("group"), f"{field}.group", floor.groups),
        location=_known(document, entries.get("location"), f"{field}.location", floor.locations),
    )


def _known(document: Document, entry: Entry | None, field: str, known: Collection[str]) -> str | None:
    if entry is None:
        return None
    if is_text(entry.value) and entry.value.value in known:
        return str(entry.value.value)
    names = ", ".join(sorted(known)) or "none is given"
    wanted = f"one of this file was wanted ({names}), not {described(entry.value)}"
    document.note(entry.value, field, wanted)
    return None


def _relay_ids(document: Document, entry: Entry | None, field: str) -> frozenset[str] | None:
    if entry is None:
        return None
    found: set[str] = set()
    for index, node in enumerate(document.items(entry.value, field)):
        try:
            found.add(canonical_relay_id(node.value if is_text(node) else None))
        except RelayIdError as exc:
            document.note(node, f"{field}[{index}]", str(exc).removeprefix("relayId: "))
    return frozenset(found)
