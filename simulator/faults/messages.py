"""Faults that know nothing of what a message says: it is lost, late, twice, out of turn or damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from simulator.device.dice import Dice
from simulator.device.effects import Disconnect, Effect, Publish
from simulator.faults.fault import Arrival

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

Befall = Callable[[bytes, Dice], tuple[bytes, ...]]
"""What becomes of a payload that was hit."""

T = TypeVar("T")


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
    befall: Befall
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


class Reorder:
    """Lets messages be overtaken: one that is hit waits for the next and goes right behind it.

    What waits goes out before a departure on purpose, and is lost with any other end of the connection.
    """

    def __init__(self, probability: float, dice: Dice, direction: str = "out") -> None:
        self._direction = direction
        self._heard = _Overtaken[Arrival](probability, dice)
        self._said = _Overtaken[Effect](probability, dice)

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        if self._direction == "out":
            return list(arrivals)
        return [passed for arrival in arrivals for passed in self._heard.passed(arrival)]

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]:
        return [passed for effect in effects for passed in self._out(effect)]

    def _out(self, effect: Effect) -> list[Effect]:
        if isinstance(effect, Disconnect):
            self._heard.rest()
            rest = self._said.rest()
            return [*rest, effect] if effect.clean else [effect]
        if isinstance(effect, Publish) and self._direction != "in":
            return self._said.passed(effect)
        return [effect]


class _Overtaken(Generic[T]):
    """At most one message that waits for the next one."""

    def __init__(self, probability: float, dice: Dice) -> None:
        self._probability = probability
        self._dice = dice
        self._waiting: list[T] = []

    def passed(self, one: T) -> list[T]:
        if self._waiting:
            return [one, *self.rest()]
        if self._dice.random() < self._probability:
            self._waiting.append(one)
            return []
        return [one]

    def rest(self) -> list[T]:
        waiting, self._waiting = self._waiting, []
        return waiting


def _one_byte_changed(payload: bytes, dice: Dice) -> tuple[bytes, ...]:
    if not payload:
        return (payload,)
    changed = bytearray(payload)
    changed[dice.randrange(len(changed))] ^= 1 + dice.randrange(255)
    return (bytes(changed),)
