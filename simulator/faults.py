"""Boards that misbehave: wrappers over what a device receives and what it wants done (design, rule 3).

A session passes what comes from the broker through ``inbound`` and hands each `Arrival` to the device,
``delay_ms`` later where that is not 0; it passes what the device wants done through ``outbound`` and carries
the rest out. Every method returns a new list and leaves the given one alone. Faults compose: `Faults` is a
fault that applies others in turn. Only publications are touched on the way out, so that a faulty board still
connects, saves and restarts.

In a fleet file a fault is a mapping, `fault_from` makes one of it:

    {kind: silent}                              applies everything, publishes no answer; still beats its heart
    {kind: silent, kinds: [cfg, MACHINE_LOCKED]}    as above, for messages of these types only
    {kind: slow, ms: 500}                       hears every message that much later, in order
    {kind: drop, probability: 0.1}              loses messages
    {kind: duplicate, probability: 0.1}         has messages twice
    {kind: corrupt, probability: 0.1}           has one byte of a message changed

The last three take ``direction``: ``out`` (what it says, the default), ``in`` (what it hears) or ``both``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from simulator.device.effects import Effect, Publish
from simulator.errors import FaultSpecError
from wire.commands import EVENTS
from wire.errors import Problem

ANSWERS = frozenset(
    {
        "cfg",
        "rsp",
        "srsp",
        "exp",
        "MACHINE_LOCKED",
        "MACHINE_UNLOCKED",
        "MACHINE_RESTART",
        "CONFIG_UPDATE",
        "COMMAND_EXPIRED",
    }
)
"""The types of what a board says because it was told something (contract, sections 3 and 4)."""

KINDS = EVENTS | ANSWERS
LONGEST_MS = 600_000
DIRECTIONS = ("out", "in", "both")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it reaches the device, ``delay_ms`` after it came."""

    topic: str
    payload: bytes
    delay_ms: int = 0


class Dice(Protocol):
    """Where chance comes from: a `random.Random` with a seed."""

    def random(self) -> float: ...

    def randrange(self, stop: int, /) -> int: ...


class Fault(Protocol):
    """One way to misbehave."""

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]: ...

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]: ...


@dataclass(frozen=True, slots=True)
class Faults:
    """Several faults, applied one after the other; with none, a board that is sound."""

    faults: tuple[Fault, ...] = ()

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        passed = list(arrivals)
        for fault in self.faults:
            passed = fault.inbound(passed)
        return passed

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]:
        passed = list(effects)
        for fault in self.faults:
            passed = fault.outbound(passed)
        return passed


@dataclass(frozen=True, slots=True)
class Silent:
    """Receives and applies, and publishes nothing of ``kinds``."""

    kinds: frozenset[str] = ANSWERS

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        return list(arrivals)

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]:
        return [e for e in effects if not (isinstance(e, Publish) and e.kind in self.kinds)]


@dataclass(frozen=True, slots=True)
class Slow:
    """Hears everything ``ms`` later, so that what it does about it keeps its order."""

    ms: int

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        return [replace(arrival, delay_ms=arrival.delay_ms + self.ms) for arrival in arrivals]

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]:
        return list(effects)


@dataclass(frozen=True, slots=True)
class Chance:
    """Something that happens to some messages: ``befall`` gives what becomes of a payload that was hit."""

    probability: float
    dice: Dice
    befall: Callable[[bytes, Dice], tuple[bytes, ...]]
    direction: str = "out"

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        if self.direction == "out":
            return list(arrivals)
        return [replace(a, payload=payload) for a in arrivals for payload in self._thrown(a.payload)]

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]:
        if self.direction == "in":
            return list(effects)
        return [passed for effect in effects for passed in self._passed(effect)]

    def _passed(self, effect: Effect) -> Iterable[Effect]:
        if not isinstance(effect, Publish):
            return (effect,)
        return [replace(effect, payload=payload) for payload in self._thrown(effect.payload)]

    def _thrown(self, payload: bytes) -> tuple[bytes, ...]:
        hit = self.dice.random() < self.probability
        return self.befall(payload, self.dice) if hit else (payload,)


def drop(probability: float, dice: Dice, direction: str = "out") -> Chance:
    """Loses messages."""
    return Chance(probability, dice, lambda _payload, _dice: (), direction)


def duplicate(probability: float, dice: Dice, direction: str = "out") -> Chance:
    """Has messages twice, one right after the other."""
    return Chance(probability, dice, lambda payload, _dice: (payload, payload), direction)


def corrupt(probability: float, dice: Dice, direction: str = "out") -> Chance:
    """Changes one byte of messages, to any other."""
    return Chance(probability, dice, _one_byte_changed, direction)


def fault_from(spec: Mapping[str, Any], dice: Dice) -> Fault:
    """The fault that one mapping of a fleet file describes; FaultSpecError, naming every wrong field."""
    if problems := fault_problems(spec):
        raise FaultSpecError(problems)
    given = {name: value for name, value in spec.items() if name != "kind"}
    return _MAKERS[spec["kind"]](given, dice)


def fault_problems(spec: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything that is wrong with one mapping of a fleet file."""
    kind = spec.get("kind")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        return (Problem("kind", f"one of {', '.join(_FIELDS)} was wanted{_seen(spec, 'kind')}"),)
    names = ", ".join(fields)
    unknown = [
        Problem(str(n), f"unknown, a {kind} fault has {names}") for n in spec if n not in ("kind", *fields)
    ]
    wrong = [
        Problem(name, f"{field.wanted} was wanted{_seen(spec, name)}")
        for name, field in fields.items()
        if not (field.accepts(spec[name]) if name in spec else field.optional)
    ]
    return (*unknown, *wrong)


@dataclass(frozen=True, slots=True)
class _Field:
    wanted: str
    accepts: Callable[[Any], bool]
    optional: bool = False


def _one_byte_changed(payload: bytes, dice: Dice) -> tuple[bytes, ...]:
    if not payload:
        return (payload,)
    changed = bytearray(payload)
    changed[dice.randrange(len(changed))] ^= 1 + dice.randrange(255)
    return (bytes(changed),)


def _is_probability(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_delay(value: object) -> bool:
    return type(value) is int and 0 <= value <= LONGEST_MS


def _are_kinds(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(k, str) and k in KINDS for k in value)
    )


def _seen(spec: Mapping[str, Any], name: str) -> str:
    if name not in spec:
        return ", not nothing"
    shown = repr(spec[name])
    return f", not {shown}" if len(shown) <= 48 else ""


_BY_CHANCE = {
    "probability": _Field("a number from 0 to 1", _is_probability),
    "direction": _Field(f"one of {', '.join(DIRECTIONS)}", lambda v: v in DIRECTIONS, optional=True),
}
_FIELDS: Mapping[str, Mapping[str, _Field]] = {
    "silent": {"kinds": _Field("a list of message types", _are_kinds, optional=True)},
    "slow": {"ms": _Field(f"a whole number of milliseconds from 0 to {LONGEST_MS}", _is_delay)},
    "drop": _BY_CHANCE,
    "duplicate": _BY_CHANCE,
    "corrupt": _BY_CHANCE,
}
_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Dice], Fault]] = {
    "silent": lambda given, _dice: Silent(frozenset(given.get("kinds", ANSWERS))),
    "slow": lambda given, _dice: Slow(**given),
    "drop": lambda given, dice: drop(dice=dice, **given),
    "duplicate": lambda given, dice: duplicate(dice=dice, **given),
    "corrupt": lambda given, dice: corrupt(dice=dice, **given),
}
