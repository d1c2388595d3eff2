"""The fleet file as JSON Schema, for editors: made of the tables that the reader judges by.

It says what a mapping may hold and of which kind each value is. What a schema can't say (names that must
exist, ids that must differ) `smib-lab fleet check` does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from simulator import durations
from simulator.device.play import HABITS, Play
from simulator.faults.spec import KINDS, SHARE, Kind
from simulator.fleet.act import DEEDS
from simulator.fleet.plan import MAX_DEVICES
from simulator.fleet.schedule import Power
from simulator.fleet_file.board_file import SETTABLE
from simulator.fleet_file.fleet_file import FLEET_KEYS, GROUP_KEYS, MAX_SEED, NETWORK_KEYS
from simulator.fleet_file.schedule_file import HAPPENINGS, OCCASION_KEYS, SCRIPT_KEYS
from wire.components import APP, COMPONENTS, NET, Component
from wire.fields import Field

Schema = dict[str, Any]

WORD: Schema = {"type": ["string", "number", "boolean"]}
"""Text as YAML spells it without quotes: `version: 1.10` is read as it is written."""
RELAYS: Schema = {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1}
TIME: Schema = {
    "description": durations.WANTED,
    "anyOf": [{"type": "string", "pattern": f"^({durations.PATTERN})$"}, {"type": "integer"}],
}
"""YAML reads 01:30 as a number to base 60."""

FAULT: Schema = {"$ref": "#/$defs/fault"}


def schema() -> Schema:
    """The whole schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A fleet of virtual SMIBs",
        **_mapping(_fleet(), required=("groups",)),
        "$defs": {"fault": _fault()},
    }


def schema_text() -> str:
    """The file for editors."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _fleet() -> Schema:
    rows: Schema = {
        "seed": {
            "type": "integer",
            "minimum": 0,
            "maximum": MAX_SEED,
            "description": "another seed is another floor",
        },
        "arrival": {**TIME, "description": "how long until the last device is switched on"},
        "networks": _list(_mapping(_network(), required=("ssid",)), "the WiFi networks that exist"),
        "groups": {**_list(_group(), "devices that have much in common"), "minItems": 1},
        "schedule": _list(_happening(OCCASION_KEYS), "what happens by time, from the start of the fleet on"),
    }
    return {name: rows[name] for name in FLEET_KEYS}


def _network() -> Schema:
    return {name: _field(row) for name, wire in NETWORK_KEYS.items() if (row := NET.field(wire)) is not None}


def _group() -> Schema:
    rows: Schema = {
        "name": {**WORD, "description": "its cabinets are called name-1, name-2, …"},
        "count": {"type": "integer", "minimum": 1, "maximum": MAX_DEVICES},
        "relays": {**RELAYS, "description": "relay ids, in the place of a count"},
        "location": WORD,
        "profile": {**WORD, "description": "a firmware profile: its name, or the path of a .yaml file"},
        "firmware": _mapping({row.name: WORD for row in APP}),
        "config": _mapping({name: _component(COMPONENTS[name]) for name in SETTABLE}),
        "faults": _list(FAULT, "what is the matter with them from the start"),
        "play": _mapping(_play()),
        "script": _list(
            _happening(SCRIPT_KEYS), "what is done at its machines, from the start of the fleet on"
        ),
    }
    schema = _mapping({name: rows[name] for name in GROUP_KEYS}, required=("name",))
    return {**schema, "oneOf": [{"required": ["count"]}, {"required": ["relays"]}]}


def _happening(keys: tuple[str, ...]) -> Schema:
    """An entry of a schedule or a script: when, to whom, and one thing that happens."""
    rows: Schema = {
        "at": TIME,
        "for": TIME,
        "every": TIME,
        "group": WORD,
        "location": WORD,
        "relays": RELAYS,
        "power": {"enum": [*(power.value for power in Power), False, True]},
        "fault": FAULT,
        **{name: {"description": deed.wanted, **deed.schema} for name, deed in DEEDS.items()},
    }
    schema = _mapping({name: rows[name] for name in keys}, required=("at",))
    return {**schema, "oneOf": [{"required": [name]} for name in HAPPENINGS]}


def _fault() -> Schema:
    return {"oneOf": [_kind(name, kind) for name, kind in KINDS.items()]}


def _kind(name: str, kind: Kind) -> Schema:
    rows = {**kind.fields, "share": SHARE}
    told = {n: {"description": row.wanted, **row.schema} for n, row in rows.items()}
    needed = ("kind", *(n for n, row in rows.items() if not row.optional))
    return {"description": kind.says, **_mapping({"kind": {"const": name}, **told}, required=needed)}


def _play() -> Schema:
    defaults = {row.name: row.default for row in fields(Play)}
    return {
        name: {"type": _json_type(defaults[name]), "description": f"{habit.meaning}: {habit.wanted}"}
        for name, habit in HABITS.items()
    }


def _json_type(value: object) -> str:
    if isinstance(value, tuple):
        return "array"
    return "integer" if isinstance(value, int) else "number"


def _component(component: Component) -> Schema:
    return _mapping({row.name: _field(row) for row in component})


def _field(row: Field) -> Schema:
    told = {"description": f"{row.meaning}: {row.wanted.rstrip(',')}"}
    if row.type is str:
        return {**told, **WORD}
    bounds = {} if row.bounds is None else {"minimum": row.bounds[0], "maximum": row.bounds[1]}
    return {**told, "type": "integer", **bounds}


def _mapping(rows: Mapping[str, Any], required: tuple[str, ...] = ()) -> Schema:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "additionalProperties": False, "properties": dict(rows), **needed}


def _list(items: Schema, says: str) -> Schema:
    return {"type": "array", "items": items, "description": says}
