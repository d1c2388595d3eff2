"""The shapes of requests and answers as JSON schemas, generated from the table of components.

For the documentation only: what is accepted is judged by the table itself (`wire/components.py`), and a test
holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cms.cabinet import Cabinet
from cms.handlers.live_config import SETTABLE
from cms.store.entry import State
from wire.address import MASK
from wire.commands import COMMANDS
from wire.components import COMPONENTS, Component
from wire.fields import Field
from wire.topics import Topics

Schema = dict[str, Any]

ID_PATTERN = "^[A-Za-z0-9_.:-]{1,64}$"
TEXT_PATTERN = r"^[^\x00-\x1f\x7f]*$"
TOPIC_PATTERN = r"^[^+#\x00-\x1f\x7f]{1,256}$"
PATTERNS: Mapping[str, str] = {
    "mqttURI": r"^((mqtts?|wss?|tcp|ssl|tls)://)?([^\s/?#:@]*(:[^\s/?#@]*)?@)?[A-Za-z0-9_.-]+(:[1-9][0-9]{0,3})?/?$",
    "mqttSubTopic": TOPIC_PATTERN,
    "mqttPubTopic": TOPIC_PATTERN,
    "mqttCfgTopic": TOPIC_PATTERN,
    "netStaPwd": r"^([^\x00-\x1f\x7f]{8,63})?$",
    "otaURL": r"^https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,3})?(/[!-~]*)?$",
}
"""Texts that are not simply so and so long."""

_WITH_PASSWORD = "mqtt://user:password@host"

RELAY_ID: Schema = {"type": "string", "pattern": ID_PATTERN, "example": "e831cdfa8384"}
CABINET_ID: Schema = {"type": "string", "pattern": ID_PATTERN, "example": "cab-1"}
COMPONENT: Schema = {"type": "string", "enum": list(COMPONENTS)}
TIMESTAMP: Schema = {"type": "string", "format": "date-time", "example": "2025-10-26T10:30:00.000Z"}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
VERSIONS: Schema = {
    "type": "object",
    "description": "What is known of the firmware.",
    "minProperties": 1,
    "maxProperties": 32,
    "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 256},
    "example": {"firmware": "1.0.0"},
}


def reference(name: str) -> Schema:
    """A reference to the schema called ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, **more: Any
) -> Schema:
    """An object with these fields and no other."""
    fields = {**required, **(optional or {})}
    return {
        "type": "object",
        "properties": fields,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def listed(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def success(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """The success envelope around these fields."""
    return record({"success": {"type": "boolean", "enum": [True]}, **required}, optional)


def schemas() -> dict[str, Schema]:
    """Every schema that has a name."""
    settable = {name: reference(f"{name}Update") for name in SETTABLE}
    return {
        **{f"{name}Update": _update(COMPONENTS[name]) for name in SETTABLE},
        **{f"{name}Message": _message(COMPONENTS[name]) for name in SETTABLE},
        "SmibConfigUpdate": record({}, settable, minProperties=1),
        "SmibConfig": {
            "type": "object",
            "description": "What was ordered, per component; secrets are `***`.",
            "additionalProperties": {"type": "object"},
        },
        "Order": record({}, order_parts(), minProperties=1),
        "ConfigMessage": {
            "oneOf": [reference(f"{name}Message") for name in SETTABLE],
            "discriminator": {
                "propertyName": "comp",
                "mapping": {name: f"#/components/schemas/{name}Message" for name in SETTABLE},
            },
        },
        "Cabinet": record(_CABINET),
        "CabinetDetail": record({**_CABINET, **_PRESENCE}),
        "CabinetState": record(
            {**_IDENTITY, "smibVersion": _VERSION, "updatedAt": TIMESTAMP, **_PRESENCE},
            {"inStep": _MAYBE_FLAG, "differences": listed(_DIFFERENCE)},
        ),
        **_records(),
        "MqttSummary": _summary(),
        "Failure": _failure(),
    }


def order_parts() -> dict[str, Schema]:
    """What can be ordered of a cabinet, or of many."""
    return {
        "smibConfig": reference("SmibConfigUpdate"),
        "smibVersion": VERSIONS,
        "machineControl": {"type": "string", "enum": list(COMMANDS)},
    }


def _update(component: Component) -> Schema:
    return record({}, _fields(component), minProperties=1)


def _message(component: Component) -> Schema:
    head = {"typ": {"type": "string", "enum": ["cfg"]}, "comp": {"type": "string", "enum": [component.name]}}
    fields = {f.name: {**field_schema(f), **_no_mask(f)} for f in component if not f.read_only}
    return record(head, fields, minProperties=3)


def _no_mask(field: Field) -> Schema:
    """What is published must be the password itself: `***` only stands for it."""
    if field.secret:
        return {"not": {"enum": [MASK]}}
    holds_password = field.type is str and field.masked(_WITH_PASSWORD) != _WITH_PASSWORD
    return {"not": {"pattern": f":{re.escape(MASK)}@"}} if holds_password else {}


def _fields(component: Component) -> dict[str, Schema]:
    return {field.name: field_schema(field) for field in component if not field.read_only}


def field_schema(field: Field) -> Schema:
    """What one configuration field may hold."""
    about: Schema = {"description": f"{field.meaning}: {field.wanted}"}
    if field.secret:
        about["writeOnly"] = True
    if field.bounds is None:
        return {"type": "string", "pattern": PATTERNS[field.name], **about}
    low, high = field.bounds
    if field.type is int:
        return {"type": "integer", "minimum": low, "maximum": high, **about}
    return {"type": "string", "minLength": low, "maxLength": high, "pattern": TEXT_PATTERN, **about}


_VERSION: Schema = {"type": "object", "additionalProperties": TEXT}
_IDENTITY: Mapping[str, Schema] = {
    "id": CABINET_ID,
    "relayId": RELAY_ID,
    "name": TEXT,
    "location": TEXT,
    "assetNumber": TEXT,
    "serialNumber": TEXT,
    "game": TEXT,
}
_CABINET: Mapping[str, Schema] = {
    **_IDENTITY,
    "smibConfig": reference("SmibConfig"),
    "smibVersion": _VERSION,
    "revision": {"type": "integer", "minimum": 1},
    "updatedAt": TIMESTAMP,
}
_PRESENCE: Mapping[str, Schema] = {
    "online": FLAG,
    "lastSeen": {"type": "string", "format": "date-time", "nullable": True},
    "firmware": {"type": "string", "nullable": True},
}


_MAYBE_FLAG: Schema = {"type": "boolean", "nullable": True}
_MAYBE_TIME: Schema = {"type": "string", "format": "date-time", "nullable": True}
_VALUE: Schema = {"nullable": True, "oneOf": [TEXT, {"type": "number"}, FLAG]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_DIFFERENCE = record(
    {"component": COMPONENT, "field": TEXT, "ordered": _VALUE, "reported": _VALUE, "at": _MAYBE_TIME}
)
DELIVERY = record({"id": TEXT, "what": TEXT, "state": TEXT, "at": _MAYBE_TIME, "detail": TEXT})


def _records() -> dict[str, Schema]:
    """What was ordered next to what was reported, what is on its way, and what was done."""
    change = record({"component": TEXT, "field": TEXT, "before": _VALUE, "after": _VALUE})
    return {
        "SmibState": record(
            {
                "smibConfig": reference("SmibConfig"),
                "smibVersion": _VERSION,
                "relayId": RELAY_ID,
                "reported": {"type": "object", "additionalProperties": {"type": "object"}},
                "inStep": _MAYBE_FLAG,
                "differences": listed(_DIFFERENCE),
            }
        ),
        "Revision": record(
            {
                "revision": {"type": "integer", "minimum": 1},
                "at": TIMESTAMP,
                **dict.fromkeys(("action", "user", "address", "request"), TEXT),
                "changes": listed(change),
                "smibConfig": reference("SmibConfig"),
                "smibVersion": _VERSION,
                "orders": listed(DELIVERY),
            }
        ),
        "OutboxEntry": record(
            {
                "id": TEXT,
                "cabinetId": CABINET_ID,
                "relayId": RELAY_ID,
                "what": TEXT,
                "values": {"type": "object"},
                "state": {"type": "string", "enum": [*map(str, State)]},
                "tries": _COUNT,
                "detail": TEXT,
                "createdAt": TIMESTAMP,
                **dict.fromkeys(("sentAt", "nextAt", "endedAt", "expiresAt"), _MAYBE_TIME),
            }
        ),
        "AuditEntry": {
            "type": "object",
            "description": "What was done, sealed by `hash`; which fields there are depends on `action`.",
            "additionalProperties": True,
        },
    }


def _summary() -> Schema:
    example = Cabinet("cab-1", "e831cdfa8384").mqtt_summary(Topics())
    return record({name: {"type": "string", "example": value} for name, value in example.items()})


def _failure() -> Schema:
    problem = record({"field": TEXT, "wanted": TEXT})
    return record(
        {
            "success": {"type": "boolean", "enum": [False]},
            "error": {"type": "string", "description": "A sentence for a person.", "minLength": 1},
            "timestamp": TIMESTAMP,
        },
        {"problems": {"type": "array", "items": problem, "minItems": 1}},
    )
