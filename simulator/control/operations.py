"""The operations of the control: method, path, fields, and who carries each out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.control import body
from simulator.control.body import BodyField
from simulator.control.handlers import Handlers

Carry = Callable[[Handlers, Mapping[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`fields` stand in the body of a POST and in the query of a GET; `relayId` in a path is one of them."""

    method: str
    path: str
    summary: str
    carry: Carry
    fields: Mapping[str, BodyField] = field(default_factory=dict)

    @property
    def in_path(self) -> frozenset[str]:
        return frozenset(name for name in self.fields if f"{{{name}}}" in self.path)


_ONE = {"relayId": body.ONE}
_LIST = {
    "group": body.WHO["group"],
    "location": body.WHO["location"],
    "state": body.STATE,
    "after": body.AFTER,
    "limit": body.LIMIT,
}
_ADD = {
    "relayId": body.ADDED_RELAY,
    "count": body.COUNT,
    "group": body.ADDED_GROUP,
    "location": body.ADDED_LOCATION,
}
_WHO = body.WHO

OPERATIONS = (
    Operation(
        "GET", "/api/devices", "the devices, by group, location and state", Handlers.list_devices, _LIST
    ),
    Operation("POST", "/api/devices", "adds devices and switches them on", Handlers.add, _ADD),
    Operation("GET", "/api/devices/{relayId}", "the inside of a device, secrets masked", Handlers.show, _ONE),
    Operation("DELETE", "/api/devices/{relayId}", "takes a device off the floor", Handlers.remove, _ONE),
    Operation(
        "POST",
        "/api/power",
        "cuts the power, or gives it back; for a while, or for good",
        Handlers.power,
        {**_WHO, "power": body.POWER, "for": body.FOR},
    ),
    Operation("GET", "/api/faults", "the kinds of fault and their fields", Handlers.fault_kinds),
    Operation(
        "POST",
        "/api/faults",
        "sets a fault; its name is its kind where none is given",
        Handlers.set_fault,
        {**_WHO, "fault": body.FAULT, "name": body.NAME, "for": body.FOR},
    ),
    Operation(
        "POST",
        "/api/faults/clear",
        "clears the fault of a name, or all",
        Handlers.clear_faults,
        {**_WHO, "name": body.NAME},
    ),
    Operation("POST", "/api/pause", "lets nothing happen to devices; what comes waits", Handlers.pause, _WHO),
    Operation("POST", "/api/resume", "lets them go on", Handlers.resume, _WHO),
    Operation("POST", "/api/play", "plays a game", Handlers.play, {**_WHO, "win": body.WIN}),
    Operation("POST", "/api/bill", "inserts a bill", Handlers.bill, {**_WHO, "bill": body.BILL}),
    Operation("POST", "/api/cash-out", "takes the credits out", Handlers.cash_out, _WHO),
    Operation(
        "POST",
        "/api/condition",
        "opens or closes a door, jams the validator, and whatever else can be the matter",
        Handlers.condition,
        {**_WHO, "condition": body.CONDITION, "present": body.PRESENT},
    ),
)
