"""What YAML says of boards, in a fleet file and in a profile alike: values, firmware, faults, play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from simulator.device.play import Play, play_from, play_problems
from simulator.fleet_file.schedule_file import read_fault
from simulator.fleet_file.yaml_document import Document, Entry, is_text, plain, scalar
from wire.components import APP, COMPONENTS, Component
from wire.fields import Field, Value

SETTABLE = tuple(name for name in COMPONENTS if name != APP.name)
LONGEST_WORD = 64


def read_config(document: Document, entry: Entry | None, field: str) -> dict[str, dict[str, Value]]:
    """The values of components, each judged by the contract's own table."""
    entries = {} if entry is None else document.mapping(entry.value, field, SETTABLE)
    return {
        name: _component(document, part.value, f"{field}.{name}", COMPONENTS[name])
        for name, part in entries.items()
    }


def read_firmware(document: Document, entry: Entry | None, field: str) -> dict[str, Value]:
    """What the boards answer as `app`: name and version of their firmware, taken as they are written."""
    names = [row.name for row in APP]
    entries = {} if entry is None else document.mapping(entry.value, field, names)
    read = {n: document.text(e.value, f"{field}.{n}", longest=LONGEST_WORD) for n, e in entries.items()}
    return {name: value for name, value in read.items() if value is not None}


def read_faults(document: Document, entry: Entry | None, field: str) -> tuple[Mapping[str, Any], ...]:
    """A list of faults."""
    items = [] if entry is None else document.items(entry.value, field)
    return tuple(read_fault(document, node, f"{field}[{i}]") for i, node in enumerate(items))


def read_play(document: Document, entry: Entry | None, field: str) -> Play | None:
    """How machines are played; None where it is not said."""
    if entry is None:
        return None
    entries = document.mapping(entry.value, field)
    spec = {name: plain(value.value) for name, value in entries.items()}
    problems = play_problems(spec)
    for problem in problems:
        document.note(entries[problem.field].value, f"{field}.{problem.field}", problem.wanted)
    return None if problems else play_from(spec)


def read_value(document: Document, node: yaml.Node, field: str, row: Field) -> Value | None:
    """The value of one field of the contract's section 3."""
    value = str(node.value) if row.type is str and is_text(node) else scalar(node)
    if problem := row.problem(value):
        document.note(node, field, problem)
        return None
    return value if isinstance(value, int | str) else None


def _component(document: Document, node: yaml.Node, field: str, component: Component) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, entry in document.mapping(node, field, [row.name for row in component]).items():
        row = component.field(name)
        value = None if row is None else read_value(document, entry.value, f"{field}.{name}", row)
        if value is not None:
            found[name] = value
    return found
