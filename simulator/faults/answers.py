"""Faults that know what a message says: another's id, old values, fields left out, another time.

A payload that is no JSON object, because another fault was there before, passes as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulator.device.dice import Dice
from simulator.device.effects import Effect, Publish
from simulator.faults.fault import Arrival, Patient
from simulator.faults.messages import Chance
from wire import reports
from wire.components import COMPONENTS
from wire.errors import MessageError, WireError
from wire.jsontext import parse_object, to_bytes
from wire.reports import ConfigAnswer
from wire.timestamps import format_timestamp, parse_timestamp

FRAME = frozenset({"rly", "typ", "comp"})
"""What an answer consists of beside the values."""

LATEST_MS = 253_402_300_799_999
"""The last moment that a timestamp can name."""

Fields = dict[str, Any]


def neighbour(relay_id: str) -> str:
    """Another id that looks much the same: the last character is the next one."""
    last = relay_id[-1:]
    return relay_id[:-1] + (f"{(int(last, 16) + 1) % 16:x}" if last in "0123456789abcdef" else "0")


def wrong_rly(probability: float, dice: Dice, rly: str) -> Chance:
    """Messages whose ``rly`` is another's."""

    def befall(payload: bytes, _: Dice) -> tuple[bytes, ...]:
        return (_changed(payload, lambda fields: {**fields, "rly": rly} if "rly" in fields else fields),)

    return Chance(probability, dice, befall)


def partial(probability: float, dice: Dice, left_out: frozenset[str] = frozenset()) -> Chance:
    """Configuration answers without the fields ``left_out``; without a choice, about half of them."""

    def befall(payload: bytes, thrown: Dice) -> tuple[bytes, ...]:
        return (_changed(payload, lambda fields: _without(fields, left_out, thrown)),)

    return Chance(probability, dice, befall)


class Stale:
    """Configuration answers with the values from before the last change of their component."""

    def __init__(self, probability: float, patient: Patient) -> None:
        self._probability = probability
        self._dice = patient.dice
        self._now = {name: _answer(patient, name) for name in COMPONENTS}
        self._before: dict[str, bytes] = {}

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        return list(arrivals)

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]:
        return [self._out(effect) for effect in effects]

    def _out(self, effect: Effect) -> Effect:
        if not isinstance(effect, Publish) or effect.kind != "cfg":
            return effect
        fields = _read(effect.payload)
        name = fields.get("comp")
        if not isinstance(name, str) or "err" in fields:  # a refusal changed nothing
            return effect
        known = self._now.get(name, effect.payload)
        if effect.payload != known:
            self._before[name], self._now[name] = known, effect.payload
        hit = self._dice.random() < self._probability
        return replace(effect, payload=self._before[name]) if hit and name in self._before else effect


@dataclass(frozen=True, slots=True)
class Skewed:
    """A board whose clock is ``ms`` ahead: what it stamps is later, what it is sent seems older.

    Only what it says and hears is shifted: its timers go at the right pace, as those of a real board do.
    """

    ms: int

    def inbound(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        return [replace(a, payload=_shifted(a.payload, "timestamp", -self.ms)) for a in arrivals]

    def outbound(self, effects: Sequence[Effect]) -> list[Effect]:
        return [
            replace(e, payload=_shifted(e.payload, "ts", self.ms)) if isinstance(e, Publish) else e
            for e in effects
        ]


def _answer(patient: Patient, name: str) -> bytes:
    return reports.encode(ConfigAnswer(patient.relay_id, name, patient.memory.values(name)))


def _without(fields: Mapping[str, Any], left_out: frozenset[str], dice: Dice) -> Fields:
    if fields.get("typ") != "cfg":
        return dict(fields)
    values = [name for name in fields if name not in FRAME]
    gone = left_out or {name for name in values if dice.random() < 0.5} or set(values[-1:])
    return {name: value for name, value in fields.items() if name in FRAME or name not in gone}


def _shifted(payload: bytes, name: str, ms: int) -> bytes:
    def shift(fields: Fields) -> Fields:
        try:
            moment = parse_timestamp(fields[name])
        except (KeyError, TypeError, MessageError):
            return fields
        return {**fields, name: format_timestamp(min(max(moment + ms, 0), LATEST_MS))}

    return _changed(payload, shift)


def _changed(payload: bytes, change: Callable[[Fields], Fields]) -> bytes:
    fields = _read(payload)
    changed = change(fields)
    return payload if changed == fields else to_bytes(changed)


def _read(payload: bytes) -> Fields:
    try:
        return dict(parse_object(payload))
    except WireError:
        return {}
