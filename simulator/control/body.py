"""The fields that a request to the control can have: how each is read, and how it is documented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator import durations
from simulator.device.conditions import CONDITIONS
from simulator.errors import ControlRequestError
from simulator.faults import fault_problems
from simulator.faults.spec import KINDS
from simulator.fleet.schedule import Power
from simulator.fleet.who import Who
from wire.errors import Problem, RelayIdError
from wire.relay import canonical_relay_id

MOST_ADDED = 1_000
LONGEST_NAME = 64
STATES = ("off", "booting", "connecting", "waiting", "online", "failed")

Read = Callable[[Any], Any]


class Unwanted(ValueError):
    """A value is not what was wanted; raised by a field's reader and turned into a problem."""


@dataclass(frozen=True, slots=True)
class BodyField:
    """`read` gives the value as the handlers take it, or raises Unwanted with what was wanted."""

    read: Read
    schema: Mapping[str, Any]
    meaning: str
    required: bool = False


def read_body(fields: Mapping[str, BodyField], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the fields that were given; ControlRequestError with everything that is wrong."""
    problems = [
        Problem(name, f"unknown; {', '.join(fields) or 'nothing'} can be given")
        for name in given
        if name not in fields
    ]
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in given:
            if field.required:
                problems.append(Problem(name, f"{field.meaning} was wanted, not nothing"))
            continue
        try:
            values[name] = field.read(given[name])
        except Unwanted as exc:
            problems.append(Problem(name, str(exc)))
    if problems:
        raise ControlRequestError(tuple(problems))
    return values


def who_of(values: Mapping[str, Any]) -> Who:
    """Whom a request is for; ControlRequestError where it says nothing of that."""
    if not any(values.get(name) for name in WHO):
        raise ControlRequestError((Problem("relayId", f"one of {', '.join(WHO)} was wanted, not nothing"),))
    return Who(values.get("relayId"), values.get("group"), values.get("location"))


def _text(value: Any) -> str:
    if isinstance(value, str) and 1 <= len(value) <= LONGEST_NAME * 2 and value.isprintable():
        return value
    raise Unwanted("text of 1 to 128 characters was wanted")


def _relay(value: Any) -> str:
    try:
        return canonical_relay_id(value)
    except RelayIdError as exc:
        raise Unwanted(str(exc).removeprefix("relayId: ")) from exc


def _relays(value: Any) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise Unwanted("one or more relay ids were wanted, not an empty list")
    return frozenset(_relay(one) for one in values)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Unwanted("true or false was wanted")


def _number(low: int, high: int) -> Read:
    def read(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise Unwanted(f"a whole number from {low} to {high} was wanted")

    return read


def _query_number(low: int, high: int) -> Read:
    """As `_number`, of a text."""
    read = _number(low, high)

    def read_text(value: str) -> int:
        number = value.isascii() and value.isdecimal() and len(value) < 10
        return int(read(int(value) if number else None))

    return read_text


def _duration(value: Any) -> int:
    length = durations.milliseconds(value) if isinstance(value, str) else None
    if length is None:
        raise Unwanted(f"{durations.WANTED} was wanted")
    return length


def _among(names: Mapping[str, Any]) -> Read:
    def read(value: Any) -> Any:
        if isinstance(value, str) and value in names:
            return names[value]
        raise Unwanted(f"one of {', '.join(names)} was wanted")

    return read


def _fault(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unwanted("an object with kind was wanted")
    if problems := fault_problems(value):
        raise Unwanted("; ".join(map(str, problems)))
    return value


_TEXT = {"type": "string", "minLength": 1, "maxLength": 128}
_FOR = {"type": "string", "pattern": f"^({durations.PATTERN})$"}

ONE = BodyField(_relay, {"type": "string"}, "a relay id", required=True)
WHO: Mapping[str, BodyField] = {
    "relayId": BodyField(
        _relays,
        {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
        "a relay id, or a list of them",
    ),
    "group": BodyField(_text, _TEXT, "the devices of a group"),
    "location": BodyField(_text, _TEXT, "the devices at a location"),
    "all": BodyField(_truth, {"type": "boolean"}, "every device"),
}
FOR = BodyField(_duration, _FOR, "how long, as 20s or 00:30; for ever without it")
NAME = BodyField(_text, _TEXT, "the name of a fault")
FAULT = BodyField(
    _fault,
    {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": list(KINDS)}}},
    "a fault, as in a fleet file",
    required=True,
)
POWER = BodyField(
    _among({power.value: power for power in Power}), {"enum": [p.value for p in Power]}, "off or on", True
)
CONDITION = BodyField(
    _among(CONDITIONS), {"enum": list(CONDITIONS)}, "what is the matter with the machine", required=True
)
PRESENT = BodyField(_truth, {"type": "boolean"}, "true where it begins, false where it is over", True)
WIN = BodyField(_number(0, 10**9), {"type": "integer", "minimum": 0}, "credits won; by chance without it")
BILL = BodyField(
    _number(0, 10**6), {"type": "integer", "minimum": 0}, "a bill, in whole units of currency", required=True
)
COUNT = BodyField(
    _number(1, MOST_ADDED), {"type": "integer", "minimum": 1, "maximum": MOST_ADDED}, "how many devices"
)
ADDED_RELAY = BodyField(_relay, {"type": "string"}, "its relay id; generated without it")
ADDED_GROUP = BodyField(_text, _TEXT, "a group of the fleet, or a new one")
ADDED_LOCATION = BodyField(_text, _TEXT, "where it stands")
STATE = BodyField(_among({s: s for s in STATES}), {"enum": list(STATES)}, "devices in this state")
LIMIT = BodyField(
    _query_number(1, 10_000), {"type": "integer", "minimum": 1, "maximum": 10_000}, "at most so many"
)
AFTER = BodyField(_relay, {"type": "string"}, "those behind this relay id")
