"""The `schedule` of a fleet file: what happens on the floor by time, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from simulator import durations
from simulator.faults import fault_problems
from simulator.fleet.act import DEEDS, Act
from simulator.fleet.schedule import Occasion, Power
from simulator.fleet.who import Who
from simulator.fleet_file.yaml_document import Document, Entry, described, is_text, plain
from wire.errors import RelayIdError
from wire.relay import canonical_relay_id

HAPPENINGS = ("power", "fault", *DEEDS)
"""What can happen: one of these in each entry."""
TIMES = ("at", "for", "every")
OCCASION_KEYS = (*TIMES, "group", "location", "relays", *HAPPENINGS)
SCRIPT_KEYS = (*TIMES, *HAPPENINGS)
SHORTEST_EVERY_MS = 100
POWERS = tuple(power.value for power in Power)


@dataclass(frozen=True, slots=True)
class Floor:
    """The names that a schedule can use."""

    groups: Collection[str]
    locations: Collection[str]


def read_schedule(document: Document, entry: Entry | None, floor: Floor) -> tuple[Occasion, ...]:
    """What the list under `entry` says; what is wrong is noted."""

    def occasion(node: yaml.Node, field: str) -> Occasion | None:
        entries = document.mapping(node, field, OCCASION_KEYS)
        return _occasion(document, node, entries, field, lambda: _who(document, entries, field, floor))

    return _read(document, entry, "schedule", occasion)


def read_script(document: Document, entry: Entry | None, field: str, group: str) -> tuple[Occasion, ...]:
    """What the script of a group says: a schedule for its devices alone."""

    def occasion(node: yaml.Node, field: str) -> Occasion | None:
        entries = document.mapping(node, field, SCRIPT_KEYS)
        return _occasion(document, node, entries, field, lambda: Who(group=group))

    return _read(document, entry, field, occasion)


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


def _read(
    document: Document,
    entry: Entry | None,
    field: str,
    occasion: Callable[[yaml.Node, str], Occasion | None],
) -> tuple[Occasion, ...]:
    items = [] if entry is None else document.items(entry.value, field)
    read = (occasion(node, f"{field}[{i}]") for i, node in enumerate(items))
    return tuple(one for one in read if one is not None)


def _occasion(
    document: Document, node: yaml.Node, entries: Mapping[str, Entry], field: str, who: Callable[[], Who]
) -> Occasion | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    at_ms, for_ms, every_ms = (read_duration(document, entries.get(n), f"{field}.{n}") for n in TIMES)
    if "at" not in entries:
        document.note(node, f"{field}.at", f"{durations.WANTED} was wanted, not nothing")
    if every_ms is not None and every_ms < SHORTEST_EVERY_MS:
        document.note(entries["every"].value, f"{field}.every", f"{SHORTEST_EVERY_MS}ms or more was wanted")
    whom = who()
    what = _what(document, node, entries, field)
    if isinstance(what, Act) and for_ms is not None and not what.can_be_undone:
        document.note(entries["for"].value, f"{field}.for", f"nothing was wanted: {what.deed} has no end")
    if at_ms is None or what is None:
        return None
    return Occasion(at_ms, whom, what, for_ms, every_ms)


def _what(
    document: Document, node: yaml.Node, entries: Mapping[str, Entry], field: str
) -> Mapping[str, Any] | Power | Act | None:
    given = [name for name in HAPPENINGS if name in entries]
    if len(given) != 1:
        seen = " and ".join(given) or "none"
        document.note(node, f"{field}.power", f"one of {', '.join(HAPPENINGS)} was wanted, not {seen}")
        return None
    value, place = entries[given[0]].value, f"{field}.{given[0]}"
    if given == ["fault"]:
        return read_fault(document, value, place)
    if given == ["power"]:
        return _power(document, value, place)
    return _act(document, value, place, given[0])


def _power(document: Document, node: yaml.Node, field: str) -> Power | None:
    if is_text(node) and node.value in POWERS:  # YAML reads off as false
        return Power(node.value)
    document.note(node, field, f"{' or '.join(POWERS)} was wanted, not {described(node)}")
    return None


def _act(document: Document, node: yaml.Node, field: str, name: str) -> Act | None:
    value, deed = plain(node), DEEDS[name]
    if deed.accepts(value):
        return Act(name, value)
    document.note(node, field, f"{deed.wanted} was wanted, not {described(node)}")
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
