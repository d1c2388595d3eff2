"""How a fault is spelled: the table of kinds and their fields, which judges, makes and documents them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import FaultSpecError
from simulator.faults.answers import Skewed, Stale, neighbour, partial, wrong_rly
from simulator.faults.fault import Fault, Patient
from simulator.faults.line import CLONED_CLIENT_ID, Line
from simulator.faults.messages import ANSWERS, Reorder, Silent, Slow, corrupt, drop, duplicate
from simulator.faults.timed import RebootLoop, Storm, TimedFault
from wire.commands import EVENTS
from wire.components import COMPONENTS
from wire.errors import Problem, RelayIdError
from wire.relay import canonical_relay_id

AnyFault = Fault | TimedFault | Line
"""A fault of the messages, one that strikes by itself, or one of the connection."""

MESSAGE_TYPES = EVENTS | ANSWERS
DIRECTIONS = ("out", "in", "both")
LONGEST_MS = 600_000
LONGEST_SKEW_MS = 10 * 366 * 24 * 3_600_000
MOST_PER_S = 10_000
LONGEST_CLIENT_ID = 64
VALUE_NAMES = frozenset(row.name for component in COMPONENTS.values() for row in component)

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SpecField:
    """One field of a fault. ``schema`` is JSON Schema for editors, and says no less than ``accepts``."""

    wanted: str
    accepts: Callable[[Any], bool]
    schema: Mapping[str, Any]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: what it does in a line, its fields, and how it is made."""

    says: str
    make: Callable[[Given, Patient], AnyFault]
    fields: Mapping[str, SpecField] = field(default_factory=dict)


def fault_from(spec: Given, patient: Patient) -> AnyFault:
    """The fault that ``spec`` describes; FaultSpecError, naming every wrong field."""
    if problems := fault_problems(spec):
        raise FaultSpecError(problems)
    given = {name: value for name, value in spec.items() if name not in ("kind", "share")}
    return KINDS[spec["kind"]].make(given, patient)


def fault_problems(spec: Given) -> tuple[Problem, ...]:
    """Everything that is wrong with ``spec``."""
    name = spec.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        return (Problem("kind", f"one of {', '.join(KINDS)} was wanted{_seen(spec, 'kind')}"),)
    fields = {**kind.fields, "share": SHARE}
    names = ", ".join(fields)
    unknown = [
        Problem(str(n), f"unknown, a {name} fault has {names}") for n in spec if n not in ("kind", *fields)
    ]
    wrong = [
        Problem(name, f"{row.wanted} was wanted{_seen(spec, name)}")
        for name, row in fields.items()
        if not (row.accepts(spec[name]) if name in spec else row.optional)
    ]
    return (*unknown, *wrong)


def share_of(spec: Given) -> float:
    """The part of the devices given this fault that really have it."""
    return float(spec.get("share", 1.0))


def _whole(low: int, high: int, what: str, *, optional: bool = False) -> SpecField:
    return SpecField(
        f"a whole number {what} from {low} to {high}",
        lambda value: type(value) is int and low <= value <= high,
        {"type": "integer", "minimum": low, "maximum": high},
        optional,
    )


def _choice(values: tuple[str, ...]) -> SpecField:
    return SpecField(
        f"one of {', '.join(values)}",
        lambda value: isinstance(value, str) and value in values,
        {"enum": list(values)},
        optional=True,
    )


def _some(names: frozenset[str], what: str) -> SpecField:
    return SpecField(
        f"a list of {what}",
        lambda value: (
            isinstance(value, list | tuple)
            and bool(value)
            and all(isinstance(one, str) and one in names for one in value)
        ),
        {"type": "array", "items": {"enum": sorted(names)}, "minItems": 1},
        optional=True,
    )


def _is_probability(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_relay_id(value: object) -> bool:
    try:
        canonical_relay_id(value)
    except RelayIdError:
        return False
    return True


def _is_client_id(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_CLIENT_ID and value.isprintable()


def _seen(spec: Given, name: str) -> str:
    if name not in spec:
        return ", not nothing"
    shown = repr(spec[name])
    return f", not {shown}" if len(shown) <= 48 else ""


_PROBABILITY_SCHEMA = {"type": "number", "minimum": 0, "maximum": 1}
_PROBABILITY = SpecField("a number from 0 to 1", _is_probability, _PROBABILITY_SCHEMA)
SHARE = SpecField("a number from 0 to 1", _is_probability, _PROBABILITY_SCHEMA, optional=True)
_AT_WILL = {"probability": SHARE}
_BY_CHANCE = {"probability": _PROBABILITY, "direction": _choice(DIRECTIONS)}
_MS = "of milliseconds"

KINDS: Mapping[str, Kind] = {
    "silent": Kind(
        "applies everything, publishes no answer",
        lambda given, _: Silent(frozenset(given.get("kinds", ANSWERS))),
        {"kinds": _some(MESSAGE_TYPES, "message types")},
    ),
    "slow": Kind(
        "hears every message later, in order",
        lambda given, _: Slow(**given),
        {"ms": _whole(0, LONGEST_MS, _MS)},
    ),
    "drop": Kind("loses messages", lambda given, who: drop(dice=who.dice, **given), _BY_CHANCE),
    "duplicate": Kind("has messages twice", lambda given, who: duplicate(dice=who.dice, **given), _BY_CHANCE),
    "reorder": Kind(
        "lets messages be overtaken by the next",
        lambda given, who: Reorder(dice=who.dice, **given),
        _BY_CHANCE,
    ),
    "corrupt": Kind(
        "has one byte of messages changed", lambda given, who: corrupt(dice=who.dice, **given), _BY_CHANCE
    ),
    "wrong-rly": Kind(
        "speaks under the id of another board",
        lambda given, who: wrong_rly(
            given.get("probability", 1.0), who.dice, given.get("rly", neighbour(who.relay_id))
        ),
        {
            "rly": SpecField("a relay id as text", _is_relay_id, {"type": "string"}, optional=True),
            **_AT_WILL,
        },
    ),
    "stale": Kind(
        "answers with the values from before the last change",
        lambda given, who: Stale(given.get("probability", 1.0), who),
        _AT_WILL,
    ),
    "partial": Kind(
        "leaves fields out of its answers",
        lambda given, who: partial(
            given.get("probability", 1.0), who.dice, frozenset(given.get("fields", ()))
        ),
        {"fields": _some(VALUE_NAMES, "configuration fields"), **_AT_WILL},
    ),
    "clock-skew": Kind(
        "has a clock that is ahead, or behind below 0",
        lambda given, _: Skewed(**given),
        {"ms": _whole(-LONGEST_SKEW_MS, LONGEST_SKEW_MS, _MS)},
    ),
    "reboot-loop": Kind(
        "loses its power and gets it back, again and again",
        lambda given, who: RebootLoop(given["every_ms"], who.dice),
        {"every_ms": _whole(100, LONGEST_MS, _MS)},
    ),
    "storm": Kind(
        "cries without end",
        lambda given, _: Storm(given["per_s"], given.get("event", "SYSTEM_ERROR")),
        {
            "per_s": _whole(1, MOST_PER_S, "of events a second"),
            "event": _choice(tuple(sorted(EVENTS))),
        },
    ),
    "flapping": Kind(
        "has a connection that breaks again and again",
        lambda given, _: Line(up_ms=given["up_ms"], down_ms=given.get("down_ms", 0)),
        {
            "up_ms": _whole(1, LONGEST_MS, _MS),
            "down_ms": _whole(0, LONGEST_MS, _MS, optional=True),
        },
    ),
    "half-open": Kind(
        "has a connection that stands, but nothing passes",
        lambda given, _: Line(frozen_ms=given.get("after_ms", 0)),
        {"after_ms": _whole(0, LONGEST_MS, _MS, optional=True)},
    ),
    "client-id-clash": Kind(
        "connects with a client id that another one has",
        lambda given, _: Line(client_id=given.get("client_id", CLONED_CLIENT_ID)),
        {
            "client_id": SpecField(
                f"1 to {LONGEST_CLIENT_ID} characters",
                _is_client_id,
                {"type": "string", "minLength": 1, "maxLength": LONGEST_CLIENT_ID},
                optional=True,
            )
        },
    ),
    "bad-credentials": Kind(
        "connects with a password that is not its own", lambda _, __: Line(rejected=True)
    ),
}
"""Every kind of fault. A field without its value is refused unless it is optional."""
